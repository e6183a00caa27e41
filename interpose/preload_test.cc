#include "interpose/preload.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <fstream>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// The entry that is ours in an LD_PRELOAD value, "" if none is.
std::string OurPreload(const char* value) {
  size_t size;
  const char* entry = FindOurPreload(value, &size);
  return entry != nullptr ? std::string(entry, size) : "";
}

TEST(FindOurPreloadTest, FindsTheLibraryByItsFileName) {
  for (const char* value :
       {"/l/libfilemon.so", "libasan.so /l/libfilemon.so",
        "/l/libfilemon.so:libc.so", "a:b /l/libfilemon.so c:d",
        "::/l/libfilemon.so::", "  /l/libfilemon.so  ",
        "/libfilemon.so/x:/l/libfilemon.so",
        "/l/libfilemon.so /m/libfilemon.so"}) {
    EXPECT_EQ(OurPreload(value), "/l/libfilemon.so") << value;
  }
  EXPECT_EQ(OurPreload("libfilemon.so"), "libfilemon.so");
  EXPECT_EQ(OurPreload("/a/$LIB/libfilemon.so"), "/a/$LIB/libfilemon.so");
}

TEST(FindOurPreloadTest, IsNotMisledByOthers) {
  for (const char* value :
       {"", ":", " ", "libfilemon.so.1", "/l/libfilemon.s", "/l/xlibfilemon.so",
        "/libfilemon.so/x", "libfile mon.so", "/l/libfilemon.so;"}) {
    EXPECT_EQ(OurPreload(value), "") << value;
  }
}

class PreloadTest : public ::testing::Test {
 protected:
  ~PreloadTest() override { g_preload = {}; }

  // The process was loaded through `$LIB` of the tree /opt.
  void LoadFromTree() {
    g_preload.entry = "/opt/$LIB/libfilemon.so";
    g_preload.library = "/opt/lib/x86_64-linux-gnu/libfilemon.so";
  }
};

std::string Written(const std::string& entry, PreloadFor images) {
  char buffer[256];
  TextBuilder text(buffer, sizeof(buffer));
  WritePreload(entry.data(), entry.size(), images, &text);
  EXPECT_EQ(text.text() == entry,
            IsPreloadFor(images, entry.data(), entry.size()))
      << entry;
  EXPECT_LE(text.size(), entry.size() + kPreloadGrowth);
  return text.text();
}

TEST_F(PreloadTest, HasAFormForEachClassAndOneForAll) {
  LoadFromTree();
  EXPECT_TRUE(PreloadHasForms());
  const std::string any = "/opt/$LIB/libfilemon.so";
  const std::string one = "/opt//lib/x86_64-linux-gnu/libfilemon.so";
  EXPECT_EQ(Written(any, PreloadFor::kThisClass), one);
  EXPECT_EQ(Written(any, PreloadFor::kAnyClass), any);
  EXPECT_EQ(Written(any, PreloadFor::kAsItIs), any);
  EXPECT_EQ(Written(one, PreloadFor::kAnyClass), any);
  EXPECT_EQ(Written(one, PreloadFor::kThisClass), one);
  EXPECT_EQ(Written(one, PreloadFor::kAsItIs), one);
}

TEST_F(PreloadTest, KnowsTheClassesOfOthers) {
  for (const char* folder :
       {"lib/x86_64-linux-gnu", "lib/i386-linux-gnu", "lib64", "lib32"}) {
    EXPECT_EQ(Written(std::string("/a/b//") + folder + "/libfilemon.so",
                      PreloadFor::kAnyClass),
              "/a/b/$LIB/libfilemon.so");
  }
}

// By its second image a process has the entry that its first one handed on.
TEST_F(PreloadTest, HandsOnWhatItWasHanded) {
  g_preload.entry = "/opt//lib64/libfilemon.so";
  g_preload.library = "/opt//lib64/libfilemon.so";
  EXPECT_TRUE(PreloadHasForms());
  EXPECT_EQ(Written("/opt/$LIB/libfilemon.so", PreloadFor::kThisClass),
            "/opt//lib64/libfilemon.so");
}

