#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# One table of situations, each met by a run of root's and by one of the
# launcher's: to whoever looks on there is no difference.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv prlimit taskset chrt ionice choom
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

conf 'listen 127.0.0.1:0' 'allow allowed.example' 'profile p { allow v4.example }' \
	"permit $ANN profile * custom online"
start_daemon
mkdir "$W/ann/sub"
echo text >"$W/ann/plain"
printf '#!/nonexistent\n' >"$W/ann/lost"
printf '\177ELFgarbage' >"$W/ann/broken"
chmod +x "$W/ann/lost" "$W/ann/broken"
cat >"$W/ann/inherits" <<'END'
import ctypes, os, resource
libc = ctypes.CDLL(None)
status = dict(l.split(":", 1) for l in open("/proc/self/status"))
for field in "SigBlk", "SigIgn", "Cpus_allowed", "NoNewPrivs", "CapEff":
    print(field, status[field].strip())
for name in sorted(n for n in dir(resource) if n.startswith("RLIMIT_")):
    print(name, resource.getrlimit(getattr(resource, name)))
print(os.getpriority(0, 0), os.sched_getscheduler(0), oct(os.umask(0)))
print(libc.syscall(int(os.environ["IOPRIO_GET"]), 1, 0))
print(open("/proc/self/oom_score_adj").read().strip(), sorted(os.listdir("/proc/self/fd"))[:3])
END
case $(uname -m) in
x86_64) IOPRIO_GET=252 ;;
*) IOPRIO_GET=31 ;;
esac
chown -R "$ANN:" "$W/ann"
SUDO=("SUDO_UID=$(id -u "$ANN")" "SUDO_GID=$(id -g "$ANN")")

