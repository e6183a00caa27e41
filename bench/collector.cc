// collector RECORDS WRITERS [absolute]: what the collector's half of the work
// costs, from bytes to the text of the log: the processor time of each record,
// and the memory that the processes take.
//
// RECORDS opens by WRITERS processes, all alive at once, that speak in turns.
// Before, each was forked and has executed an image of its own.
//
// The machine answers nothing here, and the log goes nowhere: what system calls
// cost is no part of it. The input is the same each time.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/intake.h"
#include "core/log_writer.h"
#include "core/merge.h"
#include "core/silent_host.h"
#include "core/wire_encode.h"

namespace filemon {
namespace {

using wire::Kind;

constexpr uint32_t kCookie = 0x1234567;
constexpr pid_t kRoot = 1000;
constexpr uint32_t kLife = 77;  // of the root, and the others' after it

// How many records of one process come in a row, and how many bytes at once.
constexpr int kTurn = 16;
constexpr size_t kPiece = 64 * 1024;

double CpuNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec);
}

long PeakKib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

std::string Start(pid_t pid, pid_t parent, uint32_t life) {
  return EncodeRecord(
      kCookie, Kind::kStart, pid, parent, 0,
      {absl::StrCat("/usr/lib/program/", pid), "/home/somebody/project/build"},
      0, life);
}

std::string Open(pid_t pid, int number, uint32_t life) {
  return EncodeRecord(
      kCookie, Kind::kOpen, pid, wire::kReads, 0,
      {"", absl::StrCat("include/project/header", number, ".h")}, 0, life);
}

int Run(long records, int writers, PathStyle style) {
  SilentHost host;
  LogWriter log([](absl::string_view) { return absl::OkStatus(); });
  Merge merge(style, &host, &log);
  Intake intake(kCookie, [&](const Record& record) { merge.Accept(record); });
  const long before = PeakKib();
  merge.Root(kRoot, kLife, "/bin/root", "/");
  intake.Feed(Start(kRoot, 1, kLife));
  for (pid_t pid = kRoot + 1; pid <= kRoot + writers; ++pid) {
    intake.Feed(EncodeRecord(kCookie, Kind::kFork, kRoot, pid, kLife + pid, {},
                             0, kLife));
    intake.Feed(EncodeRecord(kCookie, Kind::kExec, pid, 0, 0,
                             {"", "/usr/bin/program"}, 0, kLife + pid));
    intake.Feed(Start(pid, kRoot, kLife + pid));
  }
  merge.TakeAppeared();
  const long processes = PeakKib() - before;

  // A turn of everybody, again and again.
  std::vector<std::string> pieces(1);
  const long in_round = static_cast<long>(writers) * kTurn;
  for (pid_t pid = kRoot + 1; pid <= kRoot + writers; ++pid) {
    for (int i = 0; i < kTurn; ++i) {
      if (pieces.back().size() > kPiece) pieces.emplace_back();
      pieces.back() += Open(pid, i, kLife + pid);
    }
  }
  const double begin = CpuNanoseconds();
  long done = 0;
  for (; done < records; done += in_round) {
    for (const std::string& piece : pieces) intake.Feed(piece);
  }
  const double took = CpuNanoseconds() - begin;
  if (log.count('R') != static_cast<uint64_t>(done)) {
    fprintf(stderr, "collector: %ld records in, %ld out\n", done,
            static_cast<long>(log.count('R')));
    return 1;
  }
  printf("%ld records of %d writers: %.1f ns each; %d processes: %ld KiB\n",
         done, writers, took / static_cast<double>(done), writers, processes);
  return 0;
}

}  // namespace
}  // namespace filemon

int main(int argc, char** argv) {
  const long records = argc > 2 ? atol(argv[1]) : 0;
  const int writers = argc > 2 ? atoi(argv[2]) : 0;
  const bool absolute = argc > 3 && strcmp(argv[3], "absolute") == 0;
  if (records < 1 || writers < 1 || argc != (absolute ? 4 : 3)) {
    fprintf(stderr, "usage: collector RECORDS WRITERS [absolute]\n");
    return 2;
  }
  return filemon::Run(
      records, writers,
      absolute ? filemon::PathStyle::kAbsolute : filemon::PathStyle::kGiven);
}
