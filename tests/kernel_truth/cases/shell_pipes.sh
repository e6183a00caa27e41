# Pipes, redirections, here-documents.
echo one two > words
cat words | tr ' ' '\n' | sort -r > sorted
cat < words >> sorted
cat <<END > here
$(cat words) and $(wc -l < sorted)
END
sed -e 's/one/1/' words > words.new && mv words.new words
exec 3< words
read -r line <&3
exec 3<&-
exec 4> out
echo "$line" >&4
exec 4>&-
{ echo a; echo b >&2; } > both 2>&1
test "$(cat out)" = "1 two"
cat absent 2> /dev/null || true
yes | head -n 1000 > /dev/null
