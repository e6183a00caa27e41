#include "core/lanes.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/stamp.h"
#include "core/wire.h"
#include "core/wire_encode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::Kind;

constexpr uint32_t kCookie = 0xc0ffee01;

// A traced process's side: a lane locked and mapped as interpose/own_lane.cc
// does it.
class Writer {
 public:
  Writer(const Lanes& lanes, uint32_t number) {
    const int fd =
        open(absl::StrCat("/proc/self/fd/", lanes.fd()).c_str(), O_RDWR);
    EXPECT_GE(fd, 0);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_start = number;
    lock.l_len = 1;
    locked_ = fcntl(fd, F_OFD_SETLK, &lock) == 0;
    memory_ = mmap(nullptr, lane::kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                   lane::kFirstLane + number * lane::kSize);
    EXPECT_NE(memory_, MAP_FAILED);
    close(fd);
  }
  ~Writer() { munmap(memory_, lane::kSize); }

  bool locked() const { return locked_; }
  lane::Header* lane() const { return static_cast<lane::Header*>(memory_); }
  void Begin() const { lane::Begin(lane()); }

  // A record without its first word.
  char* Claim(uint64_t stamp, const std::string& name) const {
    std::string record =
        EncodeRecord(kCookie, Kind::kOpen, 7, wire::kReads, 0, {"", name});
    wire::Header header;
    memcpy(&header, record.data(), sizeof(header));
    header.cookie = lane::kUnwritten;
    header.stamp_low = static_cast<uint32_t>(stamp);
    header.stamp_high = static_cast<uint32_t>(stamp >> 32);
    memcpy(&record[0], &header, sizeof(header));
    char* const place =
        lane::Claim(lane(), static_cast<uint32_t>(record.size()));
    if (place != nullptr) memcpy(place, record.data(), record.size());
    return place;
  }
  bool Write(uint64_t stamp, const std::string& name) const {
    char* const place = Claim(stamp, name);
    if (place != nullptr) lane::Commit(place, kCookie);
    return place != nullptr;
  }

 private:
  bool locked_;
  void* memory_;
};

class LanesTest : public ::testing::Test {
 protected:
  LanesTest() : lanes_(Lanes::Create(kCookie)) {}

  void SetUp() override {
    if (lanes_ == nullptr || lanes_->count() == 0) {
      GTEST_SKIP() << "the processors' clocks do not run alike here";
    }
  }

  // A process says that it has taken this lane.
  void Begins(uint32_t number) { lanes_->head()->begun[number] = 1; }

  // The names of the records that are due.
  std::vector<std::string> Names(uint64_t before) {
    std::vector<std::string> names;
    lanes_->FindBegun();
    lanes_->Take(before, [&](size_t, uint64_t, absl::string_view record) {
      names.emplace_back(record.data() + sizeof(wire::Header) + 1);
    });
    return names;
  }

  std::unique_ptr<Lanes> lanes_;
};

// A file of that size would bring us SIGXFSZ.
TEST_F(LanesTest, AreNotThereUnderAFileSizeLimit) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit low = {lane::kFileSize - 1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  EXPECT_EQ(Lanes::Create(kCookie), nullptr);
  setrlimit(RLIMIT_FSIZE, &before);
}

TEST_F(LanesTest, TakesWhatIsWhole) {
  const Writer writer(*lanes_, 3);
  ASSERT_TRUE(lane::IsClean(writer.lane()));
  Begins(3);
  EXPECT_FALSE(lanes_->in_use());
  lanes_->FindBegun();
  EXPECT_TRUE(lanes_->in_use());
  EXPECT_THAT(Names(100), IsEmpty());  // not begun yet
  writer.Begin();
  EXPECT_THAT(Names(100), IsEmpty());
  writer.Write(1, "one");
  writer.Write(2, "two");
  EXPECT_THAT(Names(100), ElementsAre("one", "two"));
  EXPECT_THAT(Names(100), IsEmpty());
  writer.Write(3, "three");
  EXPECT_THAT(Names(100), ElementsAre("three"));
  EXPECT_EQ(lanes_->dropped_bytes(), 0u);
}

