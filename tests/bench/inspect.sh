# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/bench/inspect.sh - tunnels that are looked into, and those beside them
#
# In:  what tests/bench/run has: W, LOAD, NETLEASH, MS, HELD, NOBODY, peers.sh and
#      report.sh; SERVER, a name of 127.0.0.1; ORIGIN and HTTPS, free ports of
#      BESIDE and 127.0.0.1
# Out: measure_inspect: samples of the work `inspect`
#
# The origin is nginx, with a certificate that both proxies verify. Clients
# of netleash are the command of a run: nobody else may use its door. They make
# a full handshake each, but for `resumed`, where they offer what they got last.
# A stall is the longest round trip of a tunnel that nobody looks into, to the
# echo origin, while clients with the lowest priority make new inspected
# connections as fast as they can.

# shellcheck disable=SC2034 # for tests/bench/run
INSPECTORS=(netleash mitmproxy)
HELD=${HELD:-400} HTTPS=${HTTPS:-9443}
BESIDE=127.0.0.2 SERVER=${SERVER:-localhost}
NGINX_PID='' ECHO_PID=''
CORES=(taskset -c 1) RUN_AS=()

want_inspect() {
	want_command nginx nginx
	want_command openssl openssl
}

# A CA, and a certificate of it for the origin.
inspect_certificates() {
	local tls=$W/tls
	mkdir -p "$tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$tls/ca.key" -out "$tls/ca.crt" -days 2 \
		-subj '/CN=bench' && openssl req -newkey ec -nodes \
		-pkeyopt ec_paramgen_curve:P-256 -keyout "$tls/key" \
		-out "$tls/csr" -subj '/CN=origin' &&
		openssl x509 -req -in "$tls/csr" -CA "$tls/ca.crt" \
			-CAkey "$tls/ca.key" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=DNS:$SERVER") \
			-out "$tls/crt" && chmod 644 "$tls/key"
}

inspect_confs() {
	local page
	cat >"$W/inspect.conf" <<-END
		allow $SERVER:$HTTPS $BESIDE:*
		private 127.0.0.0/8 ::1
		inspect $SERVER:$HTTPS
		verify-ca $W/tls/ca.crt
	END
	mkdir -p "$W/nginx" "$W/mitmproxy"
	truncate -s 64M "$W/nginx/big"
	page=$(printf '%01024d' 0)
	cat >"$W/nginx.conf" <<-END
		daemon off;
		master_process off;
		error_log $W/nginx/log crit;
		pid $W/nginx/pid;
		events { worker_connections 4096; }
		http {
		    access_log off;
		    client_body_temp_path $W/nginx/1;
		    proxy_temp_path $W/nginx/2;
		    fastcgi_temp_path $W/nginx/3;
		    uwsgi_temp_path $W/nginx/4;
		    scgi_temp_path $W/nginx/5;
		    default_type text/plain;
		    keepalive_requests 100000000;
		    keepalive_timeout 1h;
		    ssl_session_cache shared:bench:10m;
		    open_file_cache max=4;
		    server {
		        listen 127.0.0.1:$HTTPS ssl backlog=4096;
		        ssl_certificate $W/tls/crt;
		        ssl_certificate_key $W/tls/key;
		        root $W/nginx;
		        location = / { return 200 "$page"; }
		    }
		}
	END
	chmod 777 "$W/nginx" "$W/mitmproxy"
}

# For peer_command: everything passes, and is not kept.
inspect_mitmproxy() {
	# shellcheck disable=SC2034 # for peer_start
	VIA=9108
	# shellcheck disable=SC2034 # for peer_start
	CMD=(env HOME="$W/mitmproxy" mitmdump -q --listen-host 127.0.0.1
		--listen-port "$VIA" --ignore-hosts "^${BESIDE//./\\.}\$"
		--set "confdir=$W/mitmproxy" --set flow_detail=0
		--set stream_large_bodies=1m
		--set "ssl_verify_upstream_trusted_ca=$W/tls/ca.crt")
}

# Starts the origins. Return: 1 if there can be none.
inspect_open() {
	local turn
	command -v nginx >/dev/null 2>&1 || {
		note_skipped 'inspect: nginx is not installed'
		return 1
	}
	inspect_certificates >"$W/tls.log" 2>&1 || {
		note_skipped "inspect: $(tail -n 1 "$W/tls.log")"
		return 1
	}
	inspect_confs
	ASK=("$LOAD" --announce --via-env --session-env)
	"${CORES[@]}" "${NOBODY[@]}" nginx -c "$W/nginx.conf" \
		-e "$W/nginx/log" >"$W/nginx.out" 2>&1 &
	NGINX_PID=$!
	"${CORES[@]}" "$LOAD" --host "$BESIDE" --origin "$ORIGIN" origin >/dev/null &
	ECHO_PID=$!
	for ((turn = 0; turn < 100; turn++)); do
		if (: >"/dev/tcp/127.0.0.1/$HTTPS" &&
			: >"/dev/tcp/$BESIDE/$ORIGIN") 2>/dev/null; then
			return 0
		fi
		sleep 0.05
	done
	note_skipped "inspect: no origin: $(tail -n 1 "$W/nginx.out")"
	return 1
}