# R WORDS...: a run of WHO's, in $W/ann, as ann
R() {
	if [ "$WHO" = root ]; then
		cd "$W/ann" || exit 99
		in_host env -i PATH=/usr/local/bin:/usr/bin:/bin TERM=xterm \
			"${SUDO[@]}" HOME="/home/$ANN" ${USER_ENV:+"$USER_ENV"} \
			"$NETLEASH" run -c "$W/conf" --isolation=firewall "$@"
	fi
	ann run --isolation=firewall "$@"
}
# Names, ports and what tells the two apart by design.
without_numbers() {
	tr -d '\0' | sed -E "s/r[0-9]{3}-[0-9a-f]{8}/RUN/g; s/port [0-9]+/port N/
		s/^(netleash: the )(daemon's )?(conf has no)/\1\3/
		s/(command not found) in the PATH that sudo sets;.*/\1/
		/^netleash: proxy: connections=/d"
}
# same NAME SHELL-WORDS [WANTED-STATUS]
same() {
	local WHO
	for WHO in root ann; do
		rm -f "$W/ann/up"
		(eval "$2") >"$W/same.out" 2>"$W/same.err" </dev/null &
		wait_for_end $! 30
		{
			echo "status $STATUS"
			cat "$W/same.out"
			echo "--- errors"
			cat "$W/same.err"
		} | without_numbers >"$W/same.$WHO"
	done
	ERR=
	is "$1" "$(head -c 6000 "$W/same.ann")" "$(head -c 6000 "$W/same.root")"
	[ $# -lt 3 ] ||
		is "and that is $3" "$(head -n 1 "$W/same.ann")" "status $3"
}

# --- ends
for n in 0 3 125 126 127 255; do
	same "exit status $n" "R -- sh -c 'exit $n'" "$n"
done
for sig in HUP INT QUIT KILL SEGV PIPE TERM XCPU; do
	same "death by $sig" "R -- sh -c 'kill -$sig \$\$'" \
		$((128 + $(kill -l $sig)))
done
same "no such file" 'R -- /no/such' 127
same "no such command" 'R -- nosuchcommand' 127
same "a name with control bytes" "R -- \$(printf 'no\033[2Jsuch\302\233\377')" 127
same "a folder" 'R -- ./sub' 126
same "no program" 'R -- ./plain' 126
same "a script of nobody's" 'R -- ./lost'
same "a broken program" 'R -- ./broken'
same "who is left behind dies" 'R -- sh -c "(sleep 30; echo late) & echo done"' 0

# --- words
same "an option that there is not" 'R --nope -- true' 125
same "no command" 'R --' 125
same "help" 'R --help' 0
same "a bad rule" 'R -a bad..x -- true' 125
same "no such profile" 'R -p nix -- true' 125
same "a folder that there is not" 'R --writable /nonexistent -- true' 125
same "empty words" 'R -- printf "[%s]" "" a ""' 0
same "words that are no text" "R -- printf %s \$(printf '\377\376')" 0
same "a long word" "R -- printf %.3s \$(head -c 131000 /dev/zero | tr '\0' a)" 0
same "many words" 'R -- sh -c "echo \$#" $(seq 60000)' 0
same "--verbose" 'R -v --local-port 5 -- true' 0
same "--clean-env" 'R --clean-env --env A=b -- sh -c "env | grep -v -i proxy | sort"' 0
same "what is withheld" 'USER_ENV=A_TOKEN=1; R -- sh -c "echo \$A_TOKEN"' 0
same "the summary" 'R -- sh -c "curl -sS -o /dev/null http://other.example/
	curl -sS -o /dev/null https://x.y.z:44/; curl -sS -o /dev/null http://private.example/
	exit 5" 2>&1 | sort' 0
same "a long summary" 'R -- sh -c "for i in \$(seq 150); do
	curl -s -o /dev/null http://h\$i.other.example/; done"' 0

# --- what it reads and writes
same "no standard input" 'R -- sh -c "cat; echo \$?" <&-' 0
same "no standard output" 'R -- sh -c "echo x" >&-' 0
same "no standard error" 'R -- sh -c "echo x >&2; echo \$?" 2>&-' 0
same "none of them" 'R -- sh -c "echo x; exit 4" <&- >&- 2>&-' 4
same "a full device" 'R -- sh -c "echo x; echo \$? >&2" >/dev/full' 0
same "a folder as input" 'R -- cat </' 125
same "a reader who goes" 'R -- yes | head -n 1; echo "${PIPESTATUS[*]}"' 0
same "input that nobody reads" 'seq 1000000 | R -- true; echo "${PIPESTATUS[*]}"' 0
same "input that somebody reads" 'seq 100000 | R -- md5sum' 0

# --- signals to it
signalled() {
	(R -- sh -c "$2") >"$W/ann/up" &
	local pid=$!
	until_true 10 grep -q up "$W/ann/up"
	kill -"$1" "$pid"
	wait "$pid"
	local status=$?
	cat "$W/ann/up"
	return "$status"
}
for sig in HUP TERM USR1 USR2 ALRM WINCH CONT; do
	same "$sig is heard" "signalled $sig \
		'trap \"echo got; exit 9\" $sig; echo up; sleep 10 & wait; echo end'" 9
done
for sig in HUP TERM USR1 ALRM; do
	same "$sig kills" "signalled $sig 'echo up; exec sleep 9'" \
		$((128 + $(kill -l $sig)))
done
same "it stops and goes on" 'R -- sh -c "sleep 0.3; kill -STOP \$\$; echo back" & P=$!
	until_true 10 grep -q "^State:.T" "/proc/$P/status" || echo runs
	kill -CONT $P; wait $P' 0

# --- what a process has of its parent, and cannot all give back by itself
inherits() {
	same "$1" "$2; USER_ENV=IOPRIO_GET=$IOPRIO_GET; R -- $PYTHON inherits" 0
}
inherits "it inherits nothing special" :
inherits "signals that are ignored" "trap '' HUP INT QUIT USR1 USR2 PIPE ALRM \
	TERM CHLD CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR RTMIN"
inherits "a processor" 'taskset -cp 0 $BASHPID >/dev/null'
inherits "idle input and output" 'ionice -c 3 -p $BASHPID'
inherits "the worst of it" 'ionice -c 2 -n 7 -p $BASHPID'
inherits "who dies first without memory" 'choom -n 500 -p $BASHPID >/dev/null'
inherits "batch work" 'chrt -b -p 0 $BASHPID'
inherits "idle work" 'chrt -i -p 0 $BASHPID'
inherits "a nice value" 'renice -n 7 -p $BASHPID >/dev/null'
inherits "limits" 'ulimit -Sn 50; ulimit -Hn 60; ulimit -f 10000 -s 4096 -t 100 -l 5 -i 100'
inherits "a mask" 'umask 0777'
same "a small stack" 'ulimit -Ss 64; R -- sh -c "curl -sS http://allowed.example/ -o /dev/null
	ulimit -Ss; ulimit -Hs"' 0
is "is the command's alone" "$(sed -n 2p "$W/same.ann")" 64
WHO=ann
(ulimit -s 64 && R -- sh -c 'ulimit -Ss; ulimit -Hs') >"$W/small" 2>&1
is "a hard limit too, where the daemon runs it" "$(tr '\n' ' ' <"$W/small")" \
	'64 64 '
# Root may raise it, where that right was not taken from him.
WHO=root
(ulimit -s 64 && R -- true) >"$W/small" 2>&1
like "else it is raised, or a sentence says so" "$?/$(cat "$W/small")" \
	'^(0/|125/.*ulimit -s.* 256 KiB)'
# Without those of who started this test: with them there are not even few.
same "few descriptors" 'exec 3>&- 4>&- 5>&- 6>&-; ulimit -n 7; exec 2>&1
	R -- true >/dev/null 2>&1' 125
same "no room for words" 'ulimit -f 0; R -- true >/dev/null 2>&1' 125
check "nothing is left" until_true 10 nothing_left
stop_daemon
done_testing
