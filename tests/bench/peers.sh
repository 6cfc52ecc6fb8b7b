# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/bench/peers.sh - netleash and its peers: how each is started and asked
#
# In:  W (ours, for confs), NETLEASH, ORIGIN (the origin's port)
# Out: peer_start NAME sets SESSION and VIA; PROTOCOL[NAME]; peer_stop
#
# Each is started anew for every measurement, on core 0, as nobody, as a
# session of its own; netleash with its access log on, the others with theirs
# off. The peer "relay" is no proxy that somebody would use: it shows what any
# second process costs on this machine.

PEERS=(netleash relay haproxy tinyproxy squid microsocks dante 3proxy)
declare -A PROTOCOL=([direct]=none [netleash]=connect [relay]=none
	[haproxy]=none [tinyproxy]=connect [squid]=connect
	[microsocks]=socks5 [dante]=socks5 [3proxy]=connect [mitmproxy]=connect)
declare -A PROGRAM=([haproxy]=haproxy [tinyproxy]=tinyproxy [squid]=squid
	[microsocks]=microsocks [dante]=danted [3proxy]=3proxy
	[mitmproxy]=mitmdump)
declare -A PACKAGE=([haproxy]=haproxy [tinyproxy]=tinyproxy-bin [squid]=squid
	[microsocks]=microsocks [dante]=dante-server [3proxy]=3proxy
	[mitmproxy]=mitmproxy)
NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)
SESSION='' VIA=''
SQUID=nlbench$$ # its name, and its shared memory's

peer_confs() {
	cat >"$W/netleash.conf" <<-END
		listen 127.0.0.1:9101
		allow 127.0.0.1:*
		log json $W/access.log
	END
	: >"$W/access.log"
	chown 65534 "$W/access.log"
	cat >"$W/haproxy.conf" <<-END
		global
		    maxconn 8000
		    nbthread 1
		defaults
		    mode tcp
		    timeout connect 10s
		    timeout client 1h
		    timeout server 1h
		listen bench
		    bind 127.0.0.1:9102
		    server origin 127.0.0.1:$ORIGIN
	END
	cat >"$W/tinyproxy.conf" <<-END
		Port 9103
		Listen 127.0.0.1
		Timeout 600
		MaxClients 5000
		LogLevel Critical
		LogFile "/dev/null"
		Allow 127.0.0.1
	END
	cat >"$W/squid.conf" <<-END
		http_port 127.0.0.1:9104
		http_access allow all
		cache deny all
		access_log none
		cache_log /dev/null
		cache_store_log none
		pid_filename none
		netdb_filename none
		pinger_enable off
		coredump_dir /
		shutdown_lifetime 0 seconds
	END
	cat >"$W/dante.conf" <<-END
		logoutput: /dev/null
		internal: 127.0.0.1 port = 9106
		external: 127.0.0.1
		clientmethod: none
		socksmethod: none
		user.privileged: nobody
		user.unprivileged: nobody
		client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
		socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
	END
	cat >"$W/3proxy.conf" <<-END
		auth none
		maxconn 5000
		proxy -p9107 -i127.0.0.1
	END
}

peer_command() {
	case $1 in
	netleash) VIA=9101 CMD=("$NETLEASH" proxy -c "$W/netleash.conf") ;;
	relay) VIA=9108 CMD=("$LOAD" relay 9108 "$ORIGIN") ;;
	haproxy) VIA=9102 CMD=(haproxy -db -f "$W/haproxy.conf") ;;
	tinyproxy) VIA=9103 CMD=(tinyproxy -d -c "$W/tinyproxy.conf") ;;
	squid) VIA=9104 CMD=(squid -N -n "$SQUID" -f "$W/squid.conf") ;;
	microsocks) VIA=9105 CMD=(microsocks -i 127.0.0.1 -p 9105) ;;
	dante) VIA=9106 CMD=(danted -f "$W/dante.conf") ;;
	3proxy) VIA=9107 CMD=(3proxy "$W/3proxy.conf") ;;
	mitmproxy) inspect_mitmproxy ;;
	esac
}

# peer_start NAME: returns when it accepts; direct is no proxy at all
peer_start() {
	local turn log=$W/$1.log
	SESSION=0 VIA=$ORIGIN
	[ "$1" != direct ] || return 0
	peer_command "$1"
	# It has no other way to be quiet.
	[ "$1" != microsocks ] || log=/dev/null
	taskset -c 0 setsid "${NOBODY[@]}" "${CMD[@]}" >"$log" 2>&1 \
		</dev/null &
	SESSION=$!
	for ((turn = 0; turn < 200; turn++)); do
		kill -0 "$SESSION" 2>/dev/null || break
		if (: >"/dev/tcp/127.0.0.1/$VIA") 2>/dev/null; then
			return 0
		fi
		sleep 0.05
	done
	peer_stop
	return 1
}

# All processes of the session that we made, and no other's.
peer_stop() {
	local pid
	[ "${SESSION:-0}" != 0 ] || return 0
	for pid in $(ps -o pid= -s "$SESSION"); do
		kill -KILL "$pid" 2>/dev/null
	done
	wait "$SESSION" 2>/dev/null
	# Killed, squid leaves its shared memory behind.
	rm -f /dev/shm/"$SQUID"-*.shm
	SESSION=0
}
