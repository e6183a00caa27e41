// The kernel's auxiliary vector, where libc lets us at it.
#ifndef FILEMON_INTERPOSE_AUXILIARY_H_
#define FILEMON_INTERPOSE_AUXILIARY_H_

#include <sys/auxv.h>

#pragma weak getauxval

namespace filemon {

// The entry AT_..., 0 if there is none.
inline unsigned long Auxiliary(unsigned long type) {
  return &getauxval != nullptr ? getauxval(type) : 0;
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_AUXILIARY_H_
