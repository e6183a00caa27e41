#include "interpose/text.h"

#include <string>

#include "gtest/gtest.h"

namespace filemon {
namespace {

TEST(TextTest, ComparesWholeStrings) {
  EXPECT_TRUE(Equal("", ""));
  EXPECT_TRUE(Equal("abc", "abc"));
  EXPECT_FALSE(Equal("abc", "abcd"));
  EXPECT_FALSE(Equal("abcd", "abc"));
  EXPECT_FALSE(Equal("", "a"));
}

TEST(TextTest, ComparesBytes) {
  EXPECT_TRUE(EqualBytes("abc", "abd", 2));
  EXPECT_FALSE(EqualBytes("abc", "abd", 3));
  EXPECT_TRUE(EqualBytes("a", "b", 0));
  // Whichever byte of however many differs.
  const std::string text(20, 'a');
  for (size_t size = 0; size <= text.size(); ++size) {
    for (size_t i = 0; i < text.size(); ++i) {
      std::string other = text;
      other[i] = 'b';
      EXPECT_EQ(EqualBytes(text.c_str(), other.c_str(), size), i >= size);
    }
  }
}

TEST(TextTest, FindsPrefixes) {
  EXPECT_TRUE(StartsWith("/lib/x", "/lib/"));
  EXPECT_TRUE(StartsWith("/lib/", "/lib/"));
  EXPECT_FALSE(StartsWith("/lib", "/lib/"));
  EXPECT_FALSE(StartsWith("", "/lib/"));
  EXPECT_TRUE(StartsWith("x", ""));
}

TEST(TextTest, FindsTheLastOccurrenceWithinTheSize) {
  const char* text = "a/b/c/d";
  EXPECT_EQ(FindLast(text, 7, '/'), text + 5);
  EXPECT_EQ(FindLast(text, 5, '/'), text + 3);
  EXPECT_EQ(FindLast(text, 1, 'a'), text);
  EXPECT_EQ(FindLast(text, 0, 'a'), nullptr);
  EXPECT_EQ(FindLast(text, 7, 'x'), nullptr);
}

TEST(TextTest, FindsSlashes) {
  EXPECT_TRUE(HasSlash("a/"));
  EXPECT_FALSE(HasSlash("a"));
  EXPECT_FALSE(HasSlash(""));
}

TEST(ReadDecimalTest, ReadsUpToTheFirstOtherCharacter) {
  const char* text = "0047:x";
  uint64_t value = 1;
  ASSERT_TRUE(ReadDecimal(&text, &value));
  EXPECT_EQ(value, 47u);
  EXPECT_STREQ(text, ":x");
}

TEST(ReadDecimalTest, Takes64BitsAndNoMore) {
  const char* most = "18446744073709551615";
  uint64_t value = 0;
  ASSERT_TRUE(ReadDecimal(&most, &value));
  EXPECT_EQ(value, UINT64_MAX);
  for (const char* text : {"18446744073709551616", "99999999999999999999",
                           "184467440737095516150"}) {
    const char* p = text;
    value = 5;
    EXPECT_FALSE(ReadDecimal(&p, &value)) << text;
    EXPECT_EQ(p, text);
    EXPECT_EQ(value, 5u);
  }
}

TEST(ReadDecimalTest, InsistsOnADigit) {
  for (const char* text : {"", "-1", "+1", " 1", ":", "x"}) {
    const char* p = text;
    uint64_t value;
    EXPECT_FALSE(ReadDecimal(&p, &value)) << text;
    EXPECT_EQ(p, text);
  }
}

TEST(TextBuilderTest, JoinsWhatItIsGiven) {
  char buffer[64];
  TextBuilder text(buffer, sizeof(buffer));
  EXPECT_STREQ(buffer, "");
  text.Add("/proc/").AddDecimal(0).Add("/fd/").AddDecimal(UINT64_MAX);
  text.Add("abc", 2).Add(':');
  EXPECT_STREQ(buffer, "/proc/0/fd/18446744073709551615ab:");
  EXPECT_EQ(text.size(), strlen(buffer));
  EXPECT_TRUE(text.ok());
}

TEST(TextBuilderTest, FillsTheBufferToItsLastByte) {
  char buffer[5] = "####";
  TextBuilder text(buffer, 4);
  text.Add("ab").Add('c');
  EXPECT_TRUE(text.ok());
  EXPECT_EQ(std::string(buffer, 5), std::string("abc\0\0", 5));
  text.Add('d');
  EXPECT_FALSE(text.ok());
  EXPECT_EQ(std::string(buffer, 5), std::string("abc\0\0", 5));
}

TEST(TextBuilderTest, CutsWhatDoesNotFitAndSaysSo) {
  char buffer[6] = "#####";
  TextBuilder text(buffer, 4);
  text.Add("ab").AddDecimal(12);
  EXPECT_FALSE(text.ok());
  EXPECT_STREQ(buffer, "ab1");
  EXPECT_EQ(text.size(), 3u);
  // Nothing brings it back, and nothing is written past the end.
  text.Add("").Add("x");
  EXPECT_FALSE(text.ok());
  EXPECT_EQ(std::string(buffer, 6), std::string("ab1\0#\0", 6));
}

TEST(TextBuilderTest, HasRoomForTheNulAlone) {
  char buffer[1];
  TextBuilder text(buffer, 1);
  text.Add("");
  EXPECT_TRUE(text.ok());
  text.Add("a");
  EXPECT_FALSE(text.ok());
  EXPECT_STREQ(buffer, "");
}

}  // namespace
}  // namespace filemon
