#include "interpose/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interpose/fake_collector.h"
#include "interpose/session.h"
#include "interpose/session_memory.h"

namespace filemon {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::Le;
using ::testing::SizeIs;
using wire::Kind;

OutgoingRecord Open(const std::string& name, pid_t pid = 77) {
  OutgoingRecord record = {Kind::kOpen, {pid, 1}};
  record.a = wire::kReads;
  record.name[0] = "";
  record.name[1] = name.c_str();
  return record;
}

Arrived Opened(const std::string& name, pid_t pid = 77) {
  return {Kind::kOpen, pid, wire::kReads, 0, {"", name}};
}

// The size of an Open() of the empty name.
constexpr int kSmallest = sizeof(wire::Header) + 2;

// A name that makes Open() a record of `size` bytes.
std::string NameForSize(size_t size) {
  return std::string(size - sizeof(wire::Header) - 2, 'n');
}

class ChannelTest : public ::testing::Test {
 protected:
  ChannelTest() {
    collector_.Attach();
    // Takes along what an earlier test has lost.
    Emit({Kind::kExecFailed, {1, 1}});
    collector_.Records();
  }

  // Fills the pipe to the last byte.
  static void FillPipe() {
    const std::string page(4096, '\0');
    for (size_t size : {page.size(), size_t{1}}) {
      while (write(ThisSession().fd, page.data(), size) > 0) continue;
    }
    ASSERT_EQ(errno, EAGAIN);
  }

  FakeCollector collector_;
};

TEST_F(ChannelTest, CarriesEveryField) {
  OutgoingRecord record = {
      Kind::kRename, {4711, 1}, -5, INT32_MAX, {"/d", "a", "", "b\n"}};
  Emit(record);
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Arrived{
                  Kind::kRename, 4711, -5, INT32_MAX, {"/d", "a", "", "b\n"}}));
  Emit({Kind::kExecFailed, {4711, 1}});
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Arrived{Kind::kExecFailed, 4711, 0, 0, {}}));
  EXPECT_EQ(collector_.dropped(), 0u);
}

// Around 512, where gathering ends, and 4096, where one write ends.
TEST_F(ChannelTest, CarriesEverySize) {
  for (const int size : {kSmallest, 255, 256, 257, 511, 512, 513, 1000, 4095,
                         4096, 4097, 4608, 4609, 8192}) {
    const std::string name = NameForSize(size);
    Emit(Open(name));
    EXPECT_THAT(collector_.Records(), ElementsAre(Opened(name))) << size;
  }
  EXPECT_EQ(collector_.dropped(), 0u);
}

TEST_F(ChannelTest, CarriesTheLongestRecord) {
  const std::string name[4] = {std::string(4095, 'a'), std::string(4095, 'b'),
                               std::string(4095, 'c'), std::string(4095, 'd')};
  OutgoingRecord record = {Kind::kRename, {7, 1}};
  for (int i = 0; i < 4; ++i) record.name[i] = name[i].c_str();
  Emit(record);
  EXPECT_THAT(
      collector_.Records(),
      ElementsAre(Arrived{
          Kind::kRename, 7, 0, 0, {name[0], name[1], name[2], name[3]}}));
  EXPECT_EQ(collector_.dropped(), 0u);
}

// No kernel takes such a name, and so no call that had it has succeeded.
TEST_F(ChannelTest, SaysNothingOfANameThatCannotBe) {
  const std::string name(70000, 'a');
  Emit(Open(name));
  Batch batch;
  batch.Add(Open(name));
  batch.Flush();
  EXPECT_EQ(collector_.Pending(), 0u);
  Emit(Open("x"));
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened("x")));
}

// The writes by which body() reports. The kernel keeps them apart in a pipe in
// packet mode (pipe(2), O_DIRECT).
template <typename Body>
std::vector<std::string> WritesOf(Body body) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_DIRECT | O_NONBLOCK), 0);
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);  // a page for each write
  const int before = ThisSession().fd;
  ThisSession().fd = ends[1];
  body();
  ThisSession().fd = before;
  std::vector<std::string> writes;
  char buffer[1 << 16];
  ssize_t n;
  while ((n = read(ends[0], buffer, sizeof(buffer))) > 0) {
    writes.emplace_back(buffer, n);
  }
  close(ends[0]);
  close(ends[1]);
  return writes;
}

TEST_F(ChannelTest, ARecordIsOneWriteIfOneCanKeepItWhole) {
  for (const int size : {kSmallest, 256, 257, 4096}) {
    EXPECT_THAT(WritesOf([&] { Emit(Open(NameForSize(size))); }),
                ElementsAre(SizeIs(size)));
  }
  EXPECT_THAT(WritesOf([] { Emit(Open(NameForSize(4097))); }), SizeIs(Gt(1u)));
  EXPECT_THAT(WritesOf([] { Emit(Open(NameForSize(16000))); }),
              Each(SizeIs(Le(wire::kMaxWrite))));
}

