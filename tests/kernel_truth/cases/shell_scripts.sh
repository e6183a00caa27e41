# Interpreters of interpreters, and scripts without one.
mkdir bin
printf '#!/bin/sh\necho one "$@"\n' > bin/one
printf '#!%s/bin/one with\nignored\n' "$PWD" > bin/two
printf '#!%s/bin/two\n' "$PWD" > bin/three
printf '#!/usr/bin/env -S sh -e\nexec two "$0"\n' > bin/four
printf 'echo no interpreter\n' > bin/five
printf '#!/usr/bin/awk -f\nBEGIN { print "awk" }\n' > bin/six
printf '#!/bin/echo\n' > bin/seven
chmod +x bin/*
PATH=$PWD/bin:$PATH
one x
bin/two x
three
four
five
./bin/six
cd bin
./seven
../bin/one
ln -s one eight
./eight
cd /
one
