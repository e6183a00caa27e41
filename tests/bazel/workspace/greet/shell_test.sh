#!/bin/sh
set -eu
[ "$(greet/hello)" = 'Hello, world!' ]
while read -r word; do
  [ -n "$word" ]
done < data/words.txt
