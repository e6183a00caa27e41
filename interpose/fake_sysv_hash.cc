// A library as old linkers made them, for symbol_test: it has no DT_GNU_HASH.
#include <unistd.h>

extern "C" {

int filemon_test_sysv_data = 1;

int filemon_test_sysv() { return getppid() + filemon_test_sysv_data; }
void filemon_test_sysv_a() {}
void filemon_test_sysv_bc() {}
void filemon_test_sysv_def() {}
void filemon_test_sysv_ghij() {}

}  // extern "C"
