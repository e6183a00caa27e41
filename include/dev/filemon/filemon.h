/*
 * The ioctl requests of filemon(4), FreeBSD's device that logs which files a
 * tree of processes uses.
 *
 *     int device = open("/dev/filemon", O_RDWR | O_CLOEXEC);
 *     ioctl(device, FILEMON_SET_FD, &log_fd);
 *     ioctl(device, FILEMON_SET_PID, &pid);
 *     ...
 *     close(device);
 *
 * Requests and log format are FreeBSD's, so that programs written for it
 * compile unchanged. Linux has no such device: libfilemon.so shows it to the
 * processes that have loaded it, by LD_PRELOAD or linked with -lfilemon. In all
 * others open("/dev/filemon") fails with ENOENT. See filemon(4), also for the
 * errors.
 *
 * The request codes are encoded as Linux encodes them (_IOWR of
 * <asm-generic/ioctl.h>); their numbers differ from FreeBSD's.
 *
 * This header needs no other and may be included from C and C++.
 */
#ifndef FILEMON_DEV_FILEMON_FILEMON_H_
#define FILEMON_DEV_FILEMON_FILEMON_H_

#include <sys/ioctl.h>
#include <sys/types.h>

/*
 * Says where the log goes: the argument is an `int *` that points at a file
 * descriptor open for writing. To be set once per open device, before
 * FILEMON_SET_PID; the caller may close its descriptor afterwards.
 */
#define FILEMON_SET_FD _IOWR('S', 1, int)

/*
 * Says whom to log: the argument is a `pid_t *` that points at a process id,
 * normally the caller's own, set in a child before its exec. That process and
 * all that it creates from then on are logged.
 */
#define FILEMON_SET_PID _IOWR('S', 2, pid_t)

/* The version of the log format, as in its `V 5` line: see filemon(5). */
#define FILEMON_VERSION 5

#endif /* FILEMON_DEV_FILEMON_FILEMON_H_ */
