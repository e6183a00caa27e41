#include "tests/kernel_truth/strace_line.h"

#include <csignal>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace filemon {
namespace truth {
namespace {

using Kind = StraceLine::Kind;

constexpr absl::string_view kDeleted = " (deleted)";

absl::Status Unreadable(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", text));
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// Undoes strace's escapes (string_quote() in strace's util.c): C's letters, and
// one to three octal digits.
std::string Unescape(absl::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    const char c = text[++i];
    if (IsOctal(c)) {
      int value = 0;
      size_t end = i;
      while (end < text.size() && end < i + 3 && IsOctal(text[end])) {
        value = value * 8 + (text[end++] - '0');
      }
      bytes += static_cast<char>(value);
      i = end - 1;
      continue;
    }
    constexpr absl::string_view kLetters = "abtnvfr";
    const size_t letter = kLetters.find(c);
    bytes += letter == absl::string_view::npos
                 ? c
                 : static_cast<char>('\a' + letter);
  }
  return bytes;
}

// The offset behind the quoted string that begins at `at`.
size_t SkipString(absl::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

// -y writes <path> directly after a descriptor: a digit, or AT_FDCWD.
bool BeginsPath(absl::string_view text, size_t at) {
  return text[at] == '<' && at > 0 &&
         (absl::ascii_isdigit(text[at - 1]) || text[at - 1] == 'D');
}

// Splits "a, b, c) = 0" at the commas; returns the offset behind the closing
// parenthesis, or the end of the text if the call has none (unfinished).
size_t SplitArgs(absl::string_view text, std::vector<std::string>* args) {
  std::string arg;
  int depth = 0;
  size_t i = 0;
  auto take = [&](size_t end) {
    absl::StrAppend(&arg, text.substr(i, end - i));
    i = end;
  };
  auto finish = [&] {
    const absl::string_view stripped = absl::StripAsciiWhitespace(arg);
    if (!stripped.empty()) args->emplace_back(stripped);
    arg.clear();
  };
  while (i < text.size()) {
    const char c = text[i];
    if (c == '"') {
      take(SkipString(text, i));
      continue;
    }
    if (BeginsPath(text, i)) {
      const size_t end = text.find('>', i);
      take(end == absl::string_view::npos ? text.size() : end + 1);
      // "(deleted)" belongs to the path, not to the nesting.
      if (absl::StartsWith(text.substr(i), "(deleted)")) take(i + 9);
      continue;
    }
    if (c == ')' && depth == 0) {
      finish();
      return i + 1;
    }
    if (c == ',' && depth == 0) {
      finish();
      ++i;
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    take(i + 1);
  }
  finish();
  return i;
}

std::string WithoutDeleted(std::string path) {
  if (absl::EndsWith(path, kDeleted)) {
    path.resize(path.size() - kDeleted.size());
  }
  return path;
}

absl::StatusOr<int> SignalNumber(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "SIG")) return Unreadable("signal", name);
  for (int number = 1; number < NSIG; ++number) {
    const char* abbreviation = sigabbrev_np(number);
    if (abbreviation != nullptr && name == abbreviation) return number;
  }
  if (name == "RTMIN") return 32;  // the kernel's, not glibc's
  int offset;
  if (absl::ConsumePrefix(&name, "RT_") && absl::SimpleAtoi(name, &offset)) {
    return 32 + offset;
  }
  return Unreadable("signal", name);
}

// "3 /* 23841 in strace's PID NS */" (--pidns-translation).
bool TakeTranslation(absl::string_view text, StraceLine* line) {
  const size_t begin = text.find(" /* ");
  if (begin == absl::string_view::npos) return false;
  absl::string_view number = text.substr(begin + 4);
  const size_t end = number.find(" in strace's PID NS */");
  int64_t value;
  if (end == absl::string_view::npos ||
      !absl::SimpleAtoi(number.substr(0, end), &value)) {
    return false;
  }
  line->inner = line->value;
  line->value = value;
  return true;
}

absl::Status ParseEnd(absl::string_view text, StraceLine* line) {
  absl::ConsumeSuffix(&text, " +++");
  if (absl::ConsumePrefix(&text, "exited with ")) {
    line->kind = Kind::kExited;
    if (!absl::SimpleAtoi(text, &line->value)) {
      return Unreadable("exit status", text);
    }
  } else if (absl::ConsumePrefix(&text, "killed by ")) {
    line->kind = Kind::kKilled;
    absl::ConsumeSuffix(&text, " (core dumped)");
    absl::StatusOr<int> number = SignalNumber(text);
    if (!number.ok()) return number.status();
    line->value = *number;
  } else if (absl::ConsumePrefix(&text, "superseded by execve in pid ")) {
    line->kind = Kind::kSuperseded;
    if (!absl::SimpleAtoi(text.substr(0, text.find(' ')), &line->value)) {
      return Unreadable("thread", text);
    }
    TakeTranslation(text, line);
  } else {
    return Unreadable("end of a process", text);
  }
  return absl::OkStatus();
}

absl::Status ParseResult(absl::string_view text, StraceLine* line) {
  text = absl::StripLeadingAsciiWhitespace(text);
  // Killed inside the call: nothing follows, or "<unfinished ...>".
  if (!absl::ConsumePrefix(&text, "= ")) return absl::OkStatus();
  if (absl::StartsWith(text, "?")) return absl::OkStatus();
  size_t digits = text.find_first_of(" <");
  if (digits == absl::string_view::npos) digits = text.size();
  const absl::string_view number = text.substr(0, digits);
  if (absl::StartsWith(number, "0x")) {
    line->value = 0;
  } else if (!absl::SimpleAtoi(number, &line->value)) {
    return Unreadable("result", text);
  }
  line->failed = line->value == -1;
  line->succeeded = !line->failed;
  if (line->failed) {
    absl::string_view error = text.substr(digits);
    absl::ConsumePrefix(&error, " ");
    line->error = std::string(error.substr(0, error.find(' ')));
  }
  if (TakeTranslation(text, line)) return absl::OkStatus();
  if (digits < text.size() && text[digits] == '<') {
    const size_t end = text.find('>', digits);
    if (end == absl::string_view::npos) return Unreadable("path", text);
    line->result_path = Unescape(text.substr(digits + 1, end - digits - 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StraceLine> ParseStraceLine(absl::string_view text) {
  StraceLine line;
  const size_t blank = text.find(' ');
  double seconds;
  if (blank == absl::string_view::npos ||
      !absl::SimpleAtod(text.substr(0, blank), &seconds)) {
    return Unreadable("no time", text);
  }
  line.time_us = static_cast<int64_t>(seconds * 1e6 + 0.5);
  absl::string_view rest = text.substr(blank + 1);
  if (absl::ConsumePrefix(&rest, "+++ ")) {
    absl::Status status = ParseEnd(rest, &line);
    if (!status.ok()) return status;
    return line;
  }
  if (absl::StartsWith(rest, "--- ")) {
    if (absl::StartsWith(rest, "--- SIG")) line.kind = Kind::kSignal;
    return line;
  }
  if (absl::StartsWith(rest, "<... exec")) {
    line.kind = Kind::kExecResumed;
    line.call = "execve";
    return line;
  }
  const size_t open = rest.find('(');
  if (open == absl::string_view::npos) return Unreadable("no call", text);
  line.kind = Kind::kCall;
  line.call = std::string(rest.substr(0, open));
  rest.remove_prefix(open + 1);
  rest.remove_prefix(SplitArgs(rest, &line.args));
  absl::Status status = ParseResult(rest, &line);
  if (!status.ok()) return status;
  return line;
}

absl::StatusOr<std::string> DecodeString(absl::string_view arg) {
  if (arg.size() < 2 || arg.front() != '"' || arg.back() != '"') {
    return Unreadable("not a whole string", arg);
  }
  return Unescape(arg.substr(1, arg.size() - 2));
}

absl::StatusOr<Directory> DecodeDirectory(absl::string_view arg) {
  Directory directory;
  directory.removed = absl::ConsumeSuffix(&arg, "(deleted)");
  const size_t open = arg.find('<');
  const absl::string_view fd = arg.substr(0, open);
  int number;
  directory.is_cwd = fd == "AT_FDCWD";
  if (!directory.is_cwd && !absl::SimpleAtoi(fd, &number)) {
    return Unreadable("not a descriptor", arg);
  }
  if (open != absl::string_view::npos) {
    absl::string_view path = arg.substr(open + 1);
    if (!absl::ConsumeSuffix(&path, ">")) return Unreadable("path", arg);
    directory.path = Unescape(path);
    if (directory.is_cwd && absl::EndsWith(directory.path, kDeleted)) {
      directory.removed = true;
      directory.path = WithoutDeleted(std::move(directory.path));
    }
  }
  return directory;
}

}  // namespace truth
}  // namespace filemon
