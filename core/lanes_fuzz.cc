// Lets the input write over a lane, as any process of the session can, while
// the collector takes records out of it. The input is a list of
//
//   action, position in words (two bytes), length, bytes
//
// where the action says what happens besides the writing.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/intake.h"
#include "core/lanes.h"
#include "core/sequencer.h"

namespace filemon {
namespace {

constexpr uint32_t kCookie = 0xc0ffee11;

// A lane that the fuzzer holds and writes to.
class Mapping {
 public:
  explicit Mapping(const Lanes& lanes) {
    const int fd =
        open(absl::StrCat("/proc/self/fd/", lanes.fd()).c_str(), O_RDWR);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_len = 1;
    fcntl(fd, F_OFD_SETLK, &lock);
    memory_ =
        static_cast<char*>(mmap(nullptr, lane::kSize, PROT_READ | PROT_WRITE,
                                MAP_SHARED, fd, lane::kFirstLane));
    close(fd);
  }
  ~Mapping() { munmap(memory_, lane::kSize); }

  char* memory() const { return memory_; }
  lane::Header* lane() const {
    return reinterpret_cast<lane::Header*>(memory_);
  }

 private:
  char* memory_;
};

}  // namespace
}  // namespace filemon

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace filemon;
  const auto lanes = Lanes::Create(kCookie);
  if (lanes == nullptr || lanes->count() == 0) return 0;
  auto mapping = std::make_unique<Mapping>(*lanes);
  lanes->head()->begun[0] = 1;

  Sequencer sequencer;
  Intake intake(kCookie, [](const Record&) {});
  const auto take = [&](uint64_t before) {
    size_t taken = 0;
    lanes->FindBegun();
    lanes->Take(before,
                [&](size_t lane, uint64_t stamp, absl::string_view record) {
                  if (stamp >= before || record.size() > lane::kSize) abort();
                  taken += record.size();
                  sequencer.Add(lane, stamp, record);
                });
    // Nothing is taken twice: each byte of the lane is some record's, once.
    if (taken > lane::kSize) abort();
    sequencer.Deliver(before, [&](absl::string_view bytes) {
      Record record;
      intake.DecodeWhole(bytes, &record);
    });
  };

  lane::Begin(mapping->lane());
  while (size >= 4) {
    const uint8_t action = data[0];
    const size_t at = (data[1] | data[2] << 8) * 4 % lane::kSize;
    const size_t length =
        std::min({size_t{data[3]}, size - 4, lane::kSize - at});
    const uint8_t* const bytes = data + 4;
    data += 4 + length;
    size -= 4 + length;
    if (action & 1) {
      // As an honest writer does.
      if (char* const place = lane::Claim(
              mapping->lane(), static_cast<uint32_t>(std::max<size_t>(
                                   length, lane::kAlignment)))) {
        if (place < mapping->memory() ||
            place + length > mapping->memory() + lane::kSize) {
          continue;  // it believes what has been written over
        }
        memcpy(place, bytes, length);
        if (action & 2) lane::Commit(place, kCookie);
      }
    } else {
      memcpy(mapping->memory() + at, bytes, length);
    }
    if (action & 4) take(action & 8 ? UINT64_MAX : action);
  }
  mapping = nullptr;
  take(UINT64_MAX);
  take(UINT64_MAX);
  if (lanes->in_use()) abort();
  return 0;
}
