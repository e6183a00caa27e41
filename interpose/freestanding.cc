// The four functions that compilers call on their own. Ours are hidden: taken
// from libc they would cost a symbol lookup each at every start, and in a
// program with a sanitizer they would be the sanitizer's.
#include <stddef.h>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  char* d = static_cast<char*>(to);
  const char* s = static_cast<const char*>(from);
#if defined(__x86_64__) || defined(__i386__)
  __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(size) : : "memory");
#else
  while (size-- > 0) {
    *d++ = *s++;
    __asm__ volatile("" : : : "memory");  // or the loop becomes a memcpy() call
  }
#endif
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
  const char* p = text;
  while (*p != '\0') {
    ++p;
    __asm__ volatile("" : : : "memory");
  }
  return static_cast<size_t>(p - text);
}

}  // extern "C"
