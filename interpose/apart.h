// What takes a descriptor for a moment, done where nobody finds it.
//
// A descriptor is opened under the lowest free number. Another thread that
// opens one at that moment gets another number than it would have had, and one
// that forks hands ours to its child. So work of this kind runs with all
// signals blocked while the process has one thread, and otherwise in a thread
// for that purpose alone, with a table of descriptors of its own.
#ifndef FILEMON_INTERPOSE_APART_H_
#define FILEMON_INTERPOSE_APART_H_

namespace filemon {

// What is to be done: it opens, and closes again; its result is 0 or -errno. It
// makes its system calls by sys.h, and may have a small stack and the thread
// pointer of another thread.
using Work = int (*)(void* data);

// Runs work(data) while the caller waits. Where no descriptor is free for it
// (-EMFILE), it runs once more in a table that has room. Returns its result.
// Async-signal-safe, thread-safe, and keeps errno.
int RunApart(Work work, void* data);

// Duplicates `fd` to the lowest free number from `least` on, or else to one
// above this process's soft RLIMIT_NOFILE, as far as the hard one allows. The
// limits stay as they are. -errno if that cannot be had.
int DuplicateAboveLimit(int fd, int least);

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_APART_H_
