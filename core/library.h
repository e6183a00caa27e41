// Where libfilemon.so is.
#ifndef FILEMON_CORE_LIBRARY_H_
#define FILEMON_CORE_LIBRARY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace filemon {

// The path of libfilemon.so for LD_PRELOAD, with `$LIB` in it for ld.so to
// expand to what the program's class needs. `executable` is the absolute path
// of the command; the library is beside it in a build tree
// (../interpose/$LIB/) or an installed tree (../lib/filemon/$LIB/).
absl::StatusOr<std::string> FindLibrary(absl::string_view executable);

// `path`, when it is of a library for LD_PRELOAD: absolute, as programs have
// current directories of their own, and of a libfilemon.so that programs of
// this machine's own class can load. A `$LIB` in it is what it may be here.
absl::StatusOr<std::string> CheckLibrary(absl::string_view path);

// `path`, when LD_PRELOAD can carry it: ld.so splits the list at colons and
// blanks, and there is no way to quote them.
absl::StatusOr<std::string> CheckPreloadable(absl::string_view path);

}  // namespace filemon

#endif  // FILEMON_CORE_LIBRARY_H_