// Pieces of the same process carry the same pid, whatever thread sent them.
TEST_F(ChannelTest, EachLongRecordHasItsOwnNumber) {
  std::set<int32_t> numbers;
  size_t pieces = 0;
  for (const std::string& write : WritesOf([] {
         for (int i = 0; i < 3; ++i) Emit(Open(NameForSize(5000)));
       })) {
    wire::Header header;
    memcpy(&header, write.data(), sizeof(header));
    EXPECT_EQ(static_cast<Kind>(header.kind), Kind::kFragment);
    numbers.insert(header.a);
    ++pieces;
  }
  EXPECT_EQ(numbers.size(), 3u);
  EXPECT_GT(pieces, 3u);
}

TEST_F(ChannelTest, PiecesOfManyThreadsArePutTogether) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 20;
  std::vector<std::string> names;
  for (int i = 0; i < kThreads; ++i) {
    names.emplace_back(5000 + i, static_cast<char>('a' + i));
  }
  std::vector<std::thread> threads;
  for (const std::string& name : names) {
    threads.emplace_back([&name] {
      for (int n = 0; n < kRecords; ++n) Emit(Open(name));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<Arrived> records = collector_.Records();
  EXPECT_THAT(records, SizeIs(kThreads * kRecords));
  for (const std::string& name : names) {
    EXPECT_EQ(std::count(records.begin(), records.end(), Opened(name)),
              kRecords);
  }
  EXPECT_EQ(collector_.dropped(), 0u);
}

TEST_F(ChannelTest, KeepsErrno) {
  errno = 4242;
  Emit(Open("x"));
  close(ThisSession().fd);
  Emit(Open("x"));
  EXPECT_EQ(errno, 4242);
}

TEST_F(ChannelTest, DormantIsSilent) {
  const int fd = ThisSession().fd;
  ThisSession().fd = -1;
  Emit(Open("x"));
  ThisSession().fd = fd;
  EXPECT_EQ(collector_.Pending(), 0u);
}

TEST_F(ChannelTest, ABatchIsOneWrite) {
  Batch batch;
  for (const char* name : {"a", "b", "c"}) batch.Add(Open(name));
  EXPECT_EQ(collector_.Pending(), 0u);
  batch.Flush();
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Opened("a"), Opened("b"), Opened("c")));
  batch.Flush();
  EXPECT_EQ(collector_.Pending(), 0u);
}

TEST_F(ChannelTest, ABatchOfAnySizeKeepsItsOrder) {
  Batch batch;
  std::vector<Arrived> expected;
  for (const int size :
       {4096, kSmallest, 3000, 1096, 1097, 5000, kSmallest, 2000, 2074}) {
    const std::string name = NameForSize(size);
    batch.Add(Open(name));
    expected.push_back(Opened(name));
  }
  batch.Flush();
  EXPECT_EQ(collector_.Records(), expected);
  EXPECT_EQ(collector_.dropped(), 0u);
}

TEST_F(ChannelTest, GetsAClosedPipeBackFromTheCollector) {
  const int old = ThisSession().fd;
  ASSERT_EQ(close(old), 0);
  Emit(Open("x"));
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened("x")));
  ASSERT_GE(ThisSession().fd, 0);
  const std::string long_name(9000, 'n');
  ASSERT_EQ(close(ThisSession().fd), 0);
  Emit(Open(long_name));
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened(long_name)));
  close(ThisSession().fd);
}

// What is lost meanwhile is counted.
TEST_F(ChannelTest, GetsAClosedPipeBackWhenADescriptorIsFree) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none = {0, limit.rlim_max};
  ASSERT_EQ(close(ThisSession().fd), 0);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Emit(Open("lost"));
  Emit(Open("lost"));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  Emit(Open("x"));
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Arrived{Kind::kLost, 77, 2, 0, {}}, Opened("x")));
  close(ThisSession().fd);
}

TEST_F(ChannelTest, GoesDormantWhenTheCollectorIsGoneToo) {
  ASSERT_EQ(close(ThisSession().fd), 0);
  collector_.Die();
  Emit(Open("x"));
  EXPECT_EQ(ThisSession().fd, -1);
  Emit(Open("x"));
}

// The default action of SIGPIPE would end this test.
TEST_F(ChannelTest, APipeThatNobodyReadsRaisesNoSignal) {
  collector_.Die();
  Emit(Open("x"));
  EXPECT_GE(ThisSession().fd, 0);
}

// A look at the collector ends the wait: with the patience that a living
// collector is granted, the pipe would still be ours afterwards.
TEST_F(ChannelTest, AFullPipeOfADeadCollectorIsGivenUp) {
  FillPipe();
  collector_.Die();
  const int fd = ThisSession().fd;
  Emit(Open("x"));
  EXPECT_EQ(ThisSession().fd, -1);
  close(fd);
}

