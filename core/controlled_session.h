// A session that a program begins and ends by itself: through /dev/filemon,
// FILEMON_LOG or libfilemon(3).
#ifndef FILEMON_CORE_CONTROLLED_SESSION_H_
#define FILEMON_CORE_CONTROLLED_SESSION_H_

#include <stdint.h>
#include <sys/types.h>

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/collector.h"
#include "core/control.h"
#include "core/log_writer.h"
#include "core/owned_fd.h"
#include "core/patient_output.h"
#include "core/session_pipe.h"

namespace filemon {

// Serves the requests of control.h that arrive on a socket, and collects the
// records of the processes that they name.
//
// What a process traced before is traced no more when the next is attached, as
// FILEMON_SET_PID does in FreeBSD (filemon_untrack_processes() in its
// sys/dev/filemon/filemon.c).
//
// Not thread-safe.
class ControlledSession {
 public:
  // `socket` stays the caller's.
  explicit ControlledSession(int socket);
  ~ControlledSession();

  ControlledSession(const ControlledSession&) = delete;
  ControlledSession& operator=(const ControlledSession&) = delete;

  // Returns when the session is over and its log is complete: when nobody holds
  // the other end of the socket any more, or, of FILEMON_LOG's session, when
  // its first process is done.
  void Serve();

 private:
  // The processes that one kAttach named.
  struct Tracing;

  // Somebody who closes a descriptor of the socket, and waits for an answer.
  struct Closer {
    OwnedFd answer;
    uint64_t inode;  // the socket's, as he has it
    // Has closed it: until when the end of the socket is waited for.
    bool has_closed = false;
    absl::Time patience = absl::InfinitePast();
  };

  // Takes what is there on the socket; false at its end.
  bool TakeRequests();
  void Handle(const control::Request& request, std::vector<OwnedFd> fds);
  int32_t SetLog(const control::Request& request, OwnedFd log);
  control::Reply Attach(const control::Request& request);
  // Writes what is to be said of the processes traced so far.
  void EndTracing();
  // Answers those who have closed, and have not closed the last descriptor.
  void AnswerClosers();
  // Whether the closer has closed, now or before.
  bool HasClosed(Closer* closer);
  void End();
  bool IsOver() const;

  absl::Status Write(absl::string_view bytes);

  const int socket_;
  // Readable when a request or a closer's word has come.
  const int events_;
  OwnedFd log_fd_;
  // What writes to it; null as long as there is none.
  std::unique_ptr<PatientOutput> output_;
  bool open_ = true;
  PathStyle paths_ = PathStyle::kGiven;
  LogWriter log_;
  std::unique_ptr<Tracing> tracing_;
  std::vector<Closer> closers_;
  // Whether the session is FILEMON_LOG's, and for whom it waits.
  bool has_first_ = false;
  bool wait_all_ = false;
};

}  // namespace filemon

#endif  // FILEMON_CORE_CONTROLLED_SESSION_H_
