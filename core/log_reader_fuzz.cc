// Reads any bytes as a log.
#include <stdint.h>
#include <stdlib.h>

#include "core/log_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto log = filemon::ParseLog(text);
  if (!log.ok()) return 0;
  for (const filemon::LogRecord& record : *log) {
    if (record.letter == 0 || record.path.find('\n') != std::string::npos) {
      abort();
    }
  }
  return 0;
}
