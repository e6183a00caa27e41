#include <iostream>

#include "greet/greet.h"

int main() { std::cout << "Hello, " << World() << "!\n"; }
