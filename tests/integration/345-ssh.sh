#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# ssh, and git over ssh, go through the door with `netleash connect`, which
# carries half-closes and says why where it may not.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need git ssh ssh-keygen nc.openbsd ncat
SSHD=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || skip "no sshd here"

# --- a server of our own: its keys, its port, its /run
ssh-keygen -q -t ed25519 -N '' -f "$W/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$W/user_key"
cp "$W/user_key.pub" "$W/authorized"
cat >"$W/sshd.conf" <<-END
	Port 2222
	ListenAddress 93.184.216.34
	HostKey $W/host_key
	AuthorizedKeysFile $W/authorized
	PermitRootLogin yes
	PasswordAuthentication no
	StrictModes no
	UsePAM no
	PidFile none
	PrintMotd no
	PrintLastLog no
END
# shellcheck disable=SC2016 # for the inner shell
serve unshare --mount sh -c 'mount -t tmpfs none /run && mkdir /run/sshd &&
	exec "$@"' sh "$SSHD" -D -e -f "$W/sshd.conf"
until_true 10 nsenter --net=/run/netns/"$INET" \
	bash -c 'exec 3<>/dev/tcp/93.184.216.34/2222'

# What a caller would have in his home, which the command does not see.
echo "[git.example]:2222 $(cut -d ' ' -f 1,2 "$W/host_key.pub")" \
	>"$WS/known_hosts"
cp "$W/user_key" "$WS/key"
chmod 600 "$WS/key"
cat >"$WS/home.sh" <<'END'
mkdir -p -m 700 ~/.ssh && cp known_hosts ~/.ssh/ && cp key ~/.ssh/id_ed25519 &&
	chmod 600 ~/.ssh/id_ed25519
END

conf 'allow git.example:2222'
run() {
	leash run -c "$W/conf" "${OPTIONS[@]}" -- sh -c ". ./home.sh && $1"
}
OPTIONS=()

export GIT_CONFIG_GLOBAL=$W/gitconfig GIT_CONFIG_NOSYSTEM=1
git config --global user.name tester
git config --global user.email tester@git.example
git config --global init.defaultBranch main
git init -q "$W/source"
printf 'first\n' >"$W/source/page"
git -C "$W/source" add page
git -C "$W/source" commit -q -m 'add a page'
git clone -q --bare "$W/source" "$W/source.git"

URL=ssh://root@git.example:2222$W/source.git
for isolation in firewall netns; do
	OPTIONS=(--isolation="$isolation")
	rm -rf "$WS/clone"
	try run "git clone -q $URL clone"
	is "$isolation: git clones over ssh with nothing set" "$STATUS" 0
	is "$isolation: and has the page" "$(cat "$WS/clone/page")" "first"
done
OPTIONS=()
try run 'cd clone && echo second >page && git -c user.name=a \
	-c user.email=a@b commit -q -a -m second && git push -q origin main'
is "git pushes over ssh" "$STATUS" 0
is "and it arrives" "$(git -C "$W/source.git" log -1 --format=%s main)" second

# --- ssh itself
# shellcheck disable=SC2016 # for the shell on the leash
SSH='eval "$GIT_SSH_COMMAND -p 2222 -T root@git.example'
try run "$SSH 'echo far; exit 7'\""
is "ssh runs a command over there" "$STATUS/$OUT" "7/far"
head -c 3000000 /dev/urandom >"$WS/blob"
try run "$SSH 'sha256sum; echo after' <blob\""
is "three megabytes go in, and the answer comes after their end" \
	"$STATUS/$OUT" "0/$(sha256sum <"$WS/blob")
after"
cp "$WS/blob" "$W/blob"
try run "$SSH 'cat $W/blob' | sha256sum\""
is "and three come out" "$OUT" "$(sha256sum <"$WS/blob")"

# --- over SOCKS5, with the programs that people give to ssh
cat >"$WS/socks.sh" <<'END'
door=${HTTPS_PROXY#http://} door=${door%/}
case $1 in
nc.openbsd) exec "$1" -X 5 -x "$door" "$2" "$3" ;;
ncat) exec "$1" --proxy-type socks5 --proxy-dns remote --proxy "$door" \
	"$2" "$3" ;;
esac
END
for nc in nc.openbsd ncat; do
	try run "ssh -o ProxyCommand='sh socks.sh $nc %h %p' -p 2222 -T \
		root@git.example 'sha256sum; exit 7' <blob"
	is "ssh over SOCKS5, through $nc" "$STATUS/$OUT" \
		"7/$(sha256sum <"$W/blob")"
done

# --- a refusal, in words
conf 'allow git.example:443'
try run "git clone -q $URL no"
is "where the conf says no git fails" "$STATUS" 128
like "the port's reason is told" "$ERR" 'git.example:2222: the proxy refuses: 403'
like "with the line that would allow it" "$ERR" '^allow git.example:2222'
check "and nothing was made" test ! -e "$WS/no"
try leash run -c "$W/conf" --env GIT_SSH_COMMAND=true -- \
	sh -c 'echo "$GIT_SSH_COMMAND"'
