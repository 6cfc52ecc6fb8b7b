#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# conf/bootstrap: from a clean checkout that belongs to a user to a running
# command, with nothing on standard output but the command's.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

# A clean copy: what is built stays behind.
top=$(cd -- "$LIB/../.." && pwd -P)
mkdir "$W/tree"
tar -C "$top" --exclude='./build*' --exclude=./.git -c . |
	tar -C "$W/tree" -x
chown -R 54322:54322 "$W/tree"

bootstrap() {
	in_host env -i PATH="$PATH" HOME=/root "$W/tree/conf/bootstrap" "$@"
}
TRY_SECONDS=200
try bootstrap run -a allowed.example -- curl -sS --cacert ca.pem \
	https://allowed.example/
is "the first start builds and runs" "$STATUS" 0
is "standard output is the command's alone" \
	"$(printf '%s\n' "$OUT" | grep -c .)" 1
below "what is said on the way is short: lines" \
	"$(printf '%s\n' "$ERR" | wc -l)" 6
is "no file in the tree is root's" \
	"$(find "$W/tree" ! -uid 54322 | head -n 3)" ""
(cd "$WS" && printf typed | bootstrap run -- sh -c 'cat; exit 9') \
	>"$W/out" 2>"$W/err"
is "the second start has nothing to do, and passes the status" "$?" 9
is "and standard input" "$(cat "$W/out")" typed
is "and says nothing" "$(cat "$W/err")" ""
try bootstrap run -- pwd
is "the folder is the caller's" "$OUT" "$WS"
(cd "$W/tree" && bootstrap run -- touch conf/made) >"$W/out" 2>"$W/err"
check "a command cannot write the sources that the next start would run" \
	test ! -e "$W/tree/conf/made"
like "and netleash says so" "$(cat "$W/err")" "may only read"
(cd "$W/tree" && bootstrap learn -- touch conf/made) >"$W/out" 2>"$W/err"
check "nor can one of learn" test ! -e "$W/tree/conf/made"
chmod 777 "$W"
(cd "$W" && bootstrap run -- sh -c '
	touch beside; touch tree/conf/made; mv tree old') >"$W/out" 2>"$W/err"
check "nor one that is started in the folder around them" \
	test -e "$W/beside" -a ! -e "$W/tree/conf/made" -a ! -e "$W/old"
chmod 755 "$W"
rm -f "$W/beside"
touch "$W/tree/common/log.h"
try bootstrap run -- true
like "a newer source is built" "$ERR" '^netleash: building'
echo 'no C' >>"$W/tree/common/log.c"
bootstrap() {
	in_host env -i PATH="$PATH" TMPDIR="$W" "$W/tree/conf/bootstrap" "$@"
}
try bootstrap run -- touch ran
is "a build that fails: 125" "$STATUS" 125
like "with a sentence" "$ERR" '^netleash: the build failed'
check "and nothing ran" test ! -e "$WS/ran"

# --- what apt can install: as it speaks where a package is only spoken of
mkdir "$W/apt"
cat >"$W/apt/apt-cache" <<'END'
#!/bin/sh
case $1/$2 in
policy/real)
	printf 'real:\n  Installed: (none)\n  Candidate: 1:2.0-1\n' ;;
policy/spoken-of)
	printf 'spoken-of:\n  Installed: (none)\n  Candidate: (none)\n' ;;
esac
END
chmod +x "$W/apt/apt-cache"
apt_has() {
	# shellcheck disable=SC2016 # for the inner shell
	env PATH="$W/apt:$PATH" sh -c '. "$1" && apt_has "$2"' sh \
		"$top/conf/apt.sh" "$1"
}
check "a package that is there can be installed" apt_has real
for name in spoken-of absent; do
	apt_has "$name"
	is "one that is $name cannot" "$?" 1
done
done_testing
