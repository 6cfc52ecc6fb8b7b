#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What inspection does not let pass, and how it says so: servers whose
# certificate is no good or that cannot be spoken to, clients that do not
# believe netleash or cannot be spoken to.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/parents.sh
. "$LIB/parents.sh"
# shellcheck source=tests/integration/inspect.sh
. "$LIB/inspect.sh"
world_up
log=$W/access.log
AT=93.184.216.34
then=20200101000000Z later=21250101000000Z
name=DNS:v4.example,DNS:other.example

# signed_by CA NAME: $W/NAME.pem, signed by $W/CA.crt
signed_by() {
	local ca=$1 name=$2
	openssl req "${P256[@]}" -nodes -keyout "$W/$name.key" \
		-out "$W/$name.csr" -subj "/CN=$name" &&
		openssl x509 -req -in "$W/$name.csr" -CA "$W/$ca.crt" \
			-CAkey "$W/$ca.key" -CAcreateserial -days 2 -sha256 \
			-out "$W/$name.crt" \
			-extfile <(echo 'subjectAltName=DNS:v4.example') &&
		cat "$W/$name.crt" "$W/$name.key" >"$W/$name.pem"
}

# self_signed NAME OPTION...
self_signed() {
	local to=$1
	shift
	openssl req -x509 -nodes -days 2 -keyout "$W/$to.key" \
		-out "$W/$to.crt" -subj "/CN=$to" \
		-addext 'subjectAltName=DNS:v4.example' "$@" &&
		cat "$W/$to.crt" "$W/$to.key" >"$W/$to.pem"
}

# weak NAME DIGEST REQ-OPTION...: as openssl is still to be talked into
weak() {
	local name=$1 digest=$2
	shift 2
	openssl req "$@" -nodes -keyout "$W/$name.key" -out "$W/$name.csr" \
		-subj "/CN=$name" -config "$W/req.conf" &&
		openssl x509 -req -in "$W/$name.csr" -CA "$W/company.pem" \
			-CAkey "$W/company.key" -CAcreateserial -days 2 \
			"$digest" -out "$W/$name.crt" \
			-extfile <(echo 'subjectAltName=DNS:v4.example') &&
		cat "$W/$name.crt" "$W/$name.key" >"$W/$name.pem"
}
printf '[req]\ndistinguished_name=dn\n[dn]\n' >"$W/req.conf"
P256=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
{
	certificate good "$name" $then $later &&
		certificate wildcard 'DNS:*.example' $then $later &&
		certificate expired "$name" $then 20210101000000Z &&
		certificate future "$name" 21200101000000Z $later &&
		certificate wrong DNS:w4.example,DNS:x.v4.example $then $later &&
		certificate wide 'DNS:*.*.example,DNS:*' $then $later &&
		certificate client "$name" $then $later clientAuth &&
		certificate address "IP:$AT" $then $later &&
		self_signed self "${P256[@]}" &&
		self_signed unknown-ca "${P256[@]}" &&
		signed_by unknown-ca unknown && signed_by good leaf-signed &&
		weak short -sha256 -newkey rsa:1024 &&
		weak sha1 -sha1 "${P256[@]}"
} >"$W/openssl.log" 2>&1 || {
	cat "$W/openssl.log"
	exit 1
}
cat "$W/good.crt" >>"$W/leaf-signed.pem"

# origin PORT CERTIFICATE [OPTION...]: a page that says that it was reached
origin() {
	local port=$1 cert=$2
	shift 2
	serve openssl s_server -accept "$AT:$port" -cert "$W/$cert.pem" \
		-www -quiet "$@"
	PORTS+=("$port")
}
PORTS=()
origin 9001 good
origin 9002 wildcard
origin 9003 address
origin 9011 expired
origin 9012 future
origin 9013 wrong
origin 9014 self
origin 9015 unknown
origin 9016 leaf-signed
origin 9017 client
origin 9018 short -cipher ALL:@SECLEVEL=0
origin 9019 sha1 -cipher ALL:@SECLEVEL=0
origin 9020 wide
origin 9021 good -tls1_3
origin 9022 good -tls1_1 -cipher ALL:@SECLEVEL=0
origin 9023 good -tls1_2 -cipher PSK
cat >"$W/odd.py" <<'END'
import socket, sys, threading
def serve(port, what):
    s = socket.create_server((sys.argv[1], port), backlog=50)
    kept = []
    while True:
        c, _ = s.accept()
        if what == "closes":
            c.recv(10000)
            c.close()
        elif what == "plain":
            c.sendall(b"220 odd.example at your service, and not in TLS\r\n")
            kept.append(c)
        elif what == "cut":  # in the middle of a record
            c.recv(10000)
            c.sendall(b"\x16\x03\x03\x01\x00\x02\x00")
            c.close()
        else:
            kept.append(c)
