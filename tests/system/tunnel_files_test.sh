#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Whatever tunnels carry, the lines are the same for any number of workers, and nothing hangs.

. "$(dirname "$0")/lib.sh"
need python3

same_lines() { # WHAT WORKERS TRACE
	run_weir "$1-$2" -r "$3" -w "$2"
	ended_well "$1, $2 workers"
	"$here/tunnel_lines.py" "$logs/conn.log" >"$work/lines-$2" || fail "$1: no lines"
	diff "$work/lines-1" "$work/lines-$2" >"$work/difference" ||
		fail "$1: other lines with $2 workers" -- "$work/difference"
	[ "$(count_of "found inside others, in tunnels and the like")" -gt 0 ] ||
		fail "$1: no tunnel was opened" -- "$out"
}

for seed in 1 2 3; do
	"$here/make_tunnels.py" worst "$work/$seed.pcap" 20000 "$seed" || fail "no trace"
	for workers in 1 2 3 8; do
		same_lines "worst case $seed" "$workers" "$work/$seed.pcap"
	done
done
"$here/make_tunnels.py" plain "$work/plain.pcap" 10000 || fail "no trace"
for workers in 1 4; do
	same_lines "plain" "$workers" "$work/plain.pcap"
done
finish