TEST_F(LanesTest, LeavesWhatIsNotDue) {
  const Writer writer(*lanes_, 0);
  writer.Begin();
  Begins(0);
  writer.Write(5, "five");
  writer.Write(9, "nine");
  writer.Write(6, "six");  // two threads
  EXPECT_THAT(Names(5), IsEmpty());
  EXPECT_THAT(Names(7), ElementsAre("five", "six"));
  EXPECT_THAT(Names(7), IsEmpty());
  EXPECT_THAT(Names(10), ElementsAre("nine"));
}

// Nobody waits for it for ever.
TEST_F(LanesTest, TakesAStampThatCannotBeForTheArrivals) {
  const Writer writer(*lanes_, 0);
  writer.Begin();
  Begins(0);
  writer.Write(UINT64_MAX, "impossible");
  writer.Write(1, "possible");
  std::vector<uint64_t> stamps;
  lanes_->FindBegun();
  lanes_->Take(100, [&](size_t, uint64_t stamp, absl::string_view) {
    stamps.push_back(stamp);
  });
  EXPECT_THAT(stamps, ElementsAre(99, 1));
}

TEST_F(LanesTest, PassesByWhatIsBeingWritten) {
  const Writer writer(*lanes_, 0);
  writer.Begin();
  Begins(0);
  writer.Write(1, "before");
  char* const slow = writer.Claim(2, "slow");
  writer.Write(3, "after");
  EXPECT_THAT(Names(100), ElementsAre("before", "after"));
  writer.Write(4, "later");
  EXPECT_THAT(Names(100), ElementsAre("later"));
  lane::Commit(slow, kCookie);
  EXPECT_THAT(Names(100), ElementsAre("slow"));
  // All of the room is free again.
  EXPECT_EQ(writer.lane()->head, writer.lane()->tail);
}

// A claimed place whose first word never comes, at the end of a lap too.
TEST_F(LanesTest, FindsWhatComesAfterAHole) {
  auto writer = std::make_unique<Writer>(*lanes_, 0);
  writer->Begin();
  Begins(0);
  int written = 0;
  // To where a record does not fit into the lap any more.
  while (lane::OffsetOf(writer->lane()->tail) + 512 < lane::kSize) {
    ASSERT_TRUE(writer->Write(1, std::string(300, 'n')));
    ++written;
    ASSERT_THAT(Names(100), ::testing::SizeIs(1));
  }
  writer->Claim(2, std::string(100, 'h'));
  writer->Write(3, std::string(600, 'x'));
  writer->Write(4, "end");
  writer = nullptr;  // the process is gone
  EXPECT_THAT(Names(100), ElementsAre(std::string(600, 'x'), "end"));
  EXPECT_THAT(Names(100), IsEmpty());
  EXPECT_FALSE(lanes_->in_use());
  EXPECT_EQ(lanes_->dropped_bytes(), 0u);
}

TEST_F(LanesTest, IsFullAndIsEmptiedOverManyLaps) {
  const Writer writer(*lanes_, 0);
  writer.Begin();
  Begins(0);
  int next = 0;
  int expected = 0;
  for (int round = 0; round < 200; ++round) {
    while (writer.Write(1, absl::StrCat(next, std::string(round % 97, '.')))) {
      ++next;
    }
    for (const std::string& name : Names(100)) {
      ASSERT_EQ(atoi(name.c_str()), expected);
      ++expected;
    }
    ASSERT_EQ(expected, next) << round;
  }
  EXPECT_GT(next, 200 * 500);
}

