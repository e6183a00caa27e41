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
  // Adds a whole record of a stream. Records of a stream may come out of their
  // stamps' order. It is fastest when each stream's are added one after the
  // other. `record` is copied.
  void Add(size_t stream, uint64_t stamp, absl::string_view record);

  // Gives back the records with stamps less than `before`. The sink must not
  // call Add().
  void Deliver(uint64_t before,
               absl::FunctionRef<void(absl::string_view record)> sink);

  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    uint64_t stamp;
    uint32_t offset;  // in bytes_
    uint32_t size;
  };
  // Entries that were added one after the other, of one stream.
  struct Run {
    size_t next;  // of entries_
    size_t end;
    bool sorted;
  };

  void Sort(Run* run);
  // Keeps what has not been delivered, as one run.
  void Compact();

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<Run> runs_;
  // What the others become by turns, so that neither has to grow anew.
  std::string spare_bytes_;
  std::vector<Entry> spare_entries_;
  size_t stream_ = 0;  // of the last run
};

}  // namespace filemon

#endif  // FILEMON_CORE_SEQUENCER_H_
