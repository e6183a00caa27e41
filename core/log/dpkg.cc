#include "core/log/dpkg.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/paths.h"

namespace filemon::log {
namespace {

absl::StatusOr<std::string> WholeFile(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Folders that Debian has moved below /usr (its UsrMerge).
bool IsMerged(absl::string_view path) {
  for (const absl::string_view folder :
       {"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"}) {
    if (absl::StartsWith(path, folder)) return true;
  }
  return false;
}

// A path by its other name, if it has one.
std::string Merged(absl::string_view path) {
  if (IsMerged(path)) return absl::StrCat("/usr", path);
  absl::string_view without = path;
  if (absl::ConsumePrefix(&without, "/usr") && IsMerged(without)) {
    return std::string(without);
  }
  return "";
}

// `path`, what it links to, and so on.
std::vector<std::string> Steps(std::string path) {
  constexpr size_t kMaxLinks = 40;  // as the kernel, path_resolution(7)
  std::vector<std::string> steps = {path};
  char target[PATH_MAX];
  while (steps.size() < kMaxLinks) {
    const ssize_t n = readlink(path.c_str(), target, sizeof(target));
    if (n <= 0) break;
    const std::string folder = path.substr(0, path.rfind('/'));
    path = CleanPath(JoinPath(folder, absl::string_view(target, n)));
    steps.push_back(path);
  }
  if (realpath(path.c_str(), target) != nullptr && path != target) {
    steps.emplace_back(target);
  }
  return steps;
}

}  // namespace

Relations ParseDependencies(absl::string_view text) {
  Relations relations;
  for (absl::string_view relation : absl::StrSplit(text, ',')) {
    std::vector<std::string> names;
    for (absl::string_view name : absl::StrSplit(relation, '|')) {
      name = absl::StripAsciiWhitespace(name);
      name = name.substr(0, name.find_first_of(" \t\n([<:"));
      // A substitution of debian/control, such as ${misc:Depends}.
      if (!name.empty() && name[0] != '$') names.emplace_back(name);
    }
    if (!names.empty()) relations.push_back(std::move(names));
  }
  return relations;
}

std::vector<Paragraph> ParseControl(absl::string_view text) {
  std::vector<Paragraph> paragraphs;
  Paragraph paragraph;
  std::string field;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "#")) continue;
    if (absl::StripAsciiWhitespace(line).empty()) {
      if (!paragraph.empty()) paragraphs.push_back(std::move(paragraph));
      paragraph = {};
      continue;
    }
    if (line[0] == ' ' || line[0] == '\t') {
      absl::StrAppend(&paragraph[field], " ", absl::StripAsciiWhitespace(line));
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    field = absl::AsciiStrToLower(line.substr(0, colon));
    paragraph[field] =
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  if (!paragraph.empty()) paragraphs.push_back(std::move(paragraph));
  return paragraphs;
}

absl::StatusOr<Dpkg> Dpkg::Open(const std::string& folder) {
  const absl::StatusOr<std::string> status =
      WholeFile(absl::StrCat(folder, "/status"));
  if (!status.ok()) return status.status();
  Dpkg dpkg;
  dpkg.folder_ = folder;
  for (Paragraph& paragraph : ParseControl(*status)) {
    if (!absl::EndsWith(paragraph["status"], " installed")) continue;
    const std::string name = paragraph["package"];
    Package& package = dpkg.installed_[name];
    package.essential = paragraph["essential"] == "yes";
    for (const char* kind : {"depends", "pre-depends"}) {
      Relations relations = ParseDependencies(paragraph[kind]);
      package.depends.insert(package.depends.end(), relations.begin(),
                             relations.end());
    }
    for (const auto& provided : ParseDependencies(paragraph["provides"])) {
      dpkg.provided_[provided.front()].push_back(name);
    }
  }
  return dpkg;
}

std::vector<std::vector<std::string>> Dpkg::Owners(
    const std::vector<std::string>& paths) const {
  // Diverted files: where a package's own file is now, and who has its place.
  absl::flat_hash_map<std::string, std::string> original;
  absl::flat_hash_map<std::string, std::string> diverter;
  if (const auto text = WholeFile(absl::StrCat(folder_, "/diversions"));
      text.ok()) {
    const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
    for (size_t i = 0; i + 2 < lines.size(); i += 3) {
      original[lines[i + 1]] = lines[i];
      diverter[lines[i]] = lines[i + 2];
    }
  }

  std::vector<std::vector<std::string>> owners(paths.size());
  struct Wanted {
    size_t index;
    bool moved;  // by a diversion
  };
  absl::flat_hash_map<std::string, std::vector<Wanted>> wanted;
  for (size_t i = 0; i < paths.size(); ++i) {
    for (const std::string& step : Steps(paths[i])) {
      const auto diverted = original.find(step);
      const std::string& own =
          diverted != original.end() ? diverted->second : step;
      const Wanted want = {i, diverted != original.end()};
      wanted[own].push_back(want);
      const std::string other = Merged(own);
      if (!other.empty()) wanted[other].push_back(want);
      const auto by = diverter.find(step);
      if (by != diverter.end() && by->second != ":") {
        owners[i].push_back(by->second);
      }
    }
  }

  DIR* const folder = opendir(absl::StrCat(folder_, "/info").c_str());
  if (folder == nullptr) return owners;
  while (const dirent* entry = readdir(folder)) {
    absl::string_view name = entry->d_name;
    if (!absl::ConsumeSuffix(&name, ".list")) continue;
    const std::string package(name.substr(0, name.find(':')));
    const auto text = WholeFile(absl::StrCat(folder_, "/info/", entry->d_name));
    if (!text.ok()) continue;
    for (absl::string_view path : absl::StrSplit(*text, '\n')) {
      const auto found = wanted.find(path);
      if (found == wanted.end()) continue;
      const auto by = diverter.find(path);
      for (const Wanted& want : found->second) {
        // Of two packages with this path one has moved the other's file away.
        const bool moved = by != diverter.end() && by->second != package;
        if (by == diverter.end() || moved == want.moved) {
          owners[want.index].push_back(package);
        }
      }
    }
  }
  closedir(folder);
  for (std::vector<std::string>& packages : owners) {
    std::sort(packages.begin(), packages.end());
    packages.erase(std::unique(packages.begin(), packages.end()),
                   packages.end());
  }
  return owners;
}

std::vector<std::string> Dpkg::Providers(const std::string& name) const {
  if (installed_.contains(name)) return {name};
  const auto found = provided_.find(name);
  return found != provided_.end() ? found->second : std::vector<std::string>();
}

absl::flat_hash_set<std::string> Dpkg::Closure(const Relations& wanted) const {
  absl::flat_hash_set<std::string> closure;
  std::vector<std::string> todo;
  const auto add = [&](const Relations& relations) {
    for (const auto& alternatives : relations) {
      for (const std::string& alternative : alternatives) {
        for (const std::string& package : Providers(alternative)) {
          if (closure.insert(package).second) todo.push_back(package);
        }
      }
    }
  };
  add(wanted);
  while (!todo.empty()) {
    const std::string package = todo.back();
    todo.pop_back();
    add(installed_.at(package).depends);
  }
  return closure;
}

absl::flat_hash_set<std::string> Dpkg::Essential() const {
  Relations essential;
  for (const auto& [name, package] : installed_) {
    if (package.essential) essential.push_back({name});
  }
  return Closure(essential);
}

}  // namespace filemon::log
