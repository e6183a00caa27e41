// loop CASE ITERATIONS FOLDER: does one thing over and over, and prints the
// nanoseconds that each time took, on the clock and of the processor (its
// children's included).
//
// A process of its own for each measurement, because what is measured, a
// preload or a tracer, is chosen when a process starts. FOLDER has a `file`.
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace {

// open()s of each thread in one iteration of `threads`.
constexpr int kThreadsTurn = 10000;

constexpr char kTrue[] = "/bin/true";
char* const kTrueArguments[] = {const_cast<char*>("true"), nullptr};

[[noreturn]] void Die(const char* what) {
  perror(what);
  exit(1);
}

struct Folder {
  std::string file;
  int fd;
  int zero;  // of /dev/zero
  int null;  // of /dev/null
};

void OpenClose(const Folder& folder) {
  const int fd = open(folder.file.c_str(), O_RDONLY);
  if (fd < 0 || close(fd) != 0) Die("open");
}

void OpenatClose(const Folder& folder) {
  const int fd = openat(folder.fd, "file", O_RDONLY);
  if (fd < 0 || close(fd) != 0) Die("openat");
}

void FopenFclose(const Folder& folder) {
  FILE* const file = fopen(folder.file.c_str(), "r");
  if (file == nullptr || fclose(file) != 0) Die("fopen");
}

void Stat(const Folder& folder) {
  struct stat st;
  if (stat(folder.file.c_str(), &st) != 0) Die("stat");
}

// One byte of what never ends, and of what takes everything.
void Read(const Folder& folder) {
  char c;
  if (read(folder.zero, &c, 1) != 1) Die("read");
}

void Write(const Folder& folder) {
  if (write(folder.null, "", 1) != 1) Die("write");
}

void* OpenManyTimes(void* folder) {
  for (int i = 0; i < kThreadsTurn; ++i) {
    OpenClose(*static_cast<const Folder*>(folder));
  }
  return nullptr;
}

// Enough of each that making a thread is no part of the figure.
void OpenCloseInTwoThreads(const Folder& folder) {
  pthread_t other;
  if (pthread_create(&other, nullptr, OpenManyTimes,
                     const_cast<Folder*>(&folder)) != 0) {
    Die("pthread_create");
  }
  OpenManyTimes(const_cast<Folder*>(&folder));
  pthread_join(other, nullptr);
}

void WaitForTrue(pid_t pid) {
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) Die(kTrue);
}

void ForkExec(const Folder&) {
  const pid_t pid = fork();
  if (pid == 0) {
    execv(kTrue, kTrueArguments);
    _exit(127);
  }
  WaitForTrue(pid);
}

void VforkExec(const Folder&) {
  const pid_t pid = vfork();
  if (pid == 0) {
    execv(kTrue, kTrueArguments);
    _exit(127);
  }
  WaitForTrue(pid);
}

void PosixSpawn(const Folder&) {
  pid_t pid;
  if (posix_spawn(&pid, kTrue, nullptr, nullptr, kTrueArguments, environ) !=
      0) {
    Die(kTrue);
  }
  WaitForTrue(pid);
}

double ProcessorNanoseconds() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage;
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      sum += time.tv_sec * 1e9 + time.tv_usec * 1e3;
    }
  }
  return sum;
}

struct Case {
  const char* name;
  void (*once)(const Folder&);
};
constexpr Case kCases[] = {
    {"open+close", OpenClose},
    {"openat+close", OpenatClose},
    {"fopen+fclose", FopenFclose},
    {"threads", OpenCloseInTwoThreads},
    {"stat", Stat},
    {"read", Read},
    {"write", Write},
    {"fork+exec", ForkExec},
    {"vfork+exec", VforkExec},
    {"posix_spawn", PosixSpawn},
};

}  // namespace

int main(int argc, char** argv) {
  const long iterations = argc == 4 ? atol(argv[2]) : 0;
  const Case* chosen = nullptr;
  for (const Case& candidate : kCases) {
    if (argc > 1 && strcmp(argv[1], candidate.name) == 0) chosen = &candidate;
  }
  if (chosen == nullptr || iterations < 1) {
    fprintf(stderr, "usage: loop CASE ITERATIONS FOLDER\n");
    return 2;
  }
  const std::string folder = argv[3];
  const Folder place = {
      folder + "/file", open(folder.c_str(), O_RDONLY | O_DIRECTORY),
      open("/dev/zero", O_RDONLY), open("/dev/null", O_WRONLY)};
  if (place.fd < 0 || place.zero < 0 || place.null < 0) Die(argv[3]);

  chosen->once(place);  // the first time pays for what is done only once
  const double processor = ProcessorNanoseconds();
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < iterations; ++i) chosen->once(place);
  const std::chrono::duration<double, std::nano> took =
      std::chrono::steady_clock::now() - start;
  printf("%.1f %.1f\n", took.count() / iterations,
         (ProcessorNanoseconds() - processor) / iterations);
  return 0;
}