inspect_close() {
	local pid
	for pid in $NGINX_PID $ECHO_PID; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	NGINX_PID='' ECHO_PID=''
}

# inspect_through PEER COMMAND...: the command calls "${ASK[@]}", knows its proxy
# by http_proxy, and prints what that prints. Sets LINE, and USED to the line
# that has what the proxy used.
inspect_through() {
	local peer=$1 status
	shift
	if [ "$peer" = netleash ]; then
		LINE=$(timeout 120 taskset -c 0 "${RUN_AS[@]}" "$LOAD" around \
			"$NETLEASH" run --isolation netns \
			--readonly "${LOAD%/*}" -c "$W/inspect.conf" -- \
			"${CORES[@]}" "$@" 2>"$W/load.err")
		status=$?
		USED=$(sed -n 's/^of_command //p' <<<"$LINE")
	else
		peer_start "$peer" || {
			note_skipped "inspect, $peer: it does not start:" \
				"$(tail -n 1 "$W/$peer.log" | tr -d '\0')"
			return 1
		}
		[ "$peer" != direct ] || VIA=$HTTPS
		LINE=$(http_proxy=http://127.0.0.1:$VIA BENCH_SESSION=$SESSION \
			timeout 120 "${CORES[@]}" "$@" 2>"$W/load.err")
		status=$?
		USED=$LINE
		peer_stop
	fi
	[ "$status" = 0 ] && return
	note_skipped "inspect, $peer: $(grep -v '^units' "$W/load.err" |
		tail -n 2 | tr -d '\r' | paste -s -d ' ')"
	return 1
}

# inspect_units PEER NAME KEY FACTOR ARGUMENT...: what a unit costs
inspect_units() {
	local peer=$1 name=$2 key=$3 factor=$4 units
	shift 4
	inspect_through "$peer" "${ASK[@]}" --host "$SERVER" --to "$HTTPS" --tls \
		--protocol "${PROTOCOL[$peer]}" --ms "$MS" "$@" || return 0
	units=$(field units "$LINE")
	sample inspect "$peer" "${name}_per_s" \
		"$(divide "$units" "$(field seconds "$LINE")")"
	[ "$name" != resumed ] || sample inspect "$peer" resumed_share \
		"$(divide "$(field resumed "$LINE")" "$units")"
	[ "$peer" = direct ] || sample inspect "$peer" "${name}_$key" \
		"$(divide "$(field cpu_s "$USED")" \
			"$(field units "$USED")" "$factor")"
}

# inspect_stall PEER NAME STORM-CLIENTS: the storm's line goes to stderr
inspect_stall() {
	local storm=$3
	# shellcheck disable=SC2016 # for the shell in there
	inspect_through "$1" sh -c '
		protocol=$1 server=$2 https=$3 host=$4 echo=$5 ms=$6 storm=$7
		shift 7
		if [ "$storm" != 0 ]; then
			nice -n 19 "$@" --host "$server" --to "$https" --tls \
				--protocol "$protocol" --clients "$storm" \
				--ms "$((ms + 600))" rate >&2 &
			sleep 0.3
		fi
		[ "$protocol" != none ] || http_proxy=http://127.0.0.1:$echo
		"$@" --host "$host" --to "$echo" --protocol "$protocol" --clients 1 \
			--ms "$ms" pingpong
		status=$?
		wait
		exit $status' sh "${PROTOCOL[$1]}" "$SERVER" "$HTTPS" \
		"$BESIDE" "$ORIGIN" "$MS" "$storm" "${ASK[@]}" || return 0
	sample inspect "$1" "${2}_ms" "$(field longest_ms "$LINE")"
	[ "$storm" = 0 ] || sample inspect "$1" "${2}_storm_per_s" \
		"$(divide "$(field units "$(grep '^units' "$W/load.err")")" \
			"$(field seconds "$(grep '^units' "$W/load.err")")")"
}

inspect_idle() {
	inspect_through "$1" "${ASK[@]}" --host "$SERVER" --to "$HTTPS" --tls \
		--protocol "${PROTOCOL[$1]}" --clients "$HELD" idle || return 0
	sample inspect "$1" held_kib "$(divide "$(field pss_bytes "$USED")" \
		"$(field units "$USED")" 0.0009765625)"
}

inspect_new() {
	inspect_units "$1" new cpu_ms 1e3 --clients 32 rate
}

inspect_peer() {
	inspect_new "$1"
	inspect_units "$1" resumed cpu_ms 1e3 --clients 32 --resume rate
	inspect_units "$1" kept cpu_us 1e6 --clients 32 http
	inspect_units "$1" bulk cpu_s_gb 1e9 --clients 1 bulk
	[ "$1" = direct ] || inspect_idle "$1"
	inspect_stall "$1" calm 0
	inspect_stall "$1" stall 32
}

measure_inspect() {
	local peer
	if inspect_open; then
		for peer in direct "${HERE_INSPECTORS[@]}"; do
			inspect_peer "$peer"
		done
	fi
	inspect_close
}
