// A collector in the test's own process, with the real pipe and the real
// intake: what a traced process reports comes out decoded.
//
// In a unit of its own: what it takes in is core's, what the tests send is
// ours.
#ifndef FILEMON_INTERPOSE_FAKE_COLLECTOR_H_
#define FILEMON_INTERPOSE_FAKE_COLLECTOR_H_

#include <stddef.h>
#include <stdint.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/session_pipe.h"
#include "core/wire.h"

namespace filemon {

// A record as it arrived.
struct Arrived {
  wire::Kind kind;
  int32_t pid;
  int32_t a;
  int32_t b;
  std::vector<std::string> names;
  uint32_t life = 0;  // is not compared
};

bool operator==(const Arrived& x, const Arrived& y);
std::ostream& operator<<(std::ostream& out, const Arrived& record);

// That of the process that has attached.
inline constexpr uint32_t kLife = 4711;

// Ends the test program when there is no pipe to be had.
class FakeCollector {
 public:
  FakeCollector();
  ~FakeCollector();

  // Makes the calling process one of this session, with a descriptor of its
  // own for the pipe, as if it had joined.
  void Attach();

  // The value of FILEMON_SESSION for a child with descriptor `fd` and `life`.
  std::string SessionValue(int fd, uint32_t life) const {
    return pipe_->SessionValue(fd, life);
  }
  // The pipe's descriptor that a traced process inherits.
  int writer() const { return pipe_->writer(); }

  // Lets the calling process have a lane; it has not without.
  void OfferLanes();

  // Whether there is an overflow for who has lanes.
  bool HasOverflow() const { return pipe_->overflow() != nullptr; }
  // Looks, without taking anything.
  void Look() { pipe_->lanes()->CountLook(); }
  // How many records `pid` has counted as lost since the last call.
  uint32_t Lost(pid_t pid);

  // How many processes have knocked and gone since the last call.
  int Notes();

  // What has arrived in the pipe since the last call.
  std::vector<Arrived> Records();
  // The same of the lanes.
  std::vector<Arrived> RecordsInLanes();
  // The same of the overflow.
  std::vector<Arrived> RecordsInOverflow();
  // Bytes and records that the intake could make nothing of, ever.
  uint64_t dropped() const { return dropped_; }
  size_t Pending() const { return pipe_->Pending(); }

  // Closes the collector's ends of the pipe, as its death does.
  void Die() { pipe_ = nullptr; }

 private:
  std::unique_ptr<SessionPipe> pipe_;
  int traced_fd_ = -1;
  uint64_t dropped_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_FAKE_COLLECTOR_H_
