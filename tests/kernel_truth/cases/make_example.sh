# The example project, by GNU make with two jobs.
# needs: make gcc
cp -RL "$EXAMPLE" project
chmod -R u+w project
cd project
make -j2 BUILD=out
make -j2 BUILD=out
make clean BUILD=out
