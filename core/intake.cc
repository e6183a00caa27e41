#include "core/intake.h"

#include <string.h>
#include <sys/wait.h>

#include <utility>

namespace filemon {
namespace {

using wire::Header;
using wire::Kind;

// More half-received records than this at one time are not the work of the
// library: a thread has at most one under way.
constexpr size_t kMaxPartials = 4096;

Header LoadHeader(absl::string_view bytes) {
  Header header;
  memcpy(&header, bytes.data(), sizeof(header));
  return header;
}

// Whether the integers of a record can be what its kind says they are.
bool InRange(const Header& h) {
  if (h.pid <= 0 || h.pid >= wire::kPidLimit) return false;
  switch (static_cast<Kind>(h.kind)) {
    case Kind::kStart:
      return h.a >= 0 && h.b >= 0;
    case Kind::kOpen:
      return h.a >= wire::kReads && h.a <= (wire::kReads | wire::kWrites);
    case Kind::kExec:
      return h.a >= 0 && h.a <= (wire::kSaidOfSpawned | wire::kHandedOver |
                                 wire::kUnreachable);
    case Kind::kFork:
      return h.a > 0 && h.a != h.pid && h.b >= wire::kSaidByParent &&
             h.b <= wire::kSaidOfSpawn;
    case Kind::kExit:
      return h.a >= 0 && h.a <= 255;
    case Kind::kChildEnded:
    case Kind::kTraceeEnded:
      return h.a > 0 && h.a != h.pid && (WIFEXITED(h.b) || WIFSIGNALED(h.b));
    case Kind::kUnseen:
      return h.a >= wire::kBoundToLibc && h.a <= wire::kWithoutLibc;
    case Kind::kSomeChildEnded:
      return WIFEXITED(h.b) || WIFSIGNALED(h.b);
    case Kind::kSpawnEnd:
      return h.b >= 0;
    case Kind::kLost:
      return h.a > 0;
    case Kind::kFragment:
      return h.b >= 0;
    case Kind::kEntered:
      return h.a > 0 && h.a < wire::kPidLimit;
    default:
      return true;
  }
}

}  // namespace

Intake::Intake(uint32_t cookie, Sink sink)
    : cookie_(cookie), sink_(std::move(sink)) {}

void Intake::Feed(absl::string_view bytes) {
  if (tail_.empty()) {
    bytes.remove_prefix(Consume(bytes));
    tail_.assign(bytes.data(), bytes.size());
    return;
  }
  tail_.append(bytes.data(), bytes.size());
  tail_.erase(0, Consume(tail_));
}

bool Intake::DecodeWhole(absl::string_view bytes, Record* record) {
  if (bytes.size() >= sizeof(Header)) {
    const Header header = LoadHeader(bytes);
    if (PlausibleHeader(header, wire::kMaxRecord) &&
        header.size == bytes.size() &&
        static_cast<Kind>(header.kind) != Kind::kFragment &&
        Decode(header, bytes, record)) {
      return true;
    }
  }
  dropped_bytes_ += bytes.size();
  return false;
}

void Intake::Finish() {
  std::string tail = std::exchange(tail_, {});
  for (absl::string_view bytes = tail; !bytes.empty();) {
    const size_t garbage =
        bytes.size() < sizeof(Header) ? bytes.size() : NextHeader(bytes);
    dropped_bytes_ += garbage;
    bytes.remove_prefix(garbage);
    bytes.remove_prefix(Consume(bytes));
  }
  dropped_records_ += partials_.size();
  partials_.clear();
}

void Intake::Forget(int32_t pid) {
  for (auto it = partials_.begin(); it != partials_.end();) {
    if (std::get<0>(it->first) == 0 && std::get<1>(it->first) == pid) {
      ++dropped_records_;
      partials_.erase(it++);
    } else {
      ++it;
    }
  }
}

size_t Intake::Consume(absl::string_view bytes) {
  const size_t given = bytes.size();
  while (bytes.size() >= sizeof(Header)) {
    const Header header = LoadHeader(bytes);
    bool valid = PlausibleHeader(header, wire::kMaxWrite);
    if (valid && bytes.size() < header.size) {
      valid = !IsCutShort(header, bytes);
      if (valid) break;
    }
    if (valid) {
      const absl::string_view whole = bytes.substr(0, header.size);
      if (static_cast<Kind>(header.kind) == Kind::kFragment) {
        valid = AddFragment(header, whole.substr(sizeof(Header)));
      } else {
        Record record;
        valid = Decode(header, whole, &record);
        if (valid) sink_(record);
      }
    }
    if (valid) {
      bytes.remove_prefix(header.size);
    } else {
      const size_t garbage = NextHeader(bytes);
      dropped_bytes_ += garbage;
      bytes.remove_prefix(garbage);
    }
  }
  return given - bytes.size();
}

// The kernel does not cut writes short. Somebody wrote less than his header
// says: what others wrote after it must not wait, or be lost, for his sake.
bool Intake::IsCutShort(const Header& header, absl::string_view bytes) const {
  const absl::string_view cookie(reinterpret_cast<const char*>(&cookie_),
                                 sizeof(cookie_));
  size_t at = sizeof(Header);
  // The first piece begins with a header of its own.
  if (static_cast<Kind>(header.kind) == Kind::kFragment && header.b == 0) {
    at += sizeof(Header);
  }
  for (at = bytes.find(cookie, at); at != bytes.npos;
       at = bytes.find(cookie, at + 1)) {
    if (bytes.size() - at < sizeof(Header)) return false;
    if (PlausibleHeader(LoadHeader(bytes.substr(at)), wire::kMaxWrite)) {
      return true;
    }
  }
  return false;
}

bool Intake::PlausibleHeader(const Header& header, size_t max_size) const {
  const int names = wire::NamesOf(static_cast<Kind>(header.kind));
  return header.cookie == cookie_ && names >= 0 && header.names == names &&
         header.size >= sizeof(Header) + names && header.size <= max_size &&
         InRange(header);
}

size_t Intake::NextHeader(absl::string_view bytes) const {
  const absl::string_view cookie(reinterpret_cast<const char*>(&cookie_),
                                 sizeof(cookie_));
  for (size_t at = bytes.find(cookie, 1); at != bytes.npos;
       at = bytes.find(cookie, at + 1)) {
    if (bytes.size() - at < sizeof(Header) ||
        PlausibleHeader(LoadHeader(bytes.substr(at)), wire::kMaxWrite)) {
      return at;
    }
  }
  // The cookie may begin in the last bytes and end in those to come.
  return bytes.size() - (sizeof(cookie_) - 1);
}

bool Intake::Decode(const Header& header, absl::string_view bytes,
                    Record* record) {
  record->kind = static_cast<Kind>(header.kind);
  record->pid = header.pid;
  record->a = header.a;
  record->b = header.b;
  record->pid_namespace = header.pid_namespace;
  record->proof = header.proof;
  record->stamp =
      static_cast<uint64_t>(header.stamp_high) << 32 | header.stamp_low;
  record->bytes = bytes;
  const char* name = bytes.data() + sizeof(Header);
  const char* const end = bytes.data() + bytes.size();
  for (int i = 0; i < header.names; ++i) {
    const auto* const nul =
        static_cast<const char*>(memchr(name, '\0', end - name));
    if (nul == nullptr) return false;
    record->names[i] = absl::string_view(name, nul - name);
    name = nul + 1;
  }
  return name == end;
}

bool Intake::AddFragment(const Header& header, absl::string_view piece) {
  const FragmentKey key(header.pid_namespace, header.pid, header.a,
                        header.proof);
  auto it = partials_.find(key);
  if (header.b == 0) {
    if (it != partials_.end()) {
      ++dropped_records_;
      partials_.erase(it);
    }
    if (piece.size() < sizeof(Header)) return false;
    const Header whole = LoadHeader(piece);
    if (!PlausibleHeader(whole, wire::kMaxRecord) ||
        static_cast<Kind>(whole.kind) == Kind::kFragment) {
      return false;
    }
    if (partials_.size() == kMaxPartials) {
      ++dropped_records_;
      partials_.erase(partials_.begin());
    }
    it = partials_.emplace(key, Partial{std::string(), whole.size}).first;
  }
  if (it == partials_.end()) return false;

  Partial& partial = it->second;
  if (static_cast<size_t>(header.b) != partial.bytes.size() ||
      partial.bytes.size() + piece.size() > partial.total) {
    ++dropped_records_;
    partials_.erase(it);
    return false;
  }
  partial.bytes.append(piece.data(), piece.size());
  if (partial.bytes.size() < partial.total) return true;

  // Out of the table before the sink runs: it may call Forget().
  const std::string whole = std::move(partial.bytes);
  partials_.erase(it);
  Record record;
  if (Decode(LoadHeader(whole), whole, &record)) {
    sink_(record);
  } else {
    ++dropped_records_;
  }
  return true;
}

}  // namespace filemon
