// `environ` for the processes that libc creates by itself, in popen() and
// wordexp(). They get it as it stands; where the program has thrown our entries
// out of it, it is replaced for the time of the call.
//
// Other threads may read and change `environ` meanwhile, and a cancelled or
// abandoned call (longjmp) never comes back: so the replacement is memory that
// stays, and what the program has changed in it is kept.
#ifndef FILEMON_INTERPOSE_LENT_ENVIRONMENT_H_
#define FILEMON_INTERPOSE_LENT_ENVIRONMENT_H_

#include "interpose/cleanup.h"

namespace filemon {

// Whether the program's environ will do for a shell that libc runs.
bool EnvironmentSuitsShell();

// While one exists, children of libc's making are traced. Several threads may
// have one at a time: the last puts the program's own `environ` back, with what
// the program has changed in it meanwhile; a cancelled thread does, too.
class LentEnvironment {
 public:
  LentEnvironment();
  ~LentEnvironment();
  LentEnvironment(const LentEnvironment&) = delete;
  LentEnvironment& operator=(const LentEnvironment&) = delete;

 private:
  static void OnCancel(void* self);

  Cleanup cleanup_;
  bool is_put_back_ = false;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LENT_ENVIRONMENT_H_
