// What Debian's package manager knows: whose files are whose, and what depends
// on what (dpkg(1), deb-control(5)).
#ifndef FILEMON_CORE_LOG_DPKG_H_
#define FILEMON_CORE_LOG_DPKG_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace filemon::log {

// "a (>= 1) | b, c:any <!nocheck>" as a list of alternatives, without versions,
// architectures and profiles.
using Relations = std::vector<std::vector<std::string>>;
Relations ParseDependencies(absl::string_view text);

// A paragraph of a control file. Names of fields are in lower case; of a field
// of several lines the lines are joined by blanks.
using Paragraph = absl::flat_hash_map<std::string, std::string>;
std::vector<Paragraph> ParseControl(absl::string_view text);

class Dpkg {
 public:
  // `folder` is /var/lib/dpkg, or another root's.
  static absl::StatusOr<Dpkg> Open(const std::string& folder);

  // Which packages own these paths, by the index of the path; empty where none
  // does. Each path counts with what it links to, in all steps, and with and
  // without the /usr that Debian has merged. Packages are named without their
  // architecture.
  std::vector<std::vector<std::string>> Owners(
      const std::vector<std::string>& paths) const;

  // The installed packages that come with these, which need not be installed
  // themselves: by Depends and Pre-Depends, of alternatives those that are
  // installed. With the packages themselves.
  absl::flat_hash_set<std::string> Closure(const Relations& wanted) const;

  // The packages that every system has, and what comes with them.
  absl::flat_hash_set<std::string> Essential() const;

  // The installed packages of this name, or that provide it.
  std::vector<std::string> Providers(const std::string& name) const;

 private:
  struct Package {
    Relations depends;
    bool essential = false;
  };

  std::string folder_;
  absl::flat_hash_map<std::string, Package> installed_;
  // Virtual package -> who provides it.
  absl::flat_hash_map<std::string, std::vector<std::string>> provided_;
};

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_DPKG_H_
