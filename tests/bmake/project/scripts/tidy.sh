sort "$1" | uniq -c
