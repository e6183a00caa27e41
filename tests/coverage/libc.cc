#include "tests/coverage/libc.h"

#include <elf.h>

#include "tests/elf/elf_file.h"

namespace filemon {
namespace {

bool IsData(const ElfFile::Symbol& symbol) {
  return symbol.type == STT_OBJECT || symbol.type == STT_TLS;
}

std::set<std::string> Names(const Libc& libc, bool with_data) {
  std::set<std::string> names;
  for (const std::string& folder : libc.folders) {
    for (const std::string& object : libc.objects) {
      const auto file = ElfFile::Read(folder + "/" + object);
      if (!file.ok()) continue;
      for (const ElfFile::Symbol& symbol : file->symbols) {
        if (symbol.defined && (with_data || !IsData(symbol))) {
          names.insert(symbol.name);
        }
      }
    }
    if (!names.empty()) break;
  }
  return names;
}

}  // namespace

const std::vector<Libc>& Libc::All() {
  static const auto* const all = new std::vector<Libc>{
      {"Glibc",
       true,
       {"/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64",
        "/usr/lib"},
       {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
        "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1",
        "libanl.so.1"}},
      {"Glibc32",
       false,
       {"/lib32", "/lib/i386-linux-gnu"},
       {"libc.so.6", "ld-linux.so.2", "libpthread.so.0", "libdl.so.2",
        "librt.so.1", "libutil.so.1", "libanl.so.1"}},
      {"Musl", true, {"/lib"}, {"ld-musl-x86_64.so.1", "ld-musl-aarch64.so.1"}},
  };
  return *all;
}

std::set<std::string> Libc::Exports() const { return Names(*this, true); }

std::set<std::string> Libc::Functions() const { return Names(*this, false); }

}  // namespace filemon
