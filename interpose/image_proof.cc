#include "interpose/image_proof.h"

#include "core/wire.h"
#include "interpose/auxiliary.h"

namespace filemon {

uint32_t g_image_proof;

uint32_t FindImageProof() {
  const unsigned long address = Auxiliary(AT_RANDOM);
  if (address == 0) return 0;
  const auto* random =
      reinterpret_cast<const unsigned char(*)[wire::kRandomSize]>(address);
  const uint32_t proof = wire::ProofOf(*random);
  __atomic_store_n(&g_image_proof, proof, __ATOMIC_RELAXED);
  return proof;
}

}  // namespace filemon
