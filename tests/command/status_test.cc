// The exit status and the messages of the filemon command.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/command/filemon_process.h"

namespace filemon {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// What filemon says of its own troubles: one line that begins with its name.
void ExpectOneLine(const Result& result, const std::string& part) {
  EXPECT_THAT(result.err, StartsWith("filemon: "));
  EXPECT_THAT(result.err, HasSubstr(part));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
      << result.err;
}

TEST(StatusTest, IsThatOfTheCommand) {
  for (const int status : {0, 1, 3, 125, 255}) {
    FilemonProcess filemon;
    const Result result =
        filemon.Run({"sh", "-c", "exit " + std::to_string(status)});
    EXPECT_EQ(result.exit_status, status);
    EXPECT_EQ(result.err, "");
    const auto log = filemon.Log();
    EXPECT_EQ(ExitOf(log, PidOf(log, "/sh")), std::to_string(status) + " 0");
  }
}

TEST(StatusTest, TellsTheSignal) {
  for (const int signal : {SIGKILL, SIGTERM, SIGABRT, SIGINT}) {
    FilemonProcess filemon;
    const Result result =
        filemon.Run({"sh", "-c", "kill -" + std::to_string(signal) + " $$"});
    EXPECT_EQ(result.exit_status, 128 + signal);
    EXPECT_EQ(result.err, "");
    const auto log = filemon.Log();
    EXPECT_EQ(ExitOf(log, PidOf(log, "/sh")), "0 " + std::to_string(signal));
  }
}

TEST(StatusTest, NotFound) {
  const struct {
    const char* command;
    const char* reason;
  } kCases[] = {
      {"no-such-program", ": command not found"},
      {"", ": command not found"},
      {"./none", ": No such file or directory"},
      {"/no/such", ": No such file or directory"},
      {"./script", ": its interpreter is missing"},
  };
  for (const auto& c : kCases) {
    FilemonProcess filemon;
    filemon.set_in_child([] {
      const int fd = open("script", O_WRONLY | O_CREAT, 0777);
      if (write(fd, "#!/none\n", 8) != 8) _exit(97);
      close(fd);
    });
    const Result result = filemon.Run({"--", c.command});
    EXPECT_EQ(result.exit_status, 127) << c.command;
    ExpectOneLine(result, std::string(c.command) + c.reason);
    EXPECT_FALSE(Exists(filemon.InFolder("filemon.out")));
  }
}

// The log of the run before is not lost by a slip of the hand.
TEST(StatusTest, WhatDoesNotStartLeavesTheLogAlone) {
  for (const char* command : {"no-such-program", "/etc/passwd", "./script"}) {
    FilemonProcess filemon;
    filemon.set_in_child([] {
      for (const auto& [name, text] :
           {std::pair("filemon.out", "before\n"), {"script", "#!/none\n"}}) {
        const int fd = open(name, O_WRONLY | O_CREAT, 0777);
        if (write(fd, text, strlen(text)) < 0) _exit(97);
        close(fd);
      }
    });
    EXPECT_THAT(filemon.Run({command}).exit_status, AnyOf(126, 127));
    EXPECT_EQ(ReadFile(filemon.InFolder("filemon.out")), "before\n");
  }
  FilemonProcess filemon;
  EXPECT_EQ(filemon.Run({"-o", "-", "no-such-program"}).out, "");
}

TEST(StatusTest, NotExecutable) {
  for (const char* command : {"/etc/passwd", "/etc", "/etc/passwd/x"}) {
    FilemonProcess filemon;
    const Result result = filemon.Run({command});
    const bool absent = std::string(command) == "/etc/passwd/x";
    // What the shell says to this, and env.
    EXPECT_EQ(result.exit_status, absent ? 127 : 126) << command;
    ExpectOneLine(result, command);
  }
}

TEST(StatusTest, BadUsage) {
  const std::vector<std::vector<std::string>> usages = {
      {},
      {"--"},
      {"--bogus", "touch", "ran"},
      {"-Z", "touch", "ran"},
      {"--stats=1", "touch", "ran"},
      {"--paths=both", "touch", "ran"},
      {"-o"},
      {"--output=", "touch", "ran"},
  };
  for (const auto& usage : usages) {
    FilemonProcess filemon;
    const Result result = filemon.Run(usage);
    EXPECT_EQ(result.exit_status, 125);
    ExpectOneLine(result, "");
    EXPECT_FALSE(Exists(filemon.InFolder("ran")));
    EXPECT_FALSE(Exists(filemon.InFolder("filemon.out")));
  }
}

TEST(StatusTest, ALogThatCannotBeOpened) {
  for (const char* output :
       {".", "none/log", "fd:99", "fd:x", "fd:-1", "fd:"}) {
    FilemonProcess filemon;
    const Result result = filemon.Run({"-o", output, "touch", "ran"});
    EXPECT_EQ(result.exit_status, 125) << output;
    ExpectOneLine(result, std::string("cannot open the log ") + output + ": ");
    EXPECT_FALSE(Exists(filemon.InFolder("ran"))) << output;
  }
}

TEST(StatusTest, ADescriptorThatIsNotForWriting) {
  FilemonProcess filemon;
  filemon.set_in_child([] { dup2(open("/dev/null", O_RDONLY), 7); });
  const Result result = filemon.Run({"-o", "fd:7", "touch", "ran"});
  EXPECT_EQ(result.exit_status, 125);
  ExpectOneLine(result, "not open for writing");
  EXPECT_FALSE(Exists(filemon.InFolder("ran")));
}

TEST(StatusTest, AClosedStandardOutput) {
  FilemonProcess filemon;
  filemon.set_in_child([] { close(STDOUT_FILENO); });
  const Result result = filemon.Run({"-o", "-", "touch", "ran"});
  EXPECT_EQ(result.exit_status, 125);
  ExpectOneLine(result, "not open for writing");
  EXPECT_FALSE(Exists(filemon.InFolder("ran")));
}

TEST(StatusTest, AFullDisk) {
  FilemonProcess filemon;
  const Result result =
      filemon.Run({"-o", "/dev/full", "sh", "-c", "echo > ran"});
  EXPECT_EQ(result.exit_status, 125);
  ExpectOneLine(result, "No space left on device");
  EXPECT_TRUE(Exists(filemon.InFolder("ran")));
}

TEST(StatusTest, AFullDiskIsLessThanTheCommandsFailure) {
  FilemonProcess filemon;
  const Result result = filemon.Run({"-o", "/dev/full", "sh", "-c", "exit 4"});
  EXPECT_EQ(result.exit_status, 4);
  ExpectOneLine(result, "No space left on device");
}

TEST(StatusTest, APipeThatNobodyReads) {
  FilemonProcess filemon;
  filemon.set_in_child([] {
    int ends[2];
    if (pipe(ends) != 0) _exit(97);
    dup2(ends[1], 7);
    close(ends[0]);
    close(ends[1]);
  });
  const Result result = filemon.Run({"-o", "fd:7", "sh", "-c",
                                     "for i in 1 2 3; do ls -d /; "
                                     "done > ran"});
  EXPECT_EQ(result.exit_status, 125);
  ExpectOneLine(result, "Broken pipe");
  EXPECT_EQ(ReadFile(filemon.InFolder("ran")), "/\n/\n/\n");
}

TEST(StatusTest, AWrongLibrary) {
  for (const char* library :
       {"/none.so", "none.so", "/etc/passwd", "/etc",
        "/none/$LIB/libfilemon.so", "/bin/sh x", "/bin/sh", "/dev/zero"}) {
    FilemonProcess filemon;
    filemon.set_in_child([&] { setenv("FILEMON_LIBRARY", library, 1); });
    const Result result = filemon.Run({"touch", "ran"});
    EXPECT_EQ(result.exit_status, 125);
    ExpectOneLine(result, library);
    EXPECT_FALSE(Exists(filemon.InFolder("ran")));
    EXPECT_FALSE(Exists(filemon.InFolder("filemon.out")));
  }
}

TEST(StatusTest, ANamedLibrary) {
  for (const char* name :
       {"/$LIB/libfilemon.so", "/lib/x86_64-linux-gnu/libfilemon.so"}) {
    FilemonProcess filemon;
    const std::string library = DataPath("interpose") + name;
    filemon.set_in_child(
        [&] { setenv("FILEMON_LIBRARY", library.c_str(), 1); });
    const Result result = filemon.Run({"touch", "ran"});
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.err, "");
    const auto log = filemon.Log();
    EXPECT_THAT(RecordsOf(log, PidOf(log, "/touch")), Contains("W ran"));
  }
}

