#include "tests/coverage/symbol_list.h"

#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace filemon {
namespace {

constexpr absl::string_view kPrefixes[] = {"_", "libc_", "io_"};
constexpr absl::string_view kSuffixes[] = {
    "_time64", "_chk", "_nocancel", "_np", "_2", "2", "3", "4", "at"};

// execl, execvpe and so on: one call with its arguments in different shapes.
bool IsExec(absl::string_view name) {
  return absl::ConsumePrefix(&name, "exec") && !name.empty() &&
         name.find_first_not_of("lvpe") == absl::string_view::npos;
}

bool IsPattern(absl::string_view name) {
  return name.find('*') != absl::string_view::npos;
}

bool IsName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_';
  });
}

// "A B : WHY" as {A, B} and WHY; a reason may hold colons of its own.
struct Reasoned {
  std::vector<std::string> names;
  std::string reason;
};

Reasoned SplitReason(absl::string_view line) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(line, absl::MaxSplits(" : ", 1));
  return {absl::StrSplit(parts.first, ' ', absl::SkipEmpty()),
          std::string(absl::StripAsciiWhitespace(parts.second))};
}

}  // namespace

std::set<std::string> Roots(absl::string_view name) {
  std::set<std::string> roots;
  std::vector<std::string> open = {absl::AsciiStrToLower(name)};
  while (!open.empty()) {
    const std::string form = std::move(open.back());
    open.pop_back();
    // Below three letters nothing is left that tells functions apart.
    if (form.size() < 3) continue;
    if (form[0] != '_' && !roots.insert(form).second) continue;
    for (absl::string_view prefix : kPrefixes) {
      absl::string_view rest = form;
      if (absl::ConsumePrefix(&rest, prefix)) open.emplace_back(rest);
    }
    for (absl::string_view suffix : kSuffixes) {
      absl::string_view rest = form;
      if (absl::ConsumeSuffix(&rest, suffix)) open.emplace_back(rest);
    }
    // fts64_open has it in the middle.
    if (const size_t at = form.find("64"); at != std::string::npos) {
      open.push_back(std::string(form).erase(at, 2));
    }
    if (IsExec(form)) open.push_back("exec");
    if (absl::EndsWith(form, "spawnp")) {
      open.push_back(form.substr(0, form.size() - 1));
    }
  }
  return roots;
}

absl::StatusOr<SymbolList> SymbolList::Parse(absl::string_view text) {
  SymbolList list;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const absl::Status status = list.AddLine(line);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", status.message()));
    }
  }
  for (const auto& [name, where] : list.since_) {
    if (list.wrapped_.count(name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has a `since` line, but is not wrapped"));
    }
  }
  return list;
}

absl::StatusOr<SymbolList> SymbolList::Read(const std::string& path) {
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return Parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

absl::Status SymbolList::AddLine(absl::string_view line) {
  const absl::string_view whole = line;
  if (absl::ConsumePrefix(&line, "wrap ")) {
    const auto roots = Roots(line);
    wrapped_roots_.insert(roots.begin(), roots.end());
    return AddName(line, wrapped_);
  }
  if (absl::ConsumePrefix(&line, "api ")) return AddName(line, api_);
  const bool pass = absl::ConsumePrefix(&line, "pass ");
  const bool number = absl::ConsumePrefix(&line, "number ");
  if (!pass && !number && !absl::ConsumePrefix(&line, "since ")) {
    return absl::InvalidArgumentError(
        absl::StrCat("neither wrap, api, pass, number nor since: ", whole));
  }
  const Reasoned reasoned = SplitReason(line);
  if (reasoned.names.empty() || reasoned.reason.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("no reason: ", whole));
  }
  for (const std::string& name : reasoned.names) {
    if (number) {
      numbers_.insert(name);
    } else if (!pass) {
      since_[name] = reasoned.reason;
    } else if (IsPattern(name)) {
      patterns_.push_back(name);
    } else if (absl::Status status = AddName(name, passed_); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status SymbolList::AddName(absl::string_view name,
                                 std::set<std::string>& names) {
  const std::string key(name);
  if (!IsName(name)) {
    return absl::InvalidArgumentError(absl::StrCat("not one name: ", name));
  }
  if (wrapped_.count(key) != 0 || passed_.count(key) != 0 ||
      api_.count(key) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("listed twice: ", name));
  }
  names.insert(key);
  return absl::OkStatus();
}

SymbolList::Answer SymbolList::Find(const std::string& name) const {
  if (wrapped_.count(name) != 0) return Answer::kWrapped;
  if (passed_.count(name) != 0) return Answer::kPassed;
  for (const std::string& root : Roots(name)) {
    if (wrapped_roots_.count(root) != 0) return Answer::kSibling;
  }
  const bool matched =
      std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& pattern) {
        return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
      });
  return matched ? Answer::kPassed : Answer::kUnknown;
}

bool SymbolList::OnlyIn32Bits(const std::string& name) const {
  const auto found = since_.find(name);
  return found != since_.end() && absl::StartsWith(found->second, "32-bit ");
}

std::vector<std::string> Gaps(const SymbolList& list,
                              const std::set<std::string>& functions) {
  std::vector<std::string> gaps;
  for (const std::string& name : functions) {
    switch (list.Find(name)) {
      case SymbolList::Answer::kWrapped:
      case SymbolList::Answer::kPassed:
        break;
      case SymbolList::Answer::kSibling:
        gaps.push_back(absl::StrCat(name,
                                    ": a sibling of a wrapped function; wrap "
                                    "it, or pass it by its full name"));
        break;
      case SymbolList::Answer::kUnknown:
        gaps.push_back(absl::StrCat(name, ": neither wrapped nor passed"));
        break;
    }
  }
  return gaps;
}

std::vector<std::string> Strays(const SymbolList& list,
                                const std::set<std::string>& functions) {
  std::vector<std::string> strays;
  for (const std::string& name : list.wrapped()) {
    if (functions.count(name) == 0 && list.since().count(name) == 0) {
      strays.push_back(
          absl::StrCat(name, ": wrapped, but no libc here exports it"));
    }
  }
  return strays;
}

std::vector<std::string> NumberGaps(const SymbolList& list,
                                    const std::set<std::string>& handled,
                                    const std::set<std::string>& calls) {
  std::vector<std::string> gaps;
  for (const std::string& call : calls) {
    if (handled.count(call) != 0 || list.numbers().count(call) != 0) continue;
    const SymbolList::Answer answer = list.Find(call);
    if (answer == SymbolList::Answer::kWrapped ||
        answer == SymbolList::Answer::kSibling) {
      gaps.push_back(absl::StrCat(
          call, ": a wrapped call, whose number syscall() does not know"));
    }
  }
  return gaps;
}

}  // namespace filemon
