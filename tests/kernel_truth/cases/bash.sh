# What bash does that dash does not.
# needs: bash
cat > script.bash <<'END'
set -e
diff <(sort words) <(sort words)
tee >(cat > teed) < words > /dev/null
while read -r w; do echo "$w"; done < words > copied
mapfile -t lines < words
coproc cat
echo "${lines[0]}" >&"${COPROC[1]}"
read -r back <&"${COPROC[0]}"
eval "exec ${COPROC[1]}>&-"
wait "$COPROC_PID"
test "$back" = one
cat <<< "$back" > here
pushd / > /dev/null
popd > /dev/null
shopt -s globstar
echo ** > globbed
exec cat words
END
printf 'one\ntwo\n' > words
bash script.bash
test "$(cat copied)" = "$(cat words)"