TEST_F(ChannelTest, WaitsForASlowCollector) {
  FillPipe();
  std::vector<Arrived> records;
  std::thread reader([&] { records = collector_.Records(); });
  Emit(Open("x"));
  reader.join();
  // The reader may have taken the record with the filling, or not.
  for (const Arrived& record : collector_.Records()) records.push_back(record);
  EXPECT_THAT(records, ElementsAre(Opened("x")));
}

// ---- The session's memory ---------------------------------------------------

class OverflowTest : public ChannelTest {
 protected:
  OverflowTest() { collector_.OfferLanes(); }

  void SetUp() override {
    if (!collector_.HasOverflow()) GTEST_SKIP() << "there is none here";
  }
};

// Which has never looked, and never does.
TEST_F(OverflowTest, TakesWhatTheFullPipeOfAStalledCollectorDoesNot) {
  FillPipe();
  const std::string long_name(9000, 'n');
  Emit(Open("x"));
  Emit(Open(long_name));
  Emit(Open(std::string(1000, 'y')));
  EXPECT_THAT(collector_.RecordsInOverflow(),
              ElementsAre(Opened("x"), Opened(long_name),
                          Opened(std::string(1000, 'y'))));
  EXPECT_EQ(collector_.dropped(), 0u);
}

// One that looks is waited for.
TEST_F(OverflowTest, IsNotUsedWhileTheCollectorLooks) {
  FillPipe();
  collector_.Look();
  ASSERT_NE(SessionMemory(), nullptr);
  NoteStall(CollectorLooks());
  EXPECT_TRUE(CollectorIsStalled());
  collector_.Look();
  EXPECT_FALSE(CollectorIsStalled());
}

// Each would bring us SIGXFSZ.
TEST_F(OverflowTest, IsNotMadeLongerThanAProcessMay) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit low = {4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  EXPECT_EQ(OpenOverflow(100), -EFBIG);
  setrlimit(RLIMIT_FSIZE, &before);
  const int fd = OpenOverflow(100);
  EXPECT_GE(fd, 0);
  close(fd);
}

TEST_F(OverflowTest, HasAnEnd) {
  memory::Head* const head = SessionMemory();
  ASSERT_NE(head, nullptr);
  head->overflow_pages = 1;
  int fd = OpenOverflow(4096);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(OpenOverflow(4097), -EFBIG);
  ASSERT_EQ(write(fd, std::string(4096, 'x').data(), 4096), 4096);
  close(fd);
  EXPECT_EQ(OpenOverflow(1), -EFBIG);
  head->taken_pages = 1;
  fd = OpenOverflow(4096);
  EXPECT_GE(fd, 0);
  close(fd);
}

// By now another file has its number.
TEST_F(OverflowTest, IsNoOtherFile) {
  memory::Head* const head = SessionMemory();
  ASSERT_NE(head, nullptr);
  ++head->overflow_inode_low;
  EXPECT_EQ(OpenOverflow(1), -ENOENT);
}

// The process's death cannot take it along.
TEST_F(OverflowTest, WhatIsLostIsCountedInMemory) {
  const int fd = ThisSession().fd;
  ThisSession().fd = -1;
  for (int i = 0; i < 3; ++i) Emit(Open("lost"));
  Batch batch;
  for (int i = 0; i < 4; ++i) batch.Add(Open("lost"));
  batch.Flush();
  ThisSession().fd = fd;
  EXPECT_EQ(collector_.Lost(77), 7u);
  Emit(Open("x"));
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened("x")));
}

// Without memory where it counts, a process says by the door that there are
// some: its death takes the number along.
TEST_F(ChannelTest, SaysThatRecordsWereLost) {
  const int fd = ThisSession().fd;
  ThisSession().fd = -1;
  Emit(Open("lost"));
  Emit(Open("lost"));
  ThisSession().fd = fd;
  EXPECT_EQ(collector_.Notes(), 1);
  Emit(Open("x"));
  collector_.Records();
}

TEST_F(ChannelTest, SaysHowManyRecordsWereLost) {
  const int fd = ThisSession().fd;
  ThisSession().fd = -1;
  for (int i = 0; i < 3; ++i) Emit(Open("lost"));
  Batch batch;
  for (int i = 0; i < 4; ++i) batch.Add(Open("lost"));
  batch.Flush();
  ThisSession().fd = fd;
  Emit(Open("x"));
  EXPECT_THAT(collector_.Records(),
              ElementsAre(Arrived{Kind::kLost, 77, 7, 0, {}}, Opened("x")));
  Emit(Open("y"));
  EXPECT_THAT(collector_.Records(), ElementsAre(Opened("y")));
}

}  // namespace
}  // namespace filemon
