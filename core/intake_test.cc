#include "core/intake.h"

#include <string.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/wire_encode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::Kind;

constexpr uint32_t kCookie = 0xC0FFEE11;

// Bytes that tell a record's size and have nothing of its names.
constexpr size_t kJustAHeader = sizeof(wire::Header) + 2;

std::string Encode(Kind kind, int32_t pid, int32_t a, int32_t b,
                   const std::vector<std::string>& names = {}) {
  return EncodeRecord(kCookie, kind, pid, a, b, names);
}

std::string OpenOf(int32_t pid, const std::string& name) {
  return Encode(Kind::kOpen, pid, wire::kReads, 0, {"", name});
}

class IntakeTest : public ::testing::Test {
 protected:
  // "kind:pid:a:b:names..." of each record, long names as their length.
  std::vector<std::string> Seen() { return std::exchange(seen_, {}); }

  std::vector<std::string> seen_;
  Intake intake_{kCookie, [this](const Record& r) {
                   std::string text =
                       absl::StrCat(static_cast<int>(r.kind), ":", r.pid, ":",
                                    r.a, ":", r.b);
                   for (int i = 0; i < wire::NamesOf(r.kind); ++i) {
                     absl::StrAppend(&text, ":",
                                     r.names[i].size() > 100
                                         ? absl::StrCat(r.names[i].size())
                                         : std::string(r.names[i]));
                   }
                   seen_.push_back(text);
                 }};
};

TEST_F(IntakeTest, DecodesEachKind) {
  std::string bytes;
  for (int kind = 1; kind < static_cast<int>(Kind::kFragment); ++kind) {
    const int count = wire::NamesOf(static_cast<Kind>(kind));
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(absl::StrCat("n", i));
    bytes += Encode(static_cast<Kind>(kind), 7, 1, 0, names);
  }
  intake_.Feed(bytes);
  EXPECT_THAT(
      Seen(),
      ElementsAre("1:7:1:0:n0:n1", "2:7:1:0:n0:n1", "3:7:1:0:n0:n1", "4:7:1:0",
                  "5:7:1:0", "6:7:1:0", "7:7:1:0", "8:7:1:0", "9:7:1:0:n0",
                  "10:7:1:0:n0:n1", "11:7:1:0:n0:n1:n2:n3", "12:7:1:0:n0:n1:n2",
                  "13:7:1:0:n0:n1:n2:n3", "14:7:1:0", "15:7:1:0", "16:7:1:0"));
  EXPECT_EQ(intake_.dropped_bytes(), 0u);
}

TEST_F(IntakeTest, TakesBytesInPiecesOfAnySize) {
  std::string bytes;
  for (int i = 1; i <= 20; ++i) bytes += OpenOf(i, std::string(i, 'x'));
  for (const size_t piece : {1, 2, 3, 19, 20, 21, 100}) {
    for (size_t at = 0; at < bytes.size(); at += piece) {
      intake_.Feed(absl::string_view(bytes).substr(at, piece));
    }
    EXPECT_EQ(Seen().size(), 20u) << piece;
  }
  EXPECT_EQ(intake_.dropped_bytes(), 0u);
}

TEST_F(IntakeTest, GoesOnAfterGarbage) {
  const std::string garbage = "some text that is no record";
  std::string half_cookie(reinterpret_cast<const char*>(&kCookie), 2);
  intake_.Feed(OpenOf(1, "a") + garbage + half_cookie + OpenOf(2, "b"));
  EXPECT_THAT(Seen(), ElementsAre("2:1:1:0::a", "2:2:1:0::b"));
  EXPECT_EQ(intake_.dropped_bytes(), garbage.size() + half_cookie.size());
}

TEST_F(IntakeTest, GoesOnAfterGarbageInPieces) {
  const std::string bytes = std::string(50, '\x11') + OpenOf(2, "b");
  for (const char c : bytes) intake_.Feed(absl::string_view(&c, 1));
  EXPECT_THAT(Seen(), ElementsAre("2:2:1:0::b"));
  EXPECT_EQ(intake_.dropped_bytes(), 50u);
}

TEST_F(IntakeTest, DropsWhatIsLeftOver) {
  intake_.Feed(OpenOf(1, "a").substr(0, 21));
  intake_.Finish();
  EXPECT_THAT(Seen(), IsEmpty());
  EXPECT_EQ(intake_.dropped_bytes(), 21u);
}

