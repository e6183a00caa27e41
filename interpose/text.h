// The few string functions that a guest without libc needs. All are
// async-signal-safe and allocate nothing.
#ifndef FILEMON_INTERPOSE_TEXT_H_
#define FILEMON_INTERPOSE_TEXT_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace filemon {

// Tells one text from another, most of the time (FNV-1a).
inline uint32_t HashOf(const char* text, size_t length) {
  uint32_t hash = 0x811c9dc5U;
  for (size_t i = 0; i < length; ++i) {
    hash = (hash ^ static_cast<unsigned char>(text[i])) * 0x01000193U;
  }
  return hash;
}

// memcpy() and strlen() are ours as well (freestanding.cc).
inline bool Equal(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

inline bool EqualBytes(const char* a, const char* b, size_t size) {
  size_t i = 0;
  // Paths are long.
  for (; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
    uint64_t x;
    uint64_t y;
    __builtin_memcpy(&x, a + i, sizeof(x));
    __builtin_memcpy(&y, b + i, sizeof(y));
    if (x != y) return false;
  }
  for (; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// True if `text` begins with the literal `prefix`.
template <size_t N>
bool StartsWith(const char* text, const char (&prefix)[N]) {
  for (size_t i = 0; i + 1 < N; ++i) {
    if (text[i] != prefix[i]) return false;
  }
  return true;
}

// The last occurrence of `c` in the first `size` bytes; null if there is none.
inline const char* FindLast(const char* text, size_t size, char c) {
  while (size > 0) {
    if (text[--size] == c) return text + size;
  }
  return nullptr;
}

inline bool HasSlash(const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text == '/') return true;
  }
  return false;
}

// Reads decimal digits at *text and moves it past them; false without a digit
// or when the number needs more than 64 bits.
inline bool ReadDecimal(const char** text, uint64_t* value) {
  const char* p = *text;
  uint64_t v = 0;
  if (*p < '0' || *p > '9') return false;
  for (; *p >= '0' && *p <= '9'; ++p) {
    const uint64_t digit = static_cast<uint64_t>(*p - '0');
    constexpr uint64_t kMost = UINT64_MAX / 10;
    if (v > kMost || (v == kMost && digit > UINT64_MAX % 10)) return false;
    v = v * 10 + digit;
  }
  *text = p;
  *value = v;
  return true;
}

// Builds a NUL-terminated string in a buffer of its owner. What does not fit is
// cut, and ok() says so.
class TextBuilder {
 public:
  TextBuilder(char* buffer, size_t size) : begin_(buffer), left_(size) {
    end_ = begin_;
    *end_ = '\0';
  }

  TextBuilder& Add(const char* text, size_t size) {
    if (size >= left_) {
      ok_ = false;
      size = left_ - 1;
    }
    memcpy(end_, text, size);
    end_ += size;
    left_ -= size;
    *end_ = '\0';
    return *this;
  }
  TextBuilder& Add(const char* text) { return Add(text, strlen(text)); }
  TextBuilder& Add(char c) {
    if (left_ <= 1) {
      ok_ = false;
      return *this;
    }
    *end_++ = c;
    *end_ = '\0';
    --left_;
    return *this;
  }

  TextBuilder& AddDecimal(uint64_t value) {
    char digits[20];
    size_t n = sizeof(digits);
    do {
      digits[--n] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    return Add(digits + n, sizeof(digits) - n);
  }

  // The owner has written so many bytes into the buffer.
  void Skip(size_t size) {
    end_ += size;
    left_ -= size;
  }

  // Takes back all but the first `size` bytes.
  void Cut(size_t size) {
    left_ += this->size() - size;
    end_ = begin_ + size;
    *end_ = '\0';
  }

  char* text() const { return begin_; }
  size_t size() const { return static_cast<size_t>(end_ - begin_); }
  bool ok() const { return ok_; }

 private:
  char* begin_;
  char* end_;
  size_t left_;
  bool ok_ = true;
};

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_TEXT_H_
