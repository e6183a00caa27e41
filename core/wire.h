// The wire format: what traced processes write into the session's pipe and the
// collector reads out of it.
//
// This is the one header that both sides include, so it is freestanding: no
// library, no allocation, and a layout that 32-bit and 64-bit processes share.
//
// A record is a Header and then Header::names NUL-terminated byte strings, all
// of it Header::size bytes long. One write() of at most kMaxWrite bytes carries
// one or more whole records, so that the kernel never interleaves it with
// another process's (POSIX: writes of up to PIPE_BUF bytes are atomic). A
// record that is longer travels as kFragment records.
//
// Integers are in the machine's byte order: a session never leaves its machine.
//
// Processes are named by their pids as they see them themselves, with the pid
// namespace in which they do (pid_namespaces(7)), and by their lives: a pid
// comes round, within a build and within milliseconds, and a life does not.
//
// A life is a number that is drawn anew for each process, most often by its
// parent before it makes the process, so that both can say it. It stays over an
// exec. Who does not know it cannot speak in the process's name.
#ifndef FILEMON_CORE_WIRE_H_
#define FILEMON_CORE_WIRE_H_

#include <stddef.h>
#include <stdint.h>

namespace filemon {
namespace wire {

// PIPE_BUF on Linux (include/uapi/linux/limits.h).
inline constexpr size_t kMaxWrite = 4096;

// A record never carries more names than this, nor more bytes than kMaxRecord:
// four names of PATH_MAX bytes and a header.
inline constexpr int kMaxNames = 4;
inline constexpr size_t kMaxRecord = 4 * 4096 + 64;

// The environment variable that hands the session to a new process image:
// "VERSION:FD:COLLECTOR:COLLECTOR_FD:INODE:COOKIE:FIRST:BELL:LANES:DENIED:"
// "PID:LIFE:CHILD", all decimal.
//   FD            the pipe's descriptor in the traced process
//   COLLECTOR     the collector's pid, and COLLECTOR_FD its descriptor of the
//                 pipe: /proc/COLLECTOR/fd/COLLECTOR_FD gives the pipe back to
//                 a process that lost it
//   INODE         the pipe's inode number: tells our pipe from another file
//                 that took FD's place
//   COOKIE        Header::cookie of every record of this session; with
//                 kAbsolutePaths in it if the log is to have absolute names
//   FIRST         the process whose end ends the session, and which waits at
//                 its end until the log is complete; 0 if there is none that
//                 waits
//   BELL          the collector's descriptor of another pipe: a byte in it
//                 makes the collector look at once
//   LANES         the collector's descriptor of the session's lanes (lane.h), 0
//                 if it has none
//   DENIED        what the process must not do, as filters of system calls and
//                 prctl() stay over an exec: the calls that it must not make
//                 (interpose/sys.h), and kNoClock
//   PID, LIFE     the process that has made this value: for an image of its own
//                 if CHILD is 0, and for a child if it is not
//   CHILD         the life of that child
// PID, LIFE and CHILD have as many digits always. A new image with that pid
// goes on with that life, and a child of that process has the child's. Any
// other has been made by somebody who handed the environment on as it was
// (system(), popen(), a static program): it draws a life, and tells what it has
// found.
inline constexpr char kSessionVariable[] = "FILEMON_SESSION";
inline constexpr uint32_t kNoClock = 1u << 31;
// It tells apart the formats of this header and of lane.h.
inline constexpr int kSessionVersion = 4;

// In a session's cookie.
inline constexpr uint32_t kAbsolutePaths = 2;

// What a record says. "pid" is Header::pid, "a" and "b" are Header::a and b.
//
// A path operand is two names, `dir` and `name`. `dir` is empty when the call
// had no directory fd, or AT_FDCWD, or an absolute name; otherwise it is the
// absolute path of the directory fd, or kNoDirectory if it has none that could
// be told. `name` is as the program gave it; it is empty for the directory
// itself, and for a file that was opened by its handle and has no name
// (kNoDirectory).
//
// The path of a directory, or of a program, is the kernel's. If it ends in a
// slash (and is not "/"), the file has been removed: that is what it was called
// last, in a directory that has its name yet.
enum class Kind : uint8_t {
  // A process image has started and loaded the library. a: parent pid as
  // getppid() says, 0 if that is outside of the pid namespace or a filter keeps
  // it from us. Names: the path of the image (absolute; the interpreter, for a
  // script), the current directory (empty if it has no name that could be told;
  // kNoDirectory if it could not be asked for, and is the one before).
  kStart = 1,
  // A successful open. a: kReads and kWrites, and kByFileAction. Names: dir,
  // name.
  kOpen = 2,
  // An exec is about to be tried. If it succeeds, either a kStart of the same
  // pid follows (the image loaded us), or nothing more of this pid (it did
  // not). a: kSaidOfSpawned when the parent says it of the process that its
  // posix_spawn() has made: to be ignored if that process has sent its kStart
  // already; and why the image will not load us, if that is known beforehand:
  // kHandedOver, kUnreachable or kOnlyLists. Names: dir, name.
  kExec = 3,
  // The exec announced last by this pid failed; the old image goes on. No
  // names.
  kExecFailed = 4,
  // pid has created the process a, whose life is b; 0 if libc has made it, and
  // it will draw one itself. The child says so too, by kForked: either may come
  // first, and either may be missing (the other side was killed, or knew that
  // it had been said). No names.
  kFork = 5,
  // pid is about to exit with status a (0..255) by itself. More records of the
  // same pid may follow (exit handlers, other threads), and a signal may still
  // end it otherwise: a hint for the status, not the end. b: kWaitsForLog if it
  // will do nothing more until the session is over. No names.
  kExit = 6,
  // pid has learnt the end of its child a, whose wait status is b (as waitpid()
  // gives it; ended, never stopped). Everything the child ever reported is in
  // the pipe before this record. No names.
  kChildEnded = 7,
  // Like kChildEnded, but the call did not say which child: system(), pclose().
  // a: 0. b: wait status. No names.
  kSomeChildEnded = 8,
  // A successful chdir or fchdir. Names: the new directory, absolute; empty if
  // it has no name that could be told. a: kByFileAction, or kRenamed if there
  // was no such call: the directory has got another name.
  kChdir = 9,
  // A successful unlink or rmdir. Names: dir, name.
  kUnlink = 10,
  // A successful link. Names: dir and name of the old, dir and name of the new.
  kLink = 11,
  // A successful symlink. Names: the target's text, then dir and name.
  kSymlink = 12,
  // A successful rename. Names: dir and name of the old, dir and name of the
  // new. a: kExchange if the two have changed places.
  kRename = 13,
  // pid calls posix_spawn() with file actions that open or change directory,
  // for a child with the life a. Until the kSpawnEnd what that child says
  // itself
  // is held back: its kFork and the records that the file actions caused are
  // about to come. No names.
  kSpawnBegin = 14,
  // The posix_spawn() for a child with the life a is over, and all that it
  // caused is reported. No names.
  kSpawnEnd = 15,
  // a records of pid could not be written and are lost. No names.
  kLost = 16,
  // A piece of a record longer than kMaxWrite. a: a number that all pieces of
  // that record share, unique in pid. b: the offset of this piece. The bytes
  // after the header (Header::names is 0) are the piece; the piece at offset 0
  // begins with the whole record's own Header, whose size is the total. The
  // pieces come in order, possibly with other records between them.
  kFragment = 17,
  // pid, which has no parent in its own pid namespace, is the process a of the
  // pid namespace b. Comes before its other records, and may come again. No
  // names.
  kEntered = 18,
  // pid reports to another session from now on. No names.
  kLeft = 19,
  // Calls of a library in pid, or of its program, do not come to our wrappers.
  // a:
  // why. Names: the library, or the program.
  kUnseen = 20,
  // Like kChildEnded, said by a tracer (ptrace(2)), to whom the kernel reports
  // threads and other people's children as well: to be taken for the end of the
  // process a only if there is one, and nobody else tells how it ended.
  kTraceeEnded = 21,
  // The records of pid that follow have no stamps, as it must not read the
  // clock (PR_SET_TSC in prctl(2)). No names.
  kUnstamped = 22,
  // The other side of a kFork: the process a with the life b has created pid.
  // Comes before pid's other records. No names.
  kForked = 23,
  // pid, of which no kFork or kForked may have told, has the environment or the
  // memory of the process a with the life b, and so was made by it, or by its
  // descendants. Comes before pid's kStart. No names.
  kDescends = 24,
  // The parent of the process a, which has made pid or an ancestor of it, is
  // the
  // process b. Comes after pid's kDescends: a chain of these leads from pid's
  // parent to the process that the kDescends has named. No names.
  kAncestor = 25,
  // pid has found the life a in FILEMON_SESSION, and a parent that has not put
  // it
  // there: it is that child, an orphan, or that child's program cannot load us
  // and has made it. Comes before pid's kDescends. No names.
  kFoundLife = 26,
};
inline constexpr uint8_t kLastKind = 26;

// For kOpen's a.
inline constexpr int32_t kReads = 1;
inline constexpr int32_t kWrites = 2;

// For kChdir's a.
inline constexpr int32_t kRenamed = 1;

// For kOpen's and kChdir's a: a file action of posix_spawn() has done it, and
// the parent says so in pid's name.
inline constexpr int32_t kByFileAction = 4;

// For kRename's a.
inline constexpr int32_t kExchange = 1;

// For a `dir`.
inline constexpr char kNoDirectory[] = "?";

// For kExec's a, added up.
inline constexpr int32_t kSaidOfSpawned = 1;
inline constexpr int32_t kHandedOver = 2;   // another session takes it over
inline constexpr int32_t kUnreachable = 4;  // libfilemon.so cannot be opened
// The dynamic linker shows which libraries the program needs, and does not run
// it: ours is none of these.
inline constexpr int32_t kOnlyLists = 8;

// For kUnseen's a.
inline constexpr int32_t kBoundToLibc = 1;     // by RTLD_DEEPBIND, for good
inline constexpr int32_t kOtherNamespace = 2;  // by dlmopen()
inline constexpr int32_t kWithoutLibc = 3;     // makes system calls by itself

// For kExit's b.
inline constexpr int32_t kWaitsForLog = 1;

struct Header {
  uint32_t cookie;  // the session's; anything else is not a record
  uint16_t size;    // of the record in bytes, this header included
  uint8_t kind;     // a Kind
  uint8_t names;    // how many NUL-terminated names follow
  // Stamp() when the record was made, its halves: 64 bits would be aligned
  // differently in 32-bit and in 64-bit processes. 0 if the speaker cannot
  // tell: then it is said in the pipe, and has its place there.
  uint32_t stamp_low;
  uint32_t stamp_high;
  int32_t pid;  // whom the record is about
  int32_t a;
  int32_t b;
  // In which pid, and a and b where they are processes, count: the inode number
  // of /proc/PID/ns/pid, or 0 for the collector's.
  uint32_t pid_namespace;
  uint32_t life;  // of pid; 0 if it is not known
};
static_assert(sizeof(Header) == 36, "one layout for every process");

inline uint64_t StampOf(const Header& header) {
  return static_cast<uint64_t>(header.stamp_high) << 32 | header.stamp_low;
}

// PID_MAX_LIMIT of include/linux/threads.h: pids are less.
inline constexpr int32_t kPidLimit = 4 * 1024 * 1024;

// Header::pid_namespace of a process that cannot tell its own.
inline constexpr uint32_t kUnknownPidNamespace = UINT32_MAX;
static_assert(kMaxRecord <= UINT16_MAX, "Header::size can hold it");

// The number of names that a record of this kind carries; -1 for an unknown
// kind.
constexpr int NamesOf(Kind kind) {
  switch (kind) {
    case Kind::kStart:
    case Kind::kOpen:
    case Kind::kExec:
    case Kind::kUnlink:
      return 2;
    case Kind::kChdir:
    case Kind::kUnseen:
      return 1;
    case Kind::kSymlink:
      return 3;
    case Kind::kLink:
    case Kind::kRename:
      return 4;
    case Kind::kExecFailed:
    case Kind::kFork:
    case Kind::kExit:
    case Kind::kChildEnded:
    case Kind::kTraceeEnded:
    case Kind::kSomeChildEnded:
    case Kind::kSpawnBegin:
    case Kind::kSpawnEnd:
    case Kind::kLost:
    case Kind::kFragment:
    case Kind::kEntered:
    case Kind::kLeft:
    case Kind::kUnstamped:
    case Kind::kForked:
    case Kind::kDescends:
    case Kind::kAncestor:
    case Kind::kFoundLife:
      return 0;
  }
  return -1;
}

}  // namespace wire
}  // namespace filemon

#endif  // FILEMON_CORE_WIRE_H_
