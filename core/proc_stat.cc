#include "core/proc_stat.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace filemon {

absl::optional<ProcStat> ParseProcStat(absl::string_view text) {
  // proc(5): the second field is the program's name in parentheses, and may
  // hold blanks and parentheses itself; the fields counted here come after it.
  constexpr size_t kState = 0;
  constexpr size_t kParent = 1;
  constexpr size_t kThreads = 17;
  constexpr size_t kStartTime = 19;
  constexpr size_t kExitCode = 49;
  const size_t name_begin = text.find(" (");
  const size_t name_end = text.rfind(") ");
  if (name_end == text.npos || name_begin > name_end) return absl::nullopt;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::StripSuffix(text.substr(name_end + 2), "\n"), ' ');
  ProcStat stat;
  int64_t start;
  if (fields.size() <= kExitCode || fields[kState].size() != 1 ||
      !absl::SimpleAtoi(fields[kParent], &stat.parent) ||
      !absl::SimpleAtoi(fields[kThreads], &stat.threads) ||
      !absl::SimpleAtoi(fields[kStartTime], &start) ||
      !absl::SimpleAtoi(fields[kExitCode], &stat.wait_status)) {
    return absl::nullopt;
  }
  stat.name =
      std::string(text.substr(name_begin + 2, name_end - name_begin - 2));
  // USER_HZ is 100 wherever Linux runs.
  stat.start = absl::Milliseconds(10) * start;
  stat.state = fields[kState][0];
  return stat;
}

absl::optional<ProcStat> ReadProcStat(pid_t pid) {
  const int fd =
      open(absl::StrCat("/proc/", pid, "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::nullopt;
  char text[4096];
  const ssize_t n = read(fd, text, sizeof(text));
  close(fd);
  if (n <= 0) return absl::nullopt;
  return ParseProcStat(absl::string_view(text, n));
}

}  // namespace filemon
