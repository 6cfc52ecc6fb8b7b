#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Inside an inspected tunnel the tools that people use work as they are: they
# trust the run's own CA. Methods and paths of https are held. What needs no
# inspection is an untouched tunnel, and its run has nothing of a CA.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/inspect.sh
. "$LIB/inspect.sh"
need wget git node npm
world_up
make_issuer
log=$W/access.log

# --- what is to be had: a repository, packages
export GIT_CONFIG_GLOBAL=$W/gitconfig GIT_CONFIG_NOSYSTEM=1
git config --global user.name tester
git config --global user.email tester@allowed.example
git config --global init.defaultBranch main
git init -q "$W/source"
printf 'first\n' >"$W/source/page"
git -C "$W/source" add page
git -C "$W/source" commit -q -m 'add a page'
git clone -q --bare "$W/source" "$W/files/probe.git"
cp -r "$W/files/probe.git" "$W/files/dumb.git"
git -C "$W/files/dumb.git" update-server-info

mkdir -p "$W/files/npm" "$W/package"
echo '{"name":"netleash-probe","version":"1.0.0","main":"index.js"}' \
	>"$W/package/package.json"
echo 'module.exports = "from npm";' >"$W/package/index.js"
tar -C "$W" -czf "$W/files/npm/probe.tgz" package
cat >"$W/files/npm/netleash-probe" <<END
{"name":"netleash-probe","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":
{"name":"netleash-probe","version":"1.0.0","dist":{"shasum":"$(
	sha1sum <"$W/files/npm/probe.tgz" | cut -d ' ' -f 1)",
"tarball":"https://allowed.example/files/npm/probe.tgz"}}}}
END

mkdir -p "$W/files/simple/netleash-probe"
"$PYTHON" - "$W/files/simple/netleash-probe" <<'END'
import sys, zipfile
name = "netleash_probe-1.0.0"
with zipfile.ZipFile(sys.argv[1] + "/" + name + "-py3-none-any.whl", "w") as z:
    z.writestr("netleash_probe.py", "word = 'from pip'\n")
    z.writestr(name + ".dist-info/METADATA", "Metadata-Version: 2.1\n"
               "Name: netleash-probe\nVersion: 1.0.0\n")
    z.writestr(name + ".dist-info/WHEEL", "Wheel-Version: 1.0\n"
               "Generator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr(name + ".dist-info/RECORD", "")
with open(sys.argv[1] + "/index.html", "w") as file:
    file.write("<a href='%s-py3-none-any.whl'>%s</a>\n" % (name, name))
END

mkdir -p "$W/files/cargo/ne/tl" "$W/netleash-probe-1.0.0/src"
printf '[package]\nname = "netleash-probe"\nversion = "1.0.0"\n' \
	>"$W/netleash-probe-1.0.0/Cargo.toml"
echo '//' >"$W/netleash-probe-1.0.0/src/lib.rs"
tar -C "$W" -czf "$W/files/cargo/netleash-probe.crate" netleash-probe-1.0.0
echo '{"dl":"https://allowed.example/files/cargo/{crate}.crate"}' \
	>"$W/files/cargo/config.json"
echo '{"name":"netleash-probe","vers":"1.0.0","deps":[],"cksum":"'"$(
	sha256sum <"$W/files/cargo/netleash-probe.crate" | cut -d ' ' -f 1
)"'","features":{},"yanked":false}' >"$W/files/cargo/ne/tl/netleash-probe"

# --- programs in the workspace
cat >"$WS/urllib_get.py" <<'END'
import ssl, sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode(), end="")
ssl.create_default_context().load_verify_locations("/run/netleash/ca.crt")
END
cat >"$WS/requests_get.py" <<'END'
import requests, sys
s = requests.Session()
print(s.get(sys.argv[1], timeout=20).text, end="")
print(s.post(sys.argv[1], data="x", timeout=20).headers["X-Netleash-Reason"])
END
cat >"$WS/get.js" <<'END'
const http = require('http'), https = require('https'), tls = require('tls');
const door = new URL(process.env.HTTPS_PROXY), to = new URL(process.argv[2]);
http.request({ host: door.hostname, port: door.port, method: 'CONNECT',
	path: to.hostname + ':443' }).on('connect', (answer, socket) => {
	const tunnel = tls.connect({ socket, servername: to.hostname }, () => {
		console.log(tunnel.authorized,
			tunnel.getPeerCertificate().issuer.CN);
		https.get(to, { createConnection: () => tunnel, defaultPort: 443 },
			(page) => page.pipe(process.stdout));
	});
}).end();
END
cat >"$WS/fetch.js" <<'END'
const { fetch, ProxyAgent } = require('undici');
fetch(process.argv[2],
	{ dispatcher: new ProxyAgent(process.env.HTTPS_PROXY) })
	.then((page) => page.text()).then(console.log)
	.then(() => process.exit(0));
