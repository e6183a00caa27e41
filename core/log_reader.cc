#include "core/log_reader.h"

#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace filemon {
namespace {

// Cuts `text` at its first blank, and takes the first word off it; what is left
// is empty if there is no blank.
absl::string_view TakeWord(absl::string_view* text) {
  const size_t blank = text->find(' ');
  const absl::string_view word = text->substr(0, blank);
  text->remove_prefix(blank == text->npos ? text->size() : blank + 1);
  return word;
}

int NumberOr0(absl::string_view text) {
  int number;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

absl::string_view Unquoted(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "'")) absl::ConsumeSuffix(&text, "'");
  return text;
}

// The two operands of L and M. The second is empty if there is none.
std::pair<absl::string_view, absl::string_view> TwoPaths(
    absl::string_view text) {
  constexpr absl::string_view kBetween = "' '";
  const size_t middle = text.find(kBetween);
  if (middle != text.npos) {
    return {Unquoted(text.substr(0, middle + 1)),
            Unquoted(text.substr(middle + kBetween.size() - 1))};
  }
  const absl::string_view first = TakeWord(&text);
  return {Unquoted(first), Unquoted(text)};
}

}  // namespace

absl::string_view ReadLogLine(absl::string_view text, LogLine* line) {
  absl::string_view rest = text;
  const absl::string_view key = TakeWord(&rest);
  // To bmake, written in C, a NUL ends the line.
  if (key.empty() || key[0] == '\0') return "no record type";
  if (rest.empty()) return "nothing after the record type";
  *line = LogLine();
  line->letter = key[0];
  if (line->letter == '#') {
    line->path = rest;
    return "";
  }
  if (line->letter == 'V') {
    line->number = NumberOr0(rest);
    return "";
  }

  line->pid = NumberOr0(TakeWord(&rest));
  if (rest.empty()) return "nothing after the pid";
  switch (line->letter) {
    case 'F':
      line->number = NumberOr0(rest);
      break;
    case 'X':
      line->number = NumberOr0(TakeWord(&rest));
      line->signal = NumberOr0(rest);
      break;
    case 'L':
    case 'M': {
      // bmake's complaint is about the text, quotes included: '' is a name.
      const size_t blank = rest.find(' ');
      if (blank == rest.npos || blank + 1 == rest.size()) {
        return "no second name";
      }
      std::tie(line->path, line->second_path) = TwoPaths(rest);
      break;
    }
    default:
      line->path = rest;
      break;
  }
  return "";
}

absl::StatusOr<LogRecord> ParseLogLine(absl::string_view line) {
  LogLine read;
  const absl::string_view wrong = ReadLogLine(line, &read);
  if (!wrong.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(wrong, ": ", line));
  }
  LogRecord record;
  record.letter = read.letter;
  record.pid = read.pid;
  record.number = read.number;
  record.signal = read.signal;
  record.path = std::string(read.path);
  record.second_path = std::string(read.second_path);
  return record;
}

absl::StatusOr<std::vector<LogRecord>> ParseLog(absl::string_view text) {
  std::vector<LogRecord> records;
  while (!text.empty()) {
    const size_t line_number = records.size() + 1;
    const size_t end = text.find('\n');
    if (end == text.npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, ": truncated"));
    }
    absl::StatusOr<LogRecord> record = ParseLogLine(text.substr(0, end));
    if (!record.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, ": ", record.status().message()));
    }
    records.push_back(*std::move(record));
    text.remove_prefix(end + 1);
  }
  return records;
}

}  // namespace filemon
