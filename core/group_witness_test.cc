#include "core/group_witness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/signals.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

// Runs `test` in a process that has a group to itself; what it returns.
template <typename Test>
int InOwnGroup(Test test) {
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    _exit(test());
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(GroupWitness, TellsTheGroupFromTheProcess) {
  for (const int signal : {SIGUSR1, SIGPROF, SIGSEGV, 32, SIGRTMIN}) {
    EXPECT_EQ(InOwnGroup([signal] {
                Signals signals;
                GroupWitness witness;
                kill(getpid(), signal);
                if (signals.Take().size() != 1) return 1;
                if (witness.Saw(signal)) return 2;
                kill(0, signal);
                if (signals.Take().size() != 1) return 3;
                if (!witness.Saw(signal)) return 4;
                return witness.Saw(signal) ? 5 : 0;
              }),
              0)
        << signal;
  }
}

TEST(GroupWitness, GoesOnWhenTheGroupWasStopped) {
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    Signals signals;
    GroupWitness witness;
    kill(0, SIGSTOP);
    // Continued alone.
    kill(0, SIGUSR1);
    _exit(witness.Saw(SIGUSR1) ? 0 : 1);
  }
  int status;
  ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  kill(child, SIGCONT);
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(GroupWitness, IsNoChildToWaitFor) {
  EXPECT_EQ(InOwnGroup([] {
              Signals signals;
              {
                GroupWitness witness;
                if (waitpid(-1, nullptr, WNOHANG) != -1) return 1;
              }
              if (waitpid(-1, nullptr, WNOHANG | __WALL) != -1) return 2;
              return signals.Take().empty() ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace filemon
