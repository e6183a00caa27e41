#include "interpose/readable.h"

#include <string.h>
#include <sys/mman.h>

#include "gtest/gtest.h"

namespace filemon {
namespace {

constexpr size_t kPage = 4096;

// Two pages that can be read, and one after them that cannot.
class ReadableTest : public ::testing::Test {
 protected:
  ReadableTest()
      : memory_(
            static_cast<char*>(mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
        end_(memory_ + 2 * kPage) {
    memset(memory_, 'x', 2 * kPage);
    mprotect(end_, kPage, PROT_NONE);
  }
  ~ReadableTest() override { munmap(memory_, 3 * kPage); }

  char* const memory_;
  char* const end_;
};

TEST_F(ReadableTest, MemoryEndsWithItsLastByte) {
  EXPECT_TRUE(IsReadable(memory_, 1));
  EXPECT_TRUE(IsReadable(end_ - 8, 8));
  EXPECT_TRUE(IsReadable(end_ - 1, 1));
  EXPECT_FALSE(IsReadable(end_ - 7, 8));
  EXPECT_FALSE(IsReadable(end_, 1));
  for (const uintptr_t bad : {uintptr_t{0}, ~uintptr_t{0}, ~uintptr_t{0} - 3}) {
    EXPECT_FALSE(IsReadable(reinterpret_cast<void*>(bad), 8)) << bad;
  }
}

TEST_F(ReadableTest, ATextEndsWithItsNul) {
  // Of any length and at any address, so that it begins and ends in the middle
  // of a word.
  for (size_t size = 1; size <= 40; ++size) {
    end_[-1] = '\0';
    EXPECT_TRUE(IsReadableText(end_ - size)) << size;
    end_[-1] = 'x';
    EXPECT_FALSE(IsReadableText(end_ - size)) << size;
  }
  for (size_t end = kPage - 20; end < kPage + 20; ++end) {
    memory_[end] = '\0';
    for (size_t begin = end - 20; begin <= end; ++begin) {
      EXPECT_TRUE(IsReadableText(memory_ + begin)) << begin << " to " << end;
    }
    memory_[end] = 'x';
  }
  EXPECT_FALSE(IsReadableText(memory_));
  EXPECT_FALSE(IsReadableText(nullptr));
  EXPECT_FALSE(IsReadableText(reinterpret_cast<char*>(-1)));
}

// What has been found readable once is not asked for again.
TEST_F(ReadableTest, RemembersThePage) {
  ReadableMemory memory;
  EXPECT_TRUE(memory.Holds(memory_, 8));
  mprotect(memory_, kPage, PROT_NONE);
  EXPECT_TRUE(memory.Holds(memory_ + 8, 8));
  EXPECT_FALSE(ReadableMemory().Holds(memory_ + 8, 8));
  EXPECT_TRUE(memory.Holds(memory_ + kPage, 8));
  EXPECT_FALSE(memory.Holds(memory_ + 8, 8));
}

TEST_F(ReadableTest, WritableIsMore) {
  EXPECT_TRUE(IsWritable(end_ - 144, 144));
  EXPECT_FALSE(IsWritable(end_ - 140, 144));
  mprotect(memory_ + kPage, kPage, PROT_READ);
  EXPECT_TRUE(IsReadable(end_ - 144, 144));
  EXPECT_FALSE(IsWritable(end_ - 144, 144));
  EXPECT_FALSE(IsWritable(nullptr, 144));
}

}  // namespace
}  // namespace filemon
