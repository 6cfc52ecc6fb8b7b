#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The Debian package: built, installed in a root of its own, a run and a daemon
# there, purged; afterwards neither a file nor a rule is left. And the same for
# cmake --install and its uninstall.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need cmake cpack dpkg dpkg-deb dpkg-shlibdeps file ninja

top=$(cd -- "$LIB/../.." && pwd -P)
check "it configures" cmake -S "$top" -B "$W/build" -G Ninja \
	-DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
	-DBUILD_TESTING=OFF
check "and builds" ninja -C "$W/build"
check "the package is made" sh -c 'cd "$1" && cpack -G DEB' sh "$W/build"
DEB=$(echo "$W"/build/netleash_*.deb)
[ -e "$DEB" ] || done_testing # and not a skip below
like "it depends on what it is linked with" "$(dpkg-deb -f "$DEB" Depends)" \
	'libnftables.*libevent-core'
files=$(dpkg-deb -c "$DEB" | awk '{ print $6 }')
for file in usr/bin/netleash etc/netleash/netleash.conf \
	usr/share/man/man1/netleash.1 systemd/system/netleash.service \
	usr/lib/sysusers.d/netleash.conf usr/lib/tmpfiles.d/netleash.conf \
	etc/logrotate.d/netleash; do
	like "it has $file" "$files" "$file\$"
done
is "what administrators edit is conffiles" \
	"$(dpkg-deb -I "$DEB" conffiles | sort)" "/etc/logrotate.d/netleash
/etc/netleash/netleash.conf"

# --- in a root of its own: this machine's, and what is written goes elsewhere
mkdir "$W/upper" "$W/work" "$W/root" "$W/layers"
cat >"$W/enter" <<'END'
#!/bin/sh
# enter W COMMAND...: in a mount namespace, with the layered root as /
W=$1
shift
mount -t tmpfs none "$W/layers" && mkdir "$W/layers/upper" "$W/layers/work" &&
	mount -t overlay -o "lowerdir=/,upperdir=$W/layers/upper,workdir=$W/layers/work" \
		overlay "$W/root" || exit 99
for dir in proc sys dev; do
	mount --rbind "/$dir" "$W/root/$dir" || exit 99
done
mount -t tmpfs none "$W/root/run" && mount -t tmpfs none "$W/root/tmp" || exit 99
mount --bind "$W/resolv.conf" "$W/root/etc/resolv.conf" 2>/dev/null
mkdir -p "$W/root/srv/work" && mount -t tmpfs none "$W/root/srv/work" || exit 99
cp "$W/ca.pem" "$W/package.sh" "$W/root/srv/work/" || exit 99
cp "$1" "$W/root/srv/work/netleash.deb" || exit 99
cd "$W/root" && mkdir -p .old && pivot_root . .old && umount -l /.old &&
	rmdir /.old || exit 99
cd /srv/work && exec sh ./package.sh
END
cat >"$W/package.sh" <<'END'
# What it depends on is here: the machine has built it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
state() {
	find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp \
		-o -path /srv/work -o -path /var/log/dpkg.log \
		-o -path /var/lib/dpkg -o -path /var/cache \
		-o -path '/etc/*-' -o -path /etc/.pwd.lock \) -prune -o \
		-print | sort
	nft list ruleset
	cat /etc/passwd /etc/group
}
say() { echo "$1: $2"; }
# What other tests' netleash has left on the machine is not this package's.
for name in netleash-offline netleash-online; do
	userdel "$name" 2>/dev/null
	groupdel "$name" 2>/dev/null
done
rm -rf /var/lib/netleash
state >/tmp/before
dpkg -i netleash.deb >/tmp/out 2>&1
say install $?
cat /tmp/out >&2
say version "$(netleash --version)"
say group "$(getent group netleash | cut -d: -f1)"
say unit "$(find /lib/systemd /usr/lib/systemd -name netleash.service 2>/dev/null | head -n 1 | xargs grep -c '^ExecStart=/usr/bin/netleash daemon$')"
out=$(netleash run -a allowed.example -- curl -sS --max-time 20 \
	--cacert ca.pem -o /dev/null -w '%{http_code}' https://allowed.example/)
say run "$?/$out"
say ca "$(netleash setup >/dev/null; stat -c %a /var/lib/netleash/ca-key.pem)"
echo 'allow allowed.example' >>/etc/netleash/netleash.conf
echo 'listen 127.0.0.1:0' >>/etc/netleash/netleash.conf
netleash daemon --pid-file /run/daemon.pid >/tmp/ready 2>/tmp/messages &
for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q ready /tmp/ready && break
	sleep 0.2
done
netleash status >/tmp/status 2>&1
say status "$?/$(grep -c '^version' /tmp/status)"
cat /tmp/messages >&2
dpkg -r netleash >/tmp/out 2>&1
say "remove beside a daemon" "$?/$(grep -c 'daemon is running' /tmp/out)"

# With a systemd whose answers are the test's: it runs this very daemon.
mkdir -p /run/systemd/system /tmp/fake u
cat >/tmp/fake/systemctl <<'SYSTEMCTL'
#!/bin/sh
echo "$*" >>/tmp/calls
case $1 in
stop) kill "$(cat /run/daemon.pid)"; sleep 1 ;;
is-active) kill -0 "$(cat /run/daemon.pid)" ;;
esac
SYSTEMCTL
chmod +x /tmp/fake/systemctl
PATH=/tmp/fake:$PATH
chown 65533 u
echo 'permit *' >>/etc/netleash/netleash.conf
netleash reload >/dev/null
(cd u && exec setpriv --reuid 65533 --regid 65533 --clear-groups \
	netleash run --isolation=firewall -- sleep 83) >&2 &
