#include "core/run.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/collector.h"
#include "core/descriptor_limit.h"
#include "core/environment.h"
#include "core/group_witness.h"
#include "core/launch.h"
#include "core/library.h"
#include "core/log_file.h"
#include "core/log_writer.h"
#include "core/patient_output.h"
#include "core/pidfd.h"
#include "core/proc_stat.h"
#include "core/session_pipe.h"
#include "core/signals.h"

namespace filemon {
namespace {

// After a CMD that died by a signal, as of a ^C, its children are dying too:
// how long to wait for them, so that their X are in the log.
constexpr absl::Duration kDyingTime = absl::Milliseconds(300);

absl::StatusOr<std::string> Library() {
  const char* named = getenv("FILEMON_LIBRARY");
  if (named != nullptr && *named != '\0') return CheckLibrary(named);
  char executable[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", executable, sizeof(executable));
  if (n < 0) {
    return absl::ErrnoToStatus(
        errno, "cannot read /proc/self/exe (is /proc mounted?)");
  }
  return FindLibrary(absl::string_view(executable, n));
}

// For CMD (wire.h).
uint32_t DrawLife() {
  uint32_t life;
  if (getrandom(&life, sizeof(life), 0) != sizeof(life)) return 1;
  return std::max(life, uint32_t{1});
}

std::string CurrentDirectory() {
  char cwd[PATH_MAX];
  // The kernel's answer for a directory outside the root is not a path.
  return getcwd(cwd, sizeof(cwd)) != nullptr && cwd[0] == '/' ? cwd : "";
}

int ExitStatusOf(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                  : WEXITSTATUS(wait_status);
}

// Why CMD, which is `name`, could not be started, in the words of a shell.
std::string WhyNotStarted(absl::string_view name, int error) {
  if (error != ENOENT) return strerror(error);
  if (!absl::StrContains(name, '/')) return "command not found";
  return access(std::string(name).c_str(), F_OK) == 0
             ? "its interpreter is missing"
             : strerror(error);
}

// Looks after CMD while it runs.
class Watchman {
 public:
  Watchman(pid_t root, Signals* signals, GroupWitness* witness,
           Collector* collector)
      : root_(root),
        signals_(signals),
        witness_(witness),
        collector_(collector) {}

  // Returns CMD's wait status, when CMD, or all that came from it, has ended.
  int WatchToTheEnd(bool wait_all) {
    while (!root_ended_ || (wait_all && has_children_ && !told_to_end_)) {
      Turn();
    }
    if (!wait_all && WIFSIGNALED(root_status_)) {
      const absl::Time end = absl::Now() + kDyingTime;
      while (collector_->alive() > 0 && absl::Now() < end) Turn();
    }
    return root_status_;
  }

 private:
  void Turn() {
    collector_->TakeIn();
    if (!collector_->Wait(signals_->fd())) return;
    for (signalfd_siginfo info; signals_->Take(&info);) {
      // Of these there are many, and CMD ignores one more.
      const bool was_for_all =
          info.ssi_signo != SIGCHLD && witness_->WasForAll(info);
      // Several SIGCHLD may have come as one. First: whether CMD is there still
      // decides for whom the others are.
      Reap();
      Obey(info, was_for_all);
    }
  }

  // What was for all CMD has already, unless it has left the group.
  void Obey(const signalfd_siginfo& info, bool was_for_all) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (root_ended_) {
      told_to_end_ |= signal == SIGHUP || signal == SIGINT ||
                      signal == SIGQUIT || signal == SIGTERM;
    } else if (signal == SIGCONT) {
      ContinueRoot();
    } else if (was_for_all) {
      return;
    } else if (info.ssi_code == SI_QUEUE) {
      sigval value;
      value.sival_ptr = reinterpret_cast<void*>(info.ssi_ptr);
      sigqueue(root_, signal, value);
    } else if (info.ssi_code <= 0) {
      // Sent by a process, to us: CMD is meant. What the terminal sends
      // reaches CMD by itself.
      kill(root_, signal);
    }
  }

  // Takes note of our children that ended: CMD, and orphans, as we are their
  // subreaper.
  void Reap() {
    for (;;) {
      siginfo_t info = {};
      if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) != 0) {
        has_children_ = errno != ECHILD;
        return;
      }
      if (info.si_pid == 0) return;
      if (info.si_code == CLD_STOPPED) {
        if (info.si_pid == root_) StopLikeRoot(info.si_status);
        continue;
      }
      const int wait_status = info.si_code == CLD_EXITED
                                  ? W_EXITCODE(info.si_status, 0)
                                  : W_EXITCODE(0, info.si_status);
      collector_->Ended(info.si_pid, wait_status);
      if (info.si_pid == root_) {
        root_ended_ = true;
        root_status_ = wait_status;
      }
    }
  }

