"""How a workload is run: bare, with the library, under a peer."""

import os
import shlex
import shutil
import subprocess

STRACE = ["strace", "-f", "-qq", "-e", "trace=%file,%process"]


class Variant:
    """What stands before a command, and its environment.

    LOG in `prefix` is the file that the variant writes, or `log_variable` names
    it. `reads` says what the log is: "filemon"; "text", a line for each call;
    "names", a line for each name; None if it does not record files. A loop has
    `slow` times fewer iterations, one of execs `slow_execs` times.
    """

    def __init__(self, prefix, preload=None, slow=1, slow_execs=1, log_variable=None, reads=None):
        self.prefix, self.preload = prefix, preload
        self.slow, self.slow_execs = slow, slow_execs
        self.log_variable, self.reads = log_variable, reads

    def writes_log(self):
        return "LOG" in self.prefix or self.log_variable is not None

    def command(self, log, command, _project):
        return [log if word == "LOG" else word for word in self.prefix] + command

    def environment(self, log):
        env = dict(os.environ)
        env.pop("LD_PRELOAD", None)
        if self.preload:
            env["LD_PRELOAD"] = self.preload
        if self.log_variable:
            env[self.log_variable] = log
        return env


class Firebuild(Variant):
    """With an empty cache each time: else it would not run the command again."""

    def environment(self, log):
        env = super().environment(log)
        env["FIREBUILD_CACHE_DIR"] = log + ".cache"
        shutil.rmtree(log + ".cache", ignore_errors=True)
        return env


class Tup(Variant):
    """Runs the command as that of a Tupfile. tup refuses commands that write
    files that its Tupfile does not name."""

    def __init__(self, tup):
        super().__init__([tup])
        self._number = 0

    def command(self, _log, command, project):
        if not os.path.exists(os.path.join(project, ".tup")):
            subprocess.run(self.prefix + ["init", "."], cwd=project, check=True,
                           stdout=subprocess.DEVNULL)
        # Another command than the last, so that tup has to run it.
        self._number += 1
        tupfile = os.path.join(project, "Tupfile")
        with open(tupfile, "w") as out:
            out.write(": |> %s # %d |>\n" % (shlex.join(command), self._number))
        # tup looks at whole seconds.
        os.utime(tupfile, (self._number, self._number))
        return self.prefix + ["--quiet"]


def find_variants(options, bin_folder):
    """Name -> variant, of what is here."""
    interpose = os.path.join(bin_folder, "interpose")
    library = os.path.join(interpose, "$LIB/libfilemon.so")
    # As the empty one is named: for `$LIB` the dynamic linker of every process that
    # nobody has prepared makes a system call of 18 us here.
    plain = os.path.join(interpose, "lib/x86_64-linux-gnu/libfilemon.so")
    found = {
        "bare": Variant([]),
        "empty": Variant([], preload=os.path.join(bin_folder, "bench/libempty.so")),
        "dormant": Variant([], preload=plain),
        "filemon": Variant([os.path.join(bin_folder, "core/filemon"), "-o", "LOG", "--"],
                           reads="filemon"),
        "FILEMON_LOG": Variant([], preload=library, log_variable="FILEMON_LOG", reads="filemon"),
    }
    peers = {
        "fsatrace": lambda path: Variant([path, "erwmdtq", "LOG", "--"], reads="names"),
        "bear": lambda path: Variant([path, "--output", "LOG", "--"], slow_execs=10),
        "firebuild": lambda path: Firebuild([path]),
        "tup": Tup,
        "strace": lambda path: Variant([path] + STRACE[1:] + ["-o", "LOG"], slow=20,
                                       slow_execs=4, reads="text"),
        "seccomp": lambda path: Variant([path] + STRACE[1:] + ["--seccomp-bpf", "-o", "LOG"],
                                        slow=20, slow_execs=4, reads="text"),
    }
    for name, make in peers.items():
        command = "strace" if name == "seccomp" else name
        path = getattr(options, command) or shutil.which(command)
        if path:
            found[name] = make(path)
    return found
