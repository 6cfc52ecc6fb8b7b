# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/integration/parents.sh - parent proxies in the internet of lib.sh
#
# Source it after lib.sh and before world_up. parent.example is where they
# listen; known.parent.test is a name that only they can resolve.

# The zone of lib.sh, and ours.
eval "lib_$(declare -f make_zone)"
make_zone() {
	lib_make_zone
	echo 'parent.example A 60 192.168.77.1' >>"$W/zone"
}

parents_up() {
	printf '127.0.0.1 localhost\n93.184.216.34 known.parent.test\n' \
		>"$W/parent-hosts"
}

# as_parent COMMAND...: a server with the parents' own hosts file
as_parent() {
	# shellcheck disable=SC2016 # for the inner shell
	serve unshare --mount sh -c '
		mount --bind "$1/resolv.conf" /etc/resolv.conf || exit 99
		[ -e /etc/hosts ] || : >/etc/hosts
		mount --bind "$1/parent-hosts" /etc/hosts || exit 99
		shift
		exec "$@"' sh "$W" "$@"
}

# port_open PORT: somebody listens there
port_open() {
	nsenter --net=/run/netns/"$INET" sh -c \
		"ss -Hltn 'sport = :$1' | grep -q ." 2>/dev/null
}

# tinyproxy_up PORT [LINE...]: one more line of its conf each
tinyproxy_up() {
	local port=$1
	shift
	{
		printf 'Port %s\nListen 192.168.77.1\nTimeout 60\n' "$port"
		printf 'LogFile "%s"\nLogLevel Info\n' "$W/tinyproxy-$port.log"
		printf 'MaxClients 100\nDisableViaHeader Yes\n'
		printf '%s\n' "$@"
	} >"$W/tinyproxy-$port.conf"
	as_parent tinyproxy -d -c "$W/tinyproxy-$port.conf"
	until_true 10 port_open "$port" || {
		echo "tinyproxy does not listen on $port"
		cat "$W/servers.log"
		exit 1
	}
}

# certificate NAME SUBJECT-ALT-NAME FROM TO: $W/NAME.pem with the key, signed by
# the authority of the company, $W/company.pem; times as openssl-ca(1) has them
certificate() {
	local ca=$W/company
	if [ ! -e "$ca.pem" ]; then
		mkdir -p "$ca" && : >"$ca/index" && echo 1000 >"$ca/serial"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
			-nodes -keyout "$ca.key" -out "$ca.pem" -days 2 \
			-subj '/CN=company authority' \
			-addext 'basicConstraints=critical,CA:TRUE' \
			-addext 'keyUsage=critical,keyCertSign' || return
		cat >"$ca/conf" <<-END
			[ca]
			default_ca = company
			[company]
			database = $ca/index
			serial = $ca/serial
			new_certs_dir = $ca
			certificate = $ca.pem
			private_key = $ca.key
			default_md = sha256
			policy = any
			unique_subject = no
			[any]
			commonName = supplied
		END
	fi
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$W/$1.key" -out "$W/$1.csr" -subj "/CN=$1" &&
		openssl ca -batch -notext -config "$ca/conf" -in "$W/$1.csr" \
			-out "$W/$1.crt" -startdate "$3" -enddate "$4" \
			-extfile <(printf '%s\n' "subjectAltName=$2" \
				'basicConstraints=CA:FALSE' \
				"extendedKeyUsage=${5:-serverAuth}") &&
		cat "$W/$1.crt" "$W/$1.key" >"$W/$1.pem"
}

# stunnel_up PORT CERTIFICATE TO-PORT [LINE...]: TLS in front of a parent
stunnel_up() {
	local port=$1 cert=$2 to=$3
	shift 3
	{
		printf 'foreground = yes\npid =\n[parent]\n'
		printf 'accept = 192.168.77.1:%s\n' "$port"
		printf 'connect = 192.168.77.1:%s\n' "$to"
		printf 'cert = %s\n' "$W/$cert.pem"
		printf '%s\n' "$@"
	} >"$W/stunnel-$port.conf"
	serve stunnel4 "$W/stunnel-$port.conf"
	until_true 10 port_open "$port" || {
		echo "stunnel does not listen on $port"
		cat "$W/servers.log"
		exit 1
	}
}
