#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# auth: `netleash proxy` on an address beyond loopback asks real clients who
# they are (curl, git, wget, python), over HTTP and SOCKS5; refusals, a reload
# with other users, the log; and the file is nobody else's.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/proxy.sh
. "$LIB/proxy.sh"
world_up
need sha256sum git wget setpriv

# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

CURL=(curl -sS --max-time 20 --cacert "$W/ca.pem" -o /dev/null
	-w '%{http_code}')

# from_outside COMMAND...: a client across the network, not on the host
from_outside() {
	exec nsenter --net=/run/netns/"$INET" env -i HOME="$W" \
		PATH=/usr/bin:/bin LANG=C.UTF-8 "$@"
}

# through OPTION...: curl from there, by the proxy's other address
through() {
	try from_outside "${CURL[@]}" "$@"
}

# --- what the conf and the file must be
conf 'listen 192.168.77.2:0' 'allow allowed.example'
try leash proxy -c "$W/conf"
is "a listener beyond loopback without auth: 1" "$STATUS" 1
like "with its place, and what is missing" "$ERR" \
	"^$W/conf:1:8: .*192.168.77.2:0.* expected an 'auth FILE' line"
try leash check "$W/conf"
is "check says so too" "$STATUS" 1

conf 'listen 192.168.77.2:0 127.0.0.1:0' 'auth users' \
	'allow allowed.example git.example' "log json $W/access.log"
users '# who may' "$(user alice correct-horse)" '' "$(user bob battery)"
try leash check "$W/conf"
is "with it the conf is good" "$STATUS" 0
like "check prints what it understood" "$OUT" "^auth $W/users # 2 users\$"
try leash check --json "$W/conf"
like "in JSON too" "$OUT" '"auth":\{"file":"'"$W"'/users","users":2\}'
chmod 644 "$W/users"
try leash check "$W/conf"
like "a file that everybody can read is refused" "$STATUS/$ERR" \
	"1/$W/conf:2:6: .*can be read by everybody"
chmod 662 "$W/users"
try leash proxy -c "$W/conf"
like "and one that others can write" "$STATUS/$ERR" \
	"1/$W/conf:2:6: .*can be written by others"
users 'alice:correct-horse'
try leash proxy -c "$W/conf"
like "a line that is wrong has its place" "$STATUS/$ERR" \
	"1/$W/users:1:7: expected the 64 hex digits"
unlike "and is not shown" "$ERR" 'correct-horse'

# --- who need not read it
users "$(user alice correct-horse)" "$(user bob battery)"
try leash run -c "$W/conf" -- curl -sS --cacert ca.pem -o /dev/null \
	-w '%{http_code}' https://allowed.example/
is "a run's door never asks" "$STATUS/$OUT" "0/200"
try leash explain -c "$W/conf" allowed.example
is "explain ignores it" "$STATUS" 0
cp "$NETLEASH" "$W/netleash"
try in_host setpriv --reuid=nobody --regid=nogroup --clear-groups env -i \
	"$W/netleash" explain -c "$W/conf" allowed.example
is "also where the file cannot be read" "$STATUS" 0
try in_host setpriv --reuid=nobody --regid=nogroup --clear-groups env -i \
	"$W/netleash" check "$W/conf"
like "of which check warns" "$STATUS/$ERR" '0/.*warning: only those who may'
try in_host setpriv --reuid=nobody --regid=nogroup --clear-groups env -i \
	"$W/netleash" proxy -c "$W/conf"
like "but whoever serves must read it" "$STATUS/$ERR" \
	'1/.*users cannot be read: Permission denied'
cp "$W/users" "$WS/users"
chmod 640 "$WS/users"
printf 'allow *\nauth ws/users\n' >"$W/inner.conf"
try leash run -c "$W/inner.conf" -- sh -c 'cat users; ! echo x >users'
unlike "a command does not see it" "$OUT" 'alice'

# --- real clients
conf 'listen 192.168.77.2:0 127.0.0.1:0' 'auth users' 'threads 2' \
	'allow allowed.example git.example' "log json $W/access.log"
rm -f "$W/access.log"
start_proxy -c "$W/conf"
PORT=$(sed -n 's/^ready 192\.168\.77\.2://p' "$W/ready")
LOCAL_PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")
P=192.168.77.2:$PORT
printf 'page\n' >"$W/files/page"
# The far side looks no name up: the proxy does.
through -x "http://$P" -U alice:correct-horse https://allowed.example/
is "curl -U: a tunnel" "$STATUS/$OUT" "0/200"
through -x "http://$P" --proxy-user bob:battery http://allowed.example/
is "curl --proxy-user: plain HTTP" "$STATUS/$OUT" "0/200"
through -x "http://alice:correct-horse@$P" --proxy-anyauth \
	https://allowed.example/ -o /dev/null http://allowed.example/
