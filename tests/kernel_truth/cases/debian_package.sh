# A source package without debhelper, built and unpacked.
# needs: dpkg-buildpackage dpkg-deb fakeroot make
# What becomes a package must be for all to read.
umask 022
mkdir -p hello/debian
cd hello
cat > debian/changelog << 'END'
hello (1) unstable; urgency=low

  * First.

 -- Nobody <nobody@example.org>  Tue, 14 Nov 2023 22:13:20 +0000
END
cat > debian/control << 'END'
Source: hello
Section: misc
Priority: optional
Maintainer: Nobody <nobody@example.org>
Standards-Version: 4.6.2
Rules-Requires-Root: binary-targets

Package: hello
Architecture: all
Description: says hello
END
cat > debian/rules << 'END'
#!/usr/bin/make -f
tree = debian/hello
clean:
	rm -rf debian/hello debian/files
build build-arch build-indep:
	:
binary-arch:
binary binary-indep:
	mkdir -p $(tree)/DEBIAN $(tree)/usr/share/hello
	cp debian/changelog $(tree)/usr/share/hello/name
	chown -R 0:0 $(tree)/usr
	dpkg-gencontrol -P$(tree)
	dpkg --build $(tree) ..
END
chmod +x debian/rules
dpkg-buildpackage -d -us -uc -rfakeroot
cd ..
dpkg-deb -c hello_1_all.deb | grep 'root/root.*name'
dpkg-deb -x hello_1_all.deb out
cmp out/usr/share/hello/name hello/debian/changelog