TEST_F(PreloadTest, AnEntryThatIsNoneOfATreeIsLeftAlone) {
  LoadFromTree();
  for (const char* entry :
       {"/opt/lib/x86_64-linux-gnu/libfilemon.so", "/opt//libfilemon.so",
        "/opt//elsewhere/libfilemon.so", "libfilemon.so", "/libfilemon.so",
        "//lib64/libfilemon.so", "/other/$LIB/libfilemon.so",
        "$LIB/libfilemon.so", "/$LIB/libfilemon.so"}) {
    EXPECT_EQ(Written(entry, PreloadFor::kThisClass), entry);
    EXPECT_EQ(Written(entry, PreloadFor::kAsItIs), entry);
    EXPECT_EQ(Written(entry, PreloadFor::kAnyClass), entry);
  }
}

// Of a library whose place is not what `$LIB` stands for (musl's dynamic linker
// fills in nothing), the entry has one form.
TEST_F(PreloadTest, WithoutAFolderOfItsClassThereIsOneForm) {
  g_preload.entry = "/opt/$LIB/libfilemon.so";
  for (const char* library :
       {"/opt/$LIB/libfilemon.so", "/optional/lib64/libfilemon.so",
        "/opt/lib128/libfilemon.so", "/elsewhere.so"}) {
    g_preload.library = library;
    EXPECT_FALSE(PreloadHasForms()) << library;
    EXPECT_EQ(Written(g_preload.entry, PreloadFor::kThisClass),
              g_preload.entry);
  }
  g_preload.library = nullptr;
  EXPECT_FALSE(PreloadHasForms());
  g_preload.entry = nullptr;
  EXPECT_FALSE(PreloadHasForms());
}

TEST_F(PreloadTest, TheMarkIsSeenInAnyPlace) {
  for (const char* value :
       {"//lib64", "/x//lib64", "x//", "//", "/opt/x//lib64/libfilemon.so:a"}) {
    EXPECT_TRUE(MayBeForOneClass(value)) << value;
  }
  for (const char* value : {"", "/", "/a/b/c", "a:/b", "/a/ /b"}) {
    EXPECT_FALSE(MayBeForOneClass(value)) << value;
  }
  for (size_t size = 2; size < 40; ++size) {
    for (size_t i = 0; i + 2 <= size; ++i) {
      std::string value(size, 'x');
      value[i] = '/';
      EXPECT_FALSE(MayBeForOneClass(value.c_str())) << value;
      value[i + 1] = '/';
      EXPECT_TRUE(MayBeForOneClass(value.c_str())) << value;
    }
  }
}

TEST_F(PreloadTest, IsRememberedOutOfTheProgramsReach) {
  for (const std::string& folder : {std::string("l"), std::string(5000, 'l')}) {
    g_preload = {};
    const std::string entry = "/" + folder + "/libfilemon.so";
    std::string variable = "LD_PRELOAD=a.so:" + entry + ":b.so";
    char* environment[] = {&variable[0], nullptr};
    RememberPreload(environment);
    variable.assign(variable.size(), 'x');
    EXPECT_EQ(g_preload.entry, entry);
  }
}

TEST_F(PreloadTest, WithoutOneNothingIsRemembered) {
  std::string variable = "LD_PRELOAD=a.so";
  char* environment[] = {&variable[0], nullptr};
  RememberPreload(environment);
  EXPECT_EQ(g_preload.entry, nullptr);
  RememberPreload(environment + 1);
  EXPECT_EQ(g_preload.entry, nullptr);
}

TEST_F(PreloadTest, IsMadeForALibraryThatCameWithout) {
  const std::string root = ::testing::TempDir() + "/tree";
  const auto make = [&](const std::string& folder) {
    std::string path = root;
    mkdir(path.c_str(), 0777);
    for (const char* part = folder.c_str(); *part != '\0';) {
      const char* const end = strchrnul(part + 1, '/');
      path.append(part, end);
      mkdir(path.c_str(), 0777);
      part = end;
    }
    std::ofstream(path + "/libfilemon.so");
  };
  make("/lib/x86_64-linux-gnu");
  const std::string library = root + "/lib/x86_64-linux-gnu/libfilemon.so";
  MakePreload(library.c_str());
  EXPECT_EQ(g_preload.entry, library);
  make("/lib32");
  MakePreload(library.c_str());
  EXPECT_EQ(g_preload.entry, root + "/$LIB/libfilemon.so");
  g_preload = {};
  MakePreload("/usr/lib/other.so");
  EXPECT_EQ(g_preload.entry, nullptr);
}

}  // namespace
}  // namespace filemon
