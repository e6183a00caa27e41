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

// Whether the next signal was for all; -1 if there is none.
int Next(Signals* signals, GroupWitness* witness) {
  signalfd_siginfo info;
  return signals->Take(&info) ? witness->WasForAll(info) : -1;
}

TEST(GroupWitness, TellsTheGroupFromTheProcess) {
  for (const int signal : {SIGUSR1, SIGPROF, SIGSEGV, 32, SIGRTMIN}) {
    EXPECT_EQ(InOwnGroup([signal] {
                Signals signals;
                GroupWitness witness;
                kill(getpid(), signal);
                if (Next(&signals, &witness) != 0) return 1;
                kill(0, signal);
                if (Next(&signals, &witness) != 1) return 2;
                kill(getpid(), signal);
                if (Next(&signals, &witness) != 0) return 3;
                return Next(&signals, &witness) == -1 ? 0 : 4;
              }),
              0)
        << signal;
  }
}

// The second comes when the first was taken here, and not yet by the witness.
TEST(GroupWitness, KnowsTwoForTheGroupThatTheWitnessGotAsOne) {
  for (const int signal : {SIGUSR1, SIGRTMIN}) {
    EXPECT_EQ(InOwnGroup([signal] {
                Signals signals;
                GroupWitness witness;
                kill(0, signal);
                signalfd_siginfo info;
                if (!signals.Take(&info)) return 1;
                kill(0, signal);
                if (!witness.WasForAll(info)) return 2;
                if (Next(&signals, &witness) != 1) return 3;
                kill(getpid(), signal);
                return Next(&signals, &witness) == 0 ? 0 : 4;
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
    _exit(Next(&signals, &witness) == 1 ? 0 : 1);
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
              signalfd_siginfo info;
              return signals.Take(&info) ? 3 : 0;
            }),
            0);
}

}  // namespace
}  // namespace filemon
