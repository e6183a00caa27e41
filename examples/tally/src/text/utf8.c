#include "text/utf8.h"

static size_t SequenceLength(unsigned char first) {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 1;
}

size_t Utf8Length(const char* text, size_t size) {
  size_t count = 0;
  for (size_t i = 0; i < size; ++count) {
    size_t want = SequenceLength((unsigned char)text[i]);
    size_t have = 1;
    while (have < want && i + have < size &&
           ((unsigned char)text[i + have] & 0xc0) == 0x80)
      ++have;
    i += have == want ? want : 1;
  }
  return count;
}
