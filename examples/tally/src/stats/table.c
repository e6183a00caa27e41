#include "stats/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"

/* FNV-1a. */
static uint64_t Hash(const char* word, size_t size) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < size; ++i)
    hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
  return hash;
}

/* The slot that holds the word, or the empty one where it belongs. */
static WordCount* Find(const WordTable* table, const char* word, size_t size) {
  size_t mask = table->capacity - 1;
  for (size_t i = (size_t)Hash(word, size) & mask;; i = (i + 1) & mask) {
    WordCount* slot = &table->slots[i];
    if (slot->word == NULL) return slot;
    if (strncmp(slot->word, word, size) == 0 && slot->word[size] == '\0')
      return slot;
  }
}

static void Grow(WordTable* table) {
  WordTable larger = {NULL, table->capacity == 0 ? 64 : 2 * table->capacity,
                      table->used};
  larger.slots = GrowArray(NULL, larger.capacity, sizeof *larger.slots);
  memset(larger.slots, 0, larger.capacity * sizeof *larger.slots);
  for (size_t i = 0; i < table->capacity; ++i) {
    WordCount* slot = &table->slots[i];
    if (slot->word != NULL)
      *Find(&larger, slot->word, strlen(slot->word)) = *slot;
  }
  free(table->slots);
  *table = larger;
}

void TableAdd(WordTable* table, const char* word, size_t size) {
  if (4 * (table->used + 1) > 3 * table->capacity) Grow(table);
  WordCount* slot = Find(table, word, size);
  if (slot->word == NULL) {
    slot->word = GrowArray(NULL, size + 1, 1);
    memcpy(slot->word, word, size);
    slot->word[size] = '\0';
    ++table->used;
  }
  ++slot->count;
}

unsigned long TableCount(const WordTable* table, const char* word,
                         size_t size) {
  return table->capacity == 0 ? 0 : Find(table, word, size)->count;
}

void TableFree(WordTable* table) {
  for (size_t i = 0; i < table->capacity; ++i) free(table->slots[i].word);
  free(table->slots);
  memset(table, 0, sizeof *table);
}
