#ifndef FILEMON_CORE_PATH_STYLE_H_
#define FILEMON_CORE_PATH_STYLE_H_

namespace filemon {

// How the log writes names: as the program gave them, or absolute and as clean
// as leaves them true.
enum class PathStyle { kGiven, kAbsolute };

}  // namespace filemon

#endif  // FILEMON_CORE_PATH_STYLE_H_