for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	pgrep -x -f 'sleep 83' >/dev/null && break
	sleep 0.2
done
: >/tmp/calls
dpkg -i --force-confold netleash.deb >/tmp/out 2>&1
say "upgrade beside a run" "$?/$(grep -c try-restart /tmp/calls)/$(grep -c 'runs of callers live' /tmp/out)"
dpkg -r netleash >/tmp/out 2>&1
say "remove beside a run" "$?/$(grep -c stop /tmp/calls)/$(grep -c 'runs of callers live' /tmp/out)"
pgrep -x -f 'sleep 83' >/dev/null
say "the run lives" $?
pkill -x -f 'sleep 83'
sleep 2
: >/tmp/calls
dpkg -i --force-confold netleash.deb >/tmp/out 2>&1
say "upgrade without one" "$?/$(grep -c try-restart /tmp/calls)"
dpkg -r netleash >/tmp/out 2>&1
say "remove stops the service" "$?/$(grep -c -E 'stop|disable' /tmp/calls)"
cat /tmp/out >&2
wait
rm -rf /run/systemd
dpkg -P netleash >/tmp/out 2>&1
say purge $?
cat /tmp/out >&2
rm -f /tmp/netleash*
state >/tmp/after
diff /tmp/before /tmp/after >/tmp/diff && say left nothing || say left "$(cat /tmp/diff)"
END
cp "$DEB" "$W/netleash.deb"
TRY_SECONDS=120
try in_host unshare --mount sh "$W/enter" "$W" "$W/netleash.deb"
[ "$STATUS" != 99 ] || skip "no root of its own can be layered here: $ERR"
like "it installs" "$OUT" '^install: 0$'
like "the program is there" "$OUT" '^version: netleash [0-9]'
like "the group is" "$OUT" '^group: netleash$'
like "and the unit, for this program" "$OUT" '^unit: 1$'
like "a run works" "$OUT" '^run: 0/200$'
like "setup makes a CA" "$OUT" '^ca: 600$'
like "a daemon does" "$OUT" '^status: 0/1$'
like "it is not removed beside one" "$OUT" '^remove beside a daemon: 1/1$'
like "an upgrade beside a run restarts nothing, and says so" "$OUT" \
	'^upgrade beside a run: 0/0/1$'
like "a removal beside one is refused before anything is stopped" "$OUT" \
	'^remove beside a run: 1/0/1$'
like "and the run lives" "$OUT" '^the run lives: 0$'
like "without one the daemon is restarted" "$OUT" '^upgrade without one: 0/1$'
like "and the removal stops it" "$OUT" '^remove stops the service: 0/2$'
like "purged" "$OUT" '^purge: 0$'
like "nothing is left: no file, no user, no rule" "$OUT" '^left: nothing$'
unlike "(what was)" "$OUT" '^[<>] '

# --- without a package
check "it installs below any prefix" cmake --install "$W/build" \
	--prefix "$W/local"
check "the program runs there" "$W/local/bin/netleash" --version
is "nothing was written elsewhere" "$(find /lib/systemd /usr/lib/systemd \
	/usr/lib/sysusers.d /usr/lib/tmpfiles.d -name 'netleash*' 2>/dev/null)" ""
check "and is uninstalled" cmake --build "$W/build" --target uninstall
is "to the last file" "$(find "$W/local" -type f)" ""
check "a tree for another prefix makes no package" sh -c '
	cmake -S "$1" -B "$2/other" -G Ninja -DBUILD_TESTING=OFF >/dev/null &&
		! [ -e "$2/other/CPackConfig.cmake" ]' sh "$top" "$W"
