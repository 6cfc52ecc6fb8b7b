#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/support/fuzz.sh - run one libFuzzer target for a bounded time
#
#	fuzz.sh PROGRAM PARSER
#
# Starts from tests/fuzz/corpus/PARSER/, with tests/fuzz/PARSER.dict where
# there is one. What it finds stays beside PROGRAM; the corpus is not written.
set -eu

program=$1 parser=$2
here=$(cd -- "$(dirname -- "$0")/../fuzz" && pwd -P)
# shellcheck source=tests/support/skip.sh
. "$here/../support/skip.sh"
[ -x "$program" ] || skip "no $program: it is built with clang by tests/run"

found=$program.found
mkdir -p "$found"
set -- "$found"
[ ! -d "$here/corpus/$parser" ] || set -- "$@" "$here/corpus/$parser"
[ ! -e "$here/$parser.dict" ] || set -- "$@" "-dict=$here/$parser.dict"
exec "$program" -max_total_time="${NETLEASH_FUZZ_SECONDS-5}" -timeout=5 \
	-rss_limit_mb=2048 -print_final_stats=1 \
	-artifact_prefix="$found/../$parser-" "$@"
