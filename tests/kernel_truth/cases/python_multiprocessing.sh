# Python's multiprocessing, by each of its ways to start a process.
# needs: python3
cat > p.py <<'END'
import multiprocessing, sys
def work(n):
    with open("w%d" % n, "w") as f:
        f.write(str(n))
    return n * n
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        assert pool.map(work, range(6)) == [n * n for n in range(6)]
    process = context.Process(target=work, args=(9,))
    process.start()
    process.join()
    assert process.exitcode == 0
END
# Its sockets' names must fit into 108 bytes.
TMPDIR=$(mktemp -d /tmp/mp.XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
python3 p.py fork
python3 p.py spawn
python3 p.py forkserver