is "and no folder of its own" "$(find "$W/local" -name netleash)" ""

# --- what other programs read
if command -v systemd-analyze >/dev/null; then
	mkdir "$W/units"
	sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' \
		"$W/build/conf/netleash.service" >"$W/units/netleash.service"
	is "systemd finds no fault with the unit" \
		"$(systemd-analyze verify --man=no "$W/units/netleash.service" 2>&1 |
			grep netleash.service)" ""
fi
if command -v apparmor_parser >/dev/null; then
	# Older parsers know neither this abi nor user namespaces: the rest then.
	cp "$W/build/conf/netleash.apparmor" "$W/profile"
	[ -e /etc/apparmor.d/abi/4.0 ] ||
		sed -i '/^abi /d; /^[[:space:]]*userns,/d' "$W/profile"
	check "AppArmor's parser takes the profile" apparmor_parser -Q -K -T \
		"$W/profile"
	echo 'no such rule' >>"$W/profile"
	check "(and would not take any)" sh -c '! apparmor_parser -Q -K -T "$1"' \
		sh "$W/profile"
fi
if command -v systemd-sysusers >/dev/null; then
	mkdir -p "$W/sys/etc" "$W/sys/run"
	: >"$W/sys/etc/passwd"
	: >"$W/sys/etc/group"
	check "sysusers takes its file" systemd-sysusers --root="$W/sys" \
		"$top/conf/systemd/netleash.sysusers"
	is "and makes group and users" "$(cut -d : -f 1 "$W/sys/etc/group" \
		"$W/sys/etc/passwd" | sort -u | paste -s -d ' ')" \
		"netleash netleash-offline netleash-online"
fi
if command -v systemd-tmpfiles >/dev/null; then
	mkdir -p "$W/sys/var/lib"
	check "tmpfiles takes its file" systemd-tmpfiles --create \
		--root="$W/sys" "$top/conf/systemd/netleash.tmpfiles"
	is "and makes the folders" "$(stat -c %a:%u "$W/sys/run/netleash" \
		"$W/sys/var/lib/netleash" | paste -s -d ' ')" "755:0 755:0"
fi

# What the unit takes away from the service it takes from every command, so it
# takes nothing: every line of it is one of these.
is "the unit has only what commands do not inherit" "$(sed -n \
	'/^\[Service\]/,/^\[Install\]/s/^\([A-Za-z]*\)=.*/\1/p' \
	"$W/build/conf/netleash.service" | sort | paste -s -d ' ')" \
	"ExecReload ExecStart KillMode LimitNOFILE NotifyAccess OOMPolicy Restart TasksMax TimeoutStopSec Type"

# --- logrotate, for real: the daemon goes on in the new file, and no line is lost
if command -v logrotate >/dev/null; then
	mkdir "$W/log" "$W/bin"
	chmod 755 "$W/log"
	ln -s "$W/build/sandbox/netleash" "$W/bin/netleash"
	sed "s|/var/log/netleash.log|$W/log/netleash.log|" \
		"$top/conf/netleash.logrotate" >"$W/rotate"
	chmod 644 "$W/rotate"
	conf 'listen 127.0.0.1:0' 'allow allowed.example' \
		"log json $W/log/netleash.log"
	leash daemon -c "$W/conf" --pid-file "$W/pid" >"$W/ready" \
		2>"$W/messages" </dev/null &
	SHELL_PID=$!
	until_true 20 grep -q '^ready' "$W/ready"
	PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")
	refused() {
		try in_host curl -sS -o /dev/null -w '%{http_code}' --max-time 20 \
			-x "http://127.0.0.1:$PORT" "http://$1.test/"
	}
	for n in 1 2 3; do
		refused "before$n"
		check "logrotate rotates ($n)" env PATH="$W/bin:$PATH" \
			logrotate -f -s "$W/rotate.state" "$W/rotate"
		refused "after$n"
		is "a request is served (after $n)" "$STATUS/$OUT" 0/403
		like "and logged in the new file" \
			"$(cat "$W/log/netleash.log")" "after$n.test"
	done
	is "no line is lost, twice or elsewhere" "$( (cat "$W/log/netleash.log" \
		"$W/log/netleash.log.1"
	gzip -dc "$W/log/"*.gz) | grep -o '[a-z]*[0-9]\.test' | sort -u |
		paste -s -d ' ')" \
		"after1.test after2.test after3.test before1.test before2.test before3.test"
	is "with the mode that the file says" \
		"$(stat -c %a:%U:%G "$W/log/netleash.log")" 640:root:adm
	kill -TERM "$(cat "$W/pid")"
	wait_for_end "$SHELL_PID" 20
	is "the daemon ends well" "$STATUS" 0
fi
done_testing
