# Subshells, functions, background jobs.
mkdir sub
(cd sub && echo x > x && (cd .. && cat sub/x))
f() { cat "$1"; }
f sub/x
echo a > a & echo b > b & wait
for i in 1 2 3 4 5; do (sleep 0; echo $i > job$i) & done
wait
test "$(cat job1 job2 job3 job4 job5 | tr -d '\n')" = 12345
(exit 3) || test $? = 3
(exec cat a)
x=$(exec cat b)
test "$x" = b
cd sub
cat ./x ../a
cd ../sub/..
rm job?
rmdir absent 2> /dev/null || rm -r sub
