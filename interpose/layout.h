// Where data lies (libfilemon.lds).
#ifndef FILEMON_INTERPOSE_LAYOUT_H_
#define FILEMON_INTERPOSE_LAYOUT_H_

// For a large zeroed array that most processes never touch: apart from the
// page that all of them write.
#define FILEMON_COLD __attribute__((section(".bss.cold")))

// For a function that a usual process does not call when it starts, forks,
// execs or ends: away from those that it does.
#define FILEMON_RARE __attribute__((cold, noinline))

#endif  // FILEMON_INTERPOSE_LAYOUT_H_
