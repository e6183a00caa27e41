// What this image puts into its records to show that they are its own
// (core/wire.h, Header::proof).
#ifndef FILEMON_INTERPOSE_IMAGE_PROOF_H_
#define FILEMON_INTERPOSE_IMAGE_PROOF_H_

#include <stdint.h>

namespace filemon {

extern uint32_t g_image_proof __attribute__((visibility("hidden")));

// Works it out; 0 where libc hides the auxiliary vector.
uint32_t FindImageProof();

// Async-signal-safe and thread-safe: whoever finds it finds the same.
inline uint32_t ImageProof() {
  const uint32_t proof = __atomic_load_n(&g_image_proof, __ATOMIC_RELAXED);
  return __builtin_expect(proof != 0, 1) ? proof : FindImageProof();
}

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_IMAGE_PROOF_H_
