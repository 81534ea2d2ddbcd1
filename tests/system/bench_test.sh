#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# The traces that the benches make hold what they claim; no speed is looked at.

. "$(dirname "$0")/lib.sh"
tools=$(dirname "${WEIR:-}")/../../bench
[ -x "$tools/mix" ] || skip "the build has no benches (-Dbenches=true)"

lines() { # AWK-CONDITION: connections of which it is true
	awk -F '\t' "!/^#/ && ($1) { n++ } END { print n + 0 }" "$logs/conn.log"
}

"$tools/mix" 20000 "$work/mix.pcap" || fail "mix"
run_weir mix -r "$work/mix.pcap"
ended_well mix
equal "mix: packets" 20000 "$(count_of packets)"
equal "mix: wrong checksums" 0 "$(lines '$19 ~ /[Cc]/')"

"$tools/flows" 1000 "$work/flows.pcap" || fail "flows"
run_weir flows -C -r "$work/flows.pcap"
equal "flows: connections" 1000 "$(lines 1)"

"$tools/flows" 1000 "$work/standing.pcap" standing || fail "flows standing"
run_weir standing -C -r "$work/standing.pcap"
equal "standing: connections with two packets each" 1000 "$(lines '$17 + $19 == 2')"
"$tools/micro/memory" 1000 20000 >"$work/memory" || fail "memory"
equal "memory: sizes" 2 "$(grep -c '^memory.touch lines' "$work/memory")"

"$tools/flows" 1000 "$work/lives.pcap" lives || fail "flows lives"
run_weir lives -C -r "$work/lives.pcap"
equal "lives: opened and closed" 1000 "$(lines '$12 == "SF" && $17 == 4 && $19 == 2')"

"$tools/flows" 1000 "$work/expire.pcap" expire || fail "flows expire"
"$tools/micro/stall" "$work/expire.pcap" 1000 1 > "$work/stall" || fail "stall: not all timed out"
equal "stall: the longest turn is told" 2 "$(grep -c '^stall.turn ' "$work/stall")"
rm "$work/expire.pcap"

"$tools/flood" 1000 "$work/flood.pcap" 50 || fail "flood"
run_weir flood -C -r "$work/flood.pcap" --set connections.maximum=1024
equal "flood: established" 1000 "$(lines '$3 ~ /^10\./ && $12 == "S1" && $17 == 4 && $19 == 3')"
equal "flood: SYNs" 2000 "$(lines '$12 == "S0"')"
finish
