#include "core/log/output.h"

#include <errno.h>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace filemon::log {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool IsTrail(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// How many bytes at `at` are one character of well-formed UTF-8 (table 3-7 of
// the Unicode standard); 0 if none are.
size_t CharacterAt(absl::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return IsTrail(byte(1)) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned char second = byte(1);
    const bool good = IsTrail(second) && IsTrail(byte(2)) &&
                      !(first == 0xe0 && second < 0xa0) &&
                      !(first == 0xed && second > 0x9f);
    return good ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned char second = byte(1);
    const bool good = IsTrail(second) && IsTrail(byte(2)) && IsTrail(byte(3)) &&
                      !(first == 0xf0 && second < 0x90) &&
                      !(first == 0xf4 && second > 0x8f);
    return good ? 4 : 0;
  }
  return 0;
}

bool IsPlain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

}  // namespace

bool Output::Flush() {
  absl::string_view left = text_;
  while (!left.empty() && !closed_ && error_ == 0) {
    const ssize_t n = write(fd_, left.data(), left.size());
    if (n >= 0) {
      left.remove_prefix(n);
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  text_.clear();
  errno = error_;
  return error_ == 0;
}

bool AddJsonString(absl::string_view text, std::string* json) {
  bool exact = true;
  json->push_back('"');
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && IsPlain(static_cast<unsigned char>(text[end])))
      ++end;
    json->append(text.data() + at, end - at);
    at = end;
    if (at == text.size()) break;
    const size_t size = CharacterAt(text, at);
    const auto c = static_cast<unsigned char>(text[at]);
    if (size == 0) {
      json->append(kReplacement.data(), kReplacement.size());
      exact = false;
      ++at;
    } else if (size > 1) {
      json->append(text.data() + at, size);
      at += size;
    } else {
      if (c == '"' || c == '\\') {
        json->push_back('\\');
        json->push_back(static_cast<char>(c));
      } else {
        absl::StrAppendFormat(json, "\\u%04x", c);
      }
      ++at;
    }
  }
  json->push_back('"');
  return exact;
}

void AddJsonName(absl::string_view key, absl::string_view text,
                 std::string* json) {
  absl::StrAppend(json, "\"", key, "\":");
  if (AddJsonString(text, json)) return;
  absl::StrAppend(json, ",\"", key, "_base64\":\"", absl::Base64Escape(text),
                  "\"");
}

}  // namespace filemon::log
