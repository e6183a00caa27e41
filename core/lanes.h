// The lanes of a session, on the collector's side, and the head of their file.
// See lane.h and session_memory.h for what they are.
#ifndef FILEMON_CORE_LANES_H_
#define FILEMON_CORE_LANES_H_

#include <stddef.h>
#include <stdint.h>

#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "core/lane.h"
#include "core/session_memory.h"

namespace filemon {

// Every process of the session can write into every lane that it opens: nothing
// in them is trusted.
//
// Not thread-safe.
class Lanes {
 public:
  // Null where there is no memory to be shared. Where the processors' clocks do
  // not run alike (stamp.h) there is, but no lanes are in it.
  static std::unique_ptr<Lanes> Create(uint32_t cookie);
  ~Lanes();

  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  // Of the file, close-on-exec.
  int fd() const { return fd_; }

  // How many processes can have one: what is in all of them at a time is the
  // collector's memory, so their number is that of the processors, some times.
  uint32_t count() const { return count_; }

  // Finds the lanes that processes have begun since the last call. To be called
  // after each look at the pipe: what stands there may be later than what is in
  // such a lane.
  void FindBegun();
  // Whether any lane is in use.
  bool in_use() const { return !open_.empty(); }

  // Takes the records with stamps less than `before` that are whole now; those
  // of a lane in the order of their places. `lane` is a lane's number. `record`
  // is memory that the other side can still write to: it is to be copied before
  // anything in it is believed.
  void Take(uint64_t before, absl::FunctionRef<void(size_t lane, uint64_t stamp,
                                                    absl::string_view record)>
                                 sink);

  // Bytes that were no records.
  uint64_t dropped_bytes() const { return dropped_bytes_; }

  memory::Head* head() const {
    return reinterpret_cast<memory::Head*>(memory_);
  }
  // Says that the collector is alive and looks.
  void CountLook();
  // Gives back what processes have counted as lost since the last call.
  void TakeLosses(absl::FunctionRef<void(const memory::Loss& loss)> sink);

 private:
  struct Lane {
    size_t number;
    lane::Header* memory;
    // Its own of the two positions: the other side can write over the header.
    uint32_t head = lane::kHeaderSize;
    // Nobody has it any more, and the collector has it locked.
    bool abandoned = false;
  };

  Lanes(int fd, char* memory, uint32_t cookie, uint32_t count)
      : fd_(fd), memory_(memory), cookie_(cookie), count_(count) {}

  void Open(uint32_t number);
  // Whether there is nothing in it, or nothing that makes sense.
  static bool IsEmpty(const Lane& lane, uint32_t tail);
  // Whether something was taken.
  bool TakeFrom(Lane* lane, uint64_t before,
                absl::FunctionRef<void(size_t lane, uint64_t stamp,
                                       absl::string_view record)>
                    sink);
  // Gives the room from the head to `position` back to the writer.
  void Free(Lane* lane, uint32_t position);
  // Whether the lane's process has ended or runs another image; locks it then.
  bool IsAbandoned(Lane* lane);
  // Makes an abandoned lane another process's to take.
  void Close(const Lane& lane);

  const int fd_;
  char* const memory_;
  const uint32_t cookie_;
  const uint32_t count_;
  std::vector<Lane> open_;
  uint64_t dropped_bytes_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_LANES_H_
