# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/integration/terminal.sh - what a leashed shell does at a terminal
#
# In:    lib.sh's world; $W/leash, a program that runs its words on a leash in
#        the folder it is started in; WS, that folder
# Out:   TAP
#
# Each story is first told to a bare shell, so that it is known to hold without
# netleash.

SHELL_WORDS=(bash --norc --noprofile -i)
export PS1='ready> '

# story NAME COMMAND...: follows $W/story on a terminal
story() {
	local name=$1
	shift
	check "$name" sh -c 'cd "$1" && shift && exec "$@"' sh "$WS" \
		timeout -k 1 120 "$PYTHON" "$SUPPORT/terminal.py" "$W/story" \
		"$@"
}

# both NAME: the story in $W/story, without netleash and with it
both() {
	story "$1 (bare)" "${SHELL_WORDS[@]}"
	story "$1" "$W/leash" -- "${SHELL_WORDS[@]}"
}

cat >"$W/story" <<'END'
expect ready> $
send tty; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all th""ree
expect /dev/(pts/\d+|tty|console)
expect all three
expect ready> $
send exit 7
status 7
END
both "a shell has its terminal, and its exit status passes"

cat >"$W/story" <<'END'
expect ready> $
send echo be""fore; sleep 50
expect before
front ^sleep 50$
type \x03
expect ready> $
send echo sta""tus $?
expect status 130
expect ready> $
send sh -c 'trap "echo ca""ught; exit 3" INT; echo s""et; while :; do sleep 0.05; done'
expect set
front ^sh -c trap
type \x03
expect caught
expect ready> $
send exit
status 3
END
both "Ctrl-C reaches the job in front, and the shell goes on"

cat >"$W/story" <<'END'
expect ready> $
send sleep 51.5
front ^sleep 51.5$
type \x1a
expect Stopped
expect ready> $
send jobs
expect Stopped.*sleep 51.5
expect ready> $
send bg
expect ready> $
send jobs
expect Running.*sleep 51.5
expect ready> $
send fg
expect sleep 51.5
front ^sleep 51.5$
type \x03
expect ready> $
send sleep 0.2 & wait; echo wai""ted
expect waited
expect ready> $
send exit
status 0
END
both "Ctrl-Z, jobs, bg and fg work inside"

cat >"$W/story" <<'END'
expect ready> $
send stty size
expect 24 80
expect ready> $
size 40 132
send stty size
expect 40 132
expect ready> $
send trap 'stty size' WINCH; echo ar""med
expect armed
expect ready> $
size 50 100
send true
expect 50 100
send exit 0
status 0
END
both "the window's size is seen, and its change signalled"

cat >"$W/story" <<'END'
expect ready> $
send cat
front ^cat$
send one line
expect one line\r\none line
type \x04
expect ready> $
type \x04
status 0
END
both "Ctrl-D ends input, and then the shell"

cat >"$W/story" <<'END'
expect ready> $
send stty -echo -icanon; head -c 1 | od -c; stty sane
type q
expect 0000000 +q
expect ready> $
send python3 -c 'import getpass; print(len(getpass.getpass("word: ")))'
expect word: $
send four
expect 4\r
expect ready> $
send exit
status 0
END
both "raw input and hidden input work"

# netleash as a job of an outer shell.
cat >"$W/story" <<END
expect ready> \$
send $W/leash -- sh -c 'echo be""gun; sleep 1; exec sleep 52.5'
expect begun
front ^sleep
type \x1a
expect Stopped
expect ready> \$
send jobs
expect Stopped
expect ready> \$
send fg
expect leash
front ^sleep
pause 0.5
type \x03
expect ready> \$
send echo sta""tus \$?
expect status 130
expect ready> \$
send $W/leash -- sh -c 'exit 9' || echo en""ded with \$?
expect ended with 9
expect ready> \$
send $W/leash -- sh -c 'sleep 0.5; echo from be""hind' &
expect ready> \$
expect from behind
send wait; echo wai""ted \$?
expect waited 0
send exit 4
status 4
END
story "netleash stops, continues and dies as a job of the outer shell" \
	"${SHELL_WORDS[@]}"

cat >"$W/story" <<END
expect ready> \$
send echo typed | $W/leash -- cat | tr a-z A-Z
expect TYPED
expect ready> \$
send stty -a | grep -o ' icanon'
expect icanon
send exit 0
status 0
END
story "in a pipeline it takes no terminal, and leaves it as it was" \
	"${SHELL_WORDS[@]}"

cat >"$W/story" <<END
expect ready> \$
send tty; $W/leash -- bash -c 'echo i""n >/dev/tty; read -p "word? " w </dev/tty; echo [\$w]'
expect in\r
expect word\? 
send yes
expect \[yes\]
expect ready> \$
send exit 0
status 0
END
story "/dev/tty is the caller's terminal" "${SHELL_WORDS[@]}"

# A terminal that goes away ends the run.
(cd "$WS" && timeout 20 "$PYTHON" - "$W/leash" <<'END'
import os, pty, subprocess, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "--", "sleep", "53.5"])
for _ in range(500):
    time.sleep(0.02)
    if subprocess.run(["pgrep", "-f", "-x", "sleep 53.5"],
                      stdout=subprocess.DEVNULL).returncode == 0:
        break
os.close(fd)
END
)
check "a terminal that hangs up takes the run with it" \
	until_true 10 sh -c '! pgrep -f -x "sleep 53.5"'
