// Text for standard output.
#ifndef FILEMON_CORE_LOG_OUTPUT_H_
#define FILEMON_CORE_LOG_OUTPUT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace filemon::log {

// Collects text and hands it to a descriptor in large pieces. A reader that has
// gone away is no error: what is left is dropped, and closed() says so.
//
// Not thread-safe.
class Output {
 public:
  // `fd` stays the caller's. SIGPIPE must be ignored.
  explicit Output(int fd) : fd_(fd) {}

  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Add(absl::string_view text) {
    text_.append(text.data(), text.size());
    if (text_.size() >= kPiece) Flush();
  }
  // False if it could not be written; errno says why.
  bool Flush();
  bool closed() const { return closed_; }

 private:
  static constexpr size_t kPiece = 64 * 1024;

  const int fd_;
  std::string text_;
  bool closed_ = false;
  int error_ = 0;
};

// Adds `text` to `json` as a JSON string. What is no UTF-8 in it becomes
// U+FFFD; returns false then.
bool AddJsonString(absl::string_view text, std::string* json);

// Adds `"KEY":"TEXT"`, and, as JSON cannot carry bytes that are no UTF-8,
// `"KEY_base64":"..."` with the exact bytes of such a text.
void AddJsonName(absl::string_view key, absl::string_view text,
                 std::string* json);

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_OUTPUT_H_
