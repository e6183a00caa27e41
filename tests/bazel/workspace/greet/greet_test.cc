#include <fstream>
#include <string>

#include "greet/greet.h"

int main() {
  std::ifstream words("data/words.txt");
  std::string word;
  return words >> word && word != World() ? 0 : 1;
}
