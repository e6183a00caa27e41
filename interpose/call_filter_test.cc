#include "interpose/call_filter.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include <vector>

#include "gtest/gtest.h"
#include "interpose/sys.h"

namespace filemon {
namespace {

using Code = std::vector<sock_filter>;

constexpr int kPipe = 900;
constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kKill = SECCOMP_RET_KILL_PROCESS;

sock_filter Do(unsigned code, uint32_t k) {
  return {static_cast<uint16_t>(code), 0, 0, k};
}
sock_filter If(unsigned code, uint32_t k, uint8_t yes, uint8_t no) {
  return {static_cast<uint16_t>(BPF_JMP | code), yes, no, k};
}
sock_filter LoadNumber() {
  return Do(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
}
sock_filter LoadArgument(int i) {
  return Do(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0]) + 8 * i);
}
sock_filter Return(uint32_t action) { return Do(BPF_RET | BPF_K, action); }

uint32_t Denied(Code code) {
  return DeniedBy({static_cast<unsigned short>(code.size()), code.data()},
                  kPipe);
}

TEST(CallFilterTest, DeniesWhatItDoesNotKnow) {
  EXPECT_EQ(Denied({Return(kAllow)}), sys::kOtherCalls);
  EXPECT_EQ(sys::SetOf(SYS_socket), sys::kOtherCalls);
}

TEST(CallFilterTest, LetsPassOnlyWhatIsAllowed) {
  EXPECT_EQ(Denied({Return(SECCOMP_RET_LOG)}), sys::kOtherCalls);
  for (const uint32_t action :
       {kKill, uint32_t{SECCOMP_RET_KILL_THREAD}, uint32_t{SECCOMP_RET_TRAP},
        uint32_t{SECCOMP_RET_ERRNO} | 1, uint32_t{SECCOMP_RET_TRACE},
        uint32_t{SECCOMP_RET_USER_NOTIF}}) {
    EXPECT_EQ(Denied({Return(action)}) & sys::kGetpid, sys::kGetpid);
  }
}

TEST(CallFilterTest, KnowsOneFromTheOther) {
  const uint32_t denied = Denied(
      {LoadNumber(), If(BPF_JEQ | BPF_K, SYS_getpid, 1, 0),
       If(BPF_JEQ | BPF_K, SYS_write, 0, 1), Return(kAllow), Return(kKill)});
  EXPECT_EQ(denied & sys::kGetpid, 0u);
  EXPECT_EQ(denied & sys::kWrite, 0u);
  EXPECT_EQ(denied & sys::kGetppid, sys::kGetppid);
  EXPECT_EQ(denied & sys::kOpenat, sys::kOpenat);
}

// Descriptors up to 899 may be written to; our pipe is 900.
TEST(CallFilterTest, LooksAtArguments) {
  const auto up_to = [](uint32_t fd) {
    return Code{LoadNumber(),    If(BPF_JEQ | BPF_K, SYS_write, 0, 3),
                LoadArgument(0), If(BPF_JGT | BPF_K, fd, 0, 1),
                Return(kKill),   Return(kAllow)};
  };
  EXPECT_EQ(Denied(up_to(899)) & sys::kWrite, sys::kWrite);
  EXPECT_EQ(Denied(up_to(900)) & sys::kWrite, 0u);
}

// fcntl() is denied if one of its commands is that we need.
TEST(CallFilterTest, WantsAllThatIsNeeded) {
  const uint32_t denied =
      Denied({LoadArgument(1), If(BPF_JEQ | BPF_K, F_GETOWN, 0, 1),
              Return(kKill), Return(kAllow)});
  EXPECT_EQ(denied & sys::kFcntl, sys::kFcntl);
}

TEST(CallFilterTest, Calculates) {
  // ((number + 7) * 3 - 1) kept, shifted, and brought back.
  const uint32_t mark = (static_cast<uint32_t>(SYS_getpid) + 7) * 3 - 1;
  const Code code = {
      LoadNumber(),
      Do(BPF_ALU | BPF_ADD | BPF_K, 7),
      Do(BPF_ALU | BPF_MUL | BPF_K, 3),
      Do(BPF_ALU | BPF_SUB | BPF_K, 1),
      Do(BPF_ST, 5),
      Do(BPF_LD | BPF_IMM, 0),
      Do(BPF_LDX | BPF_MEM, 5),
      Do(BPF_MISC | BPF_TXA, 0),
      Do(BPF_ALU | BPF_LSH | BPF_K, 4),
      Do(BPF_ALU | BPF_RSH | BPF_K, 2),
      Do(BPF_ALU | BPF_DIV | BPF_K, 2),
      Do(BPF_ALU | BPF_XOR | BPF_X, 0),
      Do(BPF_ALU | BPF_XOR | BPF_X, 0),
      Do(BPF_MISC | BPF_TAX, 0),
      Do(BPF_LD | BPF_IMM, 2 * mark),
      If(BPF_JEQ | BPF_X, 0, 0, 1),
      Return(kAllow),
      Return(kKill),
  };
  EXPECT_EQ(Denied(code) & sys::kGetpid, 0u);
  EXPECT_EQ(Denied(code) & sys::kGetppid, sys::kGetppid);
}

// The kernel would not have taken it.
TEST(CallFilterTest, DeniesAllWhereAFilterMakesNoSense) {
  for (const Code& code :
       {Code{}, Code{LoadNumber()},
        Code{Do(BPF_LD | BPF_MEM, 99), Return(kAllow)},
        Code{Do(BPF_ALU | BPF_DIV | BPF_K, 0), Return(kAllow)},
        Code{Do(BPF_LD | BPF_W | BPF_ABS, 4000), Return(kAllow)},
        Code{Do(BPF_JMP | BPF_JA, 77), Return(kAllow)}}) {
    EXPECT_EQ(Denied(code) & sys::kGetpid, sys::kGetpid);
  }
}

}  // namespace
}  // namespace filemon
