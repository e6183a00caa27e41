// FILEMON_LOG: a session without a launcher. The first process that finds no
// session starts a collector for it.
#ifndef FILEMON_INTERPOSE_LOGGED_SESSION_H_
#define FILEMON_INTERPOSE_LOGGED_SESSION_H_

#include "interpose/session.h"

namespace filemon {

// Begins the session that `environment` asks for, of which this process is the
// first. Returns the session's pipe and fills `out`; -1 if none is asked for,
// or if it cannot be had: then a line on standard error has said why, and the
// environment does not ask any more.
int BeginLoggedSession(char* const* environment, Membership* out);

// The calling process is about to end and will do nothing more. If its session
// waits for it, waits in turn until the log is complete.
void WaitForLog();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_LOGGED_SESSION_H_
