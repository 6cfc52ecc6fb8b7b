#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Plain HTTP with real clients and a real server: curl, wget, python, node and
# git; nginx.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need node wget nginx git
world_up

# nginx on 8080, with what the tests need of it.
mkdir -p "$W/nginx/www"
head -c 5000000 /dev/urandom >"$W/nginx/www/big"
cat >"$W/nginx/conf" <<END
daemon off;
master_process off;
error_log $W/nginx/error.log;
pid $W/nginx/pid;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path $W/nginx/body;
	proxy_temp_path $W/nginx/proxy;
	fastcgi_temp_path $W/nginx/fastcgi;
	uwsgi_temp_path $W/nginx/uwsgi;
	scgi_temp_path $W/nginx/scgi;
	server {
		listen 8080;
		root $W/nginx/www;
		client_max_body_size 100m;
		location /requests {
			return 200 "request \$connection_requests\n";
		}
		location /gone { return 204; }
		location /moved { return 302 /requests; }
	}
}
END
set_nginx "$W/nginx" "$W/nginx/conf"
serve "${NGINX[@]}"
until_true 10 nsenter --net=/run/netns/"$INET" \
	curl -sS -o /dev/null http://127.0.0.1:8080/requests || skip "no nginx"

N=http://v4.example:8080
conf 'allow allowed.example git.example v4.example:8080' \
	"log json $W/access.log"
fetch() {
	try leash run -c "$W/conf" -- curl -sS "$@"
}

fetch http://allowed.example/
like "curl GET" "$OUT" '^hello from allowed.example over http '
fetch -I http://allowed.example/files/none
like "curl HEAD gets no body" "$OUT" '^HTTP/1.1 (404|501)'
fetch -I "$N/big"
like "HEAD at nginx tells the length" "$OUT" '^Content-Length: 5000000'
fetch --http1.0 "$N/requests"
is "curl --http1.0" "$OUT" "request 1"
fetch "$N/requests" "$N/requests" "$N/requests"
is "three requests go over one connection to the origin" "$OUT" \
	"request 1
request 2
request 3"
fetch -Z "$N/requests" "$N/requests" "$N/requests" "$N/requests"
is "four at once are all answered" "$(printf '%s\n' "$OUT" | wc -l)" 4
fetch -o big "$N/big"
check "a download is whole" cmp "$WS/big" "$W/nginx/www/big"
fetch -r 100-199 -o part "$N/big"
is "a range is a range" "$(stat -c %s "$WS/part")" 100
fetch -sS -w '%{http_code}\n' "$N/gone"
is "204 is over at its head" "$OUT" 204
fetch -L "$N/moved"
like "a redirection is followed" "$OUT" '^request [12]'

want=$(sha256sum "$W/nginx/www/big" | cut -d ' ' -f 1)
cp "$W/nginx/www/big" "$WS/up"
fetch -T up http://allowed.example/upload
is "curl PUT with a length" "$OUT" "$want"
# shellcheck disable=SC2016 # for the inner shell
try leash run -c "$W/conf" -- sh -c 'curl -sS -T - \
	http://allowed.example/upload <up'
is "curl PUT in chunks" "$OUT" "$want"
fetch -H 'Expect: 100-continue' --data-binary @up http://allowed.example/up
is "curl POST that expects 100" "$OUT" "$want"
fetch -d a=b http://allowed.example/up
is "curl POST" "$OUT" "$(printf a=b | sha256sum | cut -d ' ' -f 1)"

fetch -w '%{http_code}\n' http://other.example/secret?token=hidden
like "a host that is not allowed: 403" "$OUT" '^403$'
like "with the line that would allow it" "$OUT" '^allow other.example'
like "and in the summary" "$ERR" 'other.example:80: not-allowed'
fetch -w '%{http_code}\n' -T up http://other.example/
like "an upload to it: 403 too" "$OUT" '^403$'

try leash run -c "$W/conf" -- wget -q -O - http://allowed.example/
like "wget" "$OUT" '^hello from allowed.example'
try leash run -c "$W/conf" -- wget -O - http://other.example/
like "wget shows the words of a refusal" "$ERR" '403: Blocked by netleash'
cat >"$WS/client.py" <<'END'
import http.client, os, urllib.parse, urllib.request
print(urllib.request.urlopen("http://allowed.example/").read().decode(), end="")
door = urllib.parse.urlsplit(os.environ["http_proxy"])
c = http.client.HTTPConnection(door.hostname, door.port)
for i in range(3):
    c.request("POST", "http://allowed.example/up", body=iter([b"x" * 1000] * 9),
              headers={"Transfer-Encoding": "chunked"}, encode_chunked=True)
    r = c.getresponse()
    print(r.status, len(r.read()))
c.request("GET", "http://other.example/")
r = c.getresponse()
print(r.status, r.getheader("X-Netleash-Reason"), len(r.read()) > 10)
c.request("GET", "http://allowed.example/")
print(c.getresponse().read().decode(), end="")
END
try leash run -c "$W/conf" -- "$PYTHON" client.py
is "python: urllib, and six requests on one connection" "$(
	printf '%s\n' "$OUT" | sed 's/ over .*//')" "hello from allowed.example
200 65
200 65
200 65
403 not-allowed True
hello from allowed.example"

cat >"$WS/client.js" <<'END'
const http = require('http');
const door = new URL(process.env.http_proxy);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
function get(left) {
	http.get({ host: door.hostname, port: door.port, agent,
		path: 'http://v4.example:8080/requests',
		headers: { host: 'v4.example:8080' } }, (r) => {
		r.on('data', (d) => process.stdout.write(d));
		r.on('end', () => left > 1 ? get(left - 1) : agent.destroy());
	});
}
get(3);
END
try leash run -c "$W/conf" -- node client.js
is "node with a kept connection" "$OUT" "request 1
request 2
request 3"
if [ "$(node -p 'process.versions.node.split(".")[0] >= 24')" = true ]; then
	try leash run -c "$W/conf" -- env NODE_USE_ENV_PROXY=1 node -e '
		fetch("http://allowed.example/").then((r) => r.text())
			.then((t) => console.log(t))'
	like "node's fetch" "$OUT" '^hello from allowed'
fi

export GIT_CONFIG_GLOBAL=$W/gitconfig GIT_CONFIG_NOSYSTEM=1
git config --global user.name tester
git config --global user.email tester@allowed.example
git init -q "$W/source"
echo first >"$W/source/page"
git -C "$W/source" add page
git -C "$W/source" commit -q -m 'add a page'
git clone -q --bare "$W/source" "$W/files/source.git"
git -C "$W/files/source.git" update-server-info
try leash run -c "$W/conf" -- git clone -q \
	http://git.example/files/source.git clone
is "git clones over http" "$(cat "$WS/clone/page")" first

log=$(cat "$W/access.log")
like "the log has method, path and status" "$log" \
	'"method":"PUT","target":"allowed.example:80","path":"/upload".*"status":200}'
like "a line for each request" "$(grep -c '"path":"/requests"' \
	"$W/access.log")" '^1[0-9]$'
unlike "no query" "$log" 'hidden'
done_testing
