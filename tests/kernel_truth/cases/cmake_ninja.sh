# A library and a program, configured by cmake and built by ninja.
# needs: cmake ninja gcc
mkdir src
cat > src/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.13)
project(greeting C)
enable_testing()
configure_file(version.h.in version.h)
add_library(greet SHARED greet.c)
target_include_directories(greet PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
add_executable(hello main.c)
target_link_libraries(hello greet)
add_custom_command(OUTPUT made.txt COMMAND hello > made.txt DEPENDS hello)
add_custom_target(made ALL DEPENDS made.txt)
add_test(NAME runs COMMAND hello)
install(TARGETS greet hello)
END
echo '#define VERSION "@PROJECT_NAME@"' > src/version.h.in
printf '#include "version.h"\nconst char* greet(void) { return VERSION; }\n' \
    > src/greet.c
cat > src/main.c <<'END'
#include <stdio.h>
const char* greet(void);
int main(void) { return puts(greet()) < 0; }
END
cmake -S src -B out -G Ninja -DCMAKE_INSTALL_PREFIX="$PWD/inst"
ninja -C out -j2
ninja -C out
(cd out && ctest)
touch src/greet.c
ninja -C out install
test "$(cat out/made.txt)" = greeting
