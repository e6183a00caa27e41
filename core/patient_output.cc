#include "core/patient_output.h"

#include <errno.h>
#include <sys/stat.h>

#include <utility>

#include "core/log_writer.h"

namespace filemon {

PatientOutput::PatientOutput(int fd, uint64_t limit) : fd_(fd), limit_(limit) {
  struct stat st;
  waits_for_nobody_ = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

PatientOutput::~PatientOutput() { Finish().IgnoreError(); }

absl::Status PatientOutput::Write(absl::string_view bytes) {
  if (waits_for_nobody_) {
    WriteNow(bytes);
    return status_;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] {
    return waiting_ == 0 || waiting_ + bytes.size() <= limit_ || !status_.ok();
  });
  if (status_.ok()) {
    pieces_.emplace_back(bytes);
    waiting_ += bytes.size();
    changed_.notify_all();
  }
  return status_;
}

absl::Status PatientOutput::Finish() {
  if (thread_.joinable()) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      finished_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  return status_;
}

void PatientOutput::WriteNow(absl::string_view bytes) {
  if (!status_.ok()) return;
  status_ = FdSink(fd_)(bytes);
  if (!status_.ok()) error_ = errno;
}

void PatientOutput::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return finished_ || !pieces_.empty(); });
    if (pieces_.empty()) return;
    const std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    lock.unlock();
    const absl::Status status = FdSink(fd_)(piece);
    const int error = errno;
    lock.lock();
    waiting_ -= piece.size();
    if (!status.ok()) {
      status_ = status;
      error_ = error;
      waiting_ = 0;
      pieces_.clear();
    }
    changed_.notify_all();
    if (!status_.ok()) return;
  }
}

}  // namespace filemon
