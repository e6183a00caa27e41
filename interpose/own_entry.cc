#include "interpose/own_entry.h"

#include <errno.h>

#include "interpose/sys.h"
#include "interpose/text.h"

namespace filemon {
namespace {

bool LeadsToPipe(PathAt path) {
  sys::Identity id;
  return sys::Stat(path.dirfd, path.name, 0, &id) == 0 && S_ISFIFO(id.mode) &&
         id.inode == ThisSession().inode;
}

// "DIRECTORY/BETWEENNUMBER"
bool LeadsToPipe(PathAt directory, const char* between, const char* number) {
  // A longer name of such a directory has too many detours to be one.
  char path[256];
  TextBuilder text(path, sizeof(path));
  if (directory.name[0] != '\0') text.Add(directory.name).Add("/");
  text.Add(between).Add(number);
  return text.ok() && LeadsToPipe({directory.dirfd, path});
}

}  // namespace

bool ListsPipe(PathAt directory, const char* number) {
  return Tracing() && (LeadsToPipe(directory, "", number) ||
                       // .../fdinfo
                       LeadsToPipe(directory, "../fd/", number));
}

bool IsPipesName(PathAt path) {
  const size_t size = strlen(path.name);
  const char* const slash = FindLast(path.name, size, '/');
  const char* const last = slash != nullptr ? slash + 1 : path.name;
  return IsOwnNumber(last) && Tracing() && LeadsToPipe(path);
}

}  // namespace filemon
