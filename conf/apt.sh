# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# conf/apt.sh - find what a machine lacks and let apt install it
#
# Sourced by conf/bootstrap and tests/run. Tools are looked for as commands
# and libraries through pkg-config, so that what somebody built himself counts
# and apt runs only where something is really missing. Package names hold for
# Debian 12 and 13 and Ubuntu 22.04 and 24.04.

# Package names that apt_install will install.
APT_MISSING=

apt_want() {
	APT_MISSING="$APT_MISSING $*"
}

# want_command COMMAND PACKAGE...
want_command() {
	want_name=$1
	shift
	command -v "$want_name" >/dev/null 2>&1 || apt_want "$@"
}

# want_library MODULE VERSION PACKAGE...
want_library() {
	want_name=$1 want_version=$2
	shift 2
	pkg-config --atleast-version="$want_version" "$want_name" \
		>/dev/null 2>&1 || apt_want "$@"
}

# apt_has PACKAGE: it can be installed. (apt-cache show also finds what other
# packages only speak of, as Ubuntu 24.04's do of awscli.)
apt_has() {
	[ -n "$(LC_ALL=C apt-cache policy "$1" 2>/dev/null |
		sed -n 's/^  Candidate: \([^(].*\)/\1/p')" ]
}

# What every build of netleash needs.
want_build() {
	want_command cc gcc libc6-dev
	# A compiler without the C library's headers compiles nothing.
	if command -v cc >/dev/null 2>&1; then
		echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 ||
			apt_want libc6-dev
	fi
	want_command cmake cmake
	want_command ninja ninja-build
	want_command pkg-config pkg-config
	want_library libevent_core 2.1 libevent-dev
	want_library libcares 1.18 libc-ares-dev
	want_library libseccomp 2.5 libseccomp-dev
	want_library libnftables 1.0 libnftables-dev
	# mbedTLS 2.28 is not known to pkg-config.
	echo '#include <mbedtls/ssl.h>' | cc -E - >/dev/null 2>&1 ||
		apt_want libmbedtls-dev
}

# apt_install LOG: installs $APT_MISSING; output goes to the file LOG.
# Return: 0, or 1 with one sentence on standard error.
apt_install() {
	[ -n "$APT_MISSING" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "netleash: these packages are missing and installing" \
			"them needs root:$APT_MISSING" >&2
		return 1
	fi
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "netleash: this is needed and apt-get is not here to" \
			"install it (names as in Debian):$APT_MISSING" >&2
		return 1
	fi
	echo "netleash: installing$APT_MISSING" >&2
	# The lists may be absent or old: ask for new ones only if they are.
	# shellcheck disable=SC2086 # a list of package names
	apt_get "$1" install $APT_MISSING && return 0
	apt_get "$1" update || true # one broken source must not stop the rest
	# shellcheck disable=SC2086
	apt_get "$1" install $APT_MISSING && return 0
	tail -n 5 "$1" >&2
	echo "netleash: apt-get could not install$APT_MISSING" >&2
	return 1
}

apt_get() {
	apt_log=$1
	shift
	DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o DPkg::Lock::Timeout=300 --no-install-recommends "$@" \
		</dev/null >>"$apt_log" 2>&1
}
