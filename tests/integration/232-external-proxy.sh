#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --external-proxy: the caller's own proxy on loopback in place of a door, in
# every isolation, with a small real proxy.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

# CONNECT and nothing else; says whom it was asked for, and with which password.
cat >"$W/proxy.py" <<'END'
import socket, sys, threading
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def answer(c):
    head = b""
    while b"\r\n\r\n" not in head:
        data = c.recv(4096)
        if not data:
            return
        head += data
    lines = head.decode().split("\r\n")
    auth = [l for l in lines if l.lower().startswith("proxy-authorization")]
    print(lines[0], *auth, flush=True)
    host, port = lines[0].split()[1].rsplit(":", 1)
    try:
        far = socket.create_connection((host, int(port)), 5)
    except OSError:
        c.sendall(b"HTTP/1.1 502 no\r\n\r\n")
        return
    c.sendall(b"HTTP/1.1 200 ok\r\n\r\n")
    threading.Thread(target=pump, args=(far, c), daemon=True).start()
    pump(c, far)
def serve(family, host):
    s = socket.create_server((host, 3128), family=family)
    while True:
        threading.Thread(target=answer, args=(s.accept()[0],),
                         daemon=True).start()
threading.Thread(target=serve, args=(socket.AF_INET6, "::1")).start()
print("ready", flush=True)
serve(socket.AF_INET, "127.0.0.1")
END
chmod 644 "$W/proxy.py"
in_host "$PYTHON" "$W/proxy.py" >>"$W/proxy.log" 2>&1 &
SERVERS+=($!)
until_true 10 grep -q ready "$W/proxy.log"
mkdir "$W/user"
cp "$WS/ca.pem" "$W/user"
chown -R 65533:65533 "$W/user"
unprivileged() {
	cd "$W/user" && in_host setpriv --reuid 65533 --regid 65533 \
		--clear-groups env -i PATH=/usr/bin:/bin HOME="$W/home" \
		LANG=C.UTF-8 "${CALLER[@]}" "$NETLEASH" "$@"
}

all_of_it() {
	local how=$1 url
	shift
	for url in http://127.0.0.1:3128 http://localhost:3128/ \
		'http://[::1]:3128' http://me:open%20sesame@127.0.0.1:3128; do
		: >"$W/proxy.log"
		CALLER=("HTTPS_PROXY=$url" NO_PROXY=intern.example)
		try "$@" --external-proxy -- curl -sS --cacert ca.pem \
			https://allowed.example/
		is "$how: $url is used" "$STATUS" 0
		like "$how: with what it gets" "$OUT" '^hello from allowed'
		like "$how: it was asked" "$(cat "$W/proxy.log")" \
			'^CONNECT allowed.example:443'
		try "$@" --external-proxy -- sh -c \
			'echo "$HTTPS_PROXY $NO_PROXY [$HTTP_PROXY$http_proxy]"'
		is "$how: the variables are the caller's" "$OUT" \
			"$url intern.example []"
	done
	like "$how: its password reaches it" "$(cat "$W/proxy.log")" \
		'Basic bWU6b3BlbiBzZXNhbWU='
	try "$@" --external-proxy -- curl -sS --noproxy '*' -m 10 --cacert \
		ca.pem --resolve allowed.example:443:93.184.216.34 \
		https://allowed.example/
	is "$how: nothing goes past it" "$STATUS" 7
	try "$@" --external-proxy --clean-env -- sh -c 'echo "$HTTPS_PROXY"'
	is "$how: a clean environment keeps it" "$OUT" "$url"
	try "$@" --external-proxy --verbose -- true
	like "$how: --verbose says what holds" "$ERR" \
		"no door and no rules of netleash's own"
	like "$how: and the ports" "$ERR" 'local ports: 3128'
}
all_of_it firewall leash run --isolation=firewall
all_of_it 'netns as root' leash run --isolation=netns
all_of_it unprivileged unprivileged run

# wrong VARIABLE=VALUE... PATTERN
wrong() {
	local pattern=${*: -1}
	CALLER=("${@:1:$#-1}")
	try leash run --external-proxy -- touch ran
	is "${CALLER[*]:-no variable}: 125" "$STATUS" 125
	like "and says why" "$ERR" "$pattern"
}
wrong 'none of HTTP_PROXY.* is set'
wrong HTTP_PROXY= 'none of HTTP_PROXY.* is set'
wrong HTTP_PROXY=http://proxy.example:3128 'HTTP_PROXY.*another host'
wrong all_proxy=127.0.0.1:3128 'all_proxy.*no scheme'
wrong HTTP_PROXY=http://127.0.0.1 'HTTP_PROXY.*no port'
wrong HTTP_PROXY=http://127.0.0.1:0 'HTTP_PROXY.*no port from'
wrong HTTP_PROXY=http://127.0.0.1:3128 WSS_PROXY=http://127.0.0.2:1 WSS_PROXY
CALLER=(HTTP_PROXY=http://127.0.0.1:3128)
for option in --online --no-network -aexample.com -dexample.com -pbuild; do
	try leash run --external-proxy "$option" -- touch ran
	is "with $option it is 125" "$STATUS" 125
	like "and says why" "$ERR" 'exclude each other'
done
check "nothing was run" test ! -e "$WS/ran"
done_testing
