// The four functions that compilers call on their own. Ours are hidden: taken
// from libc they would cost a symbol lookup each at every start, and in a
// program with a sanitizer they would be the sanitizer's.
//
// What they are given most is a record's header and names, some ten to hundred
// bytes: `rep movsb` takes 20 to 30 cycles before the first of them.
#include <stddef.h>
#include <stdint.h>

namespace {

// At any address, and of whatever type.
template <typename T>
struct __attribute__((packed, may_alias)) Any {
  T value;
};
using Two = Any<uint16_t>;
using Four = Any<uint32_t>;
using Eight = Any<uint64_t>;
// A register of SSE2 or NEON, or four words.
struct __attribute__((packed, may_alias)) Sixteen {
  uint8_t value __attribute__((vector_size(16)));
};

// Between one and two of T: the first and the last, which may overlap.
template <typename T>
inline void CopyEnds(char* to, const char* from, size_t size) {
  const T first = *reinterpret_cast<const T*>(from);
  const T last = *reinterpret_cast<const T*>(from + size - sizeof(T));
  *reinterpret_cast<T*>(to) = first;
  *reinterpret_cast<T*>(to + size - sizeof(T)) = last;
}

// More than sixteen.
inline void CopySixteens(char* to, const char* from, size_t size) {
  // Read first: memmove() may have the end overwritten by what comes before.
  const Sixteen last = *reinterpret_cast<const Sixteen*>(from + size - 16);
  char* const last_to = to + size - 16;
  do {
    *reinterpret_cast<Sixteen*>(to) = *reinterpret_cast<const Sixteen*>(from);
    to += 16;
    from += 16;
    __asm__ volatile("" : : : "memory");  // or the loop becomes a memcpy() call
  } while (to < last_to);
  *reinterpret_cast<Sixteen*>(last_to) = last;
}

// From here on the processor copies faster by itself.
constexpr size_t kMany = 256;

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  char* d = static_cast<char*>(to);
  const char* s = static_cast<const char*>(from);
#if defined(__x86_64__) || defined(__i386__)
  if (__builtin_expect(size >= kMany, 0)) {
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(size) : : "memory");
    return to;
  }
#endif
  if (size > 16) {
    CopySixteens(d, s, size);
  } else if (size >= 8) {
    CopyEnds<Eight>(d, s, size);
  } else if (size >= 4) {
    CopyEnds<Four>(d, s, size);
  } else if (size >= 2) {
    CopyEnds<Two>(d, s, size);
  } else if (size == 1) {
    *d = *s;
  }
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  char* d = static_cast<char*>(to);
  const char* s = static_cast<const char*>(from);
  if (d <= s || d >= s + size) return memcpy(to, from, size);
  while (size-- > 0) {
    d[size] = s[size];
    __asm__ volatile("" : : : "memory");
  }
  return to;
}

void* memset(void* to, int value, size_t size) {
  char* d = static_cast<char*>(to);
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("rep stosb" : "+D"(d), "+c"(size) : "a"(value) : "memory");
#else
  while (size-- > 0) {
    *d++ = static_cast<char>(value);
    __asm__ volatile("" : : : "memory");
  }
#endif
  return to;
}

size_t strlen(const char* text) {
#if defined(__SSE2__)
  // From the aligned sixteen bytes that the text begins in: they are of one
  // page.
  typedef char Bytes __attribute__((vector_size(16), may_alias));
  const size_t before = reinterpret_cast<uintptr_t>(text) % 16;
  const char* p = text - before;
  const auto zeros = [](const char* at) {
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(
        *reinterpret_cast<const Bytes*>(at) == Bytes{}));
  };
  const unsigned first = zeros(p) >> before;
  if (first != 0) return static_cast<size_t>(__builtin_ctz(first));
  for (;;) {
    p += 16;
    const unsigned found = zeros(p);
    if (found == 0) continue;
    return static_cast<size_t>(p - text) +
           static_cast<size_t>(__builtin_ctz(found));
  }
#else
  const char* p = text;
  while (*p != '\0') {
    ++p;
    __asm__ volatile("" : : : "memory");  // or the loop becomes a strlen() call
  }
  return static_cast<size_t>(p - text);
#endif
}

}  // extern "C"
