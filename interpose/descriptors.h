// The guards of the pipe's descriptor that syscall() needs as well.
#ifndef FILEMON_INTERPOSE_DESCRIPTORS_H_
#define FILEMON_INTERPOSE_DESCRIPTORS_H_

namespace filemon {

// True if the program is to find `fd` closed.
bool HidesDescriptor(int fd);

// What close() gives for a hidden descriptor: as for a closed one, -1 with
// EBADF. But a program that has read the list of its descriptors has found it
// there, and may take it for an error that it cannot close it: 0.
int CloseHidden();

// The program has opened the directory `path`, perhaps that list.
void NoteOpenDirectory(const char* path);

// close_range() by `close`, around the pipe.
int CloseRange(unsigned first, unsigned last, int flags,
               int (*close)(unsigned, unsigned, int));

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DESCRIPTORS_H_
