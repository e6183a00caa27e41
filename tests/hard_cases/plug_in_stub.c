// What plug_in.so is linked with, in the place of the real library.
void filemon_session_open(void) {}
