// The collector: drains the session's pipe, learns of processes that end, and
// feeds the merge with both in the right order.
#ifndef FILEMON_CORE_COLLECTOR_H_
#define FILEMON_CORE_COLLECTOR_H_

#include <stdint.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/death_watch.h"
#include "core/intake.h"
#include "core/linux_host.h"
#include "core/log_writer.h"
#include "core/merge.h"
#include "core/sequencer.h"
#include "core/session_pipe.h"

namespace filemon {

// Runs one session. The collector never sleeps in a read of the pipe: each
// write would have to wake it, which costs the writer several times the write
// itself. It looks at the pipe and the lanes every few milliseconds instead,
// the more often the more there is.
//
// Not thread-safe.
class Collector {
 public:
  // `pipe` and `log` outlive this object. `foreign` are the caller's children
  // from before the session (LinuxHost::Children()).
  Collector(SessionPipe* pipe, PathStyle paths, LogWriter* log,
            std::vector<pid_t> foreign);

  ~Collector();

  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // The session begins with the process `pid`, which has `life` (wire.h), and
  // runs the image `path` in the directory `cwd`.
  void Root(pid_t pid, uint32_t life, absl::string_view path,
            absl::string_view cwd);

  // Who can tell how a process ended that is not the caller's child, where the
  // kernel does not.
  enum class EndTold {
    kByOthers,  // by Ended(), perhaps, until Finish()
    kByNobody,
  };

  // The session begins with the process `pid`, which runs already: it is
  // watched, and need not be the caller's child. False if there is no such
  // process.
  bool Attach(pid_t pid, EndTold end_told);

  // Somebody else has learnt from the kernel that `pid` has ended.
  void Ended(pid_t pid, int wait_status);

  // Takes in what has happened.
  void TakeIn();
  // Waits until it is time to look again, or something has happened, or `fd` is
  // readable (-1: no such fd); whether it is.
  bool Wait(int fd);

  // How many processes of the session are alive as far as is known.
  size_t alive() const { return merge_.alive(); }

  // True when the process that the session began with has ended, or has said
  // that it waits for the log before it does (wire::kWaitsForLog).
  bool RootIsDone() const { return merge_.RootIsDone(); }

  // True when the process that the session began with was ended by a signal, as
  // far as is known.
  bool RootWasKilled() const { return root_was_killed_; }

  // The session is over: takes in what is left, and writes what is to be said
  // of it. The log's trailer is the caller's.
  void Finish();

  // How many records are known to be missing.
  uint64_t lost() const { return merge_.lost() + lost_; }

  // One line for people: processes, records by letter, and what is missing.
  std::string Summary() const;

 private:
  // Takes in at least what is in the pipe and the lanes now, and tells how many
  // bytes that was. With `last` nothing stays behind to be put in order.
  size_t Drain(bool last = false);
  // Gives a record from the pipe, or from wherever, to the merge, now or in its
  // turn.
  void Receive(const Record& record);
  bool LanesInUse() const;
  // Whether records may come by another way than the pipe, whose order is not
  // all then.
  bool ComesByOtherWays() const;
  // What is in the overflow, up to `pending` bytes.
  void TakeOverflow(uint64_t pending);
  // Gives the pipe to processes of the session that have lost it.
  void AnswerTheDoor();
  // Whether the session's processes are its ancestors, or it is one of them.
  bool IsOfSession(pid_t pid);
  // Writes down what processes have counted as lost.
  void ReportLosses();
  // Starts and ends the watching of processes that the merge has learnt of.
  void FollowMerge();
  // Tells the merge of the deaths noticed, after what the dead have reported.
  void TakeDeaths();
  void TakeDeath(ProcessKey process, absl::optional<int> wait_status);

  SessionPipe* const pipe_;
  LogWriter* const log_;
  DeathWatch watch_;
  std::vector<Reaped> reaped_;
  LinuxHost host_;
  Merge merge_;
  Intake intake_;
  Sequencer sequencer_;
  // After the last look at the pipe: no honest stamp in it is later.
  uint64_t pipe_read_ = 0;
  // The latest stamp in it so far: none of what follows there is earlier.
  uint64_t latest_in_pipe_ = 0;
  uint64_t lost_ = 0;  // as counted in the session's memory
  const std::unique_ptr<char[]> buffer_;
  std::vector<Death> deaths_;
  pid_t root_ = 0;
  EndTold root_end_told_ = EndTold::kByNobody;
  // Of one that runs already: its pidfd, as its end is not to wait for the next
  // look; -1 when that has been noticed.
  int root_pidfd_ = -1;
  // It has ended, and the kernel has not said how.
  bool root_status_missing_ = false;
  bool root_was_killed_ = false;
  absl::Duration pace_;
};

}  // namespace filemon

#endif  // FILEMON_CORE_COLLECTOR_H_
