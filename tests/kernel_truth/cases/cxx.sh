# needs: g++
cat > p.cc <<'END'
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <locale>
#include <thread>
#include <vector>
int main() {
  std::ofstream("a") << "text\n";
  std::fstream("a", std::ios::in | std::ios::out) << "more\n";
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] { std::ofstream("t" + std::to_string(i)) << i; });
  }
  for (auto& t : threads) t.join();
  namespace fs = std::filesystem;
  fs::create_directories("d/e");
  fs::copy("a", "d/a");
  fs::copy("d", "f", fs::copy_options::recursive);
  fs::rename("f", "g");
  fs::create_symlink("a", "s");
  fs::create_hard_link("a", "h");
  for (const auto& entry : fs::recursive_directory_iterator("."))
    if (entry.is_regular_file()) std::ifstream(entry.path()).get();
  fs::current_path("d");
  fs::current_path("..");
  fs::remove_all("g");
  fs::remove("h");
  return std::rename("s", "r");
}
END
g++ -std=c++17 p.cc -o p -pthread
mkdir w
cd w
../p
