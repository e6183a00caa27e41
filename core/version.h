// Which filemon this is.
#ifndef FILEMON_CORE_VERSION_H_
#define FILEMON_CORE_VERSION_H_

namespace filemon {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace filemon

#endif  // FILEMON_CORE_VERSION_H_
