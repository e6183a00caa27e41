#include "core/log/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace filemon::log {
namespace {

std::string Json(absl::string_view text) {
  std::string json;
  AddJsonName("n", text, &json);
  return json;
}

TEST(JsonTest, Strings) {
  EXPECT_EQ(Json("a b"), "\"n\":\"a b\"");
  EXPECT_EQ(Json("\"\\\x01\x7f"), "\"n\":\"\\\"\\\\\\u0001\\u007f\"");
  EXPECT_EQ(Json("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\"n\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

TEST(JsonTest, BytesThatAreNoTextAreThereExactly) {
  EXPECT_EQ(Json("a\xff"), "\"n\":\"a\xef\xbf\xbd\",\"n_base64\":\"Yf8=\"");
  // Overlong, surrogates, beyond the last character, cut short.
  for (const char* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_NE(Json(bad).find("base64"), std::string::npos);
  }
}

TEST(OutputTest, AReaderThatIsGoneIsNoError) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  Output out(ends[1]);
  out.Add("text");
  EXPECT_TRUE(out.Flush());
  EXPECT_TRUE(out.closed());
  close(ends[1]);
}

TEST(OutputTest, AFullDiskIsOne) {
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  Output out(full);
  out.Add("text");
  EXPECT_FALSE(out.Flush());
  EXPECT_EQ(errno, ENOSPC);
  close(full);
}

}  // namespace
}  // namespace filemon::log
