# needs: perl
cat > p.pl <<'END'
use strict; use warnings;
use File::Copy; use File::Find; use File::Path qw(make_path remove_tree);
use File::Temp qw(tempfile); use Cwd;
make_path("t/a/b");
open(my $f, ">", "t/one") or die; print $f "text\n"; close $f;
open($f, "+<", "t/one") or die; close $f;
open($f, ">>", "t/one") or die; close $f;
open($f, "<", "absent") and die;
copy("t/one", "t/a/two") or die;
move("t/a/two", "t/a/three") or die;
link("t/one", "t/l") or die; symlink("one", "t/s") or die;
rename("t/l", "t/m") or die; unlink("t/m") == 1 or die;
find(sub { if (-f) { open(my $g, "<", $_) or die; } }, "t");
my ($fh, $name) = tempfile(DIR => "."); close $fh; unlink $name;
print `cat t/one`;
system("cat", "t/one") == 0 or die;
system("cat t/one | cat") == 0 or die;
open(my $p, "-|", "cat", "t/one") or die; my @l = <$p>; close $p or die;
my $pid = fork();
if (!$pid) { exec("cat", "t/one"); }
waitpid($pid, 0); $? == 0 or die;
opendir(my $d, "t") or die; my @all = readdir($d); closedir $d;
my @globbed = glob("t/*"); @globbed == 3 or die scalar @globbed;
chdir("t") or die; chdir("..") or die;
getcwd();
remove_tree("t");
do "./q.pl"; require "./r.pm";
END
echo '1;' > q.pl; echo '1;' > r.pm
perl p.pl