TEST_F(IntakeTest, DoesNotWaitForTheRestOfACutRecord) {
  const std::string cut =
      OpenOf(1, std::string(3000, 'x')).substr(0, kJustAHeader);
  intake_.Feed(cut + OpenOf(2, "b"));
  EXPECT_THAT(Seen(), ElementsAre("2:2:1:0::b"));
  intake_.Feed(OpenOf(3, "c"));
  EXPECT_THAT(Seen(), ElementsAre("2:3:1:0::c"));
  EXPECT_EQ(intake_.dropped_bytes(), cut.size());
}

TEST_F(IntakeTest, DecodesWholeRecords) {
  const std::string good = OpenOf(7, "a");
  Record record;
  ASSERT_TRUE(intake_.DecodeWhole(good, &record));
  EXPECT_EQ(record.pid, 7);
  EXPECT_EQ(record.names[1], "a");
  EXPECT_EQ(record.bytes, good);
  EXPECT_EQ(intake_.dropped_bytes(), 0u);
  for (const std::string& bad :
       {std::string(), good.substr(0, 5), good.substr(0, good.size() - 1),
        good + "x", Encode(Kind::kFragment, 7, 1, 0)}) {
    EXPECT_FALSE(intake_.DecodeWhole(bad, &record)) << bad.size();
  }
  EXPECT_EQ(intake_.dropped_bytes(),
            5 + 2 * good.size() + sizeof(wire::Header));
  EXPECT_THAT(Seen(), IsEmpty());
}

TEST_F(IntakeTest, FindsRecordsInWhatIsLeftOver) {
  // The second header is seen only when the rest of it has come.
  const std::string cut =
      OpenOf(1, std::string(3000, 'x')).substr(0, kJustAHeader);
  intake_.Feed(cut + OpenOf(2, "b").substr(0, 10));
  EXPECT_THAT(Seen(), IsEmpty());
  intake_.Feed(OpenOf(2, "b").substr(10) + OpenOf(3, "c") + cut);
  EXPECT_THAT(Seen(), ElementsAre("2:2:1:0::b", "2:3:1:0::c"));
  intake_.Finish();
  EXPECT_EQ(intake_.dropped_bytes(), 2 * cut.size());
}

// Each is wrong in one way, and followed by a good record.
TEST_F(IntakeTest, RefusesInvalidRecords) {
  const auto patched = [](std::string record, size_t at, char value) {
    record[at] = value;
    return record;
  };
  const std::string good = OpenOf(1, "a");
  const std::vector<std::string> bad = {
      patched(good, offsetof(wire::Header, cookie), 0),
      patched(good, offsetof(wire::Header, kind), 0),
      patched(good, offsetof(wire::Header, kind), wire::kLastKind + 1),
      patched(good, offsetof(wire::Header, size), 3),
      patched(good, offsetof(wire::Header, size), sizeof(wire::Header) - 2),
      patched(good, offsetof(wire::Header, names), 1),
      patched(good, good.size() - 1, 'x'),
      patched(good, good.size() - 2, '\0'),
      Encode(Kind::kOpen, 0, wire::kReads, 0, {"", "a"}),
      Encode(Kind::kOpen, -5, wire::kReads, 0, {"", "a"}),
      Encode(Kind::kOpen, 1, 0, 0, {"", "a"}),
      Encode(Kind::kOpen, 1, 8, 0, {"", "a"}),
      Encode(Kind::kExec, 1, 16, 0, {"", "a"}),
      Encode(Kind::kOpen, wire::kPidLimit, wire::kReads, 0, {"", "a"}),
      Encode(Kind::kFork, 1, 0, 0),
      Encode(Kind::kFork, 1, 1, 0),
      Encode(Kind::kFork, 1, wire::kPidLimit, 3),
      Encode(Kind::kForked, 1, -1, 0),
      Encode(Kind::kExit, 1, 256, 0),
      Encode(Kind::kChildEnded, 1, 0, 0),
      Encode(Kind::kChildEnded, 1, 2, 0x137f),      // stopped
      Encode(Kind::kSomeChildEnded, 1, 0, 0xffff),  // continued
      Encode(Kind::kAncestor, 1, 2, 0),
      Encode(Kind::kLost, 1, 0, 0),
      Encode(Kind::kOpen, 1, 1, 0, {"", std::string(wire::kMaxWrite, 'x')}),
  };
  uint64_t dropped = 0;
  for (size_t i = 0; i < bad.size(); ++i) {
    intake_.Feed(bad[i] + OpenOf(2, "b"));
    EXPECT_THAT(Seen(), ElementsAre("2:2:1:0::b")) << i;
    dropped += bad[i].size();
    EXPECT_EQ(intake_.dropped_bytes(), dropped) << i;
  }
}

