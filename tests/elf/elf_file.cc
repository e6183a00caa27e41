#include "tests/elf/elf_file.h"

#include <elf.h>
#include <string.h>

#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace filemon {
namespace {

// The two classes differ only in the widths of the same fields.
struct Class32 {
  using Ehdr = Elf32_Ehdr;
  using Phdr = Elf32_Phdr;
  using Shdr = Elf32_Shdr;
  using Sym = Elf32_Sym;
  using Dyn = Elf32_Dyn;
};
struct Class64 {
  using Ehdr = Elf64_Ehdr;
  using Phdr = Elf64_Phdr;
  using Shdr = Elf64_Shdr;
  using Sym = Elf64_Sym;
  using Dyn = Elf64_Dyn;
};

constexpr uint32_t kRelr = 19;  // SHT_RELR, newer than glibc 2.35's elf.h

// Reads objects and strings out of a file's bytes; remembers whether all lay
// inside.
class Bytes {
 public:
  explicit Bytes(const std::string& bytes) : bytes_(bytes) {}

  template <typename T>
  T At(uint64_t offset) {
    T value{};
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) {
      ok_ = false;
    } else {
      memcpy(&value, bytes_.data() + offset, sizeof(T));
    }
    return value;
  }

  std::string StringAt(uint64_t offset) {
    const size_t end =
        offset < bytes_.size() ? bytes_.find('\0', offset) : std::string::npos;
    if (end == std::string::npos) {
      ok_ = false;
      return "";
    }
    return bytes_.substr(offset, end - offset);
  }

  // Whether `count` objects of `size` bytes lie inside: asked before a loop, so
  // that a forged count cannot make it long.
  bool Holds(uint64_t offset, uint64_t count, uint64_t size) {
    if (offset > bytes_.size() || count > (bytes_.size() - offset) / size) {
      ok_ = false;
    }
    return ok_;
  }

  bool ok() const { return ok_; }

 private:
  const std::string& bytes_;
  bool ok_ = true;
};

template <typename Class>
void ReadSegments(Bytes& bytes, const typename Class::Ehdr& header,
                  ElfFile& file) {
  using Phdr = typename Class::Phdr;
  if (!bytes.Holds(header.e_phoff, header.e_phnum, sizeof(Phdr))) return;
  for (int i = 0; i < header.e_phnum; ++i) {
    const auto segment = bytes.At<Phdr>(header.e_phoff + i * sizeof(Phdr));
    file.segments.push_back({segment.p_type, segment.p_flags, segment.p_vaddr,
                             segment.p_filesz, segment.p_memsz});
  }
}

template <typename Class>
void ReadSymbols(Bytes& bytes, const typename Class::Shdr& section,
                 uint64_t names, ElfFile& file) {
  using Sym = typename Class::Sym;
  const uint64_t count = section.sh_size / sizeof(Sym);
  if (!bytes.Holds(section.sh_offset, count, sizeof(Sym))) return;
  for (uint64_t i = 1; i < count; ++i) {
    const auto symbol = bytes.At<Sym>(section.sh_offset + i * sizeof(Sym));
    const int type = ELF64_ST_TYPE(symbol.st_info);
    if (type == STT_SECTION) continue;
    file.symbols.push_back({bytes.StringAt(names + symbol.st_name), type,
                            ELF64_ST_BIND(symbol.st_info),
                            symbol.st_shndx != SHN_UNDEF});
  }
}

template <typename Class>
void ReadDynamic(Bytes& bytes, const typename Class::Shdr& section,
                 uint64_t names, ElfFile& file) {
  using Dyn = typename Class::Dyn;
  const uint64_t count = section.sh_size / sizeof(Dyn);
  if (!bytes.Holds(section.sh_offset, count, sizeof(Dyn))) return;
  for (uint64_t i = 0; i < count; ++i) {
    const auto entry = bytes.At<Dyn>(section.sh_offset + i * sizeof(Dyn));
    if (entry.d_tag == DT_NULL) break;
    file.dynamic.push_back({entry.d_tag, entry.d_un.d_val});
    if (entry.d_tag == DT_NEEDED) {
      file.needed.push_back(bytes.StringAt(names + entry.d_un.d_val));
    }
  }
}

template <typename Class>
void ReadSections(Bytes& bytes, const typename Class::Ehdr& header,
                  ElfFile& file) {
  using Shdr = typename Class::Shdr;
  if (!bytes.Holds(header.e_shoff, header.e_shnum, sizeof(Shdr))) return;
  const auto section_at = [&](uint64_t i) {
    return bytes.At<Shdr>(header.e_shoff + i * sizeof(Shdr));
  };
  for (int i = 0; i < header.e_shnum; ++i) {
    const Shdr section = section_at(i);
    const bool loaded = section.sh_flags & SHF_ALLOC;
    switch (section.sh_type) {
      case SHT_DYNSYM:
        ReadSymbols<Class>(bytes, section,
                           section_at(section.sh_link).sh_offset, file);
        break;
      case SHT_DYNAMIC:
        ReadDynamic<Class>(bytes, section,
                           section_at(section.sh_link).sh_offset, file);
        break;
      case SHT_REL:
      case SHT_RELA:
      case kRelr:
        if (loaded && section.sh_entsize != 0) {
          file.relocations += section.sh_size / section.sh_entsize;
        }
        break;
    }
  }
}

template <typename Class>
absl::StatusOr<ElfFile> ParseAs(const std::string& contents) {
  Bytes bytes(contents);
  ElfFile file;
  file.is_64 = sizeof(typename Class::Ehdr) == sizeof(Elf64_Ehdr);
  const auto header = bytes.At<typename Class::Ehdr>(0);
  if (bytes.ok() && header.e_type != ET_DYN) {
    return absl::InvalidArgumentError("not a shared object");
  }
  ReadSegments<Class>(bytes, header, file);
  ReadSections<Class>(bytes, header, file);
  if (!bytes.ok()) return absl::InvalidArgumentError("truncated ELF file");
  return file;
}

}  // namespace

absl::StatusOr<ElfFile> ElfFile::Parse(const std::string& bytes) {
  if (bytes.size() < EI_NIDENT || bytes.compare(0, SELFMAG, ELFMAG) != 0) {
    return absl::InvalidArgumentError("not an ELF file");
  }
  switch (bytes[EI_CLASS]) {
    case ELFCLASS32:
      return ParseAs<Class32>(bytes);
    case ELFCLASS64:
      return ParseAs<Class64>(bytes);
    default:
      return absl::InvalidArgumentError("unknown ELF class");
  }
}

absl::StatusOr<ElfFile> ElfFile::Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  if (!in || !(bytes << in.rdbuf())) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  return Parse(bytes.str());
}

uint64_t ElfFile::Dynamic(int64_t tag, uint64_t missing) const {
  for (const auto& [entry, value] : dynamic) {
    if (entry == tag) return value;
  }
  return missing;
}

bool ElfFile::HasDynamic(int64_t tag) const {
  for (const auto& [entry, value] : dynamic) {
    if (entry == tag) return true;
  }
  return false;
}

}  // namespace filemon
