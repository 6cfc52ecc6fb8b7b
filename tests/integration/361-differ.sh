#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Requests that servers understand in different ways, sent to nginx and Apache
# and through netleash: what they differ about is refused, or reaches an origin
# in a form that both understand in the same way.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need nginx apache2
world_up

# Both servers tell what they have understood, and wait for a second at most.
mkdir "$W/servers"
echo page >"$W/servers/page"
chmod -R a+rX "$W/servers"
cat >"$W/nginx.conf" <<END
daemon off;
master_process off;
pid $W/servers/nginx.pid;
error_log $W/servers/error.log;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path $W/servers/body;
	proxy_temp_path $W/servers/proxy;
	fastcgi_temp_path $W/servers/fastcgi;
	uwsgi_temp_path $W/servers/uwsgi;
	scgi_temp_path $W/servers/scgi;
	client_header_timeout 1s;
	client_body_timeout 1s;
	keepalive_timeout 1s;
	client_max_body_size 0;
	add_header X-Seen "\$request_method|\$request_uri|\$host" always;
	server {
		listen 127.0.0.1:8081;
		return 200;
	}
}
END
MODULES=$(dirname "$(find /usr/lib/apache2 -name mod_mpm_event.so)")
cat >"$W/apache.conf" <<END
ServerRoot $W/servers
ServerName none.example
Listen 127.0.0.1:8082
PidFile $W/servers/apache.pid
DefaultRuntimeDir $W/servers
ErrorLog $W/servers/apache.log
LoadModule mpm_event_module $MODULES/mod_mpm_event.so
LoadModule authz_core_module $MODULES/mod_authz_core.so
LoadModule headers_module $MODULES/mod_headers.so
LoadModule alias_module $MODULES/mod_alias.so
User nobody
Group nogroup
StartServers 1
ServerLimit 2
ThreadsPerChild 64
MaxRequestWorkers 128
Timeout 1
KeepAliveTimeout 1
MaxKeepAliveRequests 0
LimitRequestBody 0
UseCanonicalName Off
Header always set X-Seen "expr=%{REQUEST_METHOD}|%{THE_REQUEST}|%{SERVER_NAME}"
AliasMatch "^" $W/servers/page
<Directory $W/servers>
	Require all granted
</Directory>
END
on_host() {
	(in_host "$@") >>"$W/servers.log" 2>&1 </dev/null &
	SERVERS+=($!)
}
set_nginx "$W/servers" "$W/nginx.conf"
on_host "${NGINX[@]}"
on_host apache2 -D FOREGROUND -d "$W/servers" -f "$W/apache.conf"
for port in 8081 8082; do
	until_true 10 nsenter --net=/run/netns/"$HOST" \
		curl -sS -o /dev/null http://127.0.0.1:$port/ || {
		cat "$W/servers.log" "$W/servers/"*.log
		exit 1
	}
done

conf 'listen 127.0.0.1:0' 'allow 127.0.0.1:8080 other.example' \
	'limit head-time 1s' 'limit idle-time 1s' "log json $W/access.log"
on_host env "$NETLEASH" proxy -c "$W/conf"
until_true 10 grep -q '^ready' "$W/servers.log"
PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/servers.log")

try in_host "$PYTHON" "$SUPPORT/differ.py" --proxy "$PORT" --nginx 8081 \
	--apache 8082 --origin 8080 --access-log "$W/access.log" ${VERBOSE+--verbose}
[ "$ERR" = "" ] || printf '%s\n' "$ERR" | sed 's/^/# /'
retell "$OUT"
is "all of it was tried" "$STATUS" 0
done_testing
