// Calls that look at their return address, to learn which object calls them.
#ifndef FILEMON_INTERPOSE_CALLER_H_
#define FILEMON_INTERPOSE_CALLER_H_

#include <link.h>

namespace filemon {

// The object that a return address is in.
class Caller {
 public:
  // Of a wrapper: __builtin_return_address(0).
  explicit Caller(const void* return_address);

  // Null if it cannot be told.
  const link_map* object() const { return object_; }

  // Whether CallAs() can do what it says.
  bool can_be_played() const { return gadget_ != nullptr; }

  // Calls `function` with these arguments in such a way that its return address
  // is in the caller's object. Only if can_be_played().
  void* CallAs(void* function, void* a, void* b, void* c) const;

 private:
  const link_map* object_;
  // Instructions of the object's that give back the control to us.
  const void* gadget_;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_CALLER_H_