TEST(StatusTest, ACommandFarFromItsLibrary) {
  FilemonProcess filemon;
  const std::string copy = filemon.InFolder("filemon");
  ASSERT_EQ(system(("cp " + FilemonPath() + " " + copy).c_str()), 0);
  filemon.Start({"touch", "ran"}, copy);
  const Result result = filemon.Wait();
  EXPECT_EQ(result.exit_status, 125);
  ExpectOneLine(result, "libfilemon.so is missing");
  EXPECT_FALSE(Exists(filemon.InFolder("ran")));
}

TEST(StatusTest, HelpAndVersionGoToStandardOutput) {
  FilemonProcess help;
  const Result text = help.Run({"--help"});
  EXPECT_EQ(text.exit_status, 0);
  EXPECT_THAT(text.out, HasSubstr("Examples:"));
  EXPECT_EQ(text.err, "");
  FilemonProcess version;
  const Result number = version.Run({"--version"});
  EXPECT_EQ(number.exit_status, 0);
  EXPECT_THAT(number.out, StartsWith("filemon "));
}

TEST(StatusTest, HelpThatCannotBePrinted) {
  FilemonProcess filemon;
  filemon.set_in_child([] { dup2(open("/dev/full", O_WRONLY), 1); });
  EXPECT_EQ(filemon.Run({"--help"}).exit_status, 125);
}

}  // namespace
}  // namespace filemon
