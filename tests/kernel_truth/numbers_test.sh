#!/bin/sh
# Process ids that come round while the judge looks: a namespace of few numbers,
# beside a stranger that forks as fast as it can. Shells with children of their
# own, which end in all orders.
set -eu

if [ "$(id -u)" != 0 ] || ! printf '6.14\n%s\n' "$(uname -r)" | sort -CV; then
  echo 'skipped: needs root, and Linux 6.14, where pid_max is the namespace'"'"'s'
  exit
fi

top=$PWD
work=$(cd "$TEST_TMPDIR" && pwd -P)
cd "$work"
cat > builds.sh << 'END'
i=0
while [ $i -lt 40 ]; do
  sh -c '/bin/cat /etc/hostname > /dev/null; /bin/true'
  (/bin/cat /etc/hostname) > out
  rm "$(echo out)"
  i=$((i + 1))
done
END
LC_ALL=C unshare --pid --fork --mount-proc --kill-child sh -ec '
  echo 400 > /proc/sys/kernel/pid_max
  "$0/bench/churn" chain 2000000000 &
  "$0/tests/kernel_truth/kernel_truth" --filemon="$1" \
    --evidence="$2/evidence" -- /bin/sh -eu builds.sh' \
  "$top" "$(readlink -f "$top/core/filemon")" "$work"
