/* Tests of the parts that a run of the program reaches badly. */
#include <stdio.h>
#include <string.h>

#include "stats/histogram.h"
#include "stats/table.h"
#include "text/utf8.h"
#include "text/words.h"

static int failures;

#define CHECK(condition)                                                     \
  ((condition) ? (void)0                                                     \
               : (void)(++failures, fprintf(stderr, "%s:%d: %s\n", __FILE__, \
                                            __LINE__, #condition)))

static void TestUtf8(void) {
  CHECK(Utf8Length("", 0) == 0);
  CHECK(Utf8Length("abc", 3) == 3);
  CHECK(Utf8Length("\xc3\xa9", 2) == 1);
  CHECK(Utf8Length("\xe2\x82\xac!", 4) == 2);
  CHECK(Utf8Length("\xff\xc3", 2) == 2);
}

static void TestStopWords(void) {
  CHECK(IsStopWord("the", 3));
  CHECK(IsStopWord("a", 1));
  CHECK(!IsStopWord("th", 2));
  CHECK(!IsStopWord("thee", 4));
  CHECK(!IsStopWord("zebra", 5));
}

static void TestTableGrows(void) {
  WordTable table = {0};
  char word[16];
  for (int i = 0; i < 1000; ++i) {
    int size = snprintf(word, sizeof word, "w%d", i % 500);
    TableAdd(&table, word, (size_t)size);
  }
  CHECK(table.used == 500);
  CHECK(TableCount(&table, "w7", 2) == 2);
  CHECK(TableCount(&table, "w", 1) == 0);
  TableFree(&table);
}

static void TestHistogram(void) {
  Histogram histogram = {{0}};
  char label[16];
  HistogramAdd(&histogram, 0);
  HistogramAdd(&histogram, 19);
  HistogramAdd(&histogram, 100000);
  CHECK(histogram.bins[0] == 2);
  CHECK(histogram.bins[kHistogramBins - 1] == 1);
  HistogramLabel(kHistogramBins - 1, label, sizeof label);
  CHECK(strcmp(label, "100+") == 0);
}

int main(void) {
  TestUtf8();
  TestStopWords();
  TestTableGrows();
  TestHistogram();
  if (failures == 0) puts("unit: all good");
  return failures != 0;
}
