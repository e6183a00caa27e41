# Python's subprocess: vfork, close_range in the child, execve.
# needs: python3
cat > p.py <<'END'
import os, subprocess, sys
open("a", "w").write("some text\n")
subprocess.run(["cat", "a"], check=True)
subprocess.run(["cat", "a"], check=True, close_fds=False)
subprocess.run("cat a | tr a-z A-Z > b", shell=True, check=True)
subprocess.run(["cat", "a"], env={}, check=True)
subprocess.run(["cat", "../a"], cwd=os.makedirs("d") or "d", check=True)
subprocess.run(["cat", "a"], start_new_session=True, check=True)
subprocess.run(["cat", "a"], preexec_fn=lambda: os.umask(0), check=True)
subprocess.run(["cat", "a"], pass_fds=[os.open("a", os.O_RDONLY)], check=True)
with open("out", "w") as out:
    subprocess.run(["cat", "a"], stdout=out, stdin=subprocess.DEVNULL,
                   check=True)
try:
    subprocess.run(["absent-program"])
    sys.exit("not there, and yet it ran")
except FileNotFoundError:
    pass
assert subprocess.run(["sh", "-c", "kill -9 $$"]).returncode == -9
assert subprocess.check_output(["cat", "b"]) == b"SOME TEXT\n"
children = [subprocess.Popen(["cat", "a"]) for _ in range(5)]
assert [c.wait() for c in children] == [0] * 5
assert os.system("exit 3") >> 8 == 3
assert os.popen("cat a").read() == "some text\n"
assert os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn(
    "/bin/cat", ["cat", "a"], os.environ,
    file_actions=[(os.POSIX_SPAWN_OPEN, 1, "s", os.O_WRONLY | os.O_CREAT,
                   0o600)]), 0)[1]) == 0
END
python3 p.py
