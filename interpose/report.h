// One function for each thing that a wrapper reports. Each is to be called
// after the call has succeeded, only while Tracing(), and keeps errno.
#ifndef FILEMON_INTERPOSE_REPORT_H_
#define FILEMON_INTERPOSE_REPORT_H_

#include <fcntl.h>
#include <stddef.h>

#include "interpose/access.h"
#include "interpose/channel.h"
#include "interpose/kernel_names.h"
#include "interpose/path_buffer.h"
#include "interpose/session.h"

namespace filemon {

// A path as a call names it: `name` as the program gave it, relative to
// `dirfd`.
struct PathAt {
  int dirfd;
  const char* name;

  // The path relative to the current directory.
  static PathAt Here(const char* name) { return {AT_FDCWD, name}; }
  // The path relative to the directory that the last record has made the
  // current one. libc may have gone on meanwhile.
  static PathAt Told(const char* name) { return {kToldDirectory, name}; }

  static constexpr int kToldDirectory = AT_FDCWD - 1;
};

// A PathAt's two names for a record, as wire.h writes them. Where absolute
// names are wanted and only a look can tell where a ".." leads, the look is
// had here.
class Directory {
 public:
  explicit Directory(PathAt path);
  // Empty where the name needs none.
  const char* path() const { return path_.path(); }
  const char* name() const { return name_; }

 private:
  void Resolve(PathAt path);

  PathBuffer path_;
  const char* name_;
};

// What open() was asked for.
void ReportOpen(PathAt path, int flags);
// The same, of a name in the directory with the absolute path `directory`.
void ReportOpenIn(const char* directory, const char* name, int flags);
// The result of a call that gives a descriptor: reports nothing for -1, and
// returns `fd`, or a descriptor of the emulated device, if that was meant.
int OpenResult(int fd, PathAt path, int flags);

void ReportUnlink(PathAt path);
void ReportLink(PathAt from, PathAt to);
void ReportSymlink(const char* target, PathAt path);
// Of an exchange both ways.
void ReportRename(PathAt from, PathAt to, bool exchange = false);
// `given` is what the program passed; null for fchdir().
void ReportChdir(const char* given);
// The process's directory is now `path`, absolute; empty if it is unknown.
void ReportEntered(const char* path);
// The process is about to end with `status`, and reports nothing more.
void ReportExit(int status);
void ReportChildEnded(pid_t child, int wait_status);
void ReportTraceeEnded(pid_t tracee, int wait_status);
void ReportSomeChildEnded(int wait_status);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_REPORT_H_
