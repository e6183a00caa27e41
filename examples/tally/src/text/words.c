#include "text/words.h"

#include <string.h>

#include "stopwords.h" /* generated: scripts/stopwords.sh */

static int IsWordByte(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '\'' || c >= 0x80;
}

size_t NextWord(WordCursor* cursor, const char** word) {
  size_t begin = cursor->next;
  while (begin < cursor->size &&
         !IsWordByte((unsigned char)cursor->text[begin]))
    ++begin;
  size_t end = begin;
  while (end < cursor->size && IsWordByte((unsigned char)cursor->text[end]))
    ++end;
  cursor->next = end;
  *word = cursor->text + begin;
  return end - begin;
}

void FoldWord(const char* word, size_t size, char* out) {
  for (size_t i = 0; i < size; ++i) {
    char c = word[i];
    out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
  }
}

int IsStopWord(const char* word, size_t size) {
  size_t low = 0;
  size_t high = sizeof kStopWords / sizeof kStopWords[0];
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strncmp(word, kStopWords[middle], size);
    if (order == 0 && kStopWords[middle][size] != '\0') order = -1;
    if (order == 0) return 1;
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return 0;
}
