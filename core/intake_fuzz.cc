// Feeds bytes to the intake and the merge behind it. The input's first byte
// says in what pieces; the cookie is the next four, so that the fuzzer can hit
// it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/intake.h"
#include "core/log_reader.h"
#include "core/log_writer.h"
#include "core/merge.h"

namespace filemon {
namespace {

class NoHost : public Host {
 public:
  Image InspectImage(absl::string_view path) override {
    return {std::string(path), "not looked at"};
  }
  pid_t ParentOf(pid_t) override { return 0; }
  std::vector<pid_t> Orphans() override { return {21, 22}; }
  bool Lives(ProcessKey, pid_t pid, pid_t, uint64_t, uint64_t) override {
    return pid % 5 == 4;
  }
  bool Gone(ProcessKey, pid_t pid) override { return pid % 5 == 3; }
  absl::optional<int> StatusOf(ProcessKey, pid_t pid, uint64_t,
                               uint64_t) override {
    return pid % 11 == 5 ? absl::optional<int>(9) : absl::nullopt;
  }
  absl::optional<Handed> HandedTo(pid_t pid) override {
    return pid % 11 == 7 ? absl::optional<Handed>({pid, 0, 0}) : absl::nullopt;
  }
  bool Precedes(pid_t pid) override { return pid % 13 == 1; }
};

}  // namespace
}  // namespace filemon

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace filemon;
  if (size < 5) return 0;
  const size_t piece = data[0] + 1;
  uint32_t cookie;
  memcpy(&cookie, data + 1, sizeof(cookie));
  absl::string_view bytes(reinterpret_cast<const char*>(data) + 5, size - 5);

  std::string text;
  LogWriter log([&text](absl::string_view written) {
    text.append(written.data(), written.size());
    return absl::OkStatus();
  });
  NoHost host;
  const PathStyle style =
      data[0] % 2 ? PathStyle::kAbsolute : PathStyle::kGiven;
  Merge merge(style, &host, &log);
  merge.Root(1, 0, "/root", "/");
  Intake intake(cookie, [&](const Record& record) {
    merge.Accept(record);
    // Deaths come in between; some with a status, some without.
    if (record.pid % 7 == 3) {
      const ProcessKey process = KeyOf(record.pid, record.life);
      merge.BeginRound();
      merge.Ended(process, record.pid % 2 ? absl::optional<int>(record.b & 0x7f)
                                          : absl::nullopt);
      intake.Forget(process);
      merge.TakeAppeared();
      merge.TakeEnded();
    }
  });
  while (!bytes.empty()) {
    intake.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  intake.Finish();
  merge.Ended(merge.root(), 0);
  merge.Finish();
  if (!log.Flush().ok()) abort();
  // An empty name is all that may be wrong with a line; no name breaks one.
  if (!text.empty() && text.back() != '\n') abort();
  return 0;
}
