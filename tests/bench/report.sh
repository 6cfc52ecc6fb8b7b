# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/bench/report.sh - samples to medians, a table, JSON, the README
#
# In:  $W/samples: lines "MODE PEER KEY VALUE", a line a measurement
# Out: $W/medians: the same, a line for each key; report_table, report_json,
#      report_readme

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

# row TEXT MODE KEY FORMAT: a column for each proxy
row() {
	local peer line="| $1 |"
	for peer in "${COLUMNS_USED[@]}"; do
		line+=" $(median "$2" "$peer" "$3" "$4") |"
	done
	echo "$line"
}

report_machine() {
	local model
	model=$(sed -n 's/^model name[ \t]*: //p' /proc/cpuinfo | sed -n 1p)
	echo "${model:-$(uname -m)}, $(nproc) cores, Linux $(uname -r |
		sed 's/-.*//'), TCP congestion control $(cat \
		/proc/sys/net/ipv4/tcp_congestion_control), $(date +%F)"
}

report_table() {
	local peer line='|---|' head='| work |'
	COLUMNS_USED=()
	for peer in "${PEERS[@]}"; do
		grep -q "^[a-z0-9]* $peer " "$W/medians" || continue
		COLUMNS_USED+=("$peer")
		head+=" $peer |"
		line+='---|'
	done
	printf '%s\n%s\n' "$head" "$line"
	row 'tunnel, CPU µs' rate cpu_us %.0f
	row 'tunnels a second, no proxy = 1' rate ratio %.2f
	row 'one tunnel, CPU s/GB' bulk1 cpu_s_gb %.2f
	row 'its GB/s, no proxy = 1' bulk1 ratio %.2f
	row '64 tunnels, CPU s/GB' bulk64 cpu_s_gb %.2f
	row '64-byte round trip, CPU µs' pingpong cpu_us %.1f
	row 'idle tunnel, bytes' idle pss %.0f
	row 'HTTP request of 1 KiB, CPU µs' http cpu_us %.0f
	echo
	echo "From inside a run: $(median inside netns cpu_us %.0f) µs" \
		"a tunnel in \`netns\`, $(median inside firewall cpu_us %.0f)" \
		"in \`firewall\`. \`run -- true\`:" \
		"$(median launch firewall ms %.1f) ms in \`firewall\`," \
		"$(median launch netns-root ms %.1f) in \`netns\`," \
		"$(median launch netns-user ms %.1f) unprivileged; bubblewrap" \
		"$(median launch bubblewrap ms %.1f)," \
		"fork and exec alone $(median launch fork-exec ms %.2f)." \
		"A million rules: $(median rules netleash load_s %.2f) s to" \
		"load, $(median rules netleash lookup_ns %.0f) ns a look-up," \
		"$(median rules netleash mb %.0f) MB; as a \`deny-list\`" \
		"$(median lists netleash load_s %.2f) s," \
		"$(median lists netleash lookup_ns %.0f) ns," \
		"$(median lists netleash mb %.0f) MB. Medians of" \
		"\`sudo tests/bench/run\`, logs off, on loopback, the proxy" \
		"on a core of its own; haproxy relays TCP and reads nothing." \
		"$(report_machine)." | fold -s -w 80 | sed 's/ $//'
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

# Puts the table between "## Performance" and the next heading.
report_readme() {
	{
		echo '## Performance'
		echo
		report_table
		echo
	} >"$W/section"
	awk -v section="$W/section" '
	function put() {
		while ((getline text < section) > 0) print text
		done = 1
	}
	/^## / { inside = 0 }
	/^## Performance$/ { inside = 1; put() }
	/^## Rooms$/ && !done { put() }
	!inside' "$TOP/README.md" >"$W/README" &&
		cat "$W/README" >"$TOP/README.md"
}
