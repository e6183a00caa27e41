#include "interpose/fake_collector.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "absl/types/span.h"
#include "core/intake.h"
#include "interpose/session.h"

namespace filemon {

bool operator==(const Arrived& x, const Arrived& y) {
  return x.kind == y.kind && x.pid == y.pid && x.a == y.a && x.b == y.b &&
         x.names == y.names;
}

std::ostream& operator<<(std::ostream& out, const Arrived& record) {
  out << "{kind " << static_cast<int>(record.kind) << ", pid " << record.pid
      << ", a " << record.a << ", b " << record.b;
  for (const std::string& name : record.names) out << ", \"" << name << '"';
  return out << '}';
}

FakeCollector::FakeCollector() {
  auto pipe = SessionPipe::Create();
  if (!pipe.ok()) {
    fprintf(stderr, "%s\n", pipe.status().ToString().c_str());
    abort();
  }
  pipe_ = *std::move(pipe);
}

FakeCollector::~FakeCollector() {
  if (traced_fd_ >= 0 && ThisSession().fd == traced_fd_) close(traced_fd_);
  ThisSession() = {};
  ThisSession().fd = -1;
}

void FakeCollector::Attach() {
  traced_fd_ = fcntl(pipe_->writer(), F_DUPFD, 500);
  int version;
  unsigned long inode;
  if (sscanf(SessionValue(traced_fd_, 0).c_str(), "%d:%d:%d:%d:%lu:%u",
             &version, &ThisSession().fd, &ThisSession().collector,
             &ThisSession().collector_fd, &inode, &ThisSession().cookie) != 6) {
    abort();
  }
  ThisSession().inode = inode;
  ThisSession().pid = getpid();
  ThisSession().life = kLife;
}

static Arrived ArrivedOf(const Record& record) {
  Arrived one = {record.kind, record.pid, record.a, record.b, {}, record.life};
  for (int i = 0; i < wire::NamesOf(record.kind); ++i) {
    one.names.emplace_back(record.names[i]);
  }
  return one;
}

void FakeCollector::OfferLanes() { ThisSession().lanes = pipe_->lanes_fd(); }

std::vector<Arrived> FakeCollector::RecordsInLanes() {
  std::vector<Arrived> arrived;
  if (pipe_->lanes() == nullptr) return arrived;
  Intake intake(pipe_->cookie(), [](const Record&) {});
  pipe_->lanes()->FindBegun();
  pipe_->lanes()->Take(UINT64_MAX,
                       [&](size_t, uint64_t, absl::string_view bytes) {
                         Record record;
                         const std::string copy(bytes);
                         if (intake.DecodeWhole(copy, &record)) {
                           arrived.push_back(ArrivedOf(record));
                         }
                       });
  dropped_ += intake.dropped_bytes() + pipe_->lanes()->dropped_bytes();
  return arrived;
}

std::vector<Arrived> FakeCollector::RecordsInOverflow() {
  std::vector<Arrived> arrived;
  Intake intake(pipe_->cookie(), [&](const Record& record) {
    arrived.push_back(ArrivedOf(record));
  });
  char buffer[1 << 16];
  while (const size_t n = pipe_->overflow()->Read(absl::MakeSpan(buffer))) {
    intake.Feed({buffer, n});
  }
  intake.Finish();
  dropped_ += intake.dropped_bytes() + intake.dropped_records();
  return arrived;
}

uint32_t FakeCollector::Lost(pid_t pid) {
  uint32_t lost = 0;
  pipe_->lanes()->TakeLosses([&](const memory::Loss& loss) {
    if (loss.pid == pid) lost += loss.records;
  });
  return lost;
}

int FakeCollector::Notes() {
  int notes = 0;
  pipe_->door().Answer(
      pipe_->writer(), -1, [](pid_t) { return true; }, [&](pid_t) { ++notes; });
  return notes;
}

std::vector<Arrived> FakeCollector::Records() {
  std::vector<Arrived> arrived;
  Intake intake(pipe_->cookie(), [&](const Record& record) {
    arrived.push_back(ArrivedOf(record));
  });
  char buffer[1 << 16];
  while (const size_t n = pipe_->Read(absl::MakeSpan(buffer))) {
    intake.Feed({buffer, n});
  }
  intake.Finish();
  dropped_ += intake.dropped_bytes() + intake.dropped_records();
  return arrived;
}

}  // namespace filemon
