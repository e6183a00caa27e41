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

// What the integers of a record can be, if they are what its kind says they
// are.
struct Bounds {
  int32_t least_a = INT32_MIN;
  int32_t most_a = INT32_MAX;
  int32_t least_b = INT32_MIN;
  int32_t most_b = INT32_MAX;
  bool a_is_another = false;  // than the pid
  bool b_is_an_end = false;   // a wait status
};

constexpr Bounds BoundsOf(Kind kind) {
  Bounds bounds;
  switch (kind) {
    case Kind::kStart:
      bounds.least_a = 0;
      break;
    case Kind::kOpen:
      bounds.least_a = wire::kReads;
      bounds.most_a = wire::kReads | wire::kWrites | wire::kByFileAction;
      break;
    case Kind::kExec:
      bounds.least_a = 0;
      bounds.most_a = wire::kSaidOfSpawned | wire::kHandedOver |
                      wire::kUnreachable | wire::kOnlyLists;
      break;
    case Kind::kFork:
      bounds.least_a = 1;
      bounds.a_is_another = true;
      bounds.most_a = wire::kPidLimit - 1;
      break;
    case Kind::kForked:
    case Kind::kDescends:
      bounds.least_a = 0;
      bounds.most_a = wire::kPidLimit - 1;
      break;
    case Kind::kAncestor:
      bounds.least_a = 1;
      bounds.most_a = wire::kPidLimit - 1;
      bounds.least_b = 1;
      bounds.most_b = wire::kPidLimit - 1;
      break;
    case Kind::kExit:
      bounds.least_a = 0;
      bounds.most_a = 255;
      break;
    case Kind::kChildEnded:
    case Kind::kTraceeEnded:
      bounds.least_a = 1;
      bounds.a_is_another = true;
      bounds.b_is_an_end = true;
      break;
    case Kind::kSomeChildEnded:
      bounds.b_is_an_end = true;
      break;
    case Kind::kUnseen:
      bounds.least_a = wire::kBoundToLibc;
      bounds.most_a = wire::kWithoutLibc;
      break;
    case Kind::kFragment:
      bounds.least_b = 0;
      break;
    case Kind::kLost:
      bounds.least_a = 1;
      break;
    case Kind::kEntered:
      bounds.least_a = 1;
      bounds.most_a = wire::kPidLimit - 1;
      break;
    default:
      break;
  }
  return bounds;
}

// By kind. Each record asks: a table is faster than the switches.
struct Shape {
  Bounds bounds;
  int names = -1;  // -1: there is no such kind
};
struct Shapes {
  Shape of[wire::kLastKind + 1];
};
constexpr Shapes MakeShapes() {
  Shapes shapes;
  for (int kind = 0; kind <= wire::kLastKind; ++kind) {
    shapes.of[kind].bounds = BoundsOf(static_cast<Kind>(kind));
    shapes.of[kind].names = wire::NamesOf(static_cast<Kind>(kind));
  }
  return shapes;
}
constexpr Shapes kShapes = MakeShapes();

bool InBounds(const Bounds& bounds, const Header& h) {
  return h.pid > 0 && h.pid < wire::kPidLimit && h.a >= bounds.least_a &&
         h.a <= bounds.most_a && h.b >= bounds.least_b &&
         h.b <= bounds.most_b && !(bounds.a_is_another && h.a == h.pid) &&
         !(bounds.b_is_an_end && !WIFEXITED(h.b) && !WIFSIGNALED(h.b));
}

}  // namespace

Intake::Intake(uint32_t cookie, Sink sink)
    : cookie_(cookie), sink_(std::move(sink)) {}

void Intake::Feed(absl::string_view bytes, size_t stream) {
  std::string& tail = tails_[stream];
  if (tail.empty()) {
    bytes.remove_prefix(Consume(bytes));
    tail.assign(bytes.data(), bytes.size());
    return;
  }
  tail.append(bytes.data(), bytes.size());
  tail.erase(0, Consume(tail));
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
  for (std::string& left : tails_) {
    const std::string tail = std::exchange(left, {});
    for (absl::string_view bytes = tail; !bytes.empty();) {
      const size_t garbage =
          bytes.size() < sizeof(Header) ? bytes.size() : NextHeader(bytes);
      dropped_bytes_ += garbage;
      bytes.remove_prefix(garbage);
      bytes.remove_prefix(Consume(bytes));
    }
  }
  dropped_records_ += partials_.size();
  partials_.clear();
}

void Intake::Forget(ProcessKey process) {
  for (auto it = partials_.begin(); it != partials_.end();) {
    const FragmentKey& key = it->first;
    if (KeyOf(std::get<1>(key), std::get<3>(key)) == process) {
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
  if (header.cookie != cookie_ || header.kind > wire::kLastKind) return false;
  const Shape& shape = kShapes.of[header.kind];
  return header.names == shape.names &&
         header.size >= sizeof(Header) + header.names &&
         header.size <= max_size && InBounds(shape.bounds, header);
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
  record->life = header.life;
  record->stamp = wire::StampOf(header);
  record->bytes = bytes;
  const char* name = bytes.data() + sizeof(Header);
  const char* const end = bytes.data() + bytes.size();
  for (int i = 0; i < header.names; ++i) {
    // Most names are relative to no directory.
    if (name < end && *name == '\0') {
      record->names[i] = absl::string_view(name, 0);
      ++name;
      continue;
    }
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
                        header.life);
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
