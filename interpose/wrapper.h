// How a wrapper is written.
//
//   FILEMON_WRAP(int, chdir, (const char* path)) {
//     const int result = FILEMON_NEXT(chdir)(path);
//     if (result == 0) ReportChdir(path);
//     return result;
//   }
//
// defines the exported symbol `chdir`, and FILEMON_NEXT(chdir) is the function
// that the program would have called without us. Every name wrapped also stands
// in symbols.txt, which decides what the library exports.
//
// The wrapper's own C++ name is not the symbol's: headers declare the symbols
// with attributes and exception specifications of their own.
#ifndef FILEMON_INTERPOSE_WRAPPER_H_
#define FILEMON_INTERPOSE_WRAPPER_H_

#include <errno.h>

#include "interpose/symbol.h"

namespace filemon {

// What a wrapper returns when no library defines the function it stands for: a
// program that looks a name up at run time may find ours where libc has none.
template <typename R>
struct Failure {
  static R Value() { return static_cast<R>(-1); }
};
template <typename T>
struct Failure<T*> {
  static T* Value() { return nullptr; }
};
template <>
struct Failure<void> {
  static void Value() {}
};

template <typename Function>
struct Missing;
template <typename R, typename... Args>
struct Missing<R (*)(Args...)> {
  static R Call(Args...) {
    errno = ENOSYS;
    return Failure<R>::Value();
  }
};
template <typename R, typename... Args>
struct Missing<R (*)(Args..., ...)> {
  static R Call(Args..., ...) {
    errno = ENOSYS;
    return Failure<R>::Value();
  }
};

// A system call's result as libc gives it: -1 and errno for a failure. For
// names that the kernel can serve where libc does not have them yet.
inline long ErrnoResult(long result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

// The same of an errno, 0 for success.
inline int ErrnoToResult(int error) {
  return static_cast<int>(ErrnoResult(-error));
}

// The function behind a wrapper, looked up at the first call: most programs
// call few of them, and a process start that looked up all would be measurably
// slower. Zero at load time, so that it needs neither start-up code nor a
// relocation.
template <typename Function>
class Original {
 public:
  Function Get(const char* name) {
    Function f = __atomic_load_n(&function_, __ATOMIC_RELAXED);
    if (__builtin_expect(f != nullptr, 1)) return f;
    f = reinterpret_cast<Function>(NextFunction(name));
    if (f == nullptr) f = Missing<Function>::Call;
    __atomic_store_n(&function_, f, __ATOMIC_RELAXED);
    return f;
  }

  // False if no library defines the function.
  bool Exists(const char* name) { return Get(name) != Missing<Function>::Call; }

 private:
  Function function_;
};

}  // namespace filemon

#define FILEMON_WRAP(result, name, parameters)                             \
  __attribute__((unused)) static ::filemon::Original<result(*) parameters> \
      original_##name;                                                     \
  extern "C" __attribute__((visibility("default")))                        \
  result filemon_##name parameters __asm__(#name);                         \
  extern "C" result filemon_##name parameters

#define FILEMON_NEXT(name) (original_##name.Get(#name))
#define FILEMON_NEXT_EXISTS(name) (original_##name.Exists(#name))

#endif  // FILEMON_INTERPOSE_WRAPPER_H_
