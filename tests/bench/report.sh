# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/bench/report.sh - samples to medians, tables, JSON, the README
#
# In:  W, ours; sample, note_skipped
# Out: $W/samples: lines "MODE PEER KEY VALUE", a line a measurement;
#      $W/medians: the same, a line for each key; report_table, report_inspect,
#      report_json, report_readme

note_skipped() {
	echo "$*" >>"$W/skipped"
	echo "skipped: $*" >&2
}

# sample MODE PEER KEY VALUE
sample() {
	echo "$*" >>"$W/samples"
}

# field NAME LINE: the number after a word of bench_load's answer
field() {
	awk -v name="$1" '{ for (i = 1; i < NF; i++)
		if ($i == name) print $(i + 1) }' <<<"$2"
}

# divide A B [FACTOR]
divide() {
	awk -v a="$1" -v b="$2" -v f="${3:-1}" \
		'BEGIN { if (b > 0) printf "%.6g\n", a / b * f; else print 0 }'
}

report_medians() {
	sort -k 1,3 -k 4,4g "$W/samples" | awk '
	function flush_key() {
		middle = int((n + 1) / 2)
		if (n % 2)
			print key, v[middle]
		else if (n)
			print key, (v[middle] + v[middle + 1]) / 2
		n = 0
	}
	{
		if ($1 " " $2 " " $3 != key) flush_key()
		key = $1 " " $2 " " $3
		v[++n] = $4
	}
	END { flush_key() }' >"$W/medians"
}

# median MODE PEER KEY FORMAT: "-" where it was not measured
median() {
	awk -v key="$1 $2 $3" -v format="$4" '
	$1 " " $2 " " $3 == key { printf format, $4; found = 1 }
	END { if (!found) printf "-" }' "$W/medians"
}

# beside_floor WORK KEY: netleash's median as a multiple of relay's
beside_floor() {
	local own floor
	own=$(median "$1" netleash "$2" %s) floor=$(median "$1" relay "$2" %s)
	if [ "$own" = - ] || [ "$floor" = - ]; then
		printf -
	else
		printf %.2f "$(divide "$own" "$floor")"
	fi
}

# row TEXT WHO WORK:KEY:FORMAT...: a column for each figure
row() {
	local who=$2 line="| $1 |" figure work key
	shift 2
	for figure in "$@"; do
		IFS=: read -r work key figure <<<"$figure"
		line+=" $(median "$work" "$who" "$key" "$figure") |"
	done
	echo "$line"
}

# head TEXT...
head_row() {
	printf '| %s ' "$@"
	printf '|\n|'
	printf -- '---|%.0s' "$@"
	echo
}

report_machine() {
	local model
	model=$(sed -n 's/^model name[ \t]*: //p' /proc/cpuinfo | sed -n 1p)
	echo "${model:-$(uname -m)}, $(nproc) cores, Linux $(uname -r |
		sed 's/^\([0-9]*\.[0-9]*\).*/\1/'), $(date +%F)"
}

report_table() {
	local peer bubblewrap
	head_row 'proxy' 'tunnel, CPU µs' 'tunnels/s, no proxy = 1' \
		'one tunnel, CPU s/GB' 'its GB/s, no proxy = 1' \
		'64 tunnels, CPU s/GB' '64-byte round trip, CPU µs' \
		'idle tunnel, bytes' 'HTTP request of 1 KiB, CPU µs'
	for peer in "${PEERS[@]}"; do
		! grep -q "^[a-z0-9]* $peer " "$W/medians" ||
			row "$peer" "$peer" rate:cpu_us:%.0f rate:ratio:%.2f \
				bulk1:cpu_s_gb:%.2f bulk1:ratio:%.2f \
				bulk64:cpu_s_gb:%.2f pingpong:cpu_us:%.1f \
				idle:pss:%.0f http:cpu_us:%.0f
	done
	echo
	bubblewrap=$(median launch bubblewrap ms ' bubblewrap %.1f,')
	echo "\`relay\` only moves bytes: the floor; netleash, its log" \
		"on, has" \
		"$(beside_floor rate cpu_us) of its CPU a tunnel," \
		"$(beside_floor bulk1 ratio) of its GB/s." \
		"In runs: $(median inside netns cpu_us %.0f) µs" \
		"(\`netns\`), $(median inside firewall cpu_us %.0f)" \
		"(\`firewall\`). \`run -- true\`:" \
		"$(median launch netns-root ms %.1f) ms," \
		"$(median launch firewall ms %.1f)," \
		"$(median launch netns-user ms %.1f) unprivileged;${bubblewrap#-}" \
		"fork $(median launch fork-exec ms %.2f)." \
		"A million rules:" \
		"$(median rules netleash load_s %.2f) s to load," \
		"$(median rules netleash lookup_ns %.0f) ns a look-up," \
		"$(median rules netleash mb %.0f) MB; \`deny-list\`" \
		"$(median lists netleash load_s %.2f) s," \
		"$(median lists netleash lookup_ns %.0f) ns," \
		"$(median lists netleash mb %.0f) MB. Medians of" \
		"\`tests/bench/run\`." \
		"$(report_machine)." | fold -s -w 80 | sed 's/ $//'
}

