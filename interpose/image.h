// What a process image reports about itself when it starts.
#ifndef FILEMON_INTERPOSE_IMAGE_H_
#define FILEMON_INTERPOSE_IMAGE_H_

namespace filemon {

// Reports the image and the libraries that it was started with. Once per image.
void ReportImageStart();

// Has the exit of this process (by exit() or a return from main()) reported,
// and its devices closed in good order. May allocate, as on_exit() does.
void CallAtExit();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_IMAGE_H_
