#!/bin/sh
# bench:collector runs, and says what it is to say. It fails by itself when a
# record is missing in the log.
set -eu
collector=bench/collector
words='^[0-9]+ records of 3 writers: [0-9.]+ ns each; 3 processes: [0-9]+ KiB$'
"$collector" 100 3 | grep -Eq "$words"
"$collector" 100 3 absolute | grep -Eq "$words"
if "$collector" 0 3 2> /dev/null; then exit 1; fi
