#include "tests/kernel_truth/image_file.h"

#include <elf.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"

namespace filemon {
namespace truth {
namespace {

// Enough for a script's first line (the kernel's BINPRM_BUF_SIZE is 256) and
// for the program headers behind an ELF header.
constexpr size_t kHead = 4096;

absl::optional<std::string> Head(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::nullopt;
  std::string head(kHead, '\0');
  file.read(&head[0], kHead);
  head.resize(file.gcount());
  return head;
}

template <typename Ehdr, typename Phdr>
bool HasInterpreter(const std::string& head) {
  Ehdr elf;
  if (head.size() < sizeof(elf)) return false;
  std::memcpy(&elf, head.data(), sizeof(elf));
  for (int i = 0; i < elf.e_phnum; ++i) {
    Phdr segment;
    const size_t at = elf.e_phoff + i * sizeof(segment);
    if (at + sizeof(segment) > head.size()) return false;
    std::memcpy(&segment, head.data() + at, sizeof(segment));
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

// The Go toolchain marks its programs with an ELF note.
bool IsGoProgram(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr elf;
  if (!file.read(reinterpret_cast<char*>(&elf), sizeof(elf)) ||
      std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
      elf.e_ident[EI_CLASS] != ELFCLASS64) {
    return false;
  }
  for (int i = 0; i < elf.e_phnum; ++i) {
    Elf64_Phdr segment;
    file.seekg(elf.e_phoff + i * sizeof(segment));
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof(segment))) {
      return false;
    }
    if (segment.p_type != PT_NOTE) continue;
    std::string notes(segment.p_filesz, '\0');
    file.seekg(segment.p_offset);
    file.read(&notes[0], notes.size());
    // The size of the owner's name, and the name behind the header.
    const std::string owner("Go\0\0", 4);
    const size_t at = notes.find(owner);
    if (at != std::string::npos && at >= sizeof(Elf64_Nhdr) &&
        notes[at - sizeof(Elf64_Nhdr)] == 4) {
      return true;
    }
  }
  return false;
}

}  // namespace

Lookup RealLookup() {
  Lookup lookup;
  lookup.head = Head;
  lookup.bypasses_libc = IsGoProgram;
  lookup.real_path =
      [](const std::string& path) -> absl::optional<std::string> {
    char* real = realpath(path.c_str(), nullptr);
    if (real == nullptr) return absl::nullopt;
    std::string result = real;
    free(real);
    return result;
  };
  lookup.follow_link =
      [](const std::string& path) -> absl::optional<std::string> {
    struct stat status;
    if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) {
      return absl::nullopt;
    }
    char* real = realpath(path.c_str(), nullptr);
    if (real == nullptr) return absl::nullopt;
    std::string result = real;
    free(real);
    return result;
  };
  return lookup;
}

Untraceable CannotLoad(const std::string& path) {
  struct stat status;
  const absl::optional<std::string> head = Head(path);
  if (!head.has_value() || stat(path.c_str(), &status) != 0) {
    return Untraceable::kUnknown;
  }
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0) return Untraceable::kYes;
  if (!absl::StartsWith(*head, ELFMAG) || head->size() <= EI_CLASS) {
    return Untraceable::kUnknown;
  }
  const bool loads = (*head)[EI_CLASS] == ELFCLASS64
                         ? HasInterpreter<Elf64_Ehdr, Elf64_Phdr>(*head)
                         : HasInterpreter<Elf32_Ehdr, Elf32_Phdr>(*head);
  return loads ? Untraceable::kNo : Untraceable::kYes;
}

}  // namespace truth
}  // namespace filemon
