// The way to the collector for a process that has lost the pipe and cannot open
// the collector's descriptors (core/door_name.h).
#ifndef FILEMON_INTERPOSE_DOOR_H_
#define FILEMON_INTERPOSE_DOOR_H_

namespace filemon {

// What the collector gives: descriptors, close-on-exec, or -1.
struct Admission {
  int pipe;
  int lanes;
};

// Asks for the session's descriptors, and waits for the answer, but not for a
// collector that has been stopped: that one says in the log, when it goes on,
// that this process has been given up. Async-signal-safe.
Admission Knock();

// Knocks and does not wait: the collector says in the log, when it looks again,
// that records of this process are missing.
void LeaveNote();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_DOOR_H_
