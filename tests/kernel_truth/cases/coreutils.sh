# tar, cp -r, rm -r, mv, ln, install and their like.
# needs: tar gzip
mkdir -p t/a/b t/c
echo 1 > t/1; echo 2 > t/a/2; echo 3 > t/a/b/3; echo 4 > 't/c/two words'
ln -s ../1 t/a/s
ln t/1 t/hard
cp t/1 t/copy
cp -r t u
cp -a t/. v
cp -p t/1 t/a/2 t/c
cp -l t/1 t/linked
cp -s "$PWD/t/1" t/symlinked
tar cf t.tar t
tar czf t.tgz t
mkdir x
tar xf t.tar -C x
tar xzf t.tgz -C x --overwrite
tar tf t.tar > /dev/null
mv t/copy t/moved
mv t/moved t/a t/c/
mv -T t/c t/d
ln -sf d t/link
ln -sfn a t/link
install -d inst/bin inst/lib
install -m 755 t/1 inst/bin/one
install t/1 t/hard inst/lib
touch new t/1
dd if=t/1 of=dd status=none
truncate -s 10 new
rm -r u x
rm -rf v absent
rmdir absent 2> /dev/null || true
mkdir -p p/q/r && rmdir -p p/q/r
split -b 1 t/1 part.
tee tee1 tee2 < t/1 > /dev/null
sort t/1 -o t/1
shred -u new
mktemp -p . > /dev/null
mktemp -d -p . > /dev/null
du -a t > /dev/null
ls -lR t > /dev/null
chmod -R u+w t
