# Python's shutil, os.fwalk, tempfile: calls with directory descriptors.
# needs: python3
cat > p.py <<'END'
import os, pathlib, shutil, tempfile
for d in ("t/a/b", "t/c"):
    os.makedirs(d)
for f in ("t/1", "t/a/2", "t/a/b/3", "t/c/two words", "t/c/n\nl"):
    pathlib.Path(f).write_text(f)
os.symlink("../1", "t/a/s")
shutil.copytree("t", "u", symlinks=True)
shutil.move("u/c", "u/d")
for root, dirs, files, fd in os.fwalk("t"):
    for f in files:
        os.close(os.open(f, os.O_RDONLY, dir_fd=fd))
for entry in os.scandir("t"):
    entry.stat()
top = os.open("t", os.O_RDONLY)
os.rename("1", "one", src_dir_fd=top, dst_dir_fd=top)
os.link("one", "uno", src_dir_fd=top, dst_dir_fd=top)
os.symlink("one", "eins", dir_fd=top)
os.unlink("uno", dir_fd=top)
os.mkdir("e", dir_fd=top)
os.rmdir("e", dir_fd=top)
os.listdir(top)
os.fchdir(top)
os.chdir("..")
with tempfile.TemporaryDirectory(dir=".") as d:
    with tempfile.NamedTemporaryFile(dir=d) as f:
        f.write(b"x")
    with tempfile.TemporaryFile(dir=d) as f:
        f.write(b"x")
shutil.make_archive("ball", "gztar", "t")
shutil.unpack_archive("ball.tar.gz", "v")
shutil.rmtree("u")
os.replace("ball.tar.gz", "ball")
list(pathlib.Path("t").rglob("*"))
END
python3 p.py
