#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Through a parent proxy that is spoken to over TLS: stunnel before tinyproxy,
# with certificates of a company's authority; the wrong ones are refused, in
# words.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/parents.sh
. "$LIB/parents.sh"
need tinyproxy stunnel4
world_up
parents_up
name=DNS:parent.example,IP:192.168.77.1
then=20200101000000Z later=21250101000000Z
{
	certificate good "$name" $then $later &&
		certificate expired "$name" $then 20210101000000Z &&
		certificate future "$name" 21200101000000Z $later &&
		certificate other DNS:other.example,IP:192.168.77.2 \
			$then $later &&
		certificate client "$name" $then $later clientAuth &&
		openssl req -x509 -newkey ec -pkeyopt \
			ec_paramgen_curve:P-256 -nodes -days 2 \
			-keyout "$W/self.key" -out "$W/self.crt" \
			-subj /CN=parent.example -addext "subjectAltName=$name" &&
		cat "$W/self.crt" "$W/self.key" >"$W/self.pem"
} >"$W/openssl.log" 2>&1 || {
	cat "$W/openssl.log"
	exit 1
}
tinyproxy_up 3128 'BasicAuth me s3cr3t'
stunnel_up 3130 good 3128
stunnel_up 3131 expired 3128
stunnel_up 3132 future 3128
stunnel_up 3133 other 3128
stunnel_up 3134 self 3128
stunnel_up 3135 client 3128
stunnel_up 3136 good 3128 'sslVersionMin = TLSv1.3'
stunnel_up 3137 good 3128 'sslVersionMax = TLSv1.1' 'ciphers = ALL:@SECLEVEL=0'
stunnel_up 3138 good 3199
log=$W/access.log

# parent URL LINE...: the conf with that parent
parent() {
	local url=$1
	shift
	conf 'allow *.example **.parent.test' "log json $log" \
		"upstream https://me:s3cr3t@$url" "$@"
	: >"$log"
}

# get URL [CURL-OPTION...]
get() {
	try leash run -c "$W/conf" -- curl -sS --cacert ca.pem "$@"
}

trust="verify-ca $W/company.pem"
parent parent.example:3130 "$trust"
get https://allowed.example/
like "https through TLS to the parent" "$OUT" \
	'^hello from allowed.example over https'
like "the log names the parent" "$(cat "$log")" \
	'"upstream":"parent.example:3130","upstream_status":200'
get https://allowed.example/ https://v4.example/ https://known.parent.test/ -k
is "several" "$(printf '%s\n' "$OUT" | grep -c '^hello')" 3
# shellcheck disable=SC2016 # for the inner shell
try leash run -c "$W/conf" -- sh -c 'exec curl -sS --proxy \
	"socks5h://${HTTPS_PROXY#http://}" http://known.parent.test/'
like "SOCKS5" "$OUT" '^hello from known.parent.test'
get http://known.parent.test/ http://allowed.example/
is "plain requests" "$(printf '%s\n' "$OUT" | grep -c '^hello')" 2

head -c 20000000 /dev/urandom >"$WS/up"
sum=$(sha256sum <"$WS/up")
cp "$WS/up" "$W/files/down"
get -T up https://allowed.example/upload
is "an upload arrives whole" "${OUT%% *}  -" "${sum%% *}  -"
get https://allowed.example/files/down -o down
is "a download arrives whole" "$(sha256sum <"$WS/down")" "$sum"
# Sixteen at once, in one run.
# shellcheck disable=SC2016 # for the inner shell
try leash run -c "$W/conf" -- sh -c 'for i in 1 2 3 4 5 6 7 8; do
	curl -sS --cacert ca.pem https://allowed.example/stream/2000000 |
		sha256sum &
	curl -sS --cacert ca.pem -T ca.pem https://v4.example/upload &
	done; wait'
is "eight downloads and eight uploads at once" \
	"$(printf '%s\n' "$OUT" | sort | uniq -c | awk '{ print $1 }' |
		paste -s -d ,)" 8,8

parent 192.168.77.1:3130 "$trust"
get https://allowed.example/
like "a parent by address, which is in the certificate" "$OUT" '^hello'
parent 192.168.77.1:3133 "$trust"
get http://allowed.example/
like "and one that is not" "$OUT" 'has a certificate for another address'

# refused NAME PORT WORDS [LINE...]
refused() {
	local what=$1 port=$2 words=$3
	shift 3
	parent "parent.example:$port" "$@"
	get http://allowed.example/
	like "$what: 502 with words" "$OUT" \
		"parent proxy parent\\.example:$port .*$words"
	like "$what: the reason" "$OUT" 'Reason: upstream'
	get https://allowed.example/
	like "$what: nothing passes" "$ERR" '502'
}
refused "an authority that is unknown" 3130 'nobody trusted.*verify-ca'
refused "a self-signed certificate" 3134 'nobody trusted' "$trust"
refused "an expired certificate" 3131 'has expired' "$trust"
refused "a certificate of tomorrow" 3132 'not valid yet' "$trust"
refused "a certificate for another name" 3133 'for another name' "$trust"
refused "a certificate for clients" 3135 'not for servers' "$trust"
refused "TLS 1.1" 3137 'TLS handshake' "$trust"
refused "a parent that does not speak TLS" 3128 'TLS' "$trust"
refused "a parent that ends the session" 3138 \
	'before (it answered|its answer)' "$trust"
refused "nobody there" 3199 'refused the connection' "$trust"
parent parent.example:3136 "$trust"
get http://allowed.example/
like "TLS 1.3 alone: it works, or netleash says that it is too old" "$OUT" \
	'^hello|TLS 1\.2 and nothing newer'

parent parent.example:3130 "verify-ca /nonexistent/ca.pem"
get https://allowed.example/
is "a file of authorities that is missing: nothing runs" "$STATUS" 125
like "and it is named" "$ERR" '/nonexistent/ca\.pem: No such file'
parent parent.example:3130 "verify-ca $W/resolv.conf"
get https://allowed.example/
is "one without a certificate: nothing runs" "$STATUS" 125
like "and it is named, too" "$ERR" 'no certificate'
unlike "no password is anywhere" "$OUT$ERR$(cat "$log")" 's3cr3t'
done_testing