END
cat >"$WS/Get.java" <<'END'
import java.net.*;

public class Get {
	public static void main(String[] words) throws Exception {
		System.out.write(new URL(words[0]).openStream()
			.readAllBytes());
		System.out.flush();
	}
}
END
cat >"$WS/get.go" <<'END'
package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	page, err := http.Get(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(os.Stdout, page.Body)
}
END
cat >"$WS/get.mjs" <<'END'
const page = await fetch(Deno.args[0]);
console.log(await page.text());
END
# As hosts without a name for each bucket have it.
printf '[default]\ns3 =\n  addressing_style = path\n' >"$WS/aws.conf"
JAVA='' GO='' CARGO='' TOOLCHAIN='' DENO=''
# It may lie in root's home.
if command -v deno >/dev/null; then
	cp "$(deno eval 'console.log(Deno.execPath())')" "$WS/deno" && DENO=1
fi
if command -v java javac >/dev/null; then
	javac -d "$WS" "$WS/Get.java" && JAVA=1
fi
if command -v go >/dev/null; then
	(cd "$WS" && GOCACHE=$W/go HOME=$W GO111MODULE=off CGO_ENABLED=0 \
		go build -o get-go get.go) && GO=1
fi
if command -v cargo >/dev/null; then
	# Of rustup's the real one, in a folder of its own.
	CARGO=$({ rustup which cargo || command -v cargo; } 2>/dev/null)
	TOOLCHAIN=$(dirname -- "$(dirname -- "$(readlink -f "$CARGO")")")
	mkdir -p "$WS/crate/src" "$WS/crate/.cargo"
	echo 'fn main() {}' >"$WS/crate/src/main.rs"
	printf '%s\n' '[package]' 'name = "user"' 'version = "1.0.0"' \
		'[dependencies]' 'netleash-probe = "1"' >"$WS/crate/Cargo.toml"
	printf '%s\n' '[source.crates-io]' 'replace-with = "ours"' \
		'[source.ours]' \
		'registry = "sparse+https://allowed.example/files/cargo/"' \
		>"$WS/crate/.cargo/config.toml"
fi

# --- the conf: allowed.example and git.example have rules about paths, v4 is
# looked into and open, other.example is a plain tunnel
rules() {
	conf "verify-ca $W/ca.pem" "log json $log" \
		'allow GET HEAD https://allowed.example/' \
		'allow GET HEAD https://allowed.example/files/**' \
		'allow GET https://allowed.example/body' \
		'deny https://allowed.example/files/private/**' \
		'allow GET https://git.example/git/*.git/info/refs' \
		'allow POST https://git.example/git/*.git/git-upload-pack' \
		'inspect v4.example' 'allow v4.example other.example'
	: >"$log"
	chmod 666 "$log"
}
run() {
	try hold -c "$W/conf" -- "$@"
}
hello='^hello from allowed.example over https'
page=https://allowed.example/

