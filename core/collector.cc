#include "core/collector.h"

#include <limits.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/lane.h"
#include "core/pid_namespaces.h"
#include "core/pidfd.h"
#include "core/stamp.h"

namespace filemon {
namespace {

constexpr size_t kReadSize = 256 * 1024;

// How long to leave the pipe and the lanes alone. A look costs some 15 us of a
// processor, whatever it finds; a process that does nothing but open files
// fills half a lane in the shorter time.
constexpr absl::Duration kBusy = absl::Milliseconds(4);
constexpr absl::Duration kCalm = absl::Milliseconds(8);
constexpr absl::Duration kIdle = absl::Milliseconds(20);

// Bytes in one look from which on the looks have to be frequent.
constexpr size_t kMuch = lane::kSize / 4;

constexpr int kFinalRounds = 8;

// Ends that are dealt with between two looks at the pipe and the lanes.
constexpr size_t kDeathsInARow = 256;

// Of the sequencer.
constexpr size_t kPipeStream = 0;
constexpr size_t kFirstLaneStream = 1;
// Of the intake, beside the pipe.
constexpr size_t kOverflowStream = 1;

// Empty if it cannot be told.
std::string ReadLink(const std::string& link) {
  char target[PATH_MAX];
  const ssize_t n = readlink(link.c_str(), target, sizeof(target));
  return n > 0 && target[0] == '/' ? std::string(target, n) : "";
}

// What a file of /proc has that ends each word in a NUL; nothing if it cannot
// be read.
std::vector<std::string> WordsOf(const std::string& file) {
  std::ifstream stream(file);
  std::vector<std::string> words;
  for (std::string word; std::getline(stream, word, '\0');) {
    words.push_back(word);
  }
  return words;
}

}  // namespace

Collector::Collector(SessionPipe* pipe, PathStyle paths, LogWriter* log,
                     std::vector<pid_t> foreign)
    : pipe_(pipe),
      log_(log),
      host_(&watch_, &reaped_, std::move(foreign)),
      merge_(paths, &host_, log, PidNamespaces::OfThisProcess()),
      intake_(pipe->cookie(),
              [this](const Record& record) { Receive(record); }),
      // Untouched memory costs nothing.
      buffer_(new char[kReadSize]),
      pace_(kBusy) {}

Collector::~Collector() {
  if (root_pidfd_ >= 0) close(root_pidfd_);
}

void Collector::Root(pid_t pid, uint32_t life, absl::string_view path,
                     absl::string_view cwd) {
  root_ = pid;
  host_.StartsSession();
  merge_.Root(pid, life, path, cwd);
}

bool Collector::Attach(pid_t pid, EndTold end_told) {
  const std::string proc = absl::StrCat("/proc/", pid);
  const std::string cwd = ReadLink(absl::StrCat(proc, "/cwd"));
  merge_.Attach(pid, ReadLink(absl::StrCat(proc, "/exe")), cwd);
  if (!watch_.Add(merge_.root(), pid)) return false;
  root_ = pid;
  root_end_told_ = end_told;
  root_pidfd_ = PidfdOpen(pid);
  log_->Origin(cwd, WordsOf(absl::StrCat(proc, "/cmdline")));
  return true;
}

void Collector::Ended(pid_t pid, int wait_status) {
  if (pid == root_) root_status_missing_ = false;
  reaped_.push_back({pid, wait_status, Stamp()});
}

void Collector::TakeIn() {
  const size_t taken = Drain();
  TakeDeaths();
  if (taken >= kMuch) {
    pace_ = kBusy;
  } else if (taken > 0) {
    pace_ = std::min(2 * pace_, kCalm);
  } else {
    pace_ = std::min(2 * pace_, kIdle);
    if (pace_ == kIdle) log_->Flush().IgnoreError();
  }
}

bool Collector::Wait(int fd) {
  pollfd sources[] = {{fd, POLLIN, 0},
                      {watch_.fd(), POLLIN, 0},
                      {pipe_->bell(), POLLIN, 0},
                      {root_pidfd_, POLLIN, 0},
                      {pipe_->door().fd(), POLLIN, 0}};
  const bool is_news = !deaths_.empty() || !reaped_.empty();
  const absl::Duration wait = is_news ? absl::ZeroDuration() : pace_;
  poll(sources, std::size(sources),
       static_cast<int>(absl::ToInt64Milliseconds(wait)));
  if (sources[2].revents != 0) pipe_->SilenceBell();
  if (sources[3].revents != 0) close(std::exchange(root_pidfd_, -1));
  for (Death& death : watch_.Poll()) deaths_.push_back(std::move(death));
  if (sources[4].revents != 0) AnswerTheDoor();
  return sources[0].revents != 0;
}

void Collector::Finish() {
  AnswerTheDoor();
  // A round may bring to light processes that have ended by now; those that go
  // on may report for ever, and are not waited for.
  bool more = true;
  for (int round = 0; more && round < kFinalRounds; ++round) {
    for (Death& death : watch_.Poll()) deaths_.push_back(std::move(death));
    more = Drain() > 0 || !deaths_.empty() || !reaped_.empty();
    TakeDeaths();
  }
  Drain(/*last=*/true);
  ReportLosses();
  if (root_status_missing_) merge_.Ended(merge_.root(), absl::nullopt);
  intake_.Finish();
  merge_.Finish();
  const Lanes* const lanes = pipe_->lanes();
  const uint64_t dropped_bytes =
      intake_.dropped_bytes() + (lanes != nullptr ? lanes->dropped_bytes() : 0);
  if (dropped_bytes > 0) {
    log_->Comment(
        absl::StrCat("dropped ", dropped_bytes, " bytes that were no records"));
  }
  if (intake_.dropped_records() > 0) {
    log_->Comment(absl::StrCat("dropped ", intake_.dropped_records(),
                               " incomplete records"));
  }
  log_->Flush().IgnoreError();
}

void Collector::Receive(const Record& record) {
  if (record.kind == wire::Kind::kUnstamped) {
    // What the speaker has said in its lane is earlier than what is to come.
    latest_in_pipe_ = std::max(latest_in_pipe_, record.stamp);
  } else if (sequencer_.empty() && !ComesByOtherWays()) {
    merge_.Accept(record);
  } else {
    // A stamp that cannot be is the arrival's, and none is that of what stood
    // before it.
    uint64_t stamp = std::min(record.stamp, pipe_read_);
    if (stamp == 0) stamp = latest_in_pipe_;
    latest_in_pipe_ = std::max(latest_in_pipe_, stamp);
    sequencer_.Add(kPipeStream, stamp, record.bytes);
  }
}

bool Collector::LanesInUse() const {
  return pipe_->lanes() != nullptr && pipe_->lanes()->in_use();
}

bool Collector::ComesByOtherWays() const {
  // Whoever has once used the overflow may be about to append to it again.
  return LanesInUse() ||
         (pipe_->overflow() != nullptr &&
          __atomic_load_n(&pipe_->lanes()->head()->overflow_uses,
                          __ATOMIC_ACQUIRE) != 0);
}

size_t Collector::Drain(bool last) {
  // Before the looks at the pipe and at the lanes: sequencer.h.
  const uint64_t before = last ? UINT64_MAX : Stamp();
  Lanes* const lanes = pipe_->lanes();
  if (lanes != nullptr) {
    lanes->CountLook();
    lanes->FindBegun();
  }
  // Measured before the pipe is read: what a process has said in the pipe
  // before it turned to the overflow is taken before that.
  const uint64_t overflow = pipe_->overflow() != nullptr && ComesByOtherWays()
                                ? pipe_->overflow()->Pending()
                                : 0;
  // What is there now must be taken in; what busy writers add meanwhile, not
  // before the deaths of others are dealt with.
  const size_t pending = pipe_->Pending();
  size_t taken = 0;
  while (taken < pending) {
    const size_t n = pipe_->Read(absl::MakeSpan(buffer_.get(), kReadSize));
    if (n == 0) break;
    pipe_read_ = Stamp();
    if (lanes != nullptr) lanes->FindBegun();
    intake_.Feed(absl::string_view(buffer_.get(), n));
    taken += n;
  }
  if (overflow > 0) {
    TakeOverflow(overflow);
    taken += overflow;
  }
  if (LanesInUse()) {
    lanes->Take(before,
                [&](size_t lane, uint64_t stamp, absl::string_view record) {
                  sequencer_.Add(kFirstLaneStream + lane, stamp, record);
                  taken += record.size();
                });
  }
  if (!sequencer_.empty()) {
    sequencer_.Deliver(before, [this](absl::string_view bytes) {
      Record record;
      if (intake_.DecodeWhole(bytes, &record)) merge_.Accept(record);
    });
  }
  if (taken > 0) FollowMerge();
  return taken;
}

void Collector::TakeOverflow(uint64_t pending) {
  Overflow* const overflow = pipe_->overflow();
  while (pending > 0) {
    const size_t most =
        static_cast<size_t>(std::min<uint64_t>(pending, kReadSize));
    const size_t n = overflow->Read(absl::MakeSpan(buffer_.get(), most));
    if (n == 0) break;
    pipe_read_ = Stamp();
    intake_.Feed(absl::string_view(buffer_.get(), n), kOverflowStream);
    pending -= n;
  }
  __atomic_store_n(&pipe_->lanes()->head()->taken_pages,
                   static_cast<uint32_t>(overflow->taken() / memory::kPage),
                   __ATOMIC_RELEASE);
}

bool Collector::IsOfSession(pid_t pid) {
  // More generations than this have nobody's process between them.
  constexpr int kGenerations = 64;
  for (int i = 0; pid > 1 && i < kGenerations; ++i) {
    const auto process = merge_.Find(pid, Stamp());
    if (process && merge_.Alive(*process)) return true;
    pid = host_.ParentOf(pid);
  }
  return false;
}

void Collector::AnswerTheDoor() {
  // What it has said before it lost the pipe, or its parent of it.
  Drain();
  Lanes* const lanes = pipe_->lanes();
  pipe_->door().Answer(
      pipe_->writer(), lanes != nullptr ? lanes->fd() : -1,
      [this](pid_t pid) { return IsOfSession(pid); },
      [this](pid_t pid) {
        log_->Comment(absl::StrCat("lost records of ", pid,
                                   ", which could not say how many"));
      });
}

void Collector::ReportLosses() {
  if (pipe_->lanes() == nullptr) return;
  uint64_t of_unknown = 0;
  const auto report = [this](uint64_t records, absl::string_view whose) {
    lost_ += records;
    if (records > 0) {
      log_->Comment(absl::StrCat("lost ", records, " records of ", whose));
    }
  };
  pipe_->lanes()->TakeLosses([&](const memory::Loss& loss) {
    if (loss.pid <= 0 || loss.pid >= wire::kPidLimit) {
      of_unknown += uint64_t{loss.records} + loss.of_children;
      return;
    }
    const pid_t pid = merge_.NumberOf(loss.pid_namespace, loss.pid);
    report(loss.records, absl::StrCat(pid));
    report(loss.of_children, absl::StrCat("children of ", pid));
  });
  report(of_unknown, "unknown processes");
}

void Collector::FollowMerge() {
  for (const ProcessKey process : merge_.TakeEnded()) {
    watch_.Remove(process);
    intake_.Forget(process);
  }
  for (const Merge::Sighting& seen : merge_.TakeAppeared()) {
    // In a pid namespace of its own: its parent tells of its end.
    if (seen.pid >= wire::kPidLimit) continue;
    // Ended already, and reaped. What it said last may be in the pipe still.
    if (!watch_.Add(seen.process, seen.pid, seen.parent, seen.born)) {
      deaths_.push_back({seen.process, seen.pid, absl::nullopt});
    }
  }
}

void Collector::TakeDeaths() {
  const size_t noticed = deaths_.size();
  const size_t reaped = reaped_.size();
  if (noticed + reaped == 0) return;
  Drain();
  merge_.BeginRound();
  size_t taken = 0;
  const auto take = [&](ProcessKey process, absl::optional<int> status) {
    // Many end at once, and writers do not wait for that.
    if (++taken % kDeathsInARow == 0) Drain();
    TakeDeath(process, status);
  };
  for (size_t i = 0; i < reaped; ++i) {
    const Reaped child = reaped_[i];
    if (const auto process = merge_.Find(child.pid, child.time)) {
      take(*process, child.wait_status);
    }
  }
  for (size_t i = 0; i < noticed; ++i) {
    const Death death = deaths_[i];
    take(death.process, death.wait_status);
  }
  reaped_.erase(reaped_.begin(), reaped_.begin() + reaped);
  deaths_.erase(deaths_.begin(), deaths_.begin() + noticed);
  FollowMerge();
}

void Collector::TakeDeath(ProcessKey process, absl::optional<int> wait_status) {
  if (process == merge_.root()) {
    if (!wait_status && root_end_told_ == EndTold::kByOthers) {
      root_status_missing_ = true;
      return;
    }
    // Who exits says so before, if it can.
    root_was_killed_ =
        wait_status ? WIFSIGNALED(*wait_status) : !merge_.RootIsDone();
  }
  merge_.Ended(process, wait_status);
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
                      lost(), " records lost");
}

}  // namespace filemon
