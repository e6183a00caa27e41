#include "core/log/depfile.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace filemon::log {
namespace {

// ninja's scanner (depfile_parser.in.cc) ends a name at any of these.
constexpr absl::string_view kNotForNinja = "&<>\"'^`*?";

// To make, "NAME(MEMBER)" is in an archive.
bool IsArchiveMember(absl::string_view name) {
  const size_t open = name.find('(');
  return open != name.npos && open > 0 && absl::EndsWith(name, ")");
}

// What both can be told in no way: the scanner of neither has an escape for it.
bool IsBeyondBoth(absl::string_view name) {
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == ';' || c == '|') return true;
  }
  return name.empty() || absl::EndsWith(name, "\\");
}

bool SuitsMake(absl::string_view name) {
  return !absl::EndsWith(name, " ") && !IsArchiveMember(name);
}

bool SuitsNinja(absl::string_view name) {
  return name.find_first_of(kNotForNinja) == name.npos &&
         !absl::EndsWith(name, ":");
}

// Make takes a colon or a percent sign in a target for a pattern or more, and
// "A=B:" for a variable: those names have no rule of their own.
bool HasRule(absl::string_view name) {
  return name.find_first_of("%=") == name.npos;
}

}  // namespace

absl::optional<std::string> DepfileName(absl::string_view name,
                                        DepfileReader reader) {
  const bool make = reader != DepfileReader::kNinja;
  const bool ninja = reader != DepfileReader::kMake;
  if (IsBeyondBoth(name) || (make && !SuitsMake(name)) ||
      (ninja && !SuitsNinja(name))) {
    return absl::nullopt;
  }
  std::string out;
  // Make expands a tilde at the beginning.
  if (name[0] == '~') out = "./";
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '\\') {
      const size_t end = name.find_first_not_of('\\', i);
      const size_t count = end - i;
      const char next = name[end];
      i = end - 1;
      if (next == ' ') {
        out.append(2 * count, '\\');
      } else if (next == '#' || next == ':') {
        // Make halves the backslashes before these, ninja does not.
        if (make && ninja) return absl::nullopt;
        out.append(make ? 2 * count : count, '\\');
      } else {
        out.append(count, '\\');
      }
    } else if (c == ' ' || c == '#' || c == ':') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '$') {
      out.append("$$");
    } else if (!ninja && (c == '*' || c == '?' || c == '[')) {
      out.push_back('\\');
      out.push_back(c);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

Depfile MakeDepfile(const std::vector<std::string>& targets,
                    const std::vector<std::string>& inputs,
                    DepfileReader reader) {
  Depfile result;
  for (const std::string& target : targets) {
    const auto name = DepfileName(target, reader);
    if (!name) {
      result.left_out.push_back(target);
      continue;
    }
    absl::StrAppend(&result.text, result.text.empty() ? "" : " ", *name);
  }
  if (result.text.empty()) return result;
  // "TARGET: A=B" sets a variable, unless another name comes first.
  std::vector<std::string> ordered = inputs;
  std::stable_partition(ordered.begin(), ordered.end(), HasRule);
  absl::StrAppend(&result.text, ":");
  std::string rules;
  bool first = true;
  for (const std::string& input : ordered) {
    const auto name = DepfileName(input, reader);
    const bool sets_variable = first && reader != DepfileReader::kNinja &&
                               absl::StrContains(input, '=');
    if (!name || sets_variable) {
      result.left_out.push_back(input);
      continue;
    }
    first = false;
    absl::StrAppend(&result.text, " \\\n  ", *name);
    if (HasRule(input)) absl::StrAppend(&rules, *name, ":\n");
  }
  absl::StrAppend(&result.text, "\n", rules);
  return result;
}

}  // namespace filemon::log
