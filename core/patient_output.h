// Where a log's bytes go when whoever reads them takes its time.
#ifndef FILEMON_CORE_PATIENT_OUTPUT_H_
#define FILEMON_CORE_PATIENT_OUTPUT_H_

#include <stddef.h>
#include <stdint.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/memory_limit.h"

namespace filemon {

// Writes to a descriptor. A regular file takes what it is given; a pipe, a
// socket or a terminal may take it late: there the bytes wait in memory, up to
// `limit` of them, and a thread writes them, so that the collector goes on
// taking in what the traced processes report. Only when that much waits does
// Write() wait, too.
//
// To be used by one thread. That of its own is there from the first Write() on.
class PatientOutput {
 public:
  // `fd` stays the caller's. The caller keeps SIGPIPE blocked or ignored.
  explicit PatientOutput(int fd, uint64_t limit = MemoryToWaitIn());
  // Waits as Finish() does.
  ~PatientOutput();

  PatientOutput(const PatientOutput&) = delete;
  PatientOutput& operator=(const PatientOutput&) = delete;

  // The first error so far, after which nothing is written any more.
  absl::Status Write(absl::string_view bytes);

  // Waits until all is written; the first error.
  absl::Status Finish();

  // The errno of the first error, 0 if there was none. After Finish().
  int error() const { return error_; }

 private:
  // Writes at once.
  void WriteNow(absl::string_view bytes);
  // What the thread does.
  void Run();

  const int fd_;
  const uint64_t limit_;
  bool waits_for_nobody_;  // a regular file
  std::thread thread_;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  uint64_t waiting_ = 0;  // their bytes, with those that are being written
  bool finished_ = false;
  absl::Status status_;
  int error_ = 0;
};

}  // namespace filemon

#endif  // FILEMON_CORE_PATIENT_OUTPUT_H_
