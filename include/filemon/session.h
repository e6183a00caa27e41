/*
 * libfilemon(3): log which files a tree of processes uses, from within a
 * program.
 *
 *     int session = filemon_session_open(log_fd, 0);
 *     pid_t child = fork();
 *     if (child == 0) {
 *       filemon_session_attach(session, getpid());
 *       execvp(...);
 *     }
 *     waitpid(child, &status, 0);
 *     if (filemon_session_close(session) != 0) perror("log");
 *
 * Link with -lfilemon, or preload libfilemon.so. The same as /dev/filemon, see
 * filemon(4), in three functions; the log's format is filemon(5)'s.
 *
 * All functions are thread-safe. In the child of vfork() only
 * filemon_session_attach() may be called; none may be called in a signal
 * handler.
 *
 * This header needs no other and may be included from C and C++.
 */
#ifndef FILEMON_FILEMON_SESSION_H_
#define FILEMON_FILEMON_SESSION_H_

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Names in the log are absolute and lexically clean, not as given. */
#define FILEMON_SESSION_ABSOLUTE_PATHS 1

/*
 * Begins a session that writes its log to `log_fd`, which must be open for
 * writing; the log's header is there on return. The session keeps a duplicate
 * with the same file offset: the caller may close its own. `flags` is 0 or
 * FILEMON_SESSION_ABSOLUTE_PATHS.
 *
 * Returns the session: a close-on-exec descriptor of the caller's, an open
 * /dev/filemon. -1 and errno on failure:
 *   EBADF   log_fd is not open for writing
 *   EINVAL  log_fd is of a type that cannot be a log; unknown flags
 *   EMFILE, ENFILE  no free descriptor
 *   ENXIO   the session's collector cannot be started
 */
int filemon_session_open(int log_fd, unsigned flags);

/*
 * Traces process `pid`, and what it creates from now on; what the session
 * traced before is traced no more. `pid` is the caller, or a process of the
 * same user that has loaded the same libfilemon.so.
 *
 * Returns 0, or -1 and errno:
 *   EBADF   `session` is none
 *   ESRCH   there is no such process
 *   EBUSY   another session traces that process, and it is not the caller
 *   EPERM   the caller may not, or the process has not loaded the library
 *   EIO     the collector is gone
 */
int filemon_session_attach(int session, pid_t pid);

/*
 * Closes one descriptor of the session, as close() does too. With the last one
 * the session ends: when the call returns, the log is complete. Processes that
 * are still running are traced no more, and nobody waits for them.
 *
 * Returns 0, or -1 and errno: EBADF, or what write(2) said when the log could
 * not be written; EIO if the collector is gone. The descriptor is closed in any
 * case.
 */
int filemon_session_close(int session);

#ifdef __cplusplus
}
#endif

#endif /* FILEMON_FILEMON_SESSION_H_ */
