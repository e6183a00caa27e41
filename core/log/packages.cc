// `filemon log packages`: whose files a build has used.
#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

#include "absl/container/btree_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/log/dpkg.h"
#include "core/log/file_states.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

// The states of files, and of each the first process that used it.
class FirstUses : public Listener {
 public:
  explicit FirstUses(Names* names) : states_(names) {}

  void On(const Event& event) override {
    states_.On(event);
    if (event.action != Action::kRead && event.action != Action::kExecute) {
      return;
    }
    if (event.file >= first_.size()) first_.resize(event.file + 1);
    if (first_[event.file] == nullptr) first_[event.file] = event.process;
  }

  const FileStates& states() const { return states_; }
  const Process* FirstOf(NameId id) const { return first_[id]; }

 private:
  FileStates states_;
  std::vector<const Process*> first_;
};

struct Use {
  size_t files = 0;
  // The reason that is shown: the first file, and who used it.
  NameId file = kNoName;
};

// What the source package of this debian/control says that it needs.
absl::StatusOr<Relations> BuildDepends(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", file));
  }
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  std::vector<Paragraph> paragraphs = ParseControl(text);
  if (paragraphs.empty() || !paragraphs.front().contains("source")) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": is no debian/control"));
  }
  Relations all;
  for (const char* field :
       {"build-depends", "build-depends-arch", "build-depends-indep"}) {
    const Relations some = ParseDependencies(paragraphs.front()[field]);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

using Uses = absl::btree_map<std::string, Use>;

// Says which of `used` nobody has declared, and which of `declared` nobody has
// used; returns whether there is any.
bool Compare(const Dpkg& dpkg, const Uses& used, const Relations& declared,
             const std::function<void(absl::string_view what,
                                      const std::string& package)>& say) {
  bool differs = false;
  const Relations always = {{"build-essential"}};
  absl::flat_hash_set<std::string> base = dpkg.Essential();
  const absl::flat_hash_set<std::string> tools = dpkg.Closure(always);
  base.insert(tools.begin(), tools.end());
  const absl::flat_hash_set<std::string> closure = dpkg.Closure(declared);
  for (const auto& [package, use] : used) {
    if (base.contains(package) || closure.contains(package)) continue;
    say("used, not declared", package);
    differs = true;
  }
  for (size_t i = 0; i < declared.size(); ++i) {
    Relations others = declared;
    others.erase(others.begin() + static_cast<ptrdiff_t>(i));
    const auto without = dpkg.Closure(others);
    bool needed = false;
    for (const std::string& name : dpkg.Closure({declared[i]})) {
      const bool only_by_this = !without.contains(name) && !base.contains(name);
      needed = needed || (only_by_this && used.contains(name));
    }
    for (const std::string& name : declared[i]) {
      for (const std::string& package : dpkg.Providers(name)) {
        needed = needed || used.contains(package);
      }
    }
    if (needed) continue;
    say("declared, not used", declared[i].front());
    differs = true;
  }
  return differs;
}

}  // namespace

int RunPackages(const Options& options, const PackagesOptions& packages,
                Output* out) {
  Trace trace(nullptr);
  FirstUses uses(trace.mutable_names());
  trace.Follow(&uses);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    Complain(status.message());
    return kTrouble;
  }
  const absl::StatusOr<Dpkg> dpkg = Dpkg::Open(packages.database);
  if (!dpkg.ok()) {
    Complain(absl::StrCat("packages: no database of dpkg: ",
                          dpkg.status().message()));
    return kTrouble;
  }
  Relations declared;
  if (!packages.against.empty()) {
    absl::StatusOr<Relations> relations = BuildDepends(packages.against);
    if (!relations.ok()) {
      Complain(relations.status().message());
      return kTrouble;
    }
    declared = *std::move(relations);
  }

  const View view(options, trace.cwd(), /*with_system=*/true);
  std::vector<NameId> ids;
  std::vector<std::string> paths;
  for (NameId id = 0; id < uses.states().size(); ++id) {
    const FileState state = uses.states()[id];
    const absl::string_view path = trace.names()[id];
    if (!state.input || !absl::StartsWith(path, "/") || !view.Shows(path)) {
      continue;
    }
    ids.push_back(id);
    paths.push_back(OnDisk(path));
  }
  Uses used;
  const auto owners = dpkg->Owners(paths);
  for (size_t i = 0; i < paths.size(); ++i) {
    for (const std::string& owner : owners[i]) {
      Use& use = used[owner];
      if (use.files++ == 0) use.file = ids[i];
    }
  }

  const auto add = [&](absl::string_view what, const std::string& package) {
    const auto found = used.find(package);
    const Use use = found != used.end() ? found->second : Use();
    const std::string path =
        use.file == kNoName ? "" : std::string(trace.names()[use.file]);
    const Process* const process =
        use.file == kNoName ? nullptr : uses.FirstOf(use.file);
    if (options.json) {
      std::string line = "{";
      AddJsonName("package", package, &line);
      if (!what.empty()) absl::StrAppend(&line, ",\"what\":\"", what, "\"");
      absl::StrAppend(&line, ",\"files\":", use.files);
      if (process != nullptr) {
        absl::StrAppend(&line, ",");
        AddJsonName("path", path, &line);
        absl::StrAppend(&line, ",");
        AddJsonName("by", Ancestry(trace, *process), &line);
      }
      out->Add(absl::StrCat(line, "}\n"));
    } else if (options.zero) {
      AddName(options, package, out);
    } else {
      std::string line = absl::StrCat(what, what.empty() ? "" : ": ", package);
      if (process != nullptr) {
        absl::StrAppend(&line, "  ", use.files,
                        use.files == 1 ? " file  " : " files  ", path, "  by ",
                        Ancestry(trace, *process));
      }
      out->Add(absl::StrCat(line, "\n"));
    }
  };
  if (!packages.against.empty()) {
    const bool differs = Compare(*dpkg, used, declared, add);
    return Conclude(trace, options, &view, out, differs ? kNothing : kFine);
  }
  for (const auto& [package, use] : used) add("", package);
  return Conclude(trace, options, &view, out, used.empty() ? kNothing : kFine);
}

}  // namespace filemon::log
