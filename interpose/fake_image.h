// Stands in for image.cc and libraries.cc, which look at the process that they
// are loaded into and act from a constructor.
#ifndef FILEMON_INTERPOSE_FAKE_IMAGE_H_
#define FILEMON_INTERPOSE_FAKE_IMAGE_H_

namespace filemon {

// How often the image's start and new libraries were reported.
extern int g_image_starts;
extern int g_library_reports;

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_FAKE_IMAGE_H_
