#include "core/patient_output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

class PipeTest : public ::testing::Test {
 protected:
  PipeTest() {
    signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(pipe(ends_), 0);
  }
  ~PipeTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  std::string Read(size_t size) const {
    std::string bytes(size, '\0');
    for (size_t at = 0; at < size;) {
      const ssize_t n = read(ends_[0], &bytes[at], size - at);
      if (n <= 0) return "";
      at += n;
    }
    return bytes;
  }

  int ends_[2];
};

std::string Bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 / 5);
  return bytes;
}

// Nobody reads before all is written: who waited would wait for ever.
TEST_F(PipeTest, WaitsForNoReader) {
  const std::string all = Bytes(5000000);
  PatientOutput output(ends_[1]);
  for (size_t at = 0; at < all.size(); at += 100000) {
    ASSERT_TRUE(output.Write(all.substr(at, 100000)).ok());
  }
  EXPECT_TRUE(Read(all.size()) == all);
  EXPECT_TRUE(output.Finish().ok());
  EXPECT_EQ(output.error(), 0);
}

TEST_F(PipeTest, KeepsNoMoreThanItsLimit) {
  const std::string all = Bytes(5000000);
  PatientOutput output(ends_[1], 200000);
  std::string read;
  std::thread reader([&] { read = Read(all.size()); });
  for (size_t at = 0; at < all.size(); at += 150000) {
    ASSERT_TRUE(output.Write(all.substr(at, 150000)).ok());
  }
  EXPECT_TRUE(output.Finish().ok());
  reader.join();
  EXPECT_TRUE(read == all);
}

// What is longer than the limit does not wait for ever either.
TEST_F(PipeTest, TakesWhatIsLongerThanItsLimit) {
  const std::string all = Bytes(300000);
  PatientOutput output(ends_[1], 1000);
  std::string read;
  std::thread reader([&] { read = Read(2 * all.size()); });
  EXPECT_TRUE(output.Write(all).ok());
  EXPECT_TRUE(output.Write(all).ok());
  EXPECT_TRUE(output.Finish().ok());
  reader.join();
  EXPECT_TRUE(read == all + all);
}

TEST_F(PipeTest, TellsThatTheReaderIsGone) {
  close(ends_[0]);
  ends_[0] = -1;
  PatientOutput output(ends_[1]);
  output.Write("x").IgnoreError();
  const absl::Status status = output.Finish();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(output.error(), EPIPE);
  EXPECT_EQ(status.message(), "write: Broken pipe");
}

TEST(FileTest, HasItAtOnce) {
  char name[] = "/tmp/patient_output.XXXXXX";
  const int fd = mkstemp(name);
  ASSERT_GE(fd, 0);
  unlink(name);
  PatientOutput output(fd);
  EXPECT_TRUE(output.Write("at once").ok());
  char bytes[16];
  EXPECT_EQ(pread(fd, bytes, sizeof(bytes), 0), 7);
  EXPECT_TRUE(output.Finish().ok());
  close(fd);
}

}  // namespace
}  // namespace filemon
