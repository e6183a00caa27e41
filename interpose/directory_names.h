// The paths of directory descriptors, remembered for a moment.
//
// readlink() of /proc/thread-self/fd/N costs about as much as the call that is
// being reported. What it said is used again, without asking the kernel, until
// something may have made it untrue:
//
// - The number stands for another directory. Wrapped calls that close a
//   descriptor make its name be forgotten, also where libc closes it for the
//   program (fclose, closedir, freopen); and so do wrapped calls that give a
//   descriptor, however its number was closed before.
// - The directory has another name. This process's renames and removals make
//   all names be forgotten, and so does the end of a child: what it has renamed
//   the log has before.
// - The descriptors are another process's. Nothing is used or remembered while
//   another process may be in this memory (vfork, CLONE_VM), and nothing ever
//   again where threads have tables of their own, or this table is another
//   process's too. A child of fork() has copies of both, which agree.
//
// What nobody tells us of holds for kDirectoryNameAge at most. Till then a name
// may be an old one after
// - a rename by another process that this one has not waited for; a mount that
//   was moved; another root directory (chroot, pivot_root,
//   setns);
// - a system call that no wrapper sees (a program's own, io_uring's) closed
//   the descriptor, and one that is not wrapped gave its number to another
//   directory: SCM_RIGHTS, pidfd_getfd(), open_tree(), fsmount(), or again a
//   system call of the program's own;
// - a clone() that no wrapper sees has made a process with this memory or with
//   these descriptors.
// What libc opens and closes inside itself (ftw, fts, glob, scandir) had no
// name here: the program cannot have used that number meanwhile.
#ifndef FILEMON_INTERPOSE_DIRECTORY_NAMES_H_
#define FILEMON_INTERPOSE_DIRECTORY_NAMES_H_

#include <stddef.h>
#include <stdint.h>

namespace filemon {

inline constexpr int64_t kDirectoryNameAge = 20 * 1000 * 1000;  // nanoseconds

// All of this is async-signal-safe and thread-safe, and never waits. Where one
// thread closes or replaces a descriptor while another one passes it to a call,
// the log has either name, as the kernel might have taken either.

// The path of the directory `fd`, or of the current one (AT_FDCWD), as
// DirectoryOfDescriptor() gives it.
bool DirectoryName(int fd, char* out, size_t size);

// A bit for each place of the table that has ever been taken; the number's low
// bits choose it.
extern uint32_t g_directory_places __attribute__((visibility("hidden")));
inline constexpr unsigned kDirectoryPlaces = 32;
inline bool MayHaveDirectoryNames() {
  return __atomic_load_n(&g_directory_places, __ATOMIC_RELAXED) != 0;
}
inline bool MayHaveDirectoryName(int fd) {
  const uint32_t places =
      __atomic_load_n(&g_directory_places, __ATOMIC_RELAXED);
  return (places >> (static_cast<unsigned>(fd) % kDirectoryPlaces) & 1) != 0;
}

// A descriptor is about to be closed, has been replaced, or is new.
void ForgetNameOf(int fd);
inline void ForgetDirectoryName(int fd) {
  if (__builtin_expect(MayHaveDirectoryName(fd), 0)) ForgetNameOf(fd);
}

// From now on every descriptor's name is to be forgotten one by one.
void ForgetEachName();

// Names have changed, or any descriptor: nothing remembered holds any more.
void ForgetAllNames();
inline void ForgetDirectoryNames() {
  // In a process that has none nothing is stored: a page that is touched
  // between two forks is copied.
  if (MayHaveDirectoryNames()) ForgetAllNames();
}

// From now on a number tells no descriptor: threads of this process have tables
// of their own, or another process with memory of its own shares this table.
void DistrustDescriptors();
bool DistrustsDescriptors();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DIRECTORY_NAMES_H_
