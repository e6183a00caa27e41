// What the kernel did, as the log of a filemon session ought to tell it: the
// files of `strace -ff` turned into the expected records of each process of the
// tree below the session's root process.
#ifndef FILEMON_TESTS_KERNEL_TRUTH_TRUTH_H_
#define FILEMON_TESTS_KERNEL_TRUTH_TRUTH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "tests/kernel_truth/record.h"
#include "tests/kernel_truth/strace_line.h"

namespace filemon {
namespace truth {

// Why a record may be absent. There is no other way to leave one out, but for
// the opens that libc makes for itself (libc_internal.h, which is a list too).
enum class Cause {
  kNone,  // it must be there
  // The last call of a thread that a signal, or another thread's exec or exit,
  // ended: perhaps between the call and the report of it.
  kCutOff,
  // The child of a posix_spawn() that failed: it ran inside libc only, and
  // exited with 127. No wrapper is called there, and posix_spawn() does not
  // tell its pid.
  kFailedSpawn,
  // NSS looks for a module that is not installed: having read nsswitch.conf, it
  // asks ld.so, and nothing is loaded that would show it.
  kModuleSearch,
  // Made by an image that did not load the library. The log must say so
  // (Image), unless no traced process could know of it.
  kUntracedImage,
  // Of a process that is born to such an image, and never loads the library.
  kUntracedProcess,
  // A directory that is too deep to have a name.
  kTooDeep,
  // libfilemon.so's own, which the log should not have.
  kOwnDoing,
  // getcwd(3) of a directory that is too deep for the kernel to name: libc
  // climbs to the root by itself (glibc's sysdeps/posix/getcwd.c).
  kGetcwd,
};
constexpr int kCauses = 9;

// How the report names it: "cut off".
absl::string_view CauseName(Cause cause);

struct Expected {
  Record record;
  int tid = 0;        // of the thread that made the call
  std::string flags;  // of an open, as strace writes them
  Cause excuse = Cause::kNone;
  // A signal came between this record's call and the next's: a handler's
  // records may come before it.
  bool interrupted = false;
  // A library that libc loaded for itself. It is reported with the libraries of
  // the next dlopen(), or at the process's end.
  bool late = false;
  // The name cannot be told: an executed file that is gone, and might have been
  // a script; a file opened by its handle.
  bool any_name = false;
};

// One program that ran in a process: from an exec to the next.
struct Image {
  std::string path;     // as executed, absolute
  bool loaded = false;  // it opened libfilemon.so
  bool began = false;   // it did anything at all before its end
  // It was executed by an image that loaded the library and could announce it.
  bool announced = true;
  // It ran with another root directory, where the library may be out of reach.
  bool rooted = false;
  // It loaded the library, and makes system calls that the library cannot see.
  bool bypasses_libc = false;
};

struct Process {
  int pid = 0;
  int inner = 0;   // as its parent sees it, in another namespace of pids; or 0
  int parent = 0;  // 0: nobody's; of the root, and of what strace saw alone
  bool stray = false;  // strace saw it, and nobody of the tree who made it
  int64_t start_us = 0;
  bool threaded = false;
  bool ended = false;
  // A process that is born unseen and never loads the library is none that the
  // log could know.
  bool visible = true;
  std::vector<Expected> records;
  std::vector<Image> images;  // without the one that it was born with
};

// What the judge has to look up in the file system, after the fact.
struct Lookup {
  // The first bytes of a file; nothing if it is gone.
  std::function<absl::optional<std::string>(const std::string&)> head;
  // Whether a program makes system calls by itself, as those in Go do.
  std::function<bool(const std::string&)> bypasses_libc =
      [](const std::string&) { return false; };
  // realpath(3).
  std::function<absl::optional<std::string>(const std::string&)> real_path;
  FollowLink follow_link;
};

// Thread id -> the lines of its file, in order. Failed calls may be left out,
// but for getcwd().
using StraceFiles = std::map<int, std::vector<StraceLine>>;

// The expected records of `root` and its descendants, by start time, and of
// every other process that strace saw but filemon's own. The first record of
// `root` is its first exec: what comes before is filemon's.
absl::StatusOr<std::vector<Process>> ExpectedRecords(const StraceFiles& files,
                                                     int root,
                                                     const std::string& cwd,
                                                     const Lookup& lookup);

}  // namespace truth
}  // namespace filemon

#endif  // FILEMON_TESTS_KERNEL_TRUTH_TRUTH_H_
