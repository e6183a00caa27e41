// What wrappers of different families share: each takes the result of a call,
// reports the call if it succeeded, and gives the result back. syscall(), which
// makes the same calls by number, is the second user of each.
#ifndef FILEMON_INTERPOSE_RESULTS_H_
#define FILEMON_INTERPOSE_RESULTS_H_

#include <signal.h>
#include <sys/types.h>

#include "interpose/report.h"

namespace filemon {

// Of open_by_handle_at().
int OpenByHandleResult(int fd, int flags);
int UnlinkResult(int result, PathAt path);
int RmdirResult(int result, PathAt path);
int LinkResult(int result, PathAt from, PathAt to);
int SymlinkResult(int result, const char* target, PathAt path);
int RenameResult(int result, PathAt from, PathAt to, unsigned flags);
// `given` is null for fchdir().
int ChdirResult(int result, const char* given);

// The program is about to unmap this: what of it is ours is not used any more.
void LeaveMemory(const void* address, size_t size);

// A call by which the program forbids itself what we do as well. Made before
// the call, which it prepares for; `a` and `filter` are prctl()'s next two
// arguments.
class Restriction {
 public:
  Restriction(int option, unsigned long a, const void* filter);
  // seccomp(2).
  static Restriction OfSeccomp(unsigned operation, const void* filter);
  // After the call, with what it returned.
  long Result(long result) const;

 private:
  enum Kind { kNone, kStrict, kFilter, kNoClock, kClock };
  Kind kind_ = kNone;
  const void* filter_ = nullptr;
};
// Of wait4() and its kin, which have written `*status` if there was a child;
// and of waitid().
pid_t WaitResult(pid_t child, const int* status);
int WaitidResult(int result, const siginfo_t* info);

// This process is a ptrace(2) tracer.
void BecomeTracer();

// A linkat(): what is linked has to be looked at before the call, for a file
// opened with O_TMPFILE gets its first name by it (a W, not an L).
class FileLink {
 public:
  FileLink(PathAt from, int flags);
  int Result(int result, PathAt to) const;

 private:
  PathAt from_;
  int flags_;
  bool nameless_ = false;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_RESULTS_H_
