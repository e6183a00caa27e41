#ifndef TALLY_TEXT_WORDS_H_
#define TALLY_TEXT_WORDS_H_

#include <stddef.h>

typedef struct {
  const char* text;
  size_t size;
  size_t next; /* where the search for the next word begins */
} WordCursor;

/* Finds the next word: a run of ASCII letters, digits, apostrophes and bytes
 * beyond ASCII. Returns its size and points *WORD at it; 0 when there is none.
 */
size_t NextWord(WordCursor* cursor, const char** word);

/* Writes WORD in lower case (ASCII only) to OUT, which has room for SIZE bytes.
 */
void FoldWord(const char* word, size_t size, char* out);

/* Whether a lower-case word is too common to say anything about a text. */
int IsStopWord(const char* word, size_t size);

#endif
