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
  bool IsOrphan(pid_t) override { return false; }
  bool Lives(pid_t pid) override { return pid % 5 == 4; }
  bool Gone(pid_t pid) override { return pid % 5 == 3; }
  absl::optional<uint32_t> ProofOf(pid_t pid) override {
    return pid % 11 == 5 ? absl::optional<uint32_t>(pid) : absl::nullopt;
  }
  bool Emulates(pid_t pid) override { return pid % 11 == 5; }
  bool IsStranger(pid_t pid) override { return pid % 11 == 7; }
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
  merge.Root(1, "/root", "/");
  Intake intake(cookie, [&](const Record& record) {
    merge.Accept(record);
    // Deaths come in between; some with a status, some without.
    if (record.pid % 7 == 3) {
      merge.Ended(record.pid, record.pid % 2
                                  ? absl::optional<int>(record.b & 0x7f)
                                  : absl::nullopt);
      intake.Forget(record.pid);
    }
  });
  while (!bytes.empty()) {
    intake.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  intake.Finish();
  merge.Ended(1, 0);
  merge.Finish();
  if (!log.Flush().ok()) abort();
  // An empty name is all that may be wrong with a line; no name breaks one.
  if (!text.empty() && text.back() != '\n') abort();
  return 0;
}
