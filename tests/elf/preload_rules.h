// What a shared object must be like to be loaded into any program (law 4 of
// docs/architecture.md: inside a traced process we are a guest).
#ifndef FILEMON_TESTS_ELF_PRELOAD_RULES_H_
#define FILEMON_TESTS_ELF_PRELOAD_RULES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/coverage/symbol_list.h"
#include "tests/elf/elf_file.h"

namespace filemon {

// Each dynamic relocation is work at the start of every process. The bound is
// far above what one pointer for each wrapper needs.
inline constexpr size_t kMaxRelocations = 600;

// What is wrong with `object`, a sentence for each fault; empty for a good one.
//
// `libcs` are the names exported by each libc of the object's class, by the
// libc's name: an undefined symbol that one of them lacks must be weak, or that
// libc's programs do not start.
std::vector<std::string> PreloadFaults(
    const ElfFile& object, const SymbolList& list,
    const std::map<std::string, std::set<std::string>>& libcs);

}  // namespace filemon

#endif  // FILEMON_TESTS_ELF_PRELOAD_RULES_H_
