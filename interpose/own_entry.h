// The pipe's number in /proc: neither the lists of a process's descriptors
// (/proc/self/fd, .../task/TID/fd, /dev/fd, fdinfo) show it, nor can it be
// named there.
#ifndef FILEMON_INTERPOSE_OWN_ENTRY_H_
#define FILEMON_INTERPOSE_OWN_ENTRY_H_

#include "interpose/report.h"
#include "interpose/session.h"

namespace filemon {

// Whether `name`, a directory's entry, is the pipe's number.
inline bool IsOwnNumber(const char* name) {
  if (__builtin_expect(name[0] < '0' || name[0] > '9', 1)) return false;
  int number = 0;
  for (; *name >= '0' && *name <= '9' && number < 1000 * 1000; ++name) {
    number = 10 * number + (*name - '0');
  }
  return *name == '\0' && IsOurs(number);
}

// The rest of IsOwnEntry(): whether the directory lists descriptors. What it
// says of the pipe tells that.
bool ListsPipe(PathAt directory, const char* number);

// Whether what the directory shows as `name` is the pipe's descriptor.
inline bool IsOwnEntry(PathAt directory, const char* name) {
  return __builtin_expect(IsOwnNumber(name), 0) && ListsPipe(directory, name);
}

// The rest of NamesPipe().
bool IsPipesName(PathAt path);

// Whether the file of this name, which exists, is what /proc shows for the
// pipe's descriptor. Most names are not looked at further than their first
// letters.
inline bool NamesPipe(PathAt path) {
  const char* const name = path.name;
  if (name == nullptr) return false;
  const bool may_be = name[0] == '/' ? name[1] == 'p' || name[1] == 'd'
                                     : name[0] >= '0' && name[0] <= '9';
  return __builtin_expect(may_be, 0) && IsPipesName(path);
}

// The result of a call that has found `path`: as if it had not, if the pipe is
// all there is.
inline int FoundByName(int result, PathAt path) {
  if (__builtin_expect(result < 0, 0) || !NamesPipe(path)) return result;
  errno = ENOENT;
  return -1;
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_OWN_ENTRY_H_
