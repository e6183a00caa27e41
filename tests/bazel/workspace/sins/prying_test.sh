#!/bin/sh
# Reads used.txt, which it has declared, and secret.h, which it has not.
set -eu
read -r line < sins/used.txt
[ "$line" = used ]
read -r line < "$(dirname "$(readlink -f sins/used.txt)")/secret.h"
[ -n "$line" ]
