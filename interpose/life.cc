#include "interpose/life.h"

#include "interpose/auxiliary.h"
#include "interpose/text.h"

namespace filemon {
namespace {

uint64_t g_secret;  // of this image and its forks; 0: not looked for yet
uint32_t g_drawn;   // lives, by this process and those that it was forked from

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15U;

// The finaliser of MurmurHash3.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
  return x ^ (x >> 33);
}

// Made of the random bytes that the kernel lays on an image's stack, which libc
// guards stacks with: twice as many bits are behind it, so that nothing leads
// back. A program may have cleared them (Go does).
__attribute__((noinline)) uint64_t FindSecret() {
  const unsigned long address = Auxiliary(AT_RANDOM);
  uint64_t random[2] = {};
  if (address != 0) {
    memcpy(random, reinterpret_cast<const void*>(address), sizeof(random));
  }
  const auto where = reinterpret_cast<uintptr_t>(&random);
  const uint64_t secret = (Mix(random[0]) ^ Mix(random[1] + where)) | 1;
  __atomic_store_n(&g_secret, secret, __ATOMIC_RELAXED);
  return secret;
}

}  // namespace

uint32_t NewLife(ProcessId by) {
  uint64_t secret = __atomic_load_n(&g_secret, __ATOMIC_RELAXED);
  if (secret == 0) secret = FindSecret();
  const uint32_t number = __atomic_add_fetch(&g_drawn, 1, __ATOMIC_RELAXED);
  const uint64_t who =
      static_cast<uint64_t>(by.life) << 32 | static_cast<uint32_t>(by.pid);
  const uint64_t drawn = Mix(Mix(who ^ secret) + number * kGolden);
  const auto life = static_cast<uint32_t>(drawn >> 32);
  return life != 0 ? life : 1;
}

}  // namespace filemon
