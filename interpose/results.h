// What wrappers of different families share: each takes the result of a call,
// reports the call if it succeeded, and gives the result back. syscall(), which
// makes the same calls by number, is the second user of each.
#ifndef FILEMON_INTERPOSE_RESULTS_H_
#define FILEMON_INTERPOSE_RESULTS_H_

#include "interpose/report.h"

namespace filemon {

int UnlinkResult(int result, PathAt path);
int RmdirResult(int result, PathAt path);
int LinkResult(int result, PathAt from, PathAt to);
int SymlinkResult(int result, const char* target, PathAt path);
int RenameResult(int result, PathAt from, PathAt to, unsigned flags);
// `given` is null for fchdir().
int ChdirResult(int result, const char* given);

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
  bool nameless_ = false;
  PathBuffer path_;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_RESULTS_H_
