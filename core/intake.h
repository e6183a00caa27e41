// Turns the bytes that come out of the session's pipe into wire records.
#ifndef FILEMON_CORE_INTAKE_H_
#define FILEMON_CORE_INTAKE_H_

#include <stdint.h>

#include <functional>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "core/process_map.h"
#include "core/wire.h"

namespace filemon {

// A decoded wire record; see wire::Kind for what the fields mean. The names
// point into the bytes they were decoded from.
struct Record {
  wire::Kind kind;
  int32_t pid = 0;
  int32_t a = 0;
  int32_t b = 0;
  uint32_t pid_namespace = 0;
  uint32_t life = 0;
  uint64_t stamp = 0;
  absl::string_view names[wire::kMaxNames];
  // All of it, as wire.h says.
  absl::string_view bytes;
};

// Cuts a byte stream into records, whatever pieces it comes in, and puts
// fragmented records together again, also when their pieces came in different
// streams. The pipe is writable by every traced
// process, so nothing in it is trusted: bytes that are no valid record are
// dropped and counted, and reading goes on at the next valid header.
//
// Not thread-safe.
class Intake {
 public:
  // Called once per record, in order. The record's names are valid only during
  // the call. It may call Forget() but not Feed().
  using Sink = std::function<void(const Record&)>;

  Intake(uint32_t cookie, Sink sink);

  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // `stream` is 0 or 1: each has ends of records of its own.
  void Feed(absl::string_view bytes, size_t stream = 0);

  // Decodes bytes that are to be one whole record, of this or of another
  // stream. If they are none they are counted.
  bool DecodeWhole(absl::string_view bytes, Record* record);

  // No more bytes will come: what is left over and no record is dropped and
  // counted.
  void Finish();

  // `process` has ended: pieces of a record that it did not complete are
  // dropped.
  void Forget(ProcessKey process);

  // Bytes that belonged to no valid record.
  uint64_t dropped_bytes() const { return dropped_bytes_; }
  // Fragmented records that never became whole.
  uint64_t dropped_records() const { return dropped_records_; }

 private:
  // The pieces so far of one fragmented record.
  struct Partial {
    std::string bytes;
    size_t total;
  };
  // Namespace, pid, number, life: who guesses another's number does not get in
  // between.
  using FragmentKey = std::tuple<uint32_t, int32_t, int32_t, uint32_t>;

  // Delivers what is whole at the front of `bytes`; returns how much that was.
  size_t Consume(absl::string_view bytes);
  // Whether the next record begins in `bytes`, which are the beginning of one
  // with this header.
  bool IsCutShort(const wire::Header& header, absl::string_view bytes) const;
  bool PlausibleHeader(const wire::Header& header, size_t max_size) const;
  // The offset, 1 or more, at which a header may begin in `bytes`.
  size_t NextHeader(absl::string_view bytes) const;
  // Whether `bytes`, which begin with this header, are a valid record; fills
  // `record`.
  static bool Decode(const wire::Header& header, absl::string_view bytes,
                     Record* record);
  // False if the piece is not valid.
  bool AddFragment(const wire::Header& header, absl::string_view piece);

  const uint32_t cookie_;
  const Sink sink_;
  // Of each stream, the beginning of a record whose end has not come yet.
  std::string tails_[2];
  absl::flat_hash_map<FragmentKey, Partial> partials_;
  uint64_t dropped_bytes_ = 0;
  uint64_t dropped_records_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_INTAKE_H_
