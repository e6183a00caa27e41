#include "core/collector.h"

#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace filemon {
namespace {

constexpr size_t kReadSize = 1024 * 1024;

// How long to leave the pipe alone: at full speed two writers of 100-byte
// records fill a tenth of it in the shorter time.
constexpr absl::Duration kBusy = absl::Milliseconds(2);
constexpr absl::Duration kIdle = absl::Milliseconds(20);

constexpr int kFinalRounds = 8;

}  // namespace

Collector::Collector(SessionPipe* pipe, PathStyle paths, LogWriter* log)
    : pipe_(pipe),
      log_(log),
      host_(&watch_),
      merge_(paths, &host_, log),
      namespaces_(PidNamespaces::OfThisProcess()),
      intake_(pipe->cookie(),
              [this](const Record& record) {
                if (record.kind == wire::Kind::kEntered) {
                  namespaces_.Enter(record);
                } else {
                  merge_.Accept(namespaces_.Translate(record));
                }
              }),
      buffer_(kReadSize),
      pace_(kBusy) {}

void Collector::Root(pid_t pid, absl::string_view path, absl::string_view cwd) {
  root_ = pid;
  merge_.Root(pid, path, cwd);
}

void Collector::Ended(pid_t pid, int wait_status) {
  deaths_.push_back({pid, wait_status});
}

void Collector::Turn(int fd) {
  const bool busy = Drain();
  TakeDeaths();
  if (busy) {
    pace_ = kBusy;
  } else {
    pace_ = std::min(2 * pace_, kIdle);
    if (pace_ == kIdle) log_->Flush().IgnoreError();
  }

  pollfd sources[] = {{fd, POLLIN, 0}, {watch_.fd(), POLLIN, 0}};
  const absl::Duration wait = deaths_.empty() ? pace_ : absl::ZeroDuration();
  poll(sources, 2, static_cast<int>(absl::ToInt64Milliseconds(wait)));
  for (Death& death : watch_.Poll()) deaths_.push_back(std::move(death));
}

void Collector::Finish() {
  // A round may bring to light processes that have ended by now; those that go
  // on may report for ever, and are not waited for.
  bool more = true;
  for (int round = 0; more && round < kFinalRounds; ++round) {
    for (Death& death : watch_.Poll()) deaths_.push_back(std::move(death));
    more = Drain() || !deaths_.empty();
    TakeDeaths();
  }
  intake_.Finish();
  merge_.Finish();
  if (intake_.dropped_bytes() > 0) {
    log_->Comment(absl::StrCat("dropped ", intake_.dropped_bytes(),
                               " bytes that were no records"));
  }
  if (intake_.dropped_records() > 0) {
    log_->Comment(absl::StrCat("dropped ", intake_.dropped_records(),
                               " incomplete records"));
  }
  timeval now;
  gettimeofday(&now, nullptr);
  log_->Trailer(now);
  log_->Flush().IgnoreError();
}

bool Collector::Drain() {
  // What is there now must be taken in; what busy writers add meanwhile, not
  // before the deaths of others are dealt with.
  const size_t pending = pipe_->Pending();
  size_t taken = 0;
  while (taken < pending) {
    const size_t n = pipe_->Read(absl::MakeSpan(buffer_));
    if (n == 0) break;
    intake_.Feed(absl::string_view(buffer_.data(), n));
    taken += n;
  }
  if (taken > 0) FollowMerge();
  return taken > 0;
}

void Collector::FollowMerge() {
  for (auto ended = merge_.TakeEnded(); !ended.empty();
       ended = merge_.TakeEnded()) {
    for (pid_t pid : ended) {
      watch_.Remove(pid);
      intake_.Forget(pid);
      // A pid namespace's init takes the other processes with it.
      if (const auto numbers = namespaces_.Ended(pid)) {
        for (pid_t other : merge_.AliveIn(numbers->first, numbers->second)) {
          merge_.Ended(other, absl::nullopt);
        }
      }
    }
  }
  for (pid_t pid : merge_.TakeAppeared()) {
    if (pid == root_ || !merge_.Alive(pid)) continue;
    // In a pid namespace of its own: its parent tells of its end.
    if (pid >= wire::kPidLimit) continue;
    // Ended already, and reaped. What it said last may be in the pipe still.
    if (!watch_.Add(pid)) deaths_.push_back({pid, absl::nullopt});
  }
}

void Collector::TakeDeaths() {
  if (deaths_.empty()) return;
  const std::vector<Death> deaths = std::exchange(deaths_, {});
  Drain();
  for (const Death& death : deaths) {
    merge_.Ended(death.pid, death.wait_status);
  }
  FollowMerge();
}

std::string Collector::Summary() const {
  std::string records;
  uint64_t total = 0;
  for (char letter : absl::string_view("ACDEFLMRWX")) {
    total += log_->count(letter);
    if (log_->count(letter) > 0) {
      absl::StrAppend(&records, records.empty() ? "" : ", ",
                      absl::string_view(&letter, 1), " ", log_->count(letter));
    }
  }
  return absl::StrCat(merge_.processes(), " processes, ", total, " records (",
                      records, "), ", merge_.untraced(),
                      " untraced processes, ", log_->bytes(), " bytes, ",
                      merge_.lost(), " records lost");
}

}  // namespace filemon
