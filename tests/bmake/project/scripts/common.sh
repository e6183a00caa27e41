define() { echo "#define $1 $2"; }
