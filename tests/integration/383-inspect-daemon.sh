#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A daemon looks into tunnels with the CA that setup made: of its listeners, and
# of runs whose rules ask for it, whose commands are made to trust it. Secrets
# are read with the caller's rights and reach requests, and nothing else. A CA
# that cannot be used is no daemon, where the conf needs one. One that is renewed
# is taken by a reload, for the runs that begin then.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv openssl
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

DIR=/var/lib/netleash
rm -rf "$DIR"
# A server that writes down what it gets, and sends one field back.
cat >"$W/notes.py" <<'END'
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[3], "a") as out:
            print(self.path, self.headers.get("Authorization"),
                  self.headers.get("X-Key"), file=out)
        self.send_response(200)
        self.send_header("X-Back", str(self.headers.get("Authorization")))
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("93.184.216.34", 9443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
END
serve "$PYTHON" "$W/notes.py" "$W/origin.pem" "$W/origin.key" "$W/notes"

# What a command does that has been told nothing: no --cacert.
GET='curl -sS --max-time 20 -o /dev/null -w %{http_code}'
cat >"$W/ann/issuer" <<'END'
#!/bin/sh
exec openssl s_client -proxy "${HTTPS_PROXY#http://}" -connect "$1:443" \
	-servername "$1" </dev/null 2>/dev/null |
	sed -n 's/ = /=/; s/^issuer=//p'
END
chmod 755 "$W/ann/issuer"

# memory WORD...: which processes of netleash's, and which sleep, have it; on this
# host, whatever else the machine has
cat >"$W/memory.py" <<'END'
import os, sys
WORDS = [bytes.fromhex(w[4:]) if w.startswith("hex:") else w.encode()
         for w in sys.argv[2:]]
HERE = os.stat(sys.argv[1]).st_ino
def regions(pid):
    with open("/proc/%s/maps" % pid) as maps, \
            open("/proc/%s/mem" % pid, "rb") as m:
        for line in maps:
            ends, mode = line.split()[:2]
            a, b = (int(x, 16) for x in ends.split("-"))
            if "r" in mode and "[v" not in line:
                m.seek(a)
                yield m.read(b - a)
seen, having = set(), set()
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        name = open("/proc/%s/comm" % pid).read().strip()
        if name != "sleep" and not name.startswith("netleash"):
            continue
        if os.stat("/proc/%s/ns/net" % pid).st_ino != HERE:
            continue
        for text in regions(pid):
            if name != "netleash-sweep":  # it comes and goes
                seen.add(name)
            if any(w in text for w in WORDS):
                having.add((name, int(pid)))
    except OSError:
        pass  # it has ended
print(*sorted(seen))
for name, pid in sorted(having, key=lambda h: (h[0], str(h[1]))):
    print(name, pid)
END
memory() {
	"$PYTHON" "$W/memory.py" "/run/netns/$HOST" "$@"
}
ALL='netleash netleash-attend netleash-init netleash-launch sleep'

write_conf() {
	conf 'listen 127.0.0.1:0' "log json $W/access.log" \
		"verify-ca $W/ca.pem" "permit group:$DEV profile * custom" \
		'allow v4.example' "$@"
}
profile='profile looked { inspect allowed.example
	allow allowed.example
	allow GET https://other.example/files/** }'
write_conf "$profile"
echo page >"$W/files/page"
start_daemon

# --- runs
is "a daemon makes the CA that is missing" \
	"$(stat -c %u:%a "$DIR/ca-key.pem")" 0:600
# key_words: the key, as text and as the number that it is, from either end
key_words() {
	local scalar
	scalar=$(openssl ec -in "$DIR/ca-key.pem" -noout -text 2>/dev/null |
		sed -n '/priv:/,/pub:/p' | tr -d ' :\n' |
		sed 's/priv\(.*\)pub.*/\1/;s/^00//')
	sed -n 2p "$DIR/ca-key.pem"
	echo "hex:$scalar"
	echo "hex:$(printf %s "$scalar" | fold -w 2 | tac | tr -d '\n')"
}
mapfile -t KEY < <(key_words)
(ann run -p looked -- sleep 80.5) >"$W/out" 2>&1 &
until_true 10 pgrep -x -f 'sleep 80.5'
is "and is the only process that has the key" "$(memory "${KEY[@]}")" \
	"$ALL
netleash $DAEMON"
pkill -TERM -x -f 'sleep 80.5'
wait $!
try ann run -p looked -- sh -c "$GET https://allowed.example/"
is "a command trusts what it is shown" "$STATUS/$OUT" 0/200
try ann run -p looked -- ./issuer allowed.example
authority() {
	"$NETLEASH" ca show --json | "$PYTHON" -c 'import json, sys
print(json.load(sys.stdin)["subject"])'
}
is "which the daemon's CA signed" "$OUT" "$(authority)"
try ann run -p looked -- sh -c "$GET https://other.example/files/page;
	$GET https://other.example/files/../x --path-as-is; $GET https://other.example/"
is "paths of https are held" "$STATUS/$OUT" 0/200403403
try ann run -p looked -- sh -c "$GET -d x=y https://other.example/files/page"
is "and methods" "$STATUS/$OUT" 0/403
like "and said in the summary" "$ERR" \
	'POST https://other.example:443/files/page: method'
try ann run -p looked -- sh -c 'env | grep -c netleash/ca;
	find /run/netleash; grep -c BEGIN /run/netleash/ca.crt'
like "it has the variables and the bundle" "$OUT" '^/run/netleash/ca-bundle.crt$'
try ann run -p looked -- sh -c 'echo x >>"$SSL_CERT_FILE"; rm /run/netleash/ca.crt'
is "which it cannot write" "$([ "$STATUS" != 0 ] && echo no)" no
try ann run -p looked -- sh -c 'cat /run/netleash/* /proc/self/environ;
	cat /var/lib/netleash/ca-key.pem; cat /proc/[0-9]*/mem /proc/[0-9]*/environ'
unlike "and of the key it has nothing" "$OUT" 'PRIVATE KEY'

try ann run -- sh -c 'env | grep -c -i -E "ssl_cert|ca_bundle|extra_ca"; ls /run'
is "a run that needs no look has nothing of it" "$OUT" 0
try ann run -- sh -c "$GET --cacert ca.pem https://v4.example/"
is "and its tunnels are as they are" "$STATUS/$OUT" 0/200
try ann run -a 'GET https://allowed.example/' -- sh -c \
	"$GET https://allowed.example/; $GET https://allowed.example/x"
is "rules of the caller's own can ask for it" "$STATUS/$OUT" 0/200403
try ann run -a allowed.example --inspect allowed.example -- ./issuer allowed.example
like "so can --inspect" "$OUT" 'netleash CA'
try ann run -p looked --no-network -- sh -c 'ls /run; env | grep -c -i ssl_cert'
is "without a network nothing is shown" "$OUT" 0

try ann run -p looked -- curl -sS -m 20 --cacert ca.pem https://allowed.example/
like "one that does not trust it says so as it goes" "$STATUS/$ERR" \
	"allowed.example:443: tls.*does not trust netleash's certificate"

# --- one run that begins handshakes without end, and another
cat >"$W/ann/crowd.py" <<'END'
# Opens tunnels, says hello in each, and goes away a while later.
import collections, os, socket, ssl, sys
proxy = os.environ["HTTPS_PROXY"].rsplit("/", 1)[1].rsplit(":", 1)
context = ssl.create_default_context()
open_now, begun = collections.deque(), 0
while True:
    bio = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), bio, server_hostname="allowed.example")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    s = socket.create_connection((proxy[0], int(proxy[1])))
    s.sendall(b"CONNECT allowed.example:443 HTTP/1.1\r\n\r\n" + bio.read())
    open_now.append(s)
    if len(open_now) > 300:
        open_now.popleft().close()
    begun += 1
    if begun % 50 == 0:
        with open("begun", "w") as out:
            print(begun, file=out)
