// Runs a fuzz target over the files and folders named, without libFuzzer.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  using std::filesystem::recursive_directory_iterator;
  int replayed = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : recursive_directory_iterator(
             argv[i],
             std::filesystem::directory_options::follow_directory_symlink)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(in)), {});
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()),
                             bytes.size());
      ++replayed;
    }
  }
  printf("replayed %d inputs\n", replayed);
  return replayed == 0;
}
