// Memory that the program names and that neither libc nor the kernel has looked
// at yet. Where a bare program gets EFAULT, ours must not get a signal: so what
// has to be read before the call is asked of the kernel first.
//
// Another thread may take the memory away between the question and the use, as
// it may within libc.
#ifndef FILEMON_INTERPOSE_READABLE_H_
#define FILEMON_INTERPOSE_READABLE_H_

#include <stddef.h>
#include <stdint.h>

#include "interpose/sys.h"

namespace filemon {

// Two pages that the image has been started with, with its environment: they
// stay. Their addresses, with the lowest bit set: zero is none.
extern uintptr_t g_first_pages[2] __attribute__((visibility("hidden")));

// The smallest page that there is: it divides the others.
inline constexpr uintptr_t kSmallestPage = 4096;
inline uintptr_t PageOf(const void* address) {
  return reinterpret_cast<uintptr_t>(address) & ~(kSmallestPage - 1);
}

// Asks once for each page, as long as questions about a page come one after the
// other: an environment's strings lie side by side most often.
// Async-signal-safe.
class ReadableMemory {
 public:
  // Whether `size` bytes at `address`, at least one and less than a page, can
  // be read.
  bool Holds(const void* address, size_t size) {
    const auto first = reinterpret_cast<uintptr_t>(address);
    const uintptr_t last = first + size - 1;
    return last >= first && HoldsPage(first) && HoldsPage(last);
  }

  bool HoldsPointer(const void* address) {
    return Holds(address, sizeof(void*));
  }

  // Whether `text` can be read up to the NUL that ends it.
  bool HoldsText(const char* text) {
    for (;; ++text) {
      const auto here = reinterpret_cast<uintptr_t>(text);
      if (!HoldsPage(here)) return false;
      text = EndOf(text, reinterpret_cast<const char*>(here | (kPage - 1)));
      if (*text == '\0') return true;
    }
  }

 private:
  static constexpr uintptr_t kPage = kSmallestPage;

  // The NUL, or `last` if none comes before it. Reads whole words, of the same
  // page: more than is the program's, which address sanitizers would object to.
  __attribute__((no_sanitize("address"))) static const char* EndOf(
      const char* text, const char* last) {
    using Word = uintptr_t __attribute__((may_alias));
    constexpr uintptr_t kOnes = ~uintptr_t{0} / 255;  // 0x01 in each byte
    for (; text < last && *text != '\0'; ++text) {
      if (reinterpret_cast<uintptr_t>(text) % sizeof(Word) != 0) continue;
      // As long as there is no zero among the bytes of a word.
      const Word* word = reinterpret_cast<const Word*>(text);
      while (reinterpret_cast<const char*>(word + 1) <= last &&
             ((*word - kOnes) & ~*word & (kOnes << 7)) == 0) {
        ++word;
      }
      text = reinterpret_cast<const char*>(word);
      if (text >= last || *text == '\0') break;
    }
    return text < last ? text : last;
  }

  bool HoldsPage(uintptr_t address) {
    const uintptr_t page = address & ~(kPage - 1);
    return __builtin_expect(page == known_, 1) || Ask(page);
  }

  __attribute__((noinline)) bool Ask(uintptr_t page) {
    if ((page | 1) != g_first_pages[0] && (page | 1) != g_first_pages[1] &&
        // The question is about eight bytes: of this page alone.
        !sys::IsMapped(reinterpret_cast<const void*>(page))) {
      return false;
    }
    known_ = page;
    return true;
  }

  // No page begins there.
  uintptr_t known_ = 1;
};

inline bool IsReadable(const void* address, size_t size) {
  return ReadableMemory().Holds(address, size);
}

inline bool IsReadableText(const char* text) {
  return ReadableMemory().HoldsText(text);
}

// Whether `size` bytes at `address`, less than a page, can be written. What is
// there is overwritten.
inline bool IsWritable(void* address, size_t size) {
  char* const first = static_cast<char*>(address);
  // The kernel puts the signal mask, of eight bytes, there.
  const auto writes = [](void* to) {
    return sys::Call(SYS_rt_sigprocmask, 0, 0, sys::Arg(to), 8) == 0;
  };
  return writes(first) && writes(first + size - 8);
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_READABLE_H_
