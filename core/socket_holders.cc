#include "core/socket_holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace filemon {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

Directory Open(const std::string& path) {
  return Directory(opendir(path.c_str()), closedir);
}

// The next entry whose name is a number; -1 at the end.
int NextNumber(DIR* directory) {
  while (const dirent* entry = readdir(directory)) {
    int number;
    if (absl::SimpleAtoi(entry->d_name, &number)) return number;
  }
  return -1;
}

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The auxiliary vector: a fork's is its parent's, and each image has its own
// (it has addresses in it); during an exec it is empty.
std::string ImageOf(absl::string_view process) {
  return Contents(absl::StrCat(process, "/auxv"));
}

bool IsCloseOnExec(absl::string_view process, int fd) {
  std::ifstream in(absl::StrCat(process, "/fdinfo/", fd));
  for (std::string word; in >> word;) {
    if (word != "flags:" || !(in >> word)) continue;
    return (strtoul(word.c_str(), nullptr, 8) & O_CLOEXEC) != 0;
  }
  return false;
}

}  // namespace

bool SocketIsHeld(uint64_t inode, pid_t opener) {
  const std::string wanted = absl::StrCat("socket:[", inode, "]");
  const std::string image = ImageOf(absl::StrCat("/proc/", opener));
  const Directory processes = Open("/proc");
  if (processes == nullptr) return true;
  for (int pid; (pid = NextNumber(processes.get())) >= 0;) {
    const std::string process = absl::StrCat("/proc/", pid);
    const Directory descriptors = Open(process + "/fd");
    if (descriptors == nullptr) continue;
    for (int fd; (fd = NextNumber(descriptors.get())) >= 0;) {
      char target[PATH_MAX];
      const ssize_t n =
          readlinkat(dirfd(descriptors.get()), absl::StrCat(fd).c_str(), target,
                     sizeof(target));
      if (n < 0 || absl::string_view(target, n) != wanted) continue;
      const bool is_in_exec =
          IsCloseOnExec(process, fd) && ImageOf(process) != image;
      if (!is_in_exec) return true;
    }
  }
  return false;
}

}  // namespace filemon
