#!/bin/sh
# Runs the program on the sample and compares with what it should print.
# usage: run.sh TALLY SCRATCH-DIR
set -eu
tally=$1
scratch=$2
here=$(dirname "$0")
mkdir -p "$scratch"

for format in plain csv json; do
  "$tally" -f "$format" -n 3 -o "$scratch/$format.new" "$here/sample.txt"
  # A finished result takes its name at once, never half written.
  mv "$scratch/$format.new" "$scratch/$format.out"
  diff -u "$here/expected.$format" "$scratch/$format.out"
done

"$tally" -n 3 < "$here/sample.txt" | diff -u "$here/expected.plain" -

if "$tally" "$scratch/no-such-file" 2> "$scratch/error"; then
  echo "a missing file went unnoticed"
  exit 1
fi
grep -q 'no-such-file' "$scratch/error"
rm "$scratch/error"
echo "run: all good"
