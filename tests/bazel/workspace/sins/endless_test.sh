#!/bin/sh
# Waits until Bazel loses patience.
exec sleep 3600
