// The functions under other names: those of the test itself stay libc's.
#define memcpy OurMemcpy
#define memmove OurMemmove
#define memset OurMemset
#define strlen OurStrlen
#include "interpose/freestanding.cc"
#undef memcpy
#undef memmove
#undef memset
#undef strlen

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace {

// Two pages, of which the second one cannot be touched.
class EdgeOfMemory : public ::testing::Test {
 protected:
  EdgeOfMemory() {
    page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    begin_ = static_cast<char*>(mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(begin_ + page_, page_, PROT_NONE);
  }
  ~EdgeOfMemory() override { munmap(begin_, 2 * page_); }

  // What ends where memory does.
  char* Last(size_t size) const { return begin_ + page_ - size; }

  size_t page_;
  char* begin_;
};

std::string Letters(size_t size) {
  std::string letters;
  for (size_t i = 0; i < size; ++i) letters += static_cast<char>('a' + i % 25);
  return letters;
}

TEST_F(EdgeOfMemory, CopiesJustWhatItIsTold) {
  for (size_t size = 0; size <= 600; ++size) {
    const std::string letters = Letters(size);
    for (size_t shift = 0; shift < 17; ++shift) {
      std::string out(size + 40, '#');
      letters.copy(Last(size), size);
      EXPECT_EQ(OurMemcpy(&out[shift], Last(size), size), &out[shift]);
      ASSERT_EQ(out.substr(shift, size), letters);
      EXPECT_EQ(out.substr(0, shift), std::string(shift, '#'));
      EXPECT_EQ(out.substr(shift + size), std::string(40 - shift, '#'));
    }
    OurMemcpy(Last(size), letters.data(), size);
    ASSERT_EQ(std::string(Last(size), size), letters);
  }
}

TEST(MemmoveTest, CopiesWhatOverlaps) {
  for (size_t size = 0; size <= 300; ++size) {
    for (size_t from = 0; from < 40; from += 3) {
      for (size_t to = 0; to < 40; to += 7) {
        std::string bytes = Letters(400);
        std::string wanted = bytes;
        wanted.replace(to, size, bytes, from, size);
        EXPECT_EQ(OurMemmove(&bytes[to], &bytes[from], size), &bytes[to]);
        ASSERT_EQ(bytes, wanted) << size << " from " << from << " to " << to;
      }
    }
  }
}

TEST(MemsetTest, SetsJustWhatItIsTold) {
  for (size_t size = 0; size < 70; ++size) {
    std::string bytes(80, '#');
    EXPECT_EQ(OurMemset(&bytes[3], 'x', size), &bytes[3]);
    EXPECT_EQ(bytes,
              "###" + std::string(size, 'x') + std::string(80 - 3 - size, '#'));
  }
}

TEST_F(EdgeOfMemory, TextsAreMeasuredUpToItsEnd) {
  for (size_t size = 0; size < 200; ++size) {
    char* const text = Last(size + 1);
    std::string(size, 'x').copy(text, size);
    text[size] = '\0';
    if (size < 100) text[-1] = '\0';  // no part of it
    EXPECT_EQ(OurStrlen(text), size);
  }
}

}  // namespace
