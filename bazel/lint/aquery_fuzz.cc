// Reads any bytes as what aquery prints, and asks the graph all it can be
// asked.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "bazel/lint/aquery.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto graph = filemon::lint::ParseAquery(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!graph.ok()) return 0;
  for (const filemon::lint::Action& action : graph->actions()) {
    for (const auto& input : graph->InputsOf(action)) {
      const std::string& path = input.artifact->path;
      graph->MakerOf(path);
      graph->TestWithResultsAt(path);
      graph->TestWithRunfile(path);
      for (const std::string& other : graph->LinkedWith(path)) {
        if (other == path) abort();
      }
    }
    for (const size_t output : action.outputs) graph->artifact(output);
  }
  return 0;
}