for port, what in ((9031, "closes"), (9032, "plain"), (9033, "silent"),
                   (9034, "cut")):
    threading.Thread(target=serve, args=(port, what)).start()
END
serve "$PYTHON" "$W/odd.py" "$AT"
# shellcheck disable=SC2317 # until_true calls it
all_listen() {
	nsenter --net=/run/netns/"$INET" ss -Hltn |
		awk '{ print $4 }' >"$W/listening"
	local port
	for port in "${PORTS[@]}" 9031 9032 9033 9034; do
		grep -q ":$port\$" "$W/listening" || return 1
	done
}
until_true 10 all_listen || {
	cat "$W/listening" "$W/servers.log"
	exit 1
}

rules() {
	conf "verify-ca $W/company.pem" "log json $log" 'limit head-time 2s' \
		'allow v4.example:1-65535 other.example' \
		"allow $AT:9000-9099 v6.example" \
		"inspect v4.example:1-65535 $AT:9000-9099" "$@"
	: >"$log"
}
run() {
	: >"$log"
	try hold -c "$W/conf" -- "$@"
}
last() {
	tail -n 1 "$log"
}
rules
set_mode firewall

# --- the other side is good
for port in 9001 9002; do
	run curl -sS "https://v4.example:$port/"
	like "a good certificate ($port): the page" "$OUT" 's_server'
done
run curl -sS "https://$AT:9003/"
like "one for an address" "$OUT" 's_server'

# refused PORT WORDS WHAT: 502, in words, twice on one connection
refused() {
	local url=https://${4:-v4.example}:$1/
	run curl -sS -i "$url" "$url"
	is "$3: 502, and again" \
		"$(printf '%s\n' "$OUT" | grep -c '^HTTP/1.1 502 netleash: ')" 2
	like "$3: in words" "$OUT" "The server .* $2"
	like "$3: with the reason" "$OUT" '^X-Netleash-Reason: upstream'
	unlike "$3: and nothing of the page" "$OUT" 's_server'
	like "$3: in the log" "$(last)" \
		'"protocol":"https".*"decision":"error".*"reason":"upstream".*"status":502'
}
refused 9011 'has expired' "an expired certificate"
refused 9012 'not valid yet' "one of the future"
refused 9013 'for another name' "one for other names"
refused 9020 'for another name' "one with too wide a wildcard"
refused 9014 'nobody trusted here' "a self-signed one"
refused 9015 'nobody trusted here' "one of an unknown authority"
refused 9016 'nobody trusted here' "one that another server has signed"
refused 9017 'not for servers' "one for clients"
refused 9018 'too weak' "a short key"
refused 9019 'too weak' "a signature with SHA-1"
refused 9001 'for another address' "an address, and a certificate for a name" \
	"$AT"
refused 9022 'TLS handshake' "TLS 1.1"
refused 9023 'TLS handshake' "no cipher in common"
refused 9031 'ended the connection in the TLS handshake' "a server that hangs up"
refused 9034 'ended the connection in the TLS handshake' "a record that is cut"
refused 9032 'does not speak TLS' "a server without TLS"
refused 9033 'did not finish the TLS handshake in time' "a silent one"
run curl -sS -i https://v4.example:9021/
like "TLS 1.3 alone: it works, or netleash says that it is too old" "$OUT" \
	's_server|502 .*|TLS 1\.2 and nothing newer'
case $OUT in *' 502 '*)
	like "in words" "$OUT" 'TLS 1\.2 and nothing newer'
	;;
esac
run curl -sS -i https://v4.example:9099/
like "nobody there: told at once, of the tunnel" "$ERR" '502'
like "in the log" "$(last)" '"protocol":"connect".*"connect-refused"'
run curl -sS -k -i https://v4.example:9011/
like "a client that checks nothing does not get it either" "$OUT" ' 502 '

# --- clients. failed WHAT DETAIL: the log and the summary have it
failed() {
	like "$1: the log" "$(cat "$log")" \
		'"protocol":"(connect|socks5)".*"target":"v4.example:9001".*"decision":"error".*"reason":"tls".*"inspected":true'
	like "$1: with the detail" "$(cat "$log")" "\"detail\":\"the client [^\"]*$2"
	like "$1: the summary" "$ERR" "v4\\.example:9001.*: tls.*$2"
	unlike "$1: nothing passed" "$OUT$(cat "$log")" \
		's_server|"protocol":"https"'
}
cp "$W/company.pem" "$WS/company.pem"
run curl -sS --cacert company.pem https://v4.example:9001/
is "a client that trusts others: curl's error" "$STATUS" 60
failed "a client that trusts others" 'does not trust'
run env CURL_CA_BUNDLE=/etc/hostname curl -sS https://v4.example:9001/
unlike "a bundle without a certificate: nothing passed" "$OUT" 's_server'
run curl -sS --pinnedpubkey \
	'sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' \
	https://v4.example:9001/
is "a client that pins: curl's error" "$STATUS" 90
unlike "and no request" "$(cat "$log")" '"protocol":"https"'