class FragmentTest : public IntakeTest {
 protected:
  static std::string LongRename(int32_t pid) {
    const std::string name(4095, 'n');
    return Encode(Kind::kRename, pid, 0, 0, {name, name, name, name});
  }
};

TEST_F(FragmentTest, PutsTogether) {
  for (const size_t piece :
       {size_t{256}, wire::kMaxWrite - sizeof(wire::Header)}) {
    for (const auto& f : EncodeFragments(LongRename(7), 1, piece)) {
      intake_.Feed(f);
    }
    EXPECT_THAT(Seen(), ElementsAre("13:7:0:0:4095:4095:4095:4095"));
  }
  EXPECT_EQ(intake_.dropped_bytes(), 0u);
}

TEST_F(FragmentTest, KeepsTheInterleavedApart) {
  const auto a = EncodeFragments(LongRename(7), 1, 512);
  const auto b = EncodeFragments(LongRename(7), 2, 512);
  const auto c = EncodeFragments(LongRename(8), 1, 512);
  for (size_t i = 0; i < a.size(); ++i) {
    intake_.Feed(a[i] + b[i] + OpenOf(9, "x") + c[i]);
  }
  const auto seen = Seen();
  EXPECT_EQ(seen.size(), a.size() + 3);
  EXPECT_EQ(seen.back(), "13:8:0:0:4095:4095:4095:4095");
}

// Numbers can be guessed.
TEST_F(FragmentTest, LetsNobodyIn) {
  const auto pieces = EncodeFragments(LongRename(7), 1, 4000);
  auto forged = pieces;
  for (std::string& piece : forged) {
    piece[offsetof(wire::Header, life)] = 'x';
  }
  intake_.Feed(pieces[0] + forged[0] + forged[1]);
  for (size_t i = 1; i < pieces.size(); ++i) intake_.Feed(pieces[i]);
  EXPECT_THAT(Seen(), ElementsAre("13:7:0:0:4095:4095:4095:4095"));
}

TEST_F(FragmentTest, DropsWhatIsOutOfOrder) {
  auto pieces = EncodeFragments(LongRename(7), 1, 4000);
  std::swap(pieces[1], pieces[2]);
  for (const auto& piece : pieces) intake_.Feed(piece);
  EXPECT_THAT(Seen(), IsEmpty());
  EXPECT_EQ(intake_.dropped_records(), 1u);
  EXPECT_GT(intake_.dropped_bytes(), 0u);
}

TEST_F(FragmentTest, ForgetsTheDead) {
  const auto pieces = EncodeFragments(LongRename(7), 1, 4000);
  intake_.Feed(pieces[0]);
  intake_.Forget(8);
  EXPECT_EQ(intake_.dropped_records(), 0u);
  intake_.Forget(7);
  EXPECT_EQ(intake_.dropped_records(), 1u);
  intake_.Feed(pieces[1]);
  EXPECT_THAT(Seen(), IsEmpty());
}

TEST_F(FragmentTest, StartsAnewWithTheSameNumber) {
  const auto pieces = EncodeFragments(LongRename(7), 1, 4000);
  intake_.Feed(pieces[0]);
  for (const auto& piece : pieces) intake_.Feed(piece);
  EXPECT_EQ(Seen().size(), 1u);
  EXPECT_EQ(intake_.dropped_records(), 1u);
}

TEST_F(FragmentTest, RefusesFragmentsOfFragmentsAndOfGarbage) {
  const std::string inner = EncodeFragments(LongRename(7), 1, 2000).front();
  for (const auto& piece : EncodeFragments(inner, 2, 500)) intake_.Feed(piece);
  std::string garbage = LongRename(7);
  garbage[garbage.size() - 1] = 'x';
  for (const auto& piece : EncodeFragments(garbage, 3, 4000)) {
    intake_.Feed(piece);
  }
  EXPECT_THAT(Seen(), IsEmpty());
}

}  // namespace
}  // namespace filemon
