CFLAGS = -O
BUILDER = somebody
