#include "tests/elf/preload_rules.h"

#include <elf.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace filemon {
namespace {

using Faults = std::vector<std::string>;

void CheckLinkage(const ElfFile& object, Faults& faults) {
  if (!object.needed.empty()) {
    faults.push_back(absl::StrCat(
        "needs a library, which another libc's programs do not have: ",
        absl::StrJoin(object.needed, " ")));
  }
  if (object.HasDynamic(DT_VERNEED)) {
    faults.push_back("needs a symbol's version, which an older libc lacks");
  }
  if (object.HasDynamic(DT_RPATH) || object.HasDynamic(DT_RUNPATH)) {
    faults.push_back("has a library search path");
  }
  if (object.HasDynamic(DT_TEXTREL) ||
      (object.Dynamic(DT_FLAGS) & DF_TEXTREL) != 0) {
    faults.push_back("has text relocations, which hardened systems refuse");
  }
  if (object.relocations > kMaxRelocations) {
    faults.push_back(absl::StrCat("has ", object.relocations,
                                  " relocations; at most ", kMaxRelocations,
                                  " are expected"));
  }
}

void CheckSegments(const ElfFile& object, Faults& faults) {
  bool says_stack = false;
  for (const ElfFile::Segment& segment : object.segments) {
    const bool executable = segment.flags & PF_X;
    if (segment.type == PT_GNU_STACK) {
      says_stack = true;
      if (executable) faults.push_back("makes the stack executable");
    }
    if (segment.type == PT_LOAD && executable && (segment.flags & PF_W)) {
      faults.push_back("has a segment that is writable and executable");
    }
  }
  // Without the header ld.so assumes the worst (elf/dl-load.c).
  if (!says_stack) faults.push_back("makes the stack executable: no GNU_STACK");
}

// Each mapping is work at the start and at the end of every process.
void CheckMappings(const ElfFile& object, Faults& faults) {
  constexpr uint64_t kPage = 4096;
  int mappings = 0;
  for (const ElfFile::Segment& segment : object.segments) {
    if (segment.type != PT_LOAD) continue;
    ++mappings;
    const uint64_t file_end = segment.address + segment.file_size;
    const uint64_t mapped = (file_end + kPage - 1) / kPage * kPage;
    if (segment.address + segment.memory_size > mapped) ++mappings;
  }
  if (mappings != 2) {
    faults.push_back(absl::StrCat("takes ", mappings,
                                  " mappings; code and data are expected"));
  }
}

// A destructor would run while other libraries' destructors still open files.
void CheckStartAndEnd(const ElfFile& object, Faults& faults) {
  const uint64_t pointer = object.is_64 ? 8 : 4;
  const uint64_t constructors = object.Dynamic(DT_INIT_ARRAYSZ) / pointer;
  if (constructors != 1) {
    faults.push_back(absl::StrCat("has ", constructors,
                                  " constructors; exactly one is expected"));
  }
  if (object.HasDynamic(DT_INIT) || object.HasDynamic(DT_PREINIT_ARRAY)) {
    faults.push_back("has an _init function: linked with start files");
  }
  if (object.HasDynamic(DT_FINI) || object.HasDynamic(DT_FINI_ARRAY)) {
    faults.push_back("has destructors");
  }
}

void CheckExports(const ElfFile& object, const SymbolList& list,
                  Faults& faults) {
  std::set<std::string> exported;
  for (const ElfFile::Symbol& symbol : object.symbols) {
    if (!symbol.defined) continue;
    exported.insert(symbol.name);
    if (list.wrapped().count(symbol.name) == 0 &&
        list.api().count(symbol.name) == 0) {
      faults.push_back(
          absl::StrCat("exports ", symbol.name, ", which is not listed"));
    }
  }
  std::set<std::string> listed = list.wrapped();
  listed.insert(list.api().begin(), list.api().end());
  for (const std::string& name : listed) {
    if (object.is_64 && list.OnlyIn32Bits(name)) continue;
    if (exported.count(name) == 0) {
      faults.push_back(
          absl::StrCat("does not export ", name, ", which is listed"));
    }
  }
}

void CheckReferences(const ElfFile& object,
                     const std::map<std::string, std::set<std::string>>& libcs,
                     Faults& faults) {
  for (const ElfFile::Symbol& symbol : object.symbols) {
    if (symbol.defined || symbol.binding == STB_WEAK) continue;
    for (const auto& [libc, names] : libcs) {
      if (names.count(symbol.name) == 0) {
        faults.push_back(
            absl::StrCat("needs ", symbol.name, ", which ", libc, " lacks"));
      }
    }
  }
}

}  // namespace

std::vector<std::string> PreloadFaults(
    const ElfFile& object, const SymbolList& list,
    const std::map<std::string, std::set<std::string>>& libcs) {
  Faults faults;
  CheckLinkage(object, faults);
  CheckSegments(object, faults);
  CheckMappings(object, faults);
  CheckStartAndEnd(object, faults);
  CheckExports(object, list, faults);
  CheckReferences(object, libcs, faults);
  return faults;
}

}  // namespace filemon