# A table of its own: proxies that look into TLS.
report_inspect() {
	local peer
	head_row 'inspected' 'new, CPU ms' \
		"new/s (no proxy $(median inspect direct new_per_s %.0f))" \
		'resumed, CPU ms' 'request, CPU µs' \
		"requests/s (no proxy $(median inspect direct kept_per_s %.0f))" \
		'CPU s/GB' 'held, KiB' \
		"stall beside new, ms (no proxy $(median inspect direct \
			stall_ms %.1f))" \
		"alone (no proxy $(median inspect direct calm_ms %.1f))"
	for peer in "${INSPECTORS[@]}"; do
		row "$peer" "$peer" inspect:new_cpu_ms:%.2f \
			inspect:new_per_s:%.0f inspect:resumed_cpu_ms:%.2f \
			inspect:kept_cpu_us:%.0f inspect:kept_per_s:%.0f \
			inspect:bulk_cpu_s_gb:%.1f inspect:held_kib:%.0f \
			inspect:stall_ms:%.1f inspect:calm_ms:%.1f
	done
}

# report_json: every sample and every median
report_json() {
	echo '{'
	echo "  \"machine\": \"$(report_machine | tr -d '"\\')\","
	echo "  \"quick\": $([ "$QUICK" = 1 ] && echo true || echo false),"
	echo '  "results": ['
	awk 'NR == FNR { s[$1 " " $2 " " $3] = s[$1 " " $2 " " $3] \
			(s[$1 " " $2 " " $3] == "" ? "" : ", ") $4; next }
	{
		printf "%s    {\"work\": \"%s\", \"who\": \"%s\", ", \
			sep, $1, $2
		printf "\"key\": \"%s\", \"median\": %s, ", $3, $4
		printf "\"samples\": [%s]}", s[$1 " " $2 " " $3]
		sep = ",\n"
	}
	END { print "" }' "$W/samples" "$W/medians"
	printf '  ],\n  "skipped": ['
	awk '{ gsub(/["\\]/, ""); printf "%s\"%s\"", sep, $0; sep = ", " }' \
		"$W/skipped"
	printf ']\n}\n'
}

# Puts standard input in the place of what begins with the first line that is
# like $1 and ends before the next heading or second table; if there is no such
# line, before the next line like $2.
put_section() {
	{
		cat
		echo
	} >"$W/section"
	awk -v section="$W/section" -v first="$1" -v next_line="$2" '
	function put() {
		while ((getline text < section) > 0) print text
		done = 1
	}
	/^## / || /^[|] inspected / { inside = 0 }
	!done && $0 ~ first { inside = 1; put() }
	!done && $0 ~ next_line { put() }
	!inside' "$TOP/README.md" >"$W/README" &&
		cat "$W/README" >"$TOP/README.md"
}

# What was measured, between "## Performance" and the next heading.
report_readme() {
	! want_tunnels || {
		printf '## Performance\n\n'
		report_table
	} | put_section '^## Performance$' '^## Rooms$'
	! want inspect ||
		report_inspect | put_section '^[|] inspected ' '^## Rooms$'
}
