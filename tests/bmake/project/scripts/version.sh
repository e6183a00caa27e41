# Writes a header that knows the version.
. "${0%/*}/common.sh"
read -r version < "$1"
define VERSION "\"$version\""
