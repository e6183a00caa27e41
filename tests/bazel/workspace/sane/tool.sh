#!/bin/sh
cat "$0.runfiles/hooked/data/words.txt"
