// Where this process has the session's pipe: out of the way of what the program
// does with numbers (core/pipe_place.h says which number that is).
//
// - It begins above the soft RLIMIT_NOFILE, if that may be and is not dear.
// - Where the program's own numbers come near, it goes up before they arrive.
// - A wrapped call that names its number finds no such descriptor, and makes
//   the pipe go elsewhere: so do the calls that are not wrapped, from then on.
// - When the program has all other numbers, it gets this one, too: the pipe is
//   closed until there is a number to spare, and records go by RunApart().
//
// All of this is async-signal-safe and thread-safe, and keeps errno.
#ifndef FILEMON_INTERPOSE_PIPE_PLACE_H_
#define FILEMON_INTERPOSE_PIPE_PLACE_H_

#include <errno.h>

namespace filemon {

// `fd` is a new descriptor of the pipe. Moves it to the number that it is to
// have, inherited by children; that number.
int MoveHigh(int fd);

// The image begins, in an odd place: the old one had to make way, or had limits
// that are no more. Takes a better one, if there is any.
void Settle();

// The program has named the pipe's number, which is to be free afterwards.
void StepAside();

// The program is about to make the number its own (dup2). Unlike StepAside() it
// is free in any case; the pipe is lost if there is no other place.
void YieldDescriptor();

// The program's numbers, or its limit, have come up to the pipe's.
void GoAhead();

// A call has failed because no number is free. True if there is one now.
bool YieldLastNumber();

inline bool HasFailed(int result) { return result < 0; }
inline bool HasFailed(const void* result) { return result == nullptr; }

// A call that gives the program a descriptor, or a stream: with the number that
// the pipe had, if there is no other.
template <typename Call>
inline auto Giving(Call call) -> decltype(call()) {
  const auto result = call();
  if (__builtin_expect(!HasFailed(result), 1)) return result;
  return errno == EMFILE && YieldLastNumber() ? call() : result;
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_PIPE_PLACE_H_