is "curl --proxy-anyauth asks first and then knows" "$STATUS/$OUT" \
	"0/200200"
through -x "http://alice:correct-horse@$P" --proxy-anyauth -d some=data \
	http://allowed.example/
like "with a body too" "$STATUS/$OUT" '^0/[24]0'
through -x "socks5h://alice:correct-horse@$P" https://allowed.example/
is "curl socks5h" "$STATUS/$OUT" "0/200"
through -x "socks5h://bob:battery@$P" http://allowed.example/
is "curl socks5h, plain" "$STATUS/$OUT" "0/200"
try in_host "${CURL[@]}" -U alice:correct-horse \
	-x "http://127.0.0.1:$LOCAL_PORT" https://allowed.example/
is "and on the loopback listener" "$STATUS/$OUT" "0/200"

through -x "http://$P" https://allowed.example/
is "without a password there is no tunnel" "$STATUS/$OUT" "56/000"
try from_outside curl -sS -i --max-time 20 -x "http://$P" \
	http://other.example/
like "the answer is 407" "$OUT" '^HTTP/1.1 407 Proxy authentication required'
like "with the scheme" "$OUT" '^Proxy-Authenticate: Basic realm="netleash"'
like "and the reason" "$OUT" '^X-Netleash-Reason: auth'
unlike "and not a word about rules" "$OUT" 'allow '
through -x "http://$P" -U alice:wrong http://allowed.example/
is "with a wrong one neither" "$STATUS/$OUT" "0/407"
through -x "http://$P" -U carol:battery http://allowed.example/
is "nor with a wrong name" "$STATUS/$OUT" "0/407"
through -x "socks5h://$P" https://allowed.example/
is "SOCKS5 without a password ends" "$STATUS/$OUT" "97/000"
through -x "socks5h://alice:wrong@$P" https://allowed.example/
is "and with a wrong one" "$STATUS/$OUT" "97/000"
try in_host "${CURL[@]}" -x "http://127.0.0.1:$LOCAL_PORT" \
	http://allowed.example/
is "loopback asks too" "$STATUS/$OUT" "0/407"
is "no name was looked up for those" "$(asked other.example)" 0
through -x "http://alice:correct-horse@$P" http://other.example/
is "a known client learns what the policy says" "$STATUS/$OUT" "0/403"

export GIT_CONFIG_GLOBAL=$W/gitconfig GIT_CONFIG_NOSYSTEM=1
git config --global user.name tester
git config --global user.email tester@allowed.example
git config --global init.defaultBranch main
git init -q "$W/source"
printf 'first\n' >"$W/source/page"
git -C "$W/source" add page
git -C "$W/source" commit -q -m 'add a page'
git clone -q --bare "$W/source" "$W/files/source.git"
git -C "$W/files/source.git" update-server-info
try from_outside git -c http.sslCAInfo="$W/ca.pem" \
	-c http.proxy="http://alice:correct-horse@$P" clone -q \
	https://git.example/files/source.git "$W/clone"
is "git clones with it" "$STATUS/$(cat "$W/clone/page")" "0/first"
try from_outside git -c http.sslCAInfo="$W/ca.pem" -c http.proxy="http://$P" \
	clone -q https://git.example/files/source.git "$W/clone2"
like "and without it shows 407" "$STATUS/$ERR" '128/.*407'

try from_outside env https_proxy="http://alice:correct-horse@$P/" \
	http_proxy="http://alice:correct-horse@$P/" \
	wget -q -O - --ca-certificate="$W/ca.pem" \
	https://allowed.example/files/page http://allowed.example/files/page
is "wget, both ways" "$STATUS/$OUT" "0/page
page"
try from_outside env http_proxy="http://$P/" \
	wget -O - http://allowed.example/files/page
like "and without it shows 407" "$ERR" '407 Proxy authentication required'

cat >"$W/ask.py" <<'END'
import ssl, sys, urllib.request
proxy, ca = sys.argv[1:]
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({"http": proxy, "https": proxy}),
    urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
for scheme in ("http", "https"):
    print(opener.open(scheme + "://allowed.example/files/page",
                      timeout=20).read().decode(), end="")
try:
    import requests
except ImportError:
    print("no requests")
    sys.exit(0)
