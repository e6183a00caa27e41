// What /proc/PID/stat says of a process.
#ifndef FILEMON_CORE_PROC_STAT_H_
#define FILEMON_CORE_PROC_STAT_H_

#include <stdint.h>
#include <sys/types.h>

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace filemon {

struct ProcStat {
  // The program's file name, or what it calls itself, of 15 bytes at most.
  std::string name;
  char state = 0;
  pid_t parent = 0;
  // Threads that are left. A process whose first thread has ended is shown as a
  // zombie as long as others go on.
  int threads = 0;
  // When it was started, after the machine was booted; in hundredths of a
  // second.
  absl::Duration start;
  // The wait status of a zombie. The kernel shows 0 instead to whom ptrace(2)
  // would not let near the process.
  int wait_status = 0;
};

// Whether the process has ended and nobody has waited for it yet.
inline bool IsZombie(const absl::optional<ProcStat>& stat) {
  return stat && stat->state == 'Z' && stat->threads <= 1;
}

// Nothing if `text` is not the text of such a file.
absl::optional<ProcStat> ParseProcStat(absl::string_view text);

// Nothing if there is no such process, or no /proc.
absl::optional<ProcStat> ReadProcStat(pid_t pid);

}  // namespace filemon

#endif  // FILEMON_CORE_PROC_STAT_H_
