"""What is measured: one function of libc over and over, and whole programs."""

import os
import py_compile
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

FILES, FOLDERS = 5000, 100
MODULES = 300


class Workload:
    """A command that runs in `project`, and what a log of it must have. Judged is the
    processor time of its processes.

    `expect` are (letter, text, count, names): at least so many records of that
    letter that have the text, and so many different ones. `every`: it is run in
    each round of that number only.
    """

    def __init__(self, name, goal, command, expect, every=2, set_up=None, reset=None):
        self.name, self.goal, self.every = name, goal, every
        self._command, self._expect = command, expect
        self._set_up, self._reset = set_up, reset

    def set_up(self, project):
        """Once, before all runs."""
        if self._set_up:
            self._set_up(project)

    def reset(self, project):
        """Before each run, and not measured."""
        if self._reset:
            self._reset(project)

    def iterations(self, _variant):
        return 1

    def command(self, _variant):
        return self._command

    def expect(self, _variant):
        return self._expect

    def sample(self, cpu, _out):
        """What is judged, and the processor time; in nanoseconds."""
        return cpu, cpu


class Loop(Workload):
    """A case of bench/loop, in a sample of 20 to 60 ms; judged is the time. Under
    a tracer that is many times slower it does it less often."""

    def __init__(self, name, goal, iterations, letter="", text="file", each=1):
        super().__init__(name, goal, None, [], every=1)
        self._iterations, self._letter, self._text, self._each = iterations, letter, text, each

    def iterations(self, variant):
        slow = variant.slow_execs if self._letter == "E" else variant.slow
        return max(1, self._iterations // slow)

    def command(self, variant):
        return ["./loop", self.name, str(self.iterations(variant)), "."]

    def expect(self, variant):
        if not self._letter:
            return []
        return [(self._letter, self._text, self._each * self.iterations(variant), 1)]

    def sample(self, _cpu, out):
        took, processor = (float(word) for word in out.split())
        return took, processor


def make_tree(project):
    """5,000 files of 1 KiB in 100 folders."""
    tree = os.path.join(project, "tree")
    if os.path.exists(tree):
        return
    for folder in range(FOLDERS):
        os.makedirs(os.path.join(tree, "folder-%d" % folder))
    for number in range(FILES):
        name = "folder-%d/source-%d.txt" % (number % FOLDERS, number)
        with open(os.path.join(tree, name), "w") as file:
            file.write("int function_%06d(int argument);\n" % number * 32)
    with open(os.path.join(project, "reference"), "w"):
        pass


def forget_copy(project):
    shutil.rmtree(os.path.join(project, "copy"), ignore_errors=True)


def make_modules(project):
    """300 modules, compiled, as after a first run."""
    folder = os.path.join(project, "modules")
    os.makedirs(folder)
    for number in range(MODULES):
        name = os.path.join(folder, "generated_%d.py" % number)
        with open(name, "w") as module:
            module.write('"""A module."""\n')
            for i in range(20):
                module.write("def f%d(a, b=%d):\n    return {'a': a, 'b': [b, %d]}\n" % (i, i, i))
            module.write("class C:\n    x = f1(2)\n    def m(self):\n        return self.x\n")
        py_compile.compile(name)
    with open(os.path.join(folder, "main.py"), "w") as main:
        main.writelines("import generated_%d\n" % i for i in range(MODULES))


class Source:
    """A Debian source package, unpacked anew for each run."""

    def __init__(self, package):
        self.package = package

    def folder(self, project):
        return os.path.join(project, self.package)

    def fetch(self, project):
        work = os.environ.setdefault("REALWORLD", "/var/tmp/filemon-realworld")
        subprocess.run([os.path.join(ROOT, "tests/realworld/fetch"), self.package], check=True,
                       stdout=subprocess.DEVNULL)
        sources = os.path.join(work, "sources")
        found = [f for f in os.listdir(sources)
                 if f.startswith(self.package + "_") and f.endswith(".dsc")]
        # Debian's changes to lua need libtool.
        subprocess.run(["dpkg-source", "-q", "--no-check", "--skip-patches", "-x",
                        os.path.join(sources, found[0]), self.folder(project) + ".new"],
                       check=True, stdout=subprocess.DEVNULL)

    def unpack(self, project):
        shutil.rmtree(self.folder(project), ignore_errors=True)
        shutil.copytree(self.folder(project) + ".new", self.folder(project), symlinks=True)


def source_workload(name, goal, package, script, expect):
    source = Source(package)
    return Workload(name, goal, ["sh", "-c", "cd %s && %s" % (package, script)], expect,
                    every=5, set_up=source.fetch, reset=source.unpack)


def all_workloads():
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    found = [
        Loop("open+close", 1.12, 15000, "R"),
        Loop("openat+close", 1.15, 15000, "R"),
        Loop("fopen+fclose", 1.12, 12000, "R"),
        Loop("threads", 1.12, 1, "R", each=20000),
        Loop("stat", 1.00, 40000),
        Loop("read", 1.00, 150000),
        Loop("write", 1.00, 150000),
        Loop("fork+exec", 1.08, 50, "E", "true"),
        Loop("vfork+exec", 1.08, 50, "E", "true"),
        Loop("posix_spawn", 1.08, 50, "E", "true"),
        Workload("find -newer", 1.05, ["find", "tree", "-newer", "reference"],
                 [("R", "folder-", FOLDERS, FOLDERS)], set_up=make_tree),
        Workload("grep -r", 1.05, ["grep", "-r", "function_004999", "tree"],
                 [("R", "source-", FILES, FILES)], set_up=make_tree),
        Workload("cp -r", 1.05, ["cp", "-r", "tree", "copy"],
                 [("W", "source-", FILES, FILES), ("R", "source-", FILES, FILES)],
                 every=4, set_up=make_tree, reset=forget_copy),
        Workload("python imports", 1.02, [python, "-S", "modules/main.py"],
                 [("R", "generated_", MODULES, MODULES)], set_up=make_modules),
        source_workload("configure zlib", 1.02, "zlib", "./configure", [("E", "cc", 10, 1)]),
        source_workload("make lua -O0", 1.02, "lua5.4",
                        "make -s -j2 -C src linux MYCFLAGS=-O0", [("W", ".o", 30, 30)]),
    ]
    return {workload.name: workload for workload in found}
