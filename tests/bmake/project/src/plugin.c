#include "plugin.h"

const char* Title(void);
const char* Title(void) { return TITLE; }
