// What a process says to a collector that it has started itself, and what the
// collector answers: the messages behind /dev/filemon, FILEMON_LOG and
// libfilemon(3).
//
// Like wire.h this header is included by both sides: it is freestanding, and
// its layout is the same in 32-bit and 64-bit processes.
//
// A message is one packet on a connected AF_UNIX SOCK_SEQPACKET socket. The
// process's end is the session for the program: the kernel counts who holds it,
// and when the last descriptor of it is closed the session is over. It carries
// requests only. Each request that wants an answer brings a socket of its own
// for it (SCM_RIGHTS), since many processes may ask at the same time; the
// answer is one Reply.
#ifndef FILEMON_CORE_CONTROL_H_
#define FILEMON_CORE_CONTROL_H_

#include <stdint.h>

namespace filemon {
namespace control {

// The name of the collector's executable, which lies beside libfilemon.so. It
// is started with its end of the socket as standard input.
inline constexpr char kCollectorFile[] = "filemon-collector";

// The process's end of the socket is bound to an abstract name (unix(7)) that
// begins like this, by which any process that holds it knows what it is.
inline constexpr char kSocketName[] = "filemon/session/";

enum class Kind : uint32_t {
  // The log is to be written to a descriptor. Descriptors: answer, log. pid:
  // the process that says so, for the log's header. a: kAbsolutePaths, kEmpty.
  // Errors: EEXIST, it is set already.
  kSetLog = 1,
  // The process `pid`, and what it creates from now on, is to be traced, and
  // nothing else any more. Descriptors: answer. inode: of the pipe of the
  // session that it is traced by already, 0 if none. a: kCaller, and of
  // FILEMON_LOG's first process kFirst and kWaitAll. The answer to kCaller
  // carries the pipe's writing end.
  // Errors: ESRCH; EBUSY, traced by another session; EMFILE and the like.
  kAttach = 2,
  // A descriptor of the socket is about to be closed. Descriptors: answer.
  // inode: the socket's. The process closes it, and then says so by a byte on
  // the answer's socket. If that was the last one the session ends, and the
  // answer's error is the first one of writing the log; otherwise it is
  // kStillOpen.
  kClosing = 3,
  // The process `pid` has ended with wait status a, as its parent knows.
  kChildEnded = 4,
};

// Request::a
inline constexpr int32_t kAbsolutePaths = 1;
inline constexpr int32_t kEmpty = 2;  // what is in the file is of another log
inline constexpr int32_t kCaller = 1;
inline constexpr int32_t kFirst = 2;
inline constexpr int32_t kWaitAll = 4;

// Reply::error of kClosing when others hold the socket as well.
inline constexpr int32_t kStillOpen = -1;

struct Request {
  uint32_t kind;  // a Kind
  int32_t pid;
  int32_t a;
  int32_t padding;
  uint64_t inode;
};
static_assert(sizeof(Request) == 24, "one layout for every process");

inline constexpr Request MakeRequest(Kind kind, int32_t pid, int32_t a,
                                     uint64_t inode = 0) {
  return {static_cast<uint32_t>(kind), pid, a, 0, inode};
}

// What the process needs to report to the session: the fields of
// wire::kSessionVariable.
struct Reply {
  int32_t error;  // an errno, 0 for success
  int32_t collector;
  int32_t collector_fd;
  uint32_t cookie;
  uint64_t inode;
  int32_t bell;
  int32_t lanes;
};
static_assert(sizeof(Reply) == 32, "one layout for every process");

}  // namespace control
}  // namespace filemon

#endif  // FILEMON_CORE_CONTROL_H_