is "the caller's own command is left alone" "$OUT" true
try leash run --no-network -- sh -c 'echo "${GIT_SSH_COMMAND-none}"'
is "without a door there is none" "$OUT" none

# --- the program below a home that is hidden
conf 'allow git.example:2222'
install -D -m 755 "$NETLEASH" "$W/home/bin/netleash"
REAL=$NETLEASH
mount_home() { # the caller's home is /root: ours, in a view of the test's own
	# shellcheck disable=SC2016
	in_host unshare --mount sh -c 'mount -t tmpfs none /root &&
		install -D -m 755 "$1" /root/bin/netleash && shift &&
		exec env -i PATH=/usr/bin:/bin HOME=/root /root/bin/netleash "$@"' \
		sh "$REAL" "$@"
}
rm -rf "$WS/clone"
try mount_home run -c "$W/conf" -- sh -c ". ./home.sh && git clone -q $URL clone"
is "a netleash below the home is shown for it" "$STATUS/$(cat "$WS/clone/page")" \
	"0/second"

# --- connect by itself
conf 'listen 127.0.0.1:0' 'allow allowed.example:80 git.example:7008' \
	'allow closed.example:9'
leash proxy -c "$W/conf" >"$W/ready" 2>"$W/messages" </dev/null &
PROXY=$!
until_true 10 grep -q ^ready "$W/ready"
URL=http://$(sed -n 's/^ready //p' "$W/ready")
cat >"$W/half.py" <<'END'
import socket, sys, threading
def serve(c):
    first = c.recv(1)
    if first == b"h":            # ends its side first, and reads on
        c.sendall(b"mine is said\n")
        c.shutdown(socket.SHUT_WR)
    got = first
    while True:
        data = c.recv(65536)
        if not data:
            break
        got += data
    if first == b"r":            # reads to the end, and answers then
        c.sendall(b"got %d\n" % len(got))
    open(sys.argv[1], "wb").write(got)
    c.close()
l = socket.create_server(("93.184.216.34", 7008))
open(sys.argv[2], "w").close()
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
serve "$PYTHON" "$W/half.py" "$W/got" "$W/half.ready"
until_true 10 test -e "$W/half.ready"

connect() {
	in_host env -i HTTPS_PROXY="$URL" "$NETLEASH" connect "$@"
}
joined() { # joined INPUT: prints what came back
	# shellcheck disable=SC2016
	in_host env -i HTTPS_PROXY="$URL" sh -c '
		'"$1"' | "$1" connect git.example 7008; echo "status $?"' \
		sh "$NETLEASH"
}
try joined 'printf "r0123456789"'
is "the end of the input is told, and the answer still read" "$OUT" "got 11
status 0"
rm -f "$W/got"
try joined '(printf h; sleep 1; printf late)'
is "the end of the output is told, and the input still sent" "$OUT" \
	"mine is said
status 0"
is "to the last byte" "$(cat "$W/got")" hlate
try connect git.example 7008
is "an empty input is no error" "$STATUS" 0

closed_input() {
	connect git.example 7008 <&-
}
try closed_input
is "nor is one that is closed" "$STATUS/$OUT" "0/"

try connect other.example 80
is "a refusal is 1" "$STATUS" 1
is "and nothing on standard output" "$OUT" ""
like "its words are on standard error" "$ERR" '^This line in the conf would'
try connect closed.example 9
is "a port that is closed is 1" "$STATUS" 1
like "and told" "$ERR" 'the proxy refuses: 502 '
try connect --proxy "$URL" 127.1 80
is "a target that is none is 1" "$STATUS" 1
try connect --proxy http://127.0.0.1:1 allowed.example 80
is "a proxy that is not there is 1" "$STATUS" 1
like "and told" "$ERR" 'cannot be reached: Connection refused'
try connect --proxy socks5://127.0.0.1:1 allowed.example 80
like "another scheme is told" "$ERR" 'not of the scheme http'
try in_host env -i "$NETLEASH" connect allowed.example 80
is "no proxy at all is 1" "$STATUS" 1
like "and says which variables count" "$ERR" 'HTTPS_PROXY'
try connect allowed.example
is "a missing word is 2" "$STATUS" 2
try in_host env -i http_proxy="$URL" sh -c 'printf \
	"GET / HTTP/1.0\r\nHost: allowed.example\r\n\r\n" |
	"$1" connect -- allowed.example 80' sh "$NETLEASH"
like "any variable will do" "$OUT" '^HTTP/1\.[01] 200'
kill -TERM "$PROXY"
wait "$PROXY"
is "the proxy ends" $? 0
done_testing
