// `environ` for the processes that libc creates by itself: system(), popen(),
// wordexp(). They get it as it stands; where the program has thrown our entries
// out of it, it is replaced for the time of the call.
//
// Other threads read `environ` meanwhile, and a cancelled or abandoned call
// (longjmp) never puts it back: so the replacement is memory that stays.
#ifndef FILEMON_INTERPOSE_LENT_ENVIRONMENT_H_
#define FILEMON_INTERPOSE_LENT_ENVIRONMENT_H_

namespace filemon {

// While one exists, children of libc's making are traced. Several threads may
// have one at a time: the last puts the program's own `environ` back, unless
// the program has set another meanwhile.
class LentEnvironment {
 public:
  LentEnvironment();
  ~LentEnvironment();
  LentEnvironment(const LentEnvironment&) = delete;
  LentEnvironment& operator=(const LentEnvironment&) = delete;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LENT_ENVIRONMENT_H_