TEST_F(LanesTest, IsFreeWhenItsProcessIsGone) {
  {
    const Writer writer(*lanes_, 0);
    ASSERT_TRUE(writer.locked());
    EXPECT_FALSE(Writer(*lanes_, 0).locked());
    writer.Begin();
    Begins(0);
    writer.Write(1, "last");
    EXPECT_THAT(Names(1), IsEmpty());
    EXPECT_TRUE(lanes_->in_use());
  }
  EXPECT_THAT(Names(1), IsEmpty());  // not due: not lost
  EXPECT_TRUE(lanes_->in_use());
  EXPECT_FALSE(Writer(*lanes_, 0).locked());
  EXPECT_THAT(Names(2), ElementsAre("last"));
  Names(2);
  EXPECT_FALSE(lanes_->in_use());

  const Writer next(*lanes_, 0);
  EXPECT_TRUE(next.locked());
  EXPECT_TRUE(lane::IsClean(next.lane()));
}

// Killed between its word in the head and its first record.
TEST_F(LanesTest, IsFreeWhenItsProcessNeverBegan) {
  Begins(0);
  EXPECT_THAT(Names(1), IsEmpty());
  EXPECT_FALSE(lanes_->in_use());
  EXPECT_TRUE(Writer(*lanes_, 0).locked());
}

TEST_F(LanesTest, KnowsNoOtherLanes) {
  ASSERT_LT(lanes_->count(), lane::kLanes);
  Begins(lanes_->count());
  Begins(lane::kLanes - 1);
  lanes_->FindBegun();
  EXPECT_FALSE(lanes_->in_use());
}

TEST_F(LanesTest, SurvivesAnythingWrittenOverIt) {
  auto writer = std::make_unique<Writer>(*lanes_, 0);
  writer->Begin();
  Begins(0);
  uint32_t seed = 1;
  for (int round = 0; round < 300; ++round) {
    writer->Write(1, "good");
    auto* const words = reinterpret_cast<uint32_t*>(writer->lane());
    for (int i = 0; i < 64; ++i) {
      seed = seed * 1664525 + 1013904223;
      const uint32_t at =
          (seed >> 8) % (round % 3 == 0 ? 256 : lane::kSize / 4);
      seed = seed * 1664525 + 1013904223;
      words[at] = seed % 5 == 0 ? kCookie : seed % 7 == 0 ? lane::kTaken : seed;
    }
    // Its size is at most what lies before the end of the lane.
    lanes_->FindBegun();
    lanes_->Take(100, [&](size_t, uint64_t, absl::string_view record) {
      const char* const begin = record.data();
      EXPECT_GE(record.size(), sizeof(wire::Header));
      EXPECT_LE(record.size(), lane::kSize);
      EXPECT_NE(begin, nullptr);
      EXPECT_EQ(std::string(record).size(), record.size());
    });
  }
  writer = nullptr;
  Names(UINT64_MAX);
  EXPECT_FALSE(lanes_->in_use());
  EXPECT_TRUE(lane::IsClean(Writer(*lanes_, 0).lane()));
}

// What stands behind the lane is the writer's own.
TEST(LaneTest, LetsNobodyLeadTheWriterOut) {
  alignas(lane::Header) static char memory[lane::kSize + 64];
  const std::string behind(64, 'b');
  behind.copy(memory + lane::kSize, behind.size());
  auto* const lane = reinterpret_cast<lane::Header*>(memory);
  uint32_t random = 1;
  for (int round = 0; round < 100000; ++round) {
    random = random * 1664525 + 1013904223;
    const uint32_t near_the_end = lane::kSize - (random >> 8) % 40;
    lane->tail =
        round % 2 == 0 ? near_the_end + lane::kSize * (random % 5) : random;
    lane->head = lane->tail;
    const uint32_t size = 1 + (random >> 16) % 100;
    const char* const place = lane::Claim(lane, size);
    ASSERT_EQ(std::string(memory + lane::kSize, behind.size()), behind);
    if (place == nullptr) continue;
    ASSERT_GE(place, memory);
    ASSERT_LE(place + lane::RoundUp(size), memory + lane::kSize);
  }
}