s = requests.Session()
s.trust_env = False
s.proxies = {"http": proxy, "https": proxy}
for scheme in ("http", "https", "http"):
    print(s.get(scheme + "://allowed.example/files/page", verify=ca,
                timeout=20).text, end="")
s.proxies = {"http": proxy.replace("horse", "cow")}
print(s.get("http://allowed.example/", timeout=20).status_code)
END
try from_outside "$PYTHON" "$W/ask.py" "http://alice:correct-horse@$P" \
	"$W/ca.pem"
like "python's urllib" "$STATUS/$(echo "$OUT" | head -n 2 | paste -s -d ,)" \
	'^0/page,page$'
if [ "$(echo "$OUT" | tail -n 1)" = 'no requests' ]; then
	echo "# python has no requests here: urllib alone was tried"
else
	is "and requests" "$(echo "$OUT" | tail -n +3 | paste -s -d ,)" \
		'page,page,page,407'
fi

# --- what is told of it
until_true 10 grep -q '"reason":"auth"' "$W/access.log"
like "a line says whose it was" "$(cat "$W/access.log")" \
	'"user":"alice","method":"CONNECT","target":"allowed.example:443".*"decision":"allow"'
like "of SOCKS5 too" "$(cat "$W/access.log")" \
	'"protocol":"socks5",.*"user":"bob","method":null,"target":"allowed.example:80"'
like "a refusal says why" "$(grep '"reason":"auth"' "$W/access.log")" \
	'"decision":"error","rule":null,"reason":"auth"'
unlike "and names nobody" "$(grep '"reason":"auth"' "$W/access.log")" '"user"'
unlike "no password is anywhere in it" \
	"$(cat "$W/access.log" "$W/messages")" 'horse|battery|Y29ycmVjd'
unlike "no server has seen the field" "$(cat "$W/origin.log")" \
	'[Pp]roxy-[Aa]uth'

# --- other users
users "$(user carol staple)"
kill -HUP "$PROXY"
check "HUP says that it reloaded" said '^netleash: reloaded'
through -x "http://$P" -U carol:staple https://allowed.example/
is "who has come is let in" "$STATUS/$OUT" "0/200"
through -x "http://$P" -U alice:correct-horse http://allowed.example/
is "who has gone is not" "$STATUS/$OUT" "0/407"
: >"$W/messages"
users 'carol:staple'
kill -HUP "$PROXY"
check "a file that is no good changes nothing" said 'the old one stays'
through -x "http://$P" -U carol:staple https://allowed.example/
is "and the users stay" "$STATUS/$OUT" "0/200"
: >"$W/messages"
conf 'listen 127.0.0.1:0' 'allow allowed.example'
kill -HUP "$PROXY"
check "without auth and the listener that needs it the conf is good" \
	said '^netleash: reloaded'
through -x "http://$P" https://allowed.example/
is "but that listener, which is open until the restart, lets nobody in" \
	"$STATUS/$OUT" "56/000"
through -x "http://$P" -U carol:staple http://allowed.example/
is "at all" "$STATUS/$OUT" "0/407"
stop_proxy
is "it ends with 0" "$STATUS" 0

# --- a daemon: its listeners ask, the runs that it starts do not
users "$(user alice correct-horse)"
cp -p "$W/users" "$W/ann/users"
conf 'listen 192.168.77.2:0' 'auth ann/users' 'allow allowed.example' \
	"log json $W/daemon.log" "permit group:$DEV"
start_daemon
PORT=$(sed -n 's/^ready 192\.168\.77\.2://p' "$W/ready")
P=192.168.77.2:$PORT
through -x "http://$P" -U alice:correct-horse https://allowed.example/
is "a client of a daemon is known" "$STATUS/$OUT" "0/200"
through -x "http://$P" http://allowed.example/
is "or asked" "$STATUS/$OUT" "0/407"
try ann run -- sh -c 'cat users; ! echo x >users 2>/dev/null; exec curl -sS \
	--cacert ca.pem -o /dev/null -w %{http_code} https://allowed.example/'
is "a run of its has a door that does not ask, and does not see the file" \
	"$STATUS/$OUT" "0/200"
unlike "nor is it asked for a name" \
	"$(grep '"caller"' "$W/daemon.log")" '"user"|"auth"'
try leash blocked
unlike "who was asked is not among what could be allowed" "$OUT" 'auth'
users "$(user carol staple)"
cp -p "$W/users" "$W/ann/users"
try leash reload
through -x "http://$P" -U carol:staple https://allowed.example/
is "a reload takes other users" "$STATUS/$OUT" "0/200"
done_testing
