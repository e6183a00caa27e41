// Puts the records of several streams, the pipe and the lanes, into one order.
#ifndef FILEMON_CORE_SEQUENCER_H_
#define FILEMON_CORE_SEQUENCER_H_

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace filemon {

// Each record has a stamp (stamp.h), taken before it was written to its stream.
// What was written before some moment `before`, and has been added, is given
// back in the order of the stamps; what has a later stamp waits for the next
// time. So causes precede their effects: when the effect's stamp is before
// `before`, its cause was written before `before` as well, and whoever looks at
// all streams after that moment finds it.
//
// Not thread-safe.
class Sequencer {
 public:
  // Adds a whole record to a stream, 0 or more and small. Records of a stream
  // may come out of their stamps' order. `record` is copied.
  void Add(size_t stream, uint64_t stamp, absl::string_view record);

  // Gives back the records with stamps less than `before`. The sink must not
  // call Add().
  void Deliver(uint64_t before,
               absl::FunctionRef<void(absl::string_view record)> sink);

  bool empty() const { return waiting_ == 0; }

 private:
  struct Entry {
    uint64_t stamp;
    uint32_t offset;
    uint32_t size;
  };
  // Its bytes stay where they are while the stream has records left.
  struct Stream {
    std::string bytes;
    std::vector<Entry> entries;  // sorted by stamp, when `sorted`
    bool sorted = true;
    size_t next = 0;  // of `entries`
  };

  static void Sort(Stream* stream);
  // Drops what has been delivered.
  static void Compact(Stream* stream);

  std::vector<Stream> streams_;
  size_t waiting_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_SEQUENCER_H_
