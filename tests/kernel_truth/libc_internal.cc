#include "tests/kernel_truth/libc_internal.h"

#include <fnmatch.h>

#include <string>

namespace filemon {
namespace truth {
namespace {

// fopen(3) with mode "rce", and open with these very flags, is how glibc reads
// its own files. A program that reads the same file says "r" or O_RDONLY, and
// its open must not hide behind this list.
constexpr absl::string_view kCloexec = "O_RDONLY|O_CLOEXEC";
constexpr absl::string_view kPlain = "O_RDONLY";

struct Pattern {
  absl::string_view name;
  const char* path;  // fnmatch(3); "*" also matches slashes
  absl::string_view flags;
};

constexpr Pattern kPatterns[] = {
    // setlocale(3), locale/loadarchive.c, loadlocale.c and localename's alias
    // file (intl/localealias.c).
    {"locale", "/usr/lib/locale/*", kCloexec},
    {"locale", "/usr/share/locale/locale.alias", kCloexec},
    // iconv/gconv_cache.c, and gconv_dl.c, which loads a converter by
    // __libc_dlopen().
    {"gconv", "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache", kPlain},
    {"gconv", "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules*", kCloexec},
    {"gconv", "/usr/lib/x86_64-linux-gnu/gconv/*.so", kCloexec},
    // getpwnam(3), getaddrinfo(3)...: nss/nss_files/, resolv/res_init.c.
    {"NSS", "/etc/nsswitch.conf", kCloexec},
    {"NSS", "/etc/passwd", kCloexec},
    {"NSS", "/etc/group", kCloexec},
    {"NSS", "/etc/hosts", kCloexec},
    {"NSS", "/etc/host.conf", kCloexec},
    {"NSS", "/etc/resolv.conf", kCloexec},
    {"NSS", "/etc/services", kCloexec},
    {"NSS", "/etc/protocols", kCloexec},
    // tzset(3): time/tzfile.c.
    {"time zone", "/etc/localtime", kCloexec},
    {"time zone", "/usr/share/zoneinfo/*", kCloexec},
    // gettext(3): intl/loadmsgcat.c. A program's own catalogues lie where its
    // bindtextdomain() says, so that only the file's place is known.
    {"message catalogue", "*/LC_MESSAGES/*.mo", kPlain},
    // catopen(3) searches NLSPATH for a name without a slash: catgets/
    // open_catalog.c.
    {"message catalogue", "*/LC_MESSAGES/*.cat", kPlain},
    // sysconf(3), which takes a number and no name: _SC_NPROCESSORS_ONLN and
    // _SC_NPROCESSORS_CONF (sysdeps/unix/sysv/linux/getsysstats.c),
    // _SC_NGROUPS_MAX (sysdeps/unix/sysv/linux/sysconf.c).
    {"sysconf", "/sys/devices/system/cpu/online", kCloexec},
    {"sysconf", "/sys/devices/system/cpu/possible", kCloexec},
    {"sysconf", "/proc/sys/kernel/ngroups_max", kCloexec},
    // free(3) of a thread's arena asks whether it may be shrunk:
    // malloc/arena.c,
    // sysdeps/unix/sysv/linux/malloc-sysdep.h.
    {"malloc", "/proc/sys/vm/overcommit_memory", kCloexec},
    // closefrom(3), where the kernel has no close_range():
    // sysdeps/unix/sysv/linux/closefrom_fallback.c.
    {"closefrom", "/proc/self/fd", "O_RDONLY|O_DIRECTORY"},
    // pthread_getattr_np(3) of the initial thread looks for its stack:
    // nptl/pthread_getattr_np.c.
    {"threads", "/proc/self/maps", kCloexec},
};

}  // namespace

absl::string_view LibcInternalClass(absl::string_view path,
                                    absl::string_view flags) {
  const std::string name(path);
  for (const Pattern& pattern : kPatterns) {
    if (flags == pattern.flags && fnmatch(pattern.path, name.c_str(), 0) == 0) {
      return pattern.name;
    }
  }
  return "";
}

}  // namespace truth
}  // namespace filemon
