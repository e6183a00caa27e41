#include "interpose/memory_map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace filemon {
namespace {

struct Seen {
  uintptr_t begin;
  uintptr_t end;
  uint64_t offset;
  uint64_t device;
  uint64_t inode;
  std::string path;
};

bool Note(const Mapping& mapping, void* data) {
  static_cast<std::vector<Seen>*>(data)->push_back(
      {mapping.begin, mapping.end, mapping.offset, mapping.device,
       mapping.inode, mapping.path});
  return false;
}

// A file with a name that the parser has to get through, mapped.
class MemoryMapTest : public ::testing::Test {
 protected:
  MemoryMapTest() : path_(::testing::TempDir() + "a b  c") {
    std::ofstream(path_) << std::string(3 * 4096, 'x');
    const int fd = open(path_.c_str(), O_RDONLY);
    page_ = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 4096);
    EXPECT_NE(page_, MAP_FAILED);
    close(fd);
  }
  ~MemoryMapTest() override { munmap(page_, 4096); }

  void ExpectMapped(const std::vector<Seen>& maps) {
    struct stat st;
    ASSERT_EQ(stat(path_.c_str(), &st), 0);
    for (const Seen& seen : maps) {
      if (seen.begin != reinterpret_cast<uintptr_t>(page_)) continue;
      EXPECT_EQ(seen.end, seen.begin + 4096);
      EXPECT_EQ(seen.offset, 4096u);
      EXPECT_EQ(seen.inode, st.st_ino);
      EXPECT_EQ(seen.device, static_cast<uint64_t>(major(st.st_dev)) << 32 |
                                 minor(st.st_dev));
      EXPECT_EQ(seen.path, path_);
      return;
    }
    ADD_FAILURE() << "the mapping is not in the list";
  }

  const std::string path_;
  void* page_;
};

TEST_F(MemoryMapTest, ReadsItsOwn) {
  std::vector<Seen> maps;
  EXPECT_EQ(VisitMappings(0, Note, &maps), 0);
  ExpectMapped(maps);
}

TEST_F(MemoryMapTest, ReadsAnotherProcess) {
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    close(go[1]);
    _exit(read(go[0], &byte, 1) == 0 ? 0 : 1);
  }
  std::vector<Seen> maps;
  EXPECT_EQ(VisitMappings(child, Note, &maps), 0);
  ExpectMapped(maps);
  close(go[0]);
  close(go[1]);
  waitpid(child, nullptr, 0);
  EXPECT_LT(VisitMappings(child, Note, &maps), 0);
}

// More than one buffer of lines, every one whole.
TEST_F(MemoryMapTest, ReadsLongLists) {
  constexpr int kPages = 2000;
  auto* const pages = static_cast<char*>(mmap(
      nullptr, kPages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  for (int i = 0; i < kPages; i += 2) {
    ASSERT_EQ(mprotect(pages + i * 4096, 4096, PROT_READ), 0);
  }
  std::vector<Seen> maps;
  EXPECT_EQ(VisitMappings(0, Note, &maps), 0);
  EXPECT_GT(maps.size(), static_cast<size_t>(kPages));
  for (size_t i = 1; i < maps.size(); ++i) {
    EXPECT_GE(maps[i].begin, maps[i - 1].end);
  }
  ExpectMapped(maps);
  munmap(pages, kPages * 4096);
}

TEST_F(MemoryMapTest, StopsWhenToldTo) {
  int visits = 0;
  const auto stop = [](const Mapping&, void* data) {
    return ++*static_cast<int*>(data) == 2;
  };
  EXPECT_EQ(VisitMappings(0, stop, &visits), 0);
  EXPECT_EQ(visits, 2);
}

}  // namespace
}  // namespace filemon
