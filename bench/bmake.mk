# Builds bmake out of its own source, for bench/bmake: SOURCE and BUILD are the
# folders of get_bmake (tests/bmake).
.MAKE.MODE = ${MODE}

NAMES = arch buf compat cond dir for hash job main make make_malloc metachar \
	meta parse sigcompat str stresep strlcpy strlist suff targ trace util var
FLAGS = -O2 -w -I${BUILD} -I${SOURCE} -I${SOURCE}/missing -DHAVE_CONFIG_H \
	-DNEED_HOST_CDEFS_H -DMAKE_NATIVE -DUSE_META -DBMAKE_PATH_MAX=1024

all: objects.list

.for name in ${NAMES}
OBJECTS += ${name}.o
${name}.o:
	cc ${FLAGS} -c -o ${name}.o ${SOURCE}/${name}.c
.endfor

objects.list: ${OBJECTS}
	ls ${OBJECTS} > objects.list
