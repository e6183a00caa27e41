#include "interpose/current_directory.h"

#include <fcntl.h>
#include <stdint.h>

#include "core/wire.h"
#include "interpose/directory_names.h"
#include "interpose/kernel_names.h"
#include "interpose/process.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// Of the path that the collector was told last. 0 before the first: an image's
// start says it without counting it, for most images ask no more.
uint32_t g_told;
bool g_distrusted;

}  // namespace

void ToldCurrentDirectory(const char* path) {
  ForgetDirectoryName(AT_FDCWD);
  __atomic_store_n(&g_told, HashOf(path, strlen(path)), __ATOMIC_RELAXED);
}

void CheckCurrentDirectory(PathBuffer* path) {
  // Whom a filter keeps from asking the collector has to believe.
  if (sys::Denies(sys::kGetcwd | sys::kReadlinkat)) return;
  if (__atomic_load_n(&g_distrusted, __ATOMIC_RELAXED)) {
    const auto now = [](char* out, size_t size) {
      return DirectoryOfDescriptor(AT_FDCWD, out, size);
    };
    const auto unknown = [](char* out, size_t size) {
      return TextBuilder(out, size).Add(wire::kNoDirectory).ok();
    };
    if (!path->Fill(now)) path->Fill(unknown);
    return;
  }
  PathBuffer now;
  now.Fill([](char* out, size_t size) {
    return DirectoryName(AT_FDCWD, out, size);
  });
  const uint32_t hash = HashOf(now.path(), strlen(now.path()));
  if (hash == __atomic_load_n(&g_told, __ATOMIC_RELAXED)) return;
  __atomic_store_n(&g_told, hash, __ATOMIC_RELAXED);
  OutgoingRecord record = {wire::Kind::kChdir, CurrentProcess(),
                           wire::kRenamed};
  record.name[0] = now.path();
  Emit(record);
}

void DistrustCurrentDirectory() {
  __atomic_store_n(&g_distrusted, true, __ATOMIC_RELAXED);
}

}  // namespace filemon
