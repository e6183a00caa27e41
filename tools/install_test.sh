#!/bin/sh
# Installs the built filemon, uses it from there, and uninstalls it.
set -eu
fail() { echo "FAIL: $*"; exit 1; }

files=$PWD
# Not the default prefix: the command must find its library by itself.
prefix=$TEST_TMPDIR/prefix
tree() { (cd "$1" && find . | LC_ALL=C sort); }
traces() { # COMMAND...: runs it on `true` and looks for true's end in the log
  "$@" -o "$TEST_TMPDIR/log" -- true || fail "$* ended with status $?"
  grep -q '^X [0-9]* 0 0$' "$TEST_TMPDIR/log" || fail "$*: no X record"
  grep -q '^R [0-9]* .*/libc\.so\.6$' "$TEST_TMPDIR/log" || fail "$*: true went untraced"
}

# Other people's files stay.
mkdir -p "$prefix/lib"
echo theirs > "$prefix/lib/theirs"
tree "$prefix" > "$TEST_TMPDIR/before"

tools/install_tree.sh install "$files" "$prefix"
traces "$prefix/bin/filemon"

ln -s "$prefix/bin/filemon" "$TEST_TMPDIR/link"
traces "$TEST_TMPDIR/link"

for class in lib/x86_64-linux-gnu lib64 lib lib32 lib/i386-linux-gnu '$LIB'; do
  [ -s "$prefix/lib/filemon/$class/libfilemon.so" ] || fail "no library in $class"
  [ -x "$prefix/lib/filemon/$class/filemon-collector" ] || fail "no collector in $class"
done

# Without the command: the library alone starts the collector beside it.
(cd "$TEST_TMPDIR" && env LD_PRELOAD="$prefix/lib/filemon/\$LIB/libfilemon.so" \
  FILEMON_LOG=preloaded.filemon cat /dev/null)
grep -q '^R [0-9]* /dev/null$' "$TEST_TMPDIR/preloaded.filemon" || fail "FILEMON_LOG logged nothing"

pkgconfig() { PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config "$@" filemon; }
[ "$(pkgconfig --variable=includedir)" = "$prefix/include" ] || fail "pkg-config's includedir"
pkgconfig --cflags | grep -qF -- "-I$prefix/include" || fail "pkg-config's cflags"
pkgconfig --modversion | grep -qE '^[0-9]+(\.[0-9]+)+$' || fail "pkg-config's version: $(pkgconfig --modversion)"

# What the pages tell programmers to do: the program of their EXAMPLES, compiled
# as they say, runs without any environment.
echo 'int main(void) { return 0; }' > "$TEST_TMPDIR/hello.c"
for page in man4/filemon.4 man3/libfilemon.3 man3/filemon_session_open.3; do
  sed -n '/^#include/,/^\.Ed/{ /^\.Ed/d; p; }' "$prefix/share/man/$page" > "$TEST_TMPDIR/job.c"
  [ -s "$TEST_TMPDIR/job.c" ] || fail "no example in $page"
  (cd "$TEST_TMPDIR" && rm -f job hello.filemon &&
    cc -Wall -Werror job.c -o job $(pkgconfig --cflags --libs) &&
    env -i PATH="$PATH" ./job) || fail "the example of $page does not work"
  grep -q '^W .*hello\.o$' "$TEST_TMPDIR/hello.filemon" || fail "the example of $page logs no output"
  grep -q '^# Bye bye$' "$TEST_TMPDIR/hello.filemon" || fail "the example of $page leaves half a log"
done

# A second installation takes the place of the first, also of what only that had.
tree "$prefix" > "$TEST_TMPDIR/first"
echo "f share/stale" >> "$prefix/share/filemon/manifest"
touch "$prefix/share/stale"
tools/install_tree.sh install "$files" "$prefix"
tree "$prefix" | diff "$TEST_TMPDIR/first" - || fail "installing twice differs from once"

tools/install_tree.sh uninstall "$prefix"
tree "$prefix" | diff "$TEST_TMPDIR/before" - || fail "uninstalling left or took something"
! tools/install_tree.sh uninstall "$prefix" || fail "uninstalled what was not there"

# DESTDIR moves the files, and nothing inside them.
DESTDIR=$TEST_TMPDIR/stage tools/install_tree.sh install "$files" /opt/filemon
grep -q '^prefix=/opt/filemon$' "$TEST_TMPDIR/stage/opt/filemon/lib/pkgconfig/filemon.pc" ||
  fail "DESTDIR shows in filemon.pc"
traces "$TEST_TMPDIR/stage/opt/filemon/bin/filemon"
DESTDIR=$TEST_TMPDIR/stage tools/install_tree.sh uninstall /opt/filemon
[ ! -e "$TEST_TMPDIR/stage/opt/filemon" ] || fail "uninstalling left $(tree "$TEST_TMPDIR/stage")"
echo "all good"
