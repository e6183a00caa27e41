// The process that a collector is, in the tree of processes.
#ifndef FILEMON_INTERPOSE_COLLECTOR_PROCESS_H_
#define FILEMON_INTERPOSE_COLLECTOR_PROCESS_H_

namespace filemon {

// Runs the collector `program` with `socket` as standard input, no other
// descriptor, and a session (setsid(2)) of its own. 0 or -errno.
//
// It is no child of the program's that wait(2) or SIGCHLD would tell of: an
// orphan as a rule. Where orphans come to this process itself, because it is
// PID 1 or a subreaper, the collector has a keeper for a parent, a process that
// does nothing but wait for it, and that is our child without a signal at its
// end: only who asks for clones (__WALL, __WCLONE) sees it.
int StartCollectorProcess(const char* program, int socket);

// A collector of this process's has ended or is about to: takes its keeper, if
// it has one, off the list of our children.
void ReapKeeper();

}  // namespace filemon

#endif  // FILEMON_INTERPOSE_COLLECTOR_PROCESS_H_
