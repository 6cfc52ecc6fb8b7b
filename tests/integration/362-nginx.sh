#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# nginx as the origin: uploads of every kind, chunked and partial answers, and
# connections that nginx ends when it likes.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need nginx
world_up

mkdir -p "$W/nginx/www/up"
head -c 4000000 /dev/urandom >"$W/nginx/www/big"
seq 100000 >"$W/nginx/www/text"
chmod -R a+rwX "$W/nginx"
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
	default_type text/plain;
	root $W/nginx/www;
	server {
		listen 8080;
		client_max_body_size 100m;
		location /up/ { dav_methods PUT DELETE; }
		location /text { gzip on; gzip_types text/plain; }
		location /small {
			client_max_body_size 1k;
			proxy_pass http://127.0.0.1:8080/count;
		}
		location /count { return 200 "\$connection_requests\n"; }
		location /old { return 304; }
	}
	server { # ends its connections soon
		listen 8081;
		keepalive_requests 3;
		location /count { return 200 "\$connection_requests\n"; }
	}
}
END
set_nginx "$W/nginx" "$W/nginx/conf"
serve "${NGINX[@]}"
until_true 10 nsenter --net=/run/netns/"$INET" \
	curl -sS -o /dev/null http://127.0.0.1:8080/count || skip "no nginx"

N=http://v4.example:8080
conf 'allow v4.example:8080,8081' "log json $W/access.log"
cp "$W/nginx/www/big" "$WS/big"
fetch() {
	try leash run -c "$W/conf" -- curl -sS "$@"
}
arrived() {
	check "$1: the file is whole" cmp "$WS/big" "$W/nginx/www/up/$2"
}

# --- uploads
fetch -w '%{http_code}' -T big "$N/up/length"
is "a PUT with a length: created" "$OUT" 201
arrived "with a length" length
fetch -w '%{http_code}' -H 'Transfer-Encoding: chunked' -T big "$N/up/chunks"
is "a PUT in chunks: created" "$OUT" 201
arrived "in chunks" chunks
fetch -v -H 'Expect: 100-continue' --expect100-timeout 20 \
	-w '%{http_code}' -T big "$N/up/expected"
is "a PUT that waits for 100: created" "$OUT" 201
like "the 100 came through" "$ERR" '^< HTTP/1.1 100 '
below "and was waited for by nobody" "$MS" 10000
arrived "after 100" expected
fetch -w '%{http_code}' -H 'Expect: 100-continue' --expect100-timeout 20 \
	-T big "$N/small"
like "one that is too large, and not sent yet: 413" "$OUT" '413$'
fetch -w '%{http_code} ' -H Expect: -T big "$N/small" "$N/count"
like "and sent at once: 413 all the same" "$OUT" '413 '
fetch -w '%{http_code}' -X DELETE "$N/up/length"
is "a DELETE: 204, and no body" "$OUT" 204
check "did what it says" test ! -e "$W/nginx/www/up/length"

# --- answers
fetch --compressed -D "$WS/head" -o "$WS/text" "$N/text"
check "a compressed answer is the file" cmp "$WS/text" "$W/nginx/www/text"
like "in chunks" "$(cat "$WS/head")" '^Transfer-Encoding: chunked'
fetch --http1.0 --compressed -o "$WS/text" "$N/text"
check "to HTTP/1.0 as well" cmp "$WS/text" "$W/nginx/www/text"
fetch -D - -o part -r 1000-1999 "$N/big"
like "a range is 206 and says which" "$OUT" \
	'^Content-Range: bytes 1000-1999/4000000'
check "and is that part" cmp "$WS/part" <(tail -c +1001 "$WS/big" |
	head -c 1000)
fetch -w '%{http_code} %{size_download}' -o parts -r 0-9,100-109 "$N/big"
like "two ranges are a multipart answer" "$OUT" '^206 [1-9]'
head -c 1500000 "$WS/big" >"$WS/resumed"
fetch -C - -o resumed "$N/big"
check "a download that is resumed is whole" cmp "$WS/resumed" "$WS/big"
fetch -w '%{http_code}' -r 5000000- -o none "$N/big"
is "a range beyond the end: 416" "$OUT" 416
fetch -w '%{http_code} ' "$N/old" "$N/count"
like "304 is over at its head, and the connection goes on" "$OUT" '^304 2'

# --- connections
cat >"$WS/pipeline.py" <<'END'
import os, re, socket, sys, urllib.parse
door = urllib.parse.urlsplit(os.environ["http_proxy"])
s = socket.create_connection((door.hostname, door.port), 20)
host, n = sys.argv[1], int(sys.argv[2])
one = "GET http://%s/count HTTP/1.1\r\nHost: %s\r\n" % (host, host)
s.sendall(((one + "\r\n") * (n - 1) + one + "Connection: close\r\n\r\n")
          .encode())
got = s.makefile("rb").read()
print(*(int(x) for x in re.findall(rb"\r\n\r\n(\d+)\n", got)))
END
try leash run -c "$W/conf" -- "$PYTHON" pipeline.py v4.example:8080 10
is "ten requests in one write are answered in order" "$OUT" \
	"1 2 3 4 5 6 7 8 9 10"
try leash run -c "$W/conf" -- "$PYTHON" pipeline.py v4.example:8081 10
is "so they are where nginx ends each connection after three" "$OUT" \
	"1 2 3 1 2 3 1 2 3 1"
is "each of them is in the log" "$(
	grep -c '"target":"v4.example:8081".*"status":200' "$W/access.log")" 10
done_testing