  // The shell that started us waits for us, not for CMD: only if we stop does
  // it take the terminal back. A SIGSTOP was meant for CMD alone.
  void StopLikeRoot(int signal) {
    if (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU) return;
    signals_->StopWith(signal);
    ContinueRoot();
  }

  void ContinueRoot() {
    const auto stat = ReadProcStat(root_);
    if (!root_ended_ && stat && stat->state == 'T') kill(root_, SIGCONT);
  }

  const pid_t root_;
  Signals* const signals_;
  GroupWitness* const witness_;
  Collector* const collector_;
  bool root_ended_ = false;
  bool has_children_ = true;
  // By a signal, after CMD's end.
  bool told_to_end_ = false;
  int root_status_ = 0;
};

// Where the log's bytes go.
LogSink SinkOf(PatientOutput* output, const Options& options,
               log::DependencyFile* dependencies) {
  LogSink to_file = [output](absl::string_view bytes) {
    return output->Write(bytes);
  };
  if (options.dependency_file.file.empty()) return to_file;
  return [to_file = std::move(to_file),
          dependencies](absl::string_view bytes) -> absl::Status {
    dependencies->Feed(bytes);
    return to_file(bytes);
  };
}

bool WriteDependencies(log::DependencyFile* dependencies) {
  std::vector<std::string> remarks;
  const absl::Status status = dependencies->Write(&remarks);
  for (const std::string& remark : remarks) Complain(remark);
  if (!status.ok()) Complain(status.message());
  return status.ok();
}

}  // namespace

void Complain(absl::string_view message) {
  const std::string line = absl::StrCat("filemon: ", message, "\n");
  // Nobody is left to tell when this fails.
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

int Run(const Options& options) {
  const absl::StatusOr<std::string> library = Library();
  if (!library.ok()) {
    Complain(library.status().message());
    return kFilemonFailed;
  }
  absl::StatusOr<LogFile> file = LogFile::Open(options.output);
  if (!file.ok()) {
    Complain(file.status().message());
    return kFilemonFailed;
  }
  const auto pipe = SessionPipe::Create(options.paths);
  if (!pipe.ok()) {
    file->Withdraw();
    Complain(pipe.status().message());
    return kFilemonFailed;
  }

  Signals signals;
  GroupWitness witness;
  // Orphans become ours where only their parent learns how they ended, or how
  // long they live. Elsewhere they have the parent that they would have without
  // us.
  if (options.wait_all || !KernelTellsEnds()) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  const uint32_t life = DrawLife();
  const Command command{
      options.command,
      OnlyLists(options.command)
          ? OwnEnvironment()
          : TracedEnvironment(OwnEnvironment(), *library,
                              (*pipe)->SessionValue((*pipe)->writer(), life)),
      (*pipe)->writer()};
  timeval start;
  gettimeofday(&start, nullptr);
  // An orphan of CMD's is none of them, however fast it comes.
  std::vector<pid_t> foreign = LinuxHost::Children();
  const Launched launched = Launch(command, [&signals] { signals.Restore(); });
  if (launched.error != 0) {
    if (launched.pid > 0) waitpid(launched.pid, nullptr, 0);
    file->Withdraw();
    Complain(absl::StrCat(options.command[0], ": ",
                          WhyNotStarted(options.command[0], launched.error)));
    return launched.pid < 0           ? kFilemonFailed
           : launched.error == ENOENT ? kNotFound
                                      : kCannotExecute;
  }
  RaiseDescriptorLimit();

  file->Begin();
  log::DependencyFile dependencies(options.dependency_file);
  PatientOutput output(file->fd());
  LogWriter log(SinkOf(&output, options, &dependencies));
  log.Header(launched.pid, start);
  Collector collector(pipe->get(), options.paths, &log, std::move(foreign));
  log.Origin(CurrentDirectory(), options.command);
  collector.Root(launched.pid, life, launched.path, CurrentDirectory());
  Watchman watchman(launched.pid, &signals, &witness, &collector);
  int exit_status = ExitStatusOf(watchman.WatchToTheEnd(options.wait_all));
  collector.Finish();
  timeval stop;
  gettimeofday(&stop, nullptr);
  log.Trailer(stop);
  log.Flush().IgnoreError();

  const absl::Status written = output.Finish();
  if (collector.lost() > 0) {
    Complain(absl::StrCat("the log ", options.output, " is incomplete: ",
                          collector.lost(), " records are lost"));
  }
  if (!written.ok()) {
    Complain(absl::StrCat("the log ", options.output,
                          " is incomplete: ", written.message()));
    if (exit_status == 0) exit_status = kFilemonFailed;
  }
  if (!options.dependency_file.file.empty() && exit_status == 0 &&
      !WriteDependencies(&dependencies)) {
    exit_status = kFilemonFailed;
  }
  if (options.stats) Complain(collector.Summary());
  return exit_status;
}

}  // namespace filemon