// Threads that write as fast as they can: each record once, each thread's in
// order.
TEST_F(LanesTest, TakesFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 20000;
  const Writer writer(*lanes_, 0);
  writer.Begin();
  Begins(0);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&writer, thread] {
      for (int i = 0; i < kRecords;) {
        if (writer.Write(Stamp(), absl::StrCat(thread, " ", i))) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  std::map<int, int> next;
  int taken = 0;
  while (taken < kThreads * kRecords) {
    for (const std::string& name : Names(Stamp())) {
      int thread, number;
      ASSERT_EQ(sscanf(name.c_str(), "%d %d", &thread, &number), 2) << name;
      ASSERT_EQ(next[thread]++, number);
      ++taken;
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lanes_->dropped_bytes(), 0u);
}

// ---- The head of the file -------------------------------------------------

using Counted = std::vector<std::tuple<int, uint32_t, uint32_t, uint32_t>>;

class LossesTest : public LanesTest {
 protected:
  void Lose(int32_t pid, uint32_t pid_namespace, uint32_t records) {
    memory::LossOf(lanes_->head(), pid, pid_namespace)->records += records;
  }

  Counted Losses() {
    Counted losses;
    lanes_->TakeLosses([&](const memory::Loss& loss) {
      losses.emplace_back(loss.pid, loss.pid_namespace, loss.records,
                          loss.of_children);
    });
    return losses;
  }
};

TEST_F(LossesTest, AreCountedForEachProcess) {
  EXPECT_THAT(Losses(), IsEmpty());
  Lose(7, 0, 1);
  Lose(7, 4711, 10);
  Lose(7 + memory::kLosses - 1, 0, 100);  // hashed to the same place
  Lose(7, 0, 2);
  memory::LossOf(lanes_->head(), 8, 0)->of_children = 5;
  EXPECT_THAT(Losses(),
              ::testing::UnorderedElementsAre(
                  std::make_tuple(7, 0, 3, 0), std::make_tuple(7, 4711, 10, 0),
                  std::make_tuple(7 + memory::kLosses - 1, 0, 100, 0),
                  std::make_tuple(8, 0, 0, 5)));
  EXPECT_THAT(Losses(), IsEmpty());
  Lose(7, 0, 9);
  EXPECT_THAT(Losses(), ElementsAre(std::make_tuple(7, 0, 9, 0)));
}

TEST_F(LossesTest, OfMoreThanThereAreRoomForAreSomebodys) {
  constexpr uint32_t kProcesses = 3 * memory::kLosses;
  for (uint32_t pid = 1; pid <= kProcesses; ++pid) Lose(pid, 0, 1);
  uint32_t sum = 0;
  uint32_t unknown = 0;
  for (const auto& loss : Losses()) {
    sum += std::get<2>(loss);
    if (std::get<0>(loss) == 0) unknown = std::get<2>(loss);
  }
  EXPECT_EQ(sum, kProcesses);
  EXPECT_GT(unknown, memory::kLosses);
}

// ---- Processes that end -----------------------------------------------------

// Whatever a process has written when it is killed is there.
TEST_F(LanesTest, LosesNothingOfAKilledProcess) {
  auto* const done =
      static_cast<std::atomic<int>*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(done, MAP_FAILED);
  for (int round = 0; round < 50; ++round) {
    *done = -1;
    const pid_t child = fork();
    if (child == 0) {
      const Writer writer(*lanes_, 0);
      *done = 0;
      writer.Begin();
      for (;;) {
        if (writer.Write(1, std::to_string(*done))) ++*done;
      }
    }
    while (*done < 0) std::this_thread::yield();
    Begins(0);
    int expected = 0;
    const auto take = [&] {
      for (const std::string& name : Names(100)) {
        EXPECT_EQ(name, std::to_string(expected++));
      }
    };
    while (expected < 10 * round) take();
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    take();
    take();
    take();
    // The last one may have been written, and not counted.
    EXPECT_GE(expected, *done);
    EXPECT_LE(expected, *done + 1);
    EXPECT_FALSE(lanes_->in_use());
  }
  munmap(done, 4096);
}

}  // namespace
}  // namespace filemon
