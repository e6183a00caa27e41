#include "core/operands.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "core/silent_host.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using wire::Kind;

class LinkedHost : public SilentHost {
 public:
  std::string RealPath(absl::string_view path) override {
    return real[std::string(path)];
  }
  std::map<std::string, std::string> real;
};

class OperandsTest : public ::testing::Test {
 protected:
  explicit OperandsTest(PathStyle style = PathStyle::kGiven)
      : operands_(style, &host_, &log_) {}

  // The lines of a record of process 1.
  std::vector<std::string> Lines(Kind kind, absl::string_view cwd,
                                 const std::vector<std::string>& names,
                                 int32_t a = 0, int32_t b = 0) {
    Record record;
    record.kind = kind;
    record.pid = 1;
    record.a = a;
    record.b = b;
    for (size_t i = 0; i < names.size(); ++i) record.names[i] = names[i];
    operands_.Write(record, cwd);
    EXPECT_TRUE(log_.Flush().ok());
    return absl::StrSplit(std::exchange(text_, ""), '\n', absl::SkipEmpty());
  }
  std::vector<std::string> Read(absl::string_view cwd, const std::string& dir,
                                const std::string& name) {
    return Lines(Kind::kOpen, cwd, {dir, name}, wire::kReads);
  }

  std::string text_;
  LogWriter log_{[this](absl::string_view bytes) {
    text_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }};
  LinkedHost host_;
  Operands operands_;
};

class AbsoluteOperandsTest : public OperandsTest {
 protected:
  AbsoluteOperandsTest() : OperandsTest(PathStyle::kAbsolute) {}
};

TEST_F(OperandsTest, NamesStayAsTheyWereGiven) {
  EXPECT_THAT(Read("/w", "", "a/../b"), ElementsAre("R 1 a/../b"));
  EXPECT_THAT(Read("", "", "./b"), ElementsAre("R 1 ./b"));
  EXPECT_THAT(Read("/w", "/d", "../b"), ElementsAre("A 1 ../b", "R 1 /d/../b"));
}

TEST_F(OperandsTest, ARemovedDirectoryIsInNoName) {
  EXPECT_THAT(Read("/w", "/w/gone/", "../f"),
              ElementsAre("A 1 ../f", "R 1 /w/f"));
  EXPECT_THAT(Read("/w/gone/", "", ".."), ElementsAre("A 1 ..", "R 1 /w"));
  EXPECT_THAT(Read("/w/gone/", "", "/f"), ElementsAre("R 1 /f"));
  EXPECT_THAT(Read("/w/gone/", "/d", "f"), ElementsAre("A 1 f", "R 1 /d/f"));
}

TEST_F(OperandsTest, SaysThatADirectoryIsUnknown) {
  EXPECT_THAT(Read("/w", wire::kNoDirectory, "f"),
              ElementsAre("# unknown directory of 1: f", "R 1 f"));
  EXPECT_THAT(Read("/w", wire::kNoDirectory, "/f"), ElementsAre("R 1 /f"));
}

TEST_F(OperandsTest, SaysThatAFileHasNoName) {
  EXPECT_THAT(Read("/w", wire::kNoDirectory, ""),
              ElementsAre("# unnamed 1 (a file): opened by its handle"));
}

TEST_F(OperandsTest, AnExchangeIsTwoRenames) {
  EXPECT_THAT(
      Lines(Kind::kRename, "/w", {"", "a", "/d", "b"}, wire::kExchange),
      ElementsAre("A 1 b", "M 1 'a' '/d/b'", "A 1 b", "M 1 '/d/b' 'a'"));
}

TEST_F(AbsoluteOperandsTest, DirectoriesHaveNoLinks) {
  // Not asked: the host knows nothing of these.
  EXPECT_THAT(Read("/w/d", "", "../../f"), ElementsAre("R 1 /f"));
  EXPECT_THAT(Read("/w", "/d/e", "../f"), ElementsAre("R 1 /d/f"));
  EXPECT_THAT(Read("/w/gone/", "", "../f"), ElementsAre("R 1 /w/f"));
  EXPECT_THAT(Read("/w", "", "/../f"), ElementsAre("R 1 /f"));
  EXPECT_THAT(Read("/", "", ".."), ElementsAre("R 1 /"));
}

TEST_F(AbsoluteOperandsTest, DotsBehindALinkLeadToWhereItPoints) {
  host_.real["/w/link"] = "/real/deep/inc";
  host_.real["/w/dir"] = "/w/dir";
  EXPECT_THAT(Read("/w", "", "link/../f"), ElementsAre("R 1 /real/deep/f"));
  EXPECT_THAT(Read("/w", "", "link/../../.././f"), ElementsAre("R 1 /f"));
  EXPECT_THAT(Read("/w", "", "dir/../f"), ElementsAre("R 1 /w/f"));
  EXPECT_THAT(Read("/", "", "/w/./link/..//f"),
              ElementsAre("R 1 /real/deep/f"));
}

TEST_F(AbsoluteOperandsTest, DotsThatNobodyCanTakeBackStay) {
  EXPECT_THAT(Read("/w", "", "was/../x/../f/."),
              ElementsAre("R 1 /w/was/../x/../f"));
}

TEST_F(AbsoluteOperandsTest, WithoutADirectoryNamesStayRelative) {
  EXPECT_THAT(Read("", "", "./a/../b"), ElementsAre("R 1 a/../b"));
  EXPECT_THAT(Read("/w", wire::kNoDirectory, "f"),
              ElementsAre("# unknown directory of 1: f", "R 1 f"));
}

TEST_F(OperandsTest, CanonicalNamesPassNoLink) {
  host_.real["/w/link"] = "/real";
  EXPECT_EQ(operands_.Canonical("/w", "", "link/s/"), "/real/s");
  EXPECT_EQ(operands_.Canonical("/w/s", "", "../s"), "/w/s");
  EXPECT_EQ(operands_.Canonical("/w", "/", "s"), "/s");
  EXPECT_EQ(operands_.Canonical("", "", "s"), "");
  EXPECT_EQ(operands_.Canonical("/w", wire::kNoDirectory, "s"), "");
}

}  // namespace
}  // namespace filemon
