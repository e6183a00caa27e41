#!/bin/sh
# Runs a test of this workspace as somebody who may little, or where little is to
# be seen.
#
#   restrict.sh RESTRICTION PART/PARTS TEST [ARGUMENTS...]
#
# in the folder of the test's runfiles. Of a googletest's cases, only every PARTS-th
# is run. RESTRICTION:
#   unprivileged  as the user nobody
#   hidepid       as nobody, who sees no other user's process in /proc
#   umask         files are for their owner only
#   seccomp       without the younger system calls (deny_calls.c)
#   pidfd_info    where the kernel does not tell how strangers ended
#
# The test runs in a copy of its runfiles: Bazel keeps root's where nobody can
# reach them.
set -eu

restriction=$1 part=$2 test=$3
shift 3
user='setpriv --reuid=65534 --regid=65534 --clear-groups --'

# A test that did not run, in the words of Bazel's test.xml.
skip() {
  echo "skipped: $1"
  [ -z "${XML_OUTPUT_FILE-}" ] || cat > "$XML_OUTPUT_FILE" << END
<testsuites><testsuite name="$test"><testcase classname="$test" name="$restriction"><skipped message="$1"/></testcase></testsuite></testsuites>
END
  exit 0
}

case $restriction in
  unprivileged | hidepid)
    if [ "$(id -u)" != 0 ]; then
      [ "$restriction" = unprivileged ] || skip 'only root mounts /proc'
      user=
    elif ! $user true 2> /dev/null; then
      skip 'this root cannot become another user'
    fi
    ;;
esac

folder=$(mktemp -d /var/tmp/filemon-restricted-XXXXXX)
trap 'chmod -R u+rwx "$folder"; rm -rf "$folder"' EXIT
# Bazel ends what takes too long by a signal.
trap 'exit 143' INT TERM
mkdir "$folder/tree" "$folder/tmp"
cp -rL . "$folder/tree"
chmod -R a+rX "$folder"
chmod 777 "$folder/tmp"
xml=${XML_OUTPUT_FILE-}
export TEST_TMPDIR="$folder/tmp" TMPDIR="$folder/tmp" HOME="$folder/tmp"
export TEST_SRCDIR="$folder" XML_OUTPUT_FILE="$folder/tmp/test.xml"
unset RUNFILES_DIR RUNFILES_MANIFEST_FILE TEST_UNDECLARED_OUTPUTS_DIR \
  TEST_PREMATURE_EXIT_FILE TEST_SHARD_STATUS_FILE TEST_TOTAL_SHARDS \
  TEST_SHARD_INDEX
export GTEST_TOTAL_SHARDS=${part#*/} GTEST_SHARD_INDEX=$((${part%/*} - 1))
cd "$folder/tree"

status=0
case $restriction in
  unprivileged) $user "$test" "$@" ;;
  hidepid)
    unshare --mount sh -c \
      'mount -t proc -o hidepid=2 proc /proc && exec "$@"' sh $user "$test" "$@"
    ;;
  umask) (umask 077 && "$test" "$@") ;;
  seccomp) tests/hard_cases/deny_calls --except-ptrace "$test" "$@" ;;
  pidfd_info) tests/hard_cases/deny_calls --pidfd-info "$test" "$@" ;;
  *) echo "restrict.sh: unknown restriction $restriction" >&2; false ;;
esac || status=$?
if [ -n "$xml" ] && [ -e "$XML_OUTPUT_FILE" ]; then
  cp "$XML_OUTPUT_FILE" "$xml"
fi
exit $status
