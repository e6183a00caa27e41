BEGIN { print "static const char* const kNames[] = {" }
{ printf "    \"%s\",\n", $0 }
END { print "};" }
