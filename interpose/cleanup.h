// What is to be done when the thread is cancelled within a call of libc's.
#ifndef FILEMON_INTERPOSE_CLEANUP_H_
#define FILEMON_INTERPOSE_CLEANUP_H_

namespace filemon {

// pthread_cleanup_push() and _pop(3) as functions, which glibc and musl both
// have. Where there are none there are no threads that could be cancelled
// (glibc before 2.34). Not to be moved.
class Cleanup {
 public:
  // From now on a cancelled thread calls routine(data).
  void Push(void (*routine)(void*), void* data);
  // No longer.
  void Pop();

 private:
  void* words_[8];  // glibc uses four, musl three
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_CLEANUP_H_
