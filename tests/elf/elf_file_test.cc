#include "tests/elf/elf_file.h"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::Contains;
using ::testing::StartsWith;

// The libc that this test itself runs on: an object whose contents are known.
std::string LibcPath() {
  Dl_info libc;
  return dladdr(reinterpret_cast<void*>(&fputs), &libc) != 0 ? libc.dli_fname
                                                             : "";
}

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ElfFileTest, ReadsTheSymbolsOfLibc) {
  const auto libc = ElfFile::Read(LibcPath());
  ASSERT_TRUE(libc.ok()) << libc.status();
  EXPECT_EQ(libc->is_64, sizeof(void*) == 8);
  const auto find = [&](const std::string& name) {
    return std::find_if(
        libc->symbols.begin(), libc->symbols.end(),
        [&](const auto& symbol) { return symbol.name == name; });
  };
  ASSERT_NE(find("fputs"), libc->symbols.end());
  EXPECT_TRUE(find("fputs")->defined);
  EXPECT_EQ(find("fputs")->type, STT_FUNC);
  ASSERT_NE(find("environ"), libc->symbols.end());
  EXPECT_EQ(find("environ")->type, STT_OBJECT);
  ASSERT_NE(find("__tls_get_addr"), libc->symbols.end());
  EXPECT_FALSE(find("__tls_get_addr")->defined) << "it is ld.so's";
}

TEST(ElfFileTest, ReadsTheDynamicSectionOfLibc) {
  const auto libc = ElfFile::Read(LibcPath());
  ASSERT_TRUE(libc.ok()) << libc.status();
  EXPECT_THAT(libc->needed, Contains(StartsWith("ld-linux")));
  EXPECT_TRUE(libc->HasDynamic(DT_SONAME));
  EXPECT_TRUE(libc->HasDynamic(DT_VERNEED));
  EXPECT_FALSE(libc->HasDynamic(DT_TEXTREL));
  EXPECT_EQ(libc->Dynamic(DT_TEXTREL, 42), 42u);
  EXPECT_GT(libc->relocations, 0u);
  EXPECT_TRUE(std::any_of(
      libc->segments.begin(), libc->segments.end(),
      [](const auto& segment) { return segment.type == PT_GNU_STACK; }));
}

TEST(ElfFileTest, RejectsWhatIsNoElfFile) {
  EXPECT_EQ(ElfFile::Parse("").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ElfFile::Parse(std::string(4096, 'x')).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ElfFile::Read("/nonexistent").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ElfFileTest, RejectsATruncatedFile) {
  const std::string whole = Contents(LibcPath());
  ASSERT_TRUE(ElfFile::Parse(whole).ok());
  for (const size_t size : {16u, 63u, 64u, 4096u}) {
    EXPECT_EQ(ElfFile::Parse(whole.substr(0, size)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << size;
  }
  EXPECT_FALSE(ElfFile::Parse(whole.substr(0, whole.size() / 2)).ok());
}

}  // namespace
}  // namespace filemon
