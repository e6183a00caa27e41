# Jobs that end by a signal. A FIFO tells when the job is there.
mkfifo there
killed() {
  sh -c 'echo x > there; while :; do read -r line < there; done' &
  read -r x < there
  kill -"$1" $!
  status=0
  wait $! || status=$?
  test $status = "$2"
}
killed KILL 137
killed TERM 143
killed HUP 129
status=0; sh -c 'cat there2 2> /dev/null; kill -SEGV $$' || status=$?
test $status = 139
status=0; sh -c ': > aborted; kill -ABRT $$' || status=$?
test $status = 134
status=0; (kill -KILL $(exec sh -c 'echo $PPID')) || status=$?
test $status = 137
