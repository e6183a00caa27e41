# needs: find xargs grep
mkdir -p t/a t/b
for i in 1 2 3 4 5 6; do echo $i > t/a/$i; echo $i > "t/b/$i x"; done
find t -type f -exec cat {} \; > /dev/null
find t -type f -exec cat {} + > /dev/null
find t -type f -execdir cat {} \; > /dev/null
find t -name '[1-3]*' -delete
find t -type f -print0 | xargs -0 -n 1 -P 4 cat > /dev/null
find t -type f -print0 | xargs -0 -P 2 -I '{}' sh -c 'cat "$1" > /dev/null' sh '{}'
echo 3 | xargs sh -c 'exit $0' || test $? = 123
grep -r 4 t > /dev/null
grep -rl 5 t | wc -l
sed -i 's/4/four/' t/a/4
find / -maxdepth 1 > /dev/null
