#include "greet/greet.h"

const char* World() { return "world"; }
