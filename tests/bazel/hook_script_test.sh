#!/bin/sh
# What bazel/hook writes into a workspace, and what it refuses.
set -eu
hook=$PWD/bazel/hook
work=$TEST_TMPDIR/work
fail() { echo "FAILED: $*" >&2; exit 1; }
refuses() { # what it says, arguments
  said=$1
  shift
  if "$hook" "$@" > "$work/out" 2>&1; then fail "took $*"; fi
  grep -qF "$said" "$work/out" || fail "$* says: $(cat "$work/out")"
}

mkdir -p "$work/ws" "$work/lib/x86" "$work/no ws" "$work/empty"
: > "$work/ws/WORKSPACE"
: > "$work/lib/x86/libfilemon.so"
library=$work/lib/'$LIB'/libfilemon.so
# Without a newline at its end.
printf 'build --jobs=1' > "$work/ws/.bazelrc"

for _ in once twice; do
  "$hook" --dir="$work/hook" --library="$library" "$work/ws" > "$work/out"
done
printf 'build --jobs=1\ntry-import %%workspace%%/filemon.bazelrc\n' > "$work/want"
cmp "$work/ws/.bazelrc" "$work/want"
[ -d "$work/hook/logs" ] || fail "no folder of logs"
[ -x "$work/hook/filemon-bazel-shell" ] || fail "no shell"
grep -qF "$work/hook/logs" "$work/out" || fail "does not say where the logs are"

rc=$work/ws/filemon.bazelrc
grep -qxF "build:filemon --action_env=LD_PRELOAD=$library" "$rc" || fail "LD_PRELOAD"
grep -qxF "build:filemon --test_env=FILEMON_LOG=$work/hook/logs/" "$rc" || fail "FILEMON_LOG"
grep -qxF "build:filemon --sandbox_writable_path=$work/hook/logs" "$rc" || fail "writable path"
grep -qxF "build:filemon --shell_executable=$work/hook/filemon-bazel-shell" "$rc" || fail "shell"
if grep -v '^#' "$rc" | grep -E '/usr/local|/var/tmp/filemon-bazel'; then fail "places left over"; fi

# The shell gives what it has to a command without an environment, and leaves alone
# what is there.
[ "$(env -i "$work/hook/filemon-bazel-shell" -c 'echo "$FILEMON_LOG"' 2> /dev/null)" = \
  "$work/hook/logs/" ] || fail "the shell's FILEMON_LOG"
[ "$(env -i FILEMON_LOG=/x "$work/hook/filemon-bazel-shell" -c 'echo "$FILEMON_LOG"' 2> /dev/null)" = \
  /x ] || fail "the shell's own FILEMON_LOG"
grep -qF "$work/lib/\\\$LIB/libfilemon.so" "$work/hook/filemon-bazel-shell" || fail "the shell's library"

refuses 'is no workspace' --library="$library" "$work/empty"
refuses 'no folder' --library="$library" "$work/missing"
refuses 'there is no' --library="$work/other/\$LIB/libfilemon.so" "$work/ws"
refuses 'usage' --nonsense "$work/ws"
refuses 'no blank' --library="$library" --dir="$work/no ws/hook" "$work/ws"
echo passed
