# needs: git
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a
export GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_NOSYSTEM=1
git init -q -b main repo
cd repo
echo one > one
mkdir sub
echo two > sub/two
git add .
git commit -q -m first
git checkout -q -b other
echo more >> one
git mv sub/two two
git commit -q -a -m second
git checkout -q main
git merge -q --no-edit other
git log --stat > ../log
git diff HEAD~1 > ../diff
git gc -q
git clone -q . ../clone
git status > ../status
git stash list
git rm -q one
git reset -q --hard
git fsck
test "$(cat ../clone/two)" = two
