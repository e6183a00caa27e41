// What the dynamic linker sees of a shared object, read from the file itself.
#ifndef FILEMON_TESTS_ELF_ELF_FILE_H_
#define FILEMON_TESTS_ELF_ELF_FILE_H_

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace filemon {

// A shared object of either class (32 or 64 bits) and this machine's byte
// order. The names of tags, types and flags are those of elf(5).
struct ElfFile {
  struct Symbol {
    std::string name;
    int type;     // STT_*
    int binding;  // STB_*
    bool defined;
  };
  struct Segment {
    uint32_t type;   // PT_*
    uint32_t flags;  // PF_*
    uint64_t address = 0;
    uint64_t file_size = 0;
    uint64_t memory_size = 0;
  };

  // InvalidArgument: not a shared object, or a truncated one. NotFound: the
  // file cannot be read.
  static absl::StatusOr<ElfFile> Read(const std::string& path);
  static absl::StatusOr<ElfFile> Parse(const std::string& bytes);

  // The value of the first dynamic entry with this tag, or `missing`.
  uint64_t Dynamic(int64_t tag, uint64_t missing = 0) const;
  bool HasDynamic(int64_t tag) const;

  bool is_64 = false;
  std::vector<std::string> needed;                    // DT_NEEDED
  std::vector<std::pair<int64_t, uint64_t>> dynamic;  // tag, value
  std::vector<Segment> segments;
  std::vector<Symbol> symbols;  // .dynsym, without section symbols
  size_t relocations = 0;       // that the dynamic linker has to apply
};

}  // namespace filemon

#endif  // FILEMON_TESTS_ELF_ELF_FILE_H_