END
(ann run -q -p looked -- "$PYTHON" crowd.py) >"$W/out" 2>&1 &
CROWD=$!
# begun N: it has begun so many
begun() {
	[ "$(cat "$W/ann/begun" 2>/dev/null || echo 0)" -ge "$1" ]
}
check "one run has begun four hundred handshakes" until_true 30 begun 400
for turn in 1 2 3; do
	before=$(cat "$W/ann/begun")
	try ann run -p looked -- sh -c "$GET https://allowed.example/"
	is "another is answered meanwhile ($turn)" "$STATUS/$OUT" 0/200
	check "while the first goes on ($turn)" until_true 30 begun $((before + 50))
done
pkill -KILL -f "$PYTHON crowd.py"
wait "$CROWD"

# --- the listeners
PORT=$(sed -n 's/^ready 127.0.0.1://p' "$W/ready")
through() {
	try in_host curl -sS --max-time 20 -o /dev/null -w '%{http_code}' \
		-x "http://127.0.0.1:$PORT" "$@"
}
"$NETLEASH" ca export >"$W/daemon.pem"
"$NETLEASH" mode limited >/dev/null
through --cacert "$W/daemon.pem" https://v4.example/
is "in mode limited it looks into what its listeners get" "$STATUS/$OUT" 0/200
through --cacert "$W/daemon.pem" -d x=y https://v4.example/
is "and refuses by the method" "$STATUS/$OUT" 0/403
try ann run -- sh -c "$GET https://v4.example/"
is "runs that begin then are told of the CA" "$STATUS/$OUT" 0/200
"$NETLEASH" mode conf >/dev/null
mkfifo "$W/go"
(ann run -- sh -c "read -r x; $GET --cacert ca.pem https://v4.example/; read -r x
	$GET --cacert ca.pem https://v4.example/") <"$W/go" >"$W/before" 2>"$W/before.err" &
RUN=$!
exec 7>"$W/go"
echo go >&7
until_true 10 grep -q 200 "$W/before"
"$NETLEASH" mode limited >/dev/null
echo go >&7
exec 7>&-
wait "$RUN"
"$NETLEASH" mode conf >/dev/null
is "one that began before is refused what would need it" "$(cat "$W/before")" 200000
like "with the reason" "$(cat "$W/before.err")" 'v4.example:443: inspection-required'

# --- reload
write_conf 'inspect v4.example' "$profile"
try "$NETLEASH" reload
is "a reload can ask for it" "$STATUS/$OUT" '0/reloaded: true'
try ann run -- sh -c "$GET https://v4.example/"
is "and new runs have it" "$STATUS/$OUT" 0/200

# --- renewed under a daemon
# whole: what a run gets now, and who signed it
whole() {
	try ann run -p looked -- sh -c \
		"$GET https://allowed.example/; echo; ./issuer allowed.example"
}
OLD=$(authority)
mkfifo "$W/lives"
(ann run -p looked -- sh -c "while read -r x; do
	$GET https://allowed.example/; echo; ./issuer allowed.example; done
	") <"$W/lives" >"$W/living" 2>&1 &
RUN=$!
exec 7>"$W/lives"
# ask: the run that lives since before the renewal; sets OUT
ask() {
	: >"$W/living"
	echo go >&7
	until_true 10 grep -q CN "$W/living"
	OUT=$(cat "$W/living")
}
ask
is "a run has begun with the old one" "$OUT" "200
$OLD"
try leash ca renew
like "renew says what a daemon needs" "$STATUS/$ERR" "^0/.*until 'netleash reload'"
NEW=$(authority)
whole
is "a daemon that runs goes on with the old one" "$STATUS/$OUT" "0/200
$OLD"
cp -p "$DIR/ca-key.pem" "$W/key.good"
cp -p "$DIR/ca.pem" "$W/ca.good"

# not_taken NAME PATTERN: of the pair that is there now. The conf is: a line more
# in it is that of a user.
not_taken() {
	write_conf 'inspect v4.example' "permit $BEN profile *" "$profile"
	try "$NETLEASH" reload
	like "$1 is not taken, and a reload says so" "$OUT" \
		"^warning: the CA cannot be used, the one from before stays: $DIR: $2"
	try ben run --isolation=firewall -- true
	is "$1: the conf is taken" "$STATUS" 0
	write_conf "$profile"
	try "$NETLEASH" reload
	like "$1: so is one that asks for less" "$STATUS/$OUT" \
		"^0/reloaded: true$"
	try ben run --isolation=firewall -- true
	like "$1: with its denials" "$STATUS/$ERR" "^125/.*no 'permit' line"
	whole
	is "$1: the CA is as it was" "$STATUS/$OUT" "0/200
$OLD"
	cp -p "$W/key.good" "$DIR/ca-key.pem"
	cp -p "$W/ca.good" "$DIR/ca.pem"
}
chmod 640 "$DIR/ca-key.pem"
not_taken "a key that others can read" "others can read or write ca-key.pem"
rm "$DIR/ca-key.pem"
not_taken "half a pair" "ca-key.pem is missing beside ca.pem"
head -c 100 "$W/key.good" >"$DIR/ca-key.pem"
not_taken "a key that is cut" "ca-key.pem is damaged"
openssl req -x509 -new -key "$DIR/ca-key.pem" -days 1 -out "$DIR/ca.pem" \
	-subj '/CN=netleash CA 00112233' \
	-addext 'basicConstraints=critical,CA:TRUE,pathlen:0' \
	-addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
sleep 1.1
not_taken "one that is about to expire" "ca.pem expires in less than a day"
rm "$DIR/ca-key.pem" "$DIR/ca.pem"
not_taken "none" "there is no CA"
like "the daemon's messages say it too" "$(cat "$W/messages")" \
	"the CA cannot be used, the one from before stays: $DIR"
echo 'allow bad..name' >>"$W/conf"
try "$NETLEASH" reload
is "a conf that is bad is not taken" "$STATUS" 1
like "and that is said, not the CA" "$ERR" "message: 'bad..name'"

write_conf 'inspect v4.example' "$profile"
try "$NETLEASH" reload
is "a reload takes one that is good" "$STATUS/$OUT" '0/reloaded: true'
whole
is "new runs have it, and trust it" "$STATUS/$OUT" "0/200
$NEW"
ask
is "the run that lives has the old one" "$OUT" "200
$OLD"
PORT=$(sed -n 's/^ready 127.0.0.1://p' "$W/ready")
"$NETLEASH" ca export >"$W/renewed.pem"
through --cacert "$W/renewed.pem" https://v4.example/
is "the listeners have the new one at once" "$STATUS/$OUT" 0/200
through --cacert "$W/daemon.pem" https://v4.example/
is "and no more the old one" "$STATUS/$OUT" 60/000

(ann run -p looked -- sleep 82.5) >"$W/out" 2>&1 &
SLEEPER=$!
until_true 10 pgrep -x -f 'sleep 82.5'
is "for that run the old key is there" "$(memory "${KEY[@]}")" "$ALL
netleash $DAEMON"
exec 7>&-
wait "$RUN"
nobody_has_it() {
	[ "$(memory "${KEY[@]}")" = "$ALL" ]
}
check "when it has ended, nobody has it any more" until_true 10 nobody_has_it
pkill -TERM -x -f 'sleep 82.5'
wait "$SLEEPER"

"$NETLEASH" ca renew >/dev/null 2>&1
"$NETLEASH" ca renew >/dev/null 2>&1
kill -HUP "$DAEMON"
NEW=$(authority)
newest() {
	whole
	[ "$STATUS/$OUT" = "0/200
$NEW" ]
}
check "SIGHUP does the same" until_true 10 newest
stop_daemon
start_daemon
whole
is "one that is started has the one that is there" "$STATUS/$OUT" "0/200
$NEW"
stop_daemon

# --- credentials
ANN_HOME=$(getent passwd "$ANN" | cut -d: -f6)
FILE=file-Abc123Def456Ghi789 VAR=var_Zyx987Wvu654Tsr321 PRINTED=cmd.Qwe159Rty753Uio
printf '%s\n' "$FILE" >"$ANN_HOME/token"
chown "$ANN" "$ANN_HOME/token"
chmod 600 "$ANN_HOME/token"
cat >"$W/print" <<END
#!/bin/sh
env >"$W/ann/env"
echo $PRINTED
END
chmod 755 "$W/print"
write_conf 'allow allowed.example:9443' 'credential one {
		from file ~/token; for https://allowed.example:9443/one
		header Authorization "Bearer {}" }' \
	'credential two { from env API_TOKEN
		for https://allowed.example:9443/two; placeholder API_TOKEN }' \
	"credential three { from command $W/print
		for https://allowed.example:9443/three; header X-Key \"{}\" }"
start_daemon
export USER_ENV="API_TOKEN=$VAR"
URL=https://allowed.example:9443
try ann run -- sh -c "curl -sS --max-time 20 -D - $URL/one; curl -sS -o /dev/null $URL/one/x
	curl -sS -o /dev/null -H \"Authorization: \$API_TOKEN\" $URL/two
	curl -sS -o /dev/null $URL/three; curl -sS -o /dev/null $URL/; env"
is "a run of a daemon's has them all" "$STATUS/$(cat "$W/notes")" \
	"0//one Bearer $FILE None
/one/x Bearer $FILE None
/two $VAR None
/three None $PRINTED
/ None None"
unlike "and the command none" "$OUT$ERR" "$FILE|$VAR|$PRINTED"
like "what comes back is hidden" "$OUT" '^X-Back: Bearer \[credential\]'
like "a placeholder has the shape" "$OUT" '^API_TOKEN=[a-z]{3}_[A-Z][a-z]{2}[0-9]{3}'
is "a command that prints one gets nothing of the caller's environment" \
	"$(sort "$W/ann/env" | cut -d= -f1 | grep -v -x -E 'PWD|_|SHLVL|OLDPWD' |
		tr '\n' ' ')" "HOME LANG LOGNAME PATH USER "
is "and is run as him" "$(stat -c %U "$W/ann/env")" "$ANN"
rm -f "$W/ann/env"
(ann run -- sleep 81.5) >"$W/out" 2>&1 &
until_true 10 pgrep -x -f 'sleep 81.5'
# Not his own variable: that came in his environment, as it stood in his.
is "no process but the proxy has them in memory" \
	"$(memory "$FILE" "$PRINTED")" "$ALL
netleash $DAEMON"
pkill -TERM -x -f 'sleep 81.5'
wait $!
unlike "nothing that is logged has them" \
	"$(cat "$W/access.log" "$W/messages"; "$NETLEASH" status)" \
	"$FILE|$VAR|$PRINTED"
USER_ENV='' try ann run -- true
like "a variable that is not set is said" "$STATUS/$ERR" \
	"^125/.*credential 'two': the variable API_TOKEN is not set"
chown root "$ANN_HOME/token"
try ann run -- true
like "what he may not read is not read for him" "$STATUS/$ERR" \
	"^125/.*credential 'one': ~/token cannot be read: Permission denied"
try ann run --no-network -- true
is "without a network none is needed" "$STATUS" 0
chown "$ANN" "$ANN_HOME/token"
try ann run -- true
is "with all of them it goes on" "$STATUS" 0
check "nothing is left" nothing_left
stop_daemon
unset USER_ENV

# --- a CA that cannot be used
chmod 640 "$DIR/ca-key.pem"
try leash daemon -c "$W/conf"
like "where the conf needs one there is no daemon" "$STATUS/$ERR" \
	"^1/.*'netleash setup' makes a CA.*$DIR: others can read or write ca-key.pem"
check "and nothing of it" sh -c '! [ -e /run/netleash/launch.sock ]'
write_conf
: >"$W/messages"
start_daemon
like "where it does not, that is said" "$(cat "$W/messages")" \
	"no tunnel can be looked into: $DIR: others can read"
try ann run -- sh -c "$GET --cacert ca.pem https://v4.example/"
is "and all else works" "$STATUS/$OUT" 0/200
try ann run -a 'GET https://allowed.example/' -- true
like "rules that need one are refused" "$STATUS/$ERR" "^125/.*'netleash setup'"
write_conf 'inspect v4.example' "permit $BEN"
try "$NETLEASH" reload
is "so is a reload" "$STATUS" 1
like "which says why" "$(cat "$W/messages")" \
	"the conf asks for a look into tunnels.*'netleash setup'"
try ann run -- sh -c "$GET --cacert ca.pem https://v4.example/"
is "and the old conf stays" "$STATUS/$OUT" 0/200
try ben run --isolation=firewall -- true
like "for the launcher too" "$STATUS/$ERR" "^125/.*no 'permit' line"
write_conf "permit $BEN profile *"
try "$NETLEASH" reload
is "one that asks for no look is taken" "$STATUS/$OUT" '0/reloaded: true'
try ben run --isolation=firewall -- true
is "and counts" "$STATUS" 0
"$NETLEASH" mode limited >/dev/null
try ann run -- sh -c "$GET --cacert ca.pem https://v4.example/"
is "mode limited refuses https as a whole then" "$STATUS/$OUT" 56/000
stop_daemon
chmod 600 "$DIR/ca-key.pem"
rm "$DIR/ca.pem"
write_conf 'inspect v4.example'
try leash daemon -c "$W/conf"
like "half a pair is no CA" "$STATUS/$ERR" \
	"^1/.*ca.pem is missing beside ca-key.pem: 'netleash ca renew'"
rm -rf "$DIR"
done_testing
