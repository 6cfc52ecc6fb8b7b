# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/integration/proxy.sh - `netleash proxy`, and who its clients are
#
# In:    lib.sh's world
# Out:   a proxy in the host; $W/ready and $W/messages are what it says

# start_proxy OPTION...: sets PROXY (its pid) and PORT, the first on 127.0.0.1
start_proxy() {
	: >"$W/ready"
	: >"$W/messages"
	rm -f "$W/pid"
	leash proxy --pid-file "$W/pid" "$@" >"$W/ready" 2>"$W/messages" \
		</dev/null &
	SHELL_PID=$!
	until_true 20 grep -q '^ready' "$W/ready"
	PROXY=$(cat "$W/pid")
	# shellcheck disable=SC2034 # for the tests
	PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready" | head -n 1)
}

# stop_proxy: TERM, and sets STATUS. The next one is not ready with its words.
stop_proxy() {
	kill -TERM "$PROXY"
	wait_for_end "$SHELL_PID" 20
	: >"$W/ready"
}

# said PATTERN: on standard error, or soon
said() {
	until_true 20 grep -q -E -e "$1" "$W/messages"
}

# user NAME PASSWORD: a line of the file of `auth`
user() {
	printf '%s:%s\n' "$1" "$(printf %s "$2" | sha256sum | cut -d ' ' -f 1)"
}

# users LINE...: writes $W/users
users() {
	printf '%s\n' "$@" >"$W/users"
	chmod 640 "$W/users"
}
