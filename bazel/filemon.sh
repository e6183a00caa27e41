#!/bin/sh
# Runs a command under the installed filemon, from within Bazel.
#
#   filemon.sh [--log=FILE [--inputs=FILE --unused=FILE]] [--env=NAME=VALUE]...
#              CMD ARGS...
#
# --log     where the log goes; without it, to the outputs that Bazel keeps of a
#           test, which is what --run_under needs
# --inputs  a list of CMD's inputs, one on each line; those that it has not
#           read are then written to the file of --unused
#
# FILEMON names the command filemon where PATH does not find it.
set -eu

log=
inputs=
unused=
while :; do
  case "${1-}" in
    --log=*) log=${1#*=} ;;
    --inputs=*) inputs=${1#*=} ;;
    --unused=*) unused=${1#*=} ;;
    --env=*) export "${1#*=}" ;;
    *) break ;;
  esac
  shift
done

filemon=${FILEMON-}
if [ -z "$filemon" ]; then
  filemon=$(PATH=$PATH:/usr/local/bin:/usr/bin command -v filemon) || {
    echo "filemon.sh: filemon is not on PATH; set FILEMON, for example with --action_env" >&2
    exit 125
  }
fi

[ -n "$log" ] || log=${TEST_UNDECLARED_OUTPUTS_DIR-.}/test.filemon
[ -n "$unused" ] || exec "$filemon" --paths=absolute -o "$log" -- "$@"
"$filemon" --paths=absolute -o "$log" -- "$@"
exec "$filemon" bazel-unused-inputs "$log" "$inputs" > "$unused"