# s_client OPTION...: a client of TLS, through the tunnel to v4.example:9001
# shellcheck disable=SC2016 # for the shell that runs it
s_client() {
	run sh -c 'exec openssl s_client -proxy "${HTTPS_PROXY#http://}" \
		-connect v4.example:9001 "$@" </dev/null' sh "$@"
}
s_client -servername v4.example -alpn h2
failed "HTTP/2 alone" 'offers HTTP/2 alone'
s_client -servername v4.example -alpn h2,http/1.1
like "HTTP/2 or HTTP/1.1: the latter" "$OUT" 'ALPN protocol: http/1.1'
s_client -noservername
like "no server name: the certificate is the host's all the same" "$OUT" \
	'subject=.*v4\.example'
s_client -servername v4.example.
like "a name with a dot at its end" "$OUT" 'Verification: OK'
s_client -servername V4.Example
like "a name in upper case" "$OUT" 'Verification: OK'
s_client -servername other.example
failed "another server name than the tunnel's" 'another name \(SNI\)'
s_client -servername v4.example -tls1_3
failed "TLS 1.3 alone" 'offers no cipher .*TLS 1\.2 \(not 1\.3 alone\)'
s_client -servername v4.example -tls1_1 -cipher ALL:@SECLEVEL=0
failed "TLS 1.1 alone" 'nothing as new as TLS 1\.2'
s_client -servername v4.example -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
failed "no cipher in common" 'offers no cipher or curve that is spoken here'
s_client -servername v4.example -tls1_2 -curves brainpoolP256r1
failed "no curve in common" 'offers no cipher or curve that is spoken here'
run curl -sS -p http://v4.example:9001/
failed "plain http inside of a tunnel" 'does not speak TLS'
# shellcheck disable=SC2016 # for the inner shell
run sh -c 'exec curl -sS --proxy "socks5h://${HTTPS_PROXY#http://}" \
	http://v4.example:9001/'
failed "plain http over SOCKS5" 'does not speak TLS'
run curl -sS http://v4.example:9001/
unlike "plain http to that port, without a tunnel" "$OUT" 's_server'

# --- requests inside that want out
cat >"$WS/inner.py" <<'END'
import os, socket, ssl, sys, urllib.parse
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
s = socket.create_connection((door.hostname, door.port), 20)
s.sendall(b"CONNECT v4.example:9001 HTTP/1.1\r\nHost: v4.example:9001\r\n\r\n")
assert b" 200 " in s.recv(1000)
s = ssl.create_default_context().wrap_socket(s, server_hostname="v4.example")
s.sendall(sys.argv[1].encode().decode("unicode_escape").encode())
s.settimeout(10)
answer = b""
while True:
    block = s.recv(65536)
    if not block:
        break
    answer += block
print(answer.decode().split("\r\n")[0])
END
inner() {
	run "$PYTHON" inner.py "$2"
	like "inside: $1" "$OUT" "$3"
}
end='\r\nConnection: close\r\n\r\n'
inner "a path" "GET / HTTP/1.1\\r\\nHost: v4.example:9001$end" ' 200 '
inner "a whole URL" \
	"GET https://v4.example:9001/ HTTP/1.1\\r\\nHost: v4.example:9001$end" \
	' 200 '
inner "another host" "GET / HTTP/1.1\\r\\nHost: other.example$end" ' 400 '
inner "the host on another port" "GET / HTTP/1.1\\r\\nHost: v4.example$end" \
	' 400 '
inner "another host's URL" \
	"GET https://other.example/ HTTP/1.1\\r\\nHost: other.example$end" ' 400 '
inner "http" \
	"GET http://v4.example:9001/ HTTP/1.1\\r\\nHost: v4.example:9001$end" \
	' 400 '
inner "no host" "GET / HTTP/1.1$end" ' 400 '
inner "two hosts" \
	"GET / HTTP/1.1\\r\\nHost: v4.example:9001\\r\\nHost: other.example$end" \
	' 400 '
inner "CONNECT" \
	"CONNECT other.example:443 HTTP/1.1\\r\\nHost: other.example:443$end" \
	' (400|403|501) '
inner "two lengths" \
	"POST / HTTP/1.1\\r\\nHost: v4.example:9001\\r\\nContent-Length: 3\\r\\nTransfer-Encoding: chunked$end" \
	' 400 '
inner "HTTP/2's preface" 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' ' (400|501|505) '

# --- the same without privilege
set_mode user
chmod 666 "$log"
refused 9011 'has expired' "unprivileged: an expired certificate"
s_client -servername other.example
failed "unprivileged: another server name" 'another name \(SNI\)'

rules "verify-ca $W/nowhere.pem"
set_mode firewall
run true
is "a verify-ca that is not there: 125" "$STATUS" 125
like "and it is named" "$ERR" 'nowhere\.pem'
done_testing
