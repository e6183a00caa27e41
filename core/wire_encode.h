// Encodes wire records, for tests of the side that decodes them.
#ifndef FILEMON_CORE_WIRE_ENCODE_H_
#define FILEMON_CORE_WIRE_ENCODE_H_

#include <stdint.h>

#include <string>
#include <vector>

#include "core/wire.h"

namespace filemon {

// The bytes of a record; longer than wire::kMaxWrite if its names are.
std::string EncodeRecord(uint32_t cookie, wire::Kind kind, int32_t pid,
                         int32_t a, int32_t b,
                         const std::vector<std::string>& names,
                         uint32_t pid_namespace = 0, uint32_t life = 0);

// The same record as kFragment records of at most `piece` bytes of it each.
// `number` is what they share.
std::vector<std::string> EncodeFragments(const std::string& record,
                                         int32_t number, size_t piece);

}  // namespace filemon

#endif  // FILEMON_CORE_WIRE_ENCODE_H_
