#include "interpose/pid_namespace.h"

#include "core/wire.h"
#include "interpose/layout.h"
#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {

// A look into /proc costs twenty times as much as to ask for the pipe's owner,
// which the kernel translates for us.
uint32_t PidNamespaceOf(int fd, pid_t collector) {
  return sys::Owner(fd) == collector ? 0 : OwnPidNamespace();
}

uint32_t OwnPidNamespace() {
  sys::Identity id;
  if (sys::Stat(AT_FDCWD, "/proc/self/ns/pid", 0, &id) != 0) {
    return wire::kUnknownPidNamespace;
  }
  return static_cast<uint32_t>(id.inode);
}

bool HasNoParentHere() { return sys::Getppid() == 0; }

namespace {

// What "/proc/NAME/stat" tells.
FILEMON_RARE Outside ReadStat(const char* path) {
  const int fd = sys::Openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {0, 0};
  char text[512];
  const long size = sys::Read(fd, text, sizeof(text) - 1);
  sys::Close(fd);
  text[size > 0 ? size : 0] = '\0';
  // "PID (NAME) STATE PARENT ...", and the name may hold anything.
  const char* p = text;
  uint64_t pid, parent;
  if (!ReadDecimal(&p, &pid)) return {0, 0};
  p = FindLast(text, strlen(text), ')');
  if (p == nullptr || strlen(p) < 4) return {0, 0};
  p += 4;  // ") S "
  if (!ReadDecimal(&p, &parent)) return {0, 0};
  return {static_cast<pid_t>(pid), static_cast<pid_t>(parent)};
}

}  // namespace

Outside SeenFromOutside() {
  const Outside seen = ReadStat("/proc/self/stat");
  // Without a parent it is the process's own namespace that /proc shows.
  return seen.parent != 0 ? seen : Outside{0, 0};
}

pid_t ParentOf(pid_t pid) {
  char path[32];
  TextBuilder(path, sizeof(path))
      .Add("/proc/")
      .AddDecimal(static_cast<uint64_t>(pid))
      .Add("/stat");
  return ReadStat(path).parent;
}

}  // namespace filemon
