#!/bin/sh
# Each case of bench/loop runs, and says how long it took.
set -eu
touch "$TEST_TMPDIR/file"
for name in open+close openat+close fopen+fclose stat read write \
  fork+exec vfork+exec posix_spawn; do
  took=$(bench/loop "$name" 10 "$TEST_TMPDIR")
  processor=${took#* } took=${took% *}
  case $took$processor in
    *[!0-9.]* | '' | 0.0) echo "$name: not a time: $took"; exit 1 ;;
  esac
done

refused() {
  if bench/loop "$@" 2> /dev/null; then echo "accepted: $*"; exit 1; fi
}
refused
refused no+such 10 "$TEST_TMPDIR"
refused open+close 0 "$TEST_TMPDIR"
refused open+close 10 "$TEST_TMPDIR/missing"
