# Tools that start another program in a state of their own.
# needs: env nice nohup setsid timeout flock
echo text > a
env -i /bin/cat a
env -u LD_PRELOAD cat a
env A=b sh -c 'test "$A" = b'
nice cat a
nohup cat a
setsid -w cat a
timeout 60 cat a
# In a container flock() may be refused, and chroot() is root's alone.
if flock a true 2> /dev/null; then flock a cat a; else echo "without flock"; fi
time -p true 2> /dev/null || true
stdbuf -o0 cat a
if chroot / true 2> /dev/null; then
  chroot / /bin/cat "$PWD/a"
else
  echo "without chroot"
fi
unshare -m cat a 2> /dev/null || true
