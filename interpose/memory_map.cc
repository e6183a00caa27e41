#include "interpose/memory_map.h"

#include <errno.h>
#include <fcntl.h>

#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

// More than a line: addresses, and a path of PATH_MAX in which the kernel may
// write a newline as four characters.
constexpr size_t kBufferSize = 20 * 1024;

uint64_t ReadHex(const char** text) {
  uint64_t value = 0;
  for (;; ++*text) {
    const char c = **text;
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value * 16 + static_cast<uint64_t>(c - 'a' + 10);
    } else {
      return value;
    }
  }
}

void Skip(const char** text, char c) {
  while (**text == c) ++*text;
}

// "begin-end perms offset major:minor inode   path"
Mapping ParseLine(const char* line) {
  Mapping mapping;
  mapping.begin = static_cast<uintptr_t>(ReadHex(&line));
  Skip(&line, '-');
  mapping.end = static_cast<uintptr_t>(ReadHex(&line));
  Skip(&line, ' ');
  while (*line != '\0' && *line != ' ') ++line;
  Skip(&line, ' ');
  mapping.offset = ReadHex(&line);
  Skip(&line, ' ');
  mapping.device = ReadHex(&line) << 32;
  Skip(&line, ':');
  mapping.device |= ReadHex(&line);
  Skip(&line, ' ');
  mapping.inode = 0;
  ReadDecimal(&line, &mapping.inode);
  Skip(&line, ' ');
  mapping.path = line;
  return mapping;
}

// Visits the whole lines in the first `size` bytes; how many bytes they were.
// `done` is set when visit() has said so.
size_t VisitLines(char* bytes, size_t size,
                  bool (*visit)(const Mapping&, void*), void* data,
                  bool* done) {
  size_t begin = 0;
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != '\n') continue;
    bytes[i] = '\0';
    *done = visit(ParseLine(bytes + begin), data);
    begin = i + 1;
    if (*done) break;
  }
  return begin;
}

}  // namespace

int VisitMappings(pid_t pid, bool (*visit)(const Mapping&, void*), void* data) {
  char path[32];
  TextBuilder text(path, sizeof(path));
  text.Add("/proc/");
  if (pid == 0) {
    text.Add("self");
  } else {
    text.AddDecimal(static_cast<uint64_t>(pid));
  }
  text.Add("/maps");
  const int fd = sys::Openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  auto* const buffer = static_cast<char*>(sys::MapMemory(kBufferSize));
  if (buffer == nullptr) {
    sys::Close(fd);
    return -ENOMEM;
  }
  size_t size = 0;
  bool done = false;
  long n = 0;
  while (!done && (n = sys::Read(fd, buffer + size, kBufferSize - size)) != 0) {
    if (n == -EINTR) continue;
    if (n < 0) break;
    size += static_cast<size_t>(n);
    const size_t used = VisitLines(buffer, size, visit, data, &done);
    size -= used;
    memmove(buffer, buffer + used, size);
  }
  sys::UnmapMemory(buffer, kBufferSize);
  sys::Close(fd);
  return n < 0 ? static_cast<int>(n) : 0;
}

}  // namespace filemon
