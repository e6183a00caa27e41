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
flock a cat a
time -p true 2> /dev/null || true
stdbuf -o0 cat a
chroot / /bin/cat "$PWD/a"
unshare -m cat a 2> /dev/null || true
