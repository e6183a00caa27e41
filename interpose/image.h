// What a process image reports about itself when it starts.
#ifndef FILEMON_INTERPOSE_IMAGE_H_
#define FILEMON_INTERPOSE_IMAGE_H_

#include <stdint.h>

#include "interpose/life.h"

namespace filemon {

// What an image has found in FILEMON_SESSION that is not its own.
struct Origin {
  ProcessId
      maker;       // who has handed it on; no life if it was the process itself
  uint32_t child;  // the life found, if it may be another process's; or 0
};

// Reports the image and the libraries that it was started with. Once per image.
void ReportImageStart(const Origin& origin);

// Has the exit of this process (by exit() or a return from main()) reported,
// and its devices closed in good order. May allocate, as on_exit() does.
void CallAtExit();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_IMAGE_H_
