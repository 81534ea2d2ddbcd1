#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# A flood of SYNs fills the table: what is established stays, and is counted to the last byte.

. "$(dirname "$0")/lib.sh"
need python3

"$here/make_trace.py" flood "$work/flood.pcap" 1000 100000

established() { # as: how many, bytes, packets and history of connections that spoke
	awk -F '\t' '/^#/ || $9 == "-" || $12 ~ /^S0$/ { next }
		{ print $10, $11, $12, $15, $16, $17, $19 }' "$logs/conn.log" | sort | uniq -c |
		sed 's/^ *//'
}

floods() { # NAME WEIR-ARGUMENT...
	run_weir "$1" -r "$work/flood.pcap" "${@:2}"
	ended_well "$1"
	equal "$1: established connections" "1000 300 300 S1 0 ShADd 4 3" "$(established)"
	equal "$1: lines" "$(count_of connections)" "$(lines_in "$logs/conn.log")"
	equal "$1: packets for connections" 107000 "$(count_of tracked)"
	equal "$1: of them refused" 0 "$(count_of 'of the tracked: no room for a connection')"
}

floods "room for all"
equal "room for all: given up" 0 "$(count_of 'ended: table full, half-open ones first')"
floods "room for 1024" --set connections.maximum=1024
[ "$(count_of 'ended: table full, half-open ones first')" -ge 99000 ] ||
	fail "room for 1024: $(count_of 'ended: table full, half-open ones first') were given up"
# Each worker has its share of the room, so that more of it is needed for all to fit.
floods "room for 2048, 4 workers" --set connections.maximum=2048 -w 4
finish
