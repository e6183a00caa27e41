// feed WHAT TIMES: does the collector's half of the work, from the bytes in the
// pipe to the text of the log, in the function Counted(): TIMES records of one
// kind, or processes of seven records.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <string>

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
constexpr pid_t kRoot = 100;
constexpr pid_t kOther = 101;

uint32_t LifeOf(pid_t pid) { return 1000000 + static_cast<uint32_t>(pid); }

// The machine is no part of what is counted.
class QuietHost : public SilentHost {
 public:
  pid_t ParentOf(pid_t) override { return kRoot; }
  bool Lives(ProcessKey, pid_t, pid_t, uint64_t, uint64_t) override {
    return true;
  }
};

class Feed {
 public:
  explicit Feed(PathStyle style) : merge_(style, &host_, &log_) {
    merge_.Root(kRoot, LifeOf(kRoot), "/bin/root", "/work");
    Add(Kind::kStart, kRoot, 1, 0, {"/bin/root", "/work"});
    Add(Kind::kFork, kRoot, kOther, LifeOf(kOther), {});
    Add(Kind::kOpen, kOther, wire::kReads, 0, {"", "first"});
    Give();
  }

  void Add(Kind kind, pid_t pid, int32_t a, int32_t b,
           const std::vector<std::string>& names) {
    bytes_ += EncodeRecord(kCookie, kind, pid, a, b, names, 0, LifeOf(pid));
  }

  void Give() {
    intake_.Feed(bytes_);
    bytes_.clear();
  }

  uint64_t Lines() const {
    uint64_t lines = 0;
    for (char letter = 'A'; letter <= 'Z'; ++letter) {
      lines += log_.count(letter);
    }
    return lines;
  }

 private:
  QuietHost host_;
  LogWriter log_{[](absl::string_view) { return absl::OkStatus(); }};
  Merge merge_;
  Intake intake_{kCookie, [this](const Record& record) {
                   merge_.Accept(record);
                   // As the kernel would tell it then.
                   if (record.kind == Kind::kChildEnded) {
                     const ProcessKey child = KeyOf(record.a, LifeOf(record.a));
                     merge_.Ended(child, record.b);
                     intake_.Forget(child);
                   }
                 }};
  std::string bytes_;
};

std::string Name(int i) {
  return absl::StrCat("include/project/header", i % 1000, ".h");
}

// A compiler's run, but for its opens.
void AddProcess(pid_t pid, Feed* feed) {
  feed->Add(Kind::kFork, kRoot, pid, LifeOf(pid), {});
  feed->Add(Kind::kForked, pid, kRoot, LifeOf(kRoot), {});
  feed->Add(Kind::kExec, pid, 0, 0, {"", "/usr/bin/cc"});
  feed->Add(Kind::kStart, pid, kRoot, 0, {"/usr/bin/cc", "/work"});
  feed->Add(Kind::kOpen, pid, wire::kReads, 0, {"", "/lib/libc.so.6"});
  feed->Add(Kind::kExit, pid, 0, 0, {});
  feed->Add(Kind::kChildEnded, kRoot, pid, 0, {});
}

// What is counted together: the first time or the second.
void Add(const std::string& what, int begin, int end, Feed* feed) {
  for (int i = begin; i < end; ++i) {
    // Processes speak in turns, as they come out of a full pipe.
    const pid_t pid = i / 20 % 2 == 0 ? kRoot : kOther;
    if (what == "unlink") {
      feed->Add(Kind::kUnlink, pid, 0, 0, {"", Name(i)});
    } else if (what == "openat") {
      feed->Add(Kind::kOpen, pid, wire::kReads, 0, {"/work/source", Name(i)});
    } else if (what == "process") {
      AddProcess(kOther + 1 + i, feed);
    } else {
      feed->Add(Kind::kOpen, pid, wire::kReads, 0, {"", Name(i)});
    }
  }
}

// By this name, which is not mangled, valgrind is told what to count.
extern "C" __attribute__((noinline)) void Counted(Feed* feed) { feed->Give(); }

int Run(const std::string& what, int times) {
  Feed feed(what == "absolute" ? PathStyle::kAbsolute : PathStyle::kGiven);
  // The second time counts: then the memory that is needed has been had.
  Add(what, 0, times, &feed);
  feed.Give();
  Add(what, times, 2 * times, &feed);
  const uint64_t before = feed.Lines();
  Counted(&feed);
  // What is refused is quickly done.
  return feed.Lines() < before + times ? 1 : 0;
}

}  // namespace
}  // namespace filemon

int main(int argc, char** argv) {
  const int times = argc == 3 ? atoi(argv[2]) : 0;
  if (times < 1) {
    fputs("usage: feed open | openat | absolute | unlink | process TIMES\n",
          stderr);
    return 2;
  }
  return filemon::Run(argv[1], times);
}
