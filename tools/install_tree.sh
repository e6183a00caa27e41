#!/bin/sh
# Copies a built filemon below PREFIX, or removes what an earlier run copied.
#
#   install_tree.sh install FILES_DIR PREFIX
#   install_tree.sh uninstall PREFIX
#
# FILES_DIR holds what bazel-bin and the source tree hold, in their layout:
#   core/filemon  interpose/<folders>/{libfilemon.so,filemon-collector}
#   include/{dev/filemon/filemon.h,filemon/session.h}  docs/*.[1-8]
# Everything is done below $DESTDIR if that is set. PREFIX/share/filemon/manifest
# lists each file ("f NAME") and each folder ("d NAME") made here, relative to
# PREFIX: uninstalling removes these and nothing else.
set -eu

die() { echo "tools/install: $*" >&2; exit 1; }

# A folder is listed if it was made here, now or by the installation before.
make_folder() { # NAME
  [ "$1" = . ] || make_folder "$(dirname "$1")"
  [ -d "$root/$1" ] || { mkdir -p "$root/$1"; echo "d $1" >> "$new"; }
  if grep -qxF "d $1" "$old"; then echo "d $1" >> "$new"; fi
}

# Every file appears by a rename: programs that run keep the old one, and
# those that start meanwhile find one or the other.
place() { # NAME COMMAND...; the command makes the file whose name is appended
  name=$1
  shift
  make_folder "$(dirname "$name")"
  "$@" "$root/$name.new"
  mv -fT "$root/$name.new" "$root/$name"
  echo "f $name" >> "$new"
}

place_copy() { # MODE FILE NAME
  place "$3" install -m "$1" "$2"
}

# The library, and beside each the collector that it starts. One copy for each
# class of program; the other names are links to it.
place_libraries() {
  (
    cd "$files/interpose"
    find -L . -name libfilemon.so -o -name filemon-collector | sed 's,^\./,,' | LC_ALL=C sort
  ) > "$scratch/libraries"
  grep -q '/libfilemon\.so$' "$scratch/libraries" || die "no libfilemon.so in $files/interpose"
  grep -q '/filemon-collector$' "$scratch/libraries" || die "no filemon-collector in $files/interpose"
  while read -r file; do
    from=$file
    # Where 64-bit programs have lib64, `lib` is that of 32-bit ones.
    if [ "$file" = lib/libfilemon.so ] && [ -e /usr/lib64/libc.so.6 ] && ! [ /usr/lib64 -ef /usr/lib ]; then
      from=lib32/libfilemon.so
    fi
    same=
    while read -r earlier; do
      if cmp -s "$files/interpose/$from" "$files/interpose/$earlier"; then same=$earlier; fi
    done < "$scratch/placed"
    if [ -z "$same" ]; then
      place_copy 755 "$files/interpose/$from" "lib/filemon/$file"
      echo "$file" >> "$scratch/placed"
    else
      place "lib/filemon/$file" ln -f "$root/lib/filemon/$same"
    fi
  done < "$scratch/libraries"
}

print_pkgconfig() {
  # "filemon VERSION (...)"
  version=$("$files/core/filemon" --version | awk '{ print $2; exit }')
  cat << END
prefix=$prefix
includedir=\${prefix}/include
libdir=\${prefix}/lib
# For LD_PRELOAD: ld.so replaces \$LIB for each class of program.
preload=\${libdir}/filemon/\$LIB/libfilemon.so

Name: filemon
Description: Logs which files a tree of processes uses
Version: $version
Cflags: -I\${includedir}
# The running program need not find \${libdir} by itself. A linker told to leave
# out what is not needed would judge before it has seen the program.
Libs: -L\${libdir} -Wl,-rpath,\${libdir} -Wl,--push-state,--no-as-needed -lfilemon -Wl,--pop-state
END
}

install_tree() {
  [ -x "$files/core/filemon" ] || die "no $files/core/filemon"
  : > "$scratch/placed"

  place_copy 755 "$files/core/filemon" bin/filemon
  place_libraries
  # For programs linked with -lfilemon.
  place lib/libfilemon.so ln -sfn filemon/lib/x86_64-linux-gnu/libfilemon.so
  for header in dev/filemon/filemon.h filemon/session.h; do
    place_copy 644 "$files/include/$header" "include/$header"
  done
  print_pkgconfig > "$scratch/filemon.pc"
  place_copy 644 "$scratch/filemon.pc" lib/pkgconfig/filemon.pc
  for page in "$files"/docs/*.[1-8]; do
    [ -e "$page" ] || continue
    place_copy 644 "$page" "share/man/man${page##*.}/${page##*/}"
  done
  for function in open attach close; do
    place "share/man/man3/filemon_session_$function.3" ln -sfn libfilemon.3
  done
  make_folder share/filemon
  echo "f share/filemon/manifest" >> "$new"

  # What the installation before had and this one has not.
  LC_ALL=C sort -u "$new" > "$scratch/manifest"
  LC_ALL=C sort -u "$old" | comm -23 - "$scratch/manifest" > "$scratch/gone"
  remove_listed "$scratch/gone"
  place_copy 644 "$scratch/manifest" share/filemon/manifest
}

remove_listed() { # LIST
  sed -n 's/^f //p' "$1" | while read -r name; do rm -f "$root/$name"; done
  # Children before their parents; a folder with other people's files stays.
  sed -n 's/^d //p' "$1" | LC_ALL=C sort -r | while read -r name; do
    # rmdir refuses a final "."
    rmdir "$root/${name#.}" 2> /dev/null || true
  done
}

verb=${1:?install or uninstall}
if [ "$verb" = install ]; then files=${2:?}; shift; fi
prefix=${2:?PREFIX}
root=${DESTDIR-}$prefix
case "$prefix" in
  /*) ;;
  *) die "PREFIX must be absolute: $prefix" ;;
esac
# A careful umask must not hide the tree from its users.
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
old=$scratch/old
new=$scratch/new
: > "$old"
: > "$new"
if [ -e "$root/share/filemon/manifest" ]; then cp "$root/share/filemon/manifest" "$old"; fi

if [ "$verb" = install ]; then
  install_tree
else
  [ -s "$old" ] || die "nothing installed: no $root/share/filemon/manifest"
  remove_listed "$old"
fi
