#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What was blocked is told once, at the end, with the line that would allow it;
# the access log has a line for every tunnel.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
conf 'allow allowed.example private.example' 'deny denied.allowed.example'

try leash run -c "$W/conf" -- curl -sS --cacert ca.pem https://allowed.example/
is "when nothing was blocked, nothing is said" "$ERR" ""

# --- what was allowed and could not be reached
cat >"$WS/failed.sh" <<'END'
for url in https://nosuch.example/ https://nosuch.example/ \
	http://allowed.example:81/ http://allowed.example/; do
	curl -s -o /dev/null "$url"
done
END
try leash run -a nosuch.example -a allowed.example:80-81 -- sh failed.sh
is "what could not be reached is named, and why" \
	"$(printf '%s\n' "$ERR" | sed 's/ (The.*//; s/ (No.*//')" \
	'netleash: could not reach 2 targets:
  nosuch.example:443 (2 times): dns-failure
  allowed.example:81: connect-refused'
try leash run --quiet -a nosuch.example -- sh failed.sh
is "not with --quiet" "$ERR" ""

cat >"$WS/blocked.sh" <<'END'
for url in https://other.example/ https://other.example/ \
	https://other.example/ https://denied.allowed.example/ \
	https://private.example/ https://allowed.example:7443/ \
	https://allowed.example/; do
	curl -s -o /dev/null --cacert ca.pem "$url"
done
exit 6
END
try leash run -c "$W/conf" -- sh blocked.sh
is "the summary does not change the exit status" "$STATUS" 6
is "and leaves standard output alone" "$OUT" ""
is "each target stands in it once" \
	"$(printf '%s\n' "$ERR" | grep -c 'other\.example:443')" 1
like "with how often it was tried" "$(printf '%s\n' "$ERR" |
	grep 'other\.example:443')" '(^|[^0-9])3([^0-9]|$)'
like "and the rule that would allow it" "$ERR" 'allow other\.example( |$)'
like "a denied target names the line that denies it" "$ERR" 'conf:2'
like "a private answer says so" "$ERR" 'private'
like "and how to allow it" "$ERR" 'private 192\.168\.77\.1'
like "a port says so" "$ERR" 'allow allowed\.example:7443'
is "what was allowed is not in it" "$(printf '%s\n' "$ERR" |
	grep -c 'allowed\.example:443')" "$(printf '%s\n' "$ERR" |
	grep -c 'denied\.allowed\.example:443')"
try leash run --quiet -c "$W/conf" -- sh blocked.sh
is "--quiet leaves it out" "$ERR" ""
is "and the exit status is the same" "$STATUS" 6

# A summary is short, whatever the command does.
cat >"$WS/many.py" <<'END'
import os, socket, urllib.parse
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
for i in range(1000):
    with socket.create_connection((door.hostname, door.port)) as s:
        s.sendall(b"CONNECT n%d.example:443 HTTP/1.1\r\n\r\n" % i)
        s.recv(1000)
END
try leash run -- "$PYTHON" many.py
is "a thousand blocked names do not end in a thousand lines" \
	"$([ "$(printf '%s\n' "$ERR" | wc -l)" -le 250 ] && echo short)" short
cat >"$WS/forge.py" <<'END'
import os, socket, urllib.parse
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
with socket.create_connection((door.hostname, door.port)) as s:
    s.sendall(b"CONNECT a\x1b[31mred\nnetleash: forged:443 HTTP/1.1\r\n\r\n")
    s.recv(1000)
END
try leash run -- "$PYTHON" forge.py
unlike "no control byte of the command's reaches the terminal" \
	"$(od -A n -c "$W/err")" '033'
unlike "and no line is forged" "$ERR" '^netleash: forged'

# --- the access log
try leash run -c "$W/conf" --log "$W/access.log" -- sh blocked.sh
is "the log has a line for each request" "$(wc -l <"$W/access.log")" 7
check "each line is JSON by itself" "$PYTHON" - "$W/access.log" <<'END'
import json, sys
for line in open(sys.argv[1]):
    entry = json.loads(line)
    assert {"time", "run", "decision", "reason"} <= set(entry), entry
END
check "the fields say what happened" "$PYTHON" -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
good = [r for r in rows if r["decision"] == "allow"]
assert len(good) == 1, good
assert good[0]["reason"] == "allowed", good
assert good[0]["rule"].endswith("conf:1"), good
assert "allowed.example" in json.dumps(good[0]), good
assert any(v for k, v in good[0].items() if "93.184.216.34" in str(v)
           or "2606:2800:220:1::34" in str(v)), good
bad = [r["reason"] for r in rows if r["decision"] == "deny"]
assert sorted(bad) == ["denied", "not-allowed", "not-allowed", "not-allowed",
                       "port", "private-address"], bad
' "$W/access.log"
try leash run --log "$W/nowhere/access.log" -- touch ran
is "a log that cannot be opened: 125" "$STATUS" 125
check "and nothing runs without it" test ! -e "$WS/ran"
done_testing
