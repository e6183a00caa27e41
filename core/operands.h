// The names that processes give to calls, as the log shows them.
#ifndef FILEMON_CORE_OPERANDS_H_
#define FILEMON_CORE_OPERANDS_H_

#include <sys/types.h>

#include <string>

#include "absl/strings/string_view.h"
#include "core/host.h"
#include "core/intake.h"
#include "core/log_writer.h"
#include "core/path_style.h"

namespace filemon {

// What an E has where the path of a program would be, if it has none.
inline constexpr char kNamelessProgram[] = "(a program without a name)";

// Writes the records of calls that name files.
//
// Directories come from the kernel, which knows them by names without a
// symbolic link, so `..` at the beginning of a name can be taken back against
// them. Behind a component that the program has named it leads to where that
// component is, if it is a symbolic link: the machine is asked. If it cannot
// tell any more, the `..` stays, for it is what was used.
//
// Not thread-safe.
class Operands {
 public:
  // `host` and `log` outlive this object.
  Operands(PathStyle style, Host* host, LogWriter* log)
      : style_(style), host_(host), log_(log) {}
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  // What a kOpen, kUnlink, kLink, kSymlink or kRename of a process with the
  // current directory `cwd` (as wire.h has it; empty if it is not known) has in
  // the log.
  void Write(const Record& record, absl::string_view cwd);

  // A name that is absolute already. Valid until the next call, and as long as
  // `path` is.
  absl::string_view Whole(absl::string_view path);

  // An absolute path of a name in PathStyle::kAbsolute. Empty if there is none.
  std::string Absolute(absl::string_view cwd, absl::string_view dir,
                       absl::string_view name);

  // A name as the kernel would tell it, but for its last component, which may
  // be a symbolic link. Empty if that cannot be known.
  std::string Canonical(absl::string_view cwd, absl::string_view dir,
                        absl::string_view name);

 private:
  // A path operand as the log shows it; writes the A record that goes first.
  // What is returned is in `name` or in `*made`, and valid as long as these
  // are.
  absl::string_view Operand(pid_t pid, absl::string_view cwd,
                            absl::string_view dir, absl::string_view name,
                            std::string* made);
  absl::string_view RareOperand(pid_t pid, absl::string_view cwd,
                                absl::string_view dir, absl::string_view name,
                                std::string* made);
  // The same of PathStyle::kAbsolute, which has no A. `base` is where the name
  // counts.
  absl::string_view AbsoluteOperand(absl::string_view base,
                                    absl::string_view name, std::string* made);
  // Makes the absolute path of `name` in `*made`.
  void Resolve(absl::string_view base, absl::string_view name,
               std::string* made);

  const PathStyle style_;
  Host* const host_;
  LogWriter* const log_;
  // A record has two operands at most. Kept for their memory.
  std::string first_;
  std::string second_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_OPERANDS_H_
