// Holds every libfilemon.so that is built against the rules for guests.
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/coverage/libc.h"
#include "tests/coverage/symbol_list.h"
#include "tests/elf/elf_file.h"
#include "tests/elf/preload_rules.h"

namespace filemon {
namespace {

using ::testing::IsEmpty;

std::vector<std::string> BuiltObjects() {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator("interpose")) {
    if (entry.path().filename() == "libfilemon.so") {
      paths.push_back(entry.path().string());
    }
  }
  return paths;
}

std::map<std::string, std::set<std::string>> InstalledLibcs(bool is_64) {
  std::map<std::string, std::set<std::string>> libcs;
  for (const Libc& libc : Libc::All()) {
    auto names = libc.Exports();
    if (libc.is_64 == is_64 && !names.empty()) {
      libcs[libc.name] = std::move(names);
    }
  }
  return libcs;
}

TEST(PreloadElfTest, EveryObjectIsAGoodGuest) {
  const auto list = SymbolList::Read("interpose/symbols.txt");
  ASSERT_TRUE(list.ok()) << list.status();
  const std::vector<std::string> objects = BuiltObjects();
  ASSERT_FALSE(objects.empty());
  for (const std::string& path : objects) {
    const auto object = ElfFile::Read(path);
    ASSERT_TRUE(object.ok()) << path << ": " << object.status();
    const auto libcs = InstalledLibcs(object->is_64);
    std::cout << path << ": " << object->relocations
              << " relocations; undefined symbols looked up in";
    for (const auto& [name, names] : libcs) std::cout << " " << name;
    std::cout << "\n";
    EXPECT_THAT(PreloadFaults(*object, *list, libcs), IsEmpty()) << path;
  }
}

}  // namespace
}  // namespace filemon