tools() {
	run ./issuer allowed.example
	like "$MODE: the CA is the run's" "$OUT" '^issuer=CN ?= ?netleash CA [0-9a-f]{8}$'
	like "$MODE: and openssl trusts it" "$OUT" 'Verification: OK'
	run ./issuer other.example
	like "$MODE: a plain tunnel shows the origin's own" "$OUT" \
		'^issuer=CN ?= ?test authority$'

	run curl -sS $page
	like "$MODE: curl" "$OUT" "$hello"
	run curl -sS --path-as-is "$page" "${page}files/private/x" \
		"${page}files/../files/private/x" "${page}files/%70rivate/x" \
		"${page}files//private/x" "${page}other" -w '%{http_code} '
	is "$MODE: and the paths that are refused" \
		"$(printf '%s' "$OUT" | grep -o -E '[0-9]{3} ' | tr -d '\n')" \
		"200 403 403 403 403 403 "
	run curl -sS -X DELETE -w '%{http_code}' $page
	like "$MODE: and the methods" "$OUT" '403$'
	like "$MODE: with the reason" "$OUT" 'Reason: method'
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'exec curl -sS --proxy "socks5h://${HTTPS_PROXY#http://}" "$1"' \
		sh $page
	like "$MODE: curl over SOCKS5" "$OUT" "$hello"
	run curl -sS https://v4.example/upload -T Get.java
	is "$MODE: where all is allowed, an upload" "$OUT" \
		"$(sha256sum <"$WS/Get.java" | cut -d ' ' -f 1)"
	run wget -q -O - $page
	like "$MODE: wget, which reads no variable" "$OUT" "$hello"

	run git clone -q https://git.example/git/probe.git smart
	is "$MODE: git clones" "$STATUS.$(cat "$WS/smart/page")" 0.first
	run git -C smart push -q origin HEAD:new
	check "$MODE: but does not push, by the rules about paths" \
		test "$STATUS" != 0
	like "$MODE: and shows it" "$ERR" '403'
	run git clone -q ${page}files/dumb.git dumb
	is "$MODE: git clones what is only files" "$STATUS.$(cat "$WS/dumb/page")" \
		0.first

	run "$PYTHON" urllib_get.py $page
	like "$MODE: python's urllib and ssl" "$OUT" "$hello"
	run "$PYTHON" requests_get.py $page
	like "$MODE: python's requests" "$OUT" "$hello"
	like "$MODE: which see a refusal" "$OUT" '^method$'
	if "$PYTHON" -m pip --version >/dev/null 2>&1; then
		run "$PYTHON" -m pip --disable-pip-version-check download -q \
			--no-deps -d wheels -i ${page}files/simple netleash-probe
		is "$MODE: pip" "$STATUS.$(ls "$WS/wheels")" \
			0.netleash_probe-1.0.0-py3-none-any.whl
	fi
	run node get.js $page
	like "$MODE: node" "$OUT" "$hello"
	like "$MODE: node's view of the CA" "$OUT" '^true netleash CA '
	if NODE_PATH=/usr/share/nodejs node -e 'require("undici")' 2>/dev/null
	then
		run env NODE_PATH=/usr/share/nodejs node fetch.js $page
		like "$MODE: node's fetch" "$OUT" "$hello"
	fi
	mkdir -p "$WS/npm" && echo '{}' >"$WS/npm/package.json"
	set_mode "$MODE" # for what was made just now
	run npm --prefix npm install --no-audit --no-fund --fetch-retries=0 \
		--no-update-notifier --registry=${page}files/npm/ netleash-probe
	is "$MODE: npm" "$STATUS.$(cat \
		"$WS/npm/node_modules/netleash-probe/index.js")" \
		'0.module.exports = "from npm";'
	others
	unlike "$MODE: no tunnel was reset" "$(cat "$log")" '"reason":"tls"'
	rm -rf "$WS/smart" "$WS/dumb" "$WS/wheels" "$WS/npm"
}

