// The guards of the pipe's descriptor that syscall() needs as well.
#ifndef FILEMON_INTERPOSE_DESCRIPTORS_H_
#define FILEMON_INTERPOSE_DESCRIPTORS_H_

namespace filemon {

// True if the program is to find `fd` closed.
bool HidesDescriptor(int fd);

// close_range() by `close`, around the pipe.
int CloseRange(unsigned first, unsigned last, int flags,
               int (*close)(unsigned, unsigned, int));

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DESCRIPTORS_H_
