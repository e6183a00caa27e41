#include "greet/greet.h"

#include <fstream>
#include <string>

int main() {
  std::ifstream words("data/words.txt");
  std::string word;
  return words >> word && word != World() ? 0 : 1;
}
