#!/bin/sh
# Makes a Bazel workspace out of the folder `workspace` beside this script.
#
#   make_workspace.sh DIR BAZEL_DIR THIRD_PARTY_DIR
#
# DIR is made. It becomes the workspace @hooked, which works offline; BAZEL_DIR (our
# bazel/) is @filemon//bazel in it. In the sources the BUILD files are called
# package.BUILD, so that Bazel does not take them for packages of filemon.
set -eu
here=$(dirname "$0")
dir=$1
bazel=$2
third_party=$3

mkdir -p "$dir"
(cd "$here/workspace" && tar -ch .) | tar -xC "$dir"
find "$dir" -name package.BUILD | while read -r file; do
  mv "$file" "${file%package.BUILD}BUILD"
done
# Bazel's runfiles cannot bring a file with such a name here.
echo blank > "$dir/data/with blank.txt"

mkdir -p "$dir/filemon/bazel" "$dir/third_party"
: > "$dir/filemon/WORKSPACE"
for file in BUILD.bazel defs.bzl filemon-bazel-shell filemon.bazelrc filemon.sh hook; do
  cp -L "$bazel/$file" "$dir/filemon/bazel/"
done
cp -L "$third_party/debian_repositories.bzl" "$third_party/remote_coverage_tools.BUILD" \
  "$dir/third_party/"
: > "$dir/third_party/BUILD"
# Not a package of this workspace.
echo filemon > "$dir/.bazelignore"

cat > "$dir/WORKSPACE" << 'END'
workspace(name = "hooked")

load("//third_party:debian_repositories.bzl", "debian_rules_cc")

debian_rules_cc(name = "rules_cc")

local_repository(
    name = "filemon",
    path = "filemon",
)

local_repository(
    name = "platforms",
    path = "/usr/share/bazel/tools/platforms",
)

local_repository(
    name = "rules_java",
    path = "/usr/share/bazel/rules/java",
)

new_local_repository(
    name = "remote_coverage_tools",
    build_file = "//third_party:remote_coverage_tools.BUILD",
    path = "third_party",
)
END
cat > "$dir/.bazelrc" << 'END'
common --experimental_repository_disable_download
build --nosandbox_debug --incompatible_strict_action_env
END
