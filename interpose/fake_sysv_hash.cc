// A library as old linkers made them, for symbol_test.
extern "C" {
int filemon_test_sysv_data = 1;
int filemon_test_sysv(int x) { return x + filemon_test_sysv_data; }
}