# Those that not every machine has.
others() {
	if perl -e 'use IO::Socket::SSL; use HTTP::Tiny' 2>/dev/null; then
		run perl -MHTTP::Tiny -e 'print HTTP::Tiny->new(verify_SSL => 1)
			->get($ARGV[0])->{content}' $page
		like "$MODE: perl" "$OUT" "$hello"
	fi
	if command -v ruby >/dev/null; then
		run ruby -ropen-uri -e 'print URI.open(ARGV[0]).read' $page
		like "$MODE: ruby" "$OUT" "$hello"
	fi
	if [ -n "$JAVA" ]; then
		run java -cp . Get $page
		like "$MODE: java" "$OUT" "$hello"
		like "$MODE: which says that it was told" "$ERR" \
			'Picked up JAVA_TOOL_OPTIONS'
	fi
	if [ -n "$GO" ]; then
		run ./get-go $page
		like "$MODE: go" "$OUT" "$hello"
	fi
	if [ -n "$DENO" ]; then
		run env DENO_NO_UPDATE_CHECK=1 ./deno run --no-config \
			--allow-net get.mjs $page
		like "$MODE: deno" "$OUT" "$hello"
	fi
	if [ -x /usr/bin/aws ]; then
		run env AWS_CONFIG_FILE=aws.conf /usr/bin/aws --no-sign-request \
			--region us-east-1 --endpoint-url https://allowed.example \
			s3api get-object --bucket files --key npm/probe.tgz got
		is "$MODE: aws" "$STATUS.$(sha256sum <"$WS/got")" \
			"0.$(sha256sum <"$W/files/npm/probe.tgz")"
		rm -f "$WS/got"
	fi
	# Often it lies in root's home.
	if [ -n "$CARGO" ] && [ "$MODE" != user ]; then
		# shellcheck disable=SC2016 # for the inner shell
		try hold -c "$W/conf" --readonly "$TOOLCHAIN" -- sh -c \
			'cd crate && PATH=$1/bin:$PATH && exec cargo fetch -q' \
			sh "$TOOLCHAIN"
		is "$MODE: cargo" "$STATUS" 0
		rm -f "$WS/crate/Cargo.lock"
	fi
}

rules
for mode in $MODES; do
	set_mode "$mode"
	: >"$log"
	tools
done
log_text=$(cat "$log")
like "the log: a request inside is https, inspected, with method and path" \
	"$log_text" '"protocol":"https",.*"method":"GET","target":"allowed.example:443","path":"/".*"inspected":true.*"status":200'
like "the tunnel is a line of its own" "$log_text" \
	'"protocol":"connect",.*"method":"CONNECT","target":"allowed.example:443".*"inspected":true'
unlike "what nobody looked into is not" "$log_text" \
	'"target":"other.example:443".*"inspected"'

# --- limited: every https request is seen
conf "verify-ca $W/ca.pem" 'mode limited' 'allow allowed.example'
set_mode firewall
run curl -sS $page
like "limited: a GET passes" "$OUT" "$hello"
run curl -sS -d x $page
like "limited: a POST does not" "$OUT" 'Reason: method'
run ./issuer allowed.example
like "limited: since it is looked into" "$OUT" '^issuer=CN ?= ?netleash CA'

# --- nothing to look into: nothing is there
conf 'allow allowed.example'
store=$(sha256sum /etc/ssl/certs/ca-certificates.crt)
CALLER=(SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt JAVA_TOOL_OPTIONS=-Da=b)
for mode in $MODES; do
	set_mode "$mode"
	run sh -c 'ls /run; sha256sum /etc/ssl/certs/ca-certificates.crt; env'
	unlike "$mode, uninspected: no bundle and no variables of ours" "$OUT" \
		'/run/netleash/|^netleash$|CURL_CA|GIT_SSL|NODE_EXTRA|trustStore'
	like "$mode, uninspected: the store is the system's" "$OUT" \
		"^${store%% *} "
	like "$mode, uninspected: the caller's variables are his" "$OUT" \
		'^SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt$'
	run ./issuer allowed.example
	like "$mode, uninspected: the origin's own certificate" "$OUT" \
		'^issuer=CN ?= ?test authority$'
	run curl -sS --cacert ca.pem $page
	like "$mode, uninspected: and the page" "$OUT" "$hello"
done
rules
set_mode firewall
run sh -c 'echo "$JAVA_TOOL_OPTIONS"; echo "$SSL_CERT_FILE"'
like "inspected: what the caller tells java stays" "$OUT" \
	'^-Da=b -Dhttp\.proxyHost=.* -Djavax.net.ssl.trustStore=/run/netleash/'
like "inspected: his own bundle gives way" "$OUT" '^/run/netleash/'
CALLER=()

# --- two runs do not share a CA
run cat /run/netleash/ca.crt
one=$OUT
run cat /run/netleash/ca.crt
check "each run has a CA of its own" test "$one" != "$OUT"
done_testing
