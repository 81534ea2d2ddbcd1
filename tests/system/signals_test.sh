#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Signals while a trace is read: a summary in between changes nothing, and a run that is ended early
# logs all of what it read.

. "$(dirname "$0")/lib.sh"
need python3

make=$here/make_trace.py
"$make" short "$work/short.pcap" 500
"$make" repeat "$work/long.pcap" "$work/short.pcap" 500
all=1500000

run_weir undisturbed -r "$work/long.pcap"
ended_well undisturbed
equal "packets" $all "$(count_of packets)"
undisturbed=$logs/conn.log

start_weir "SIGUSR1" -r "$work/long.pcap"
for _ in 1 2 3; do
	wait_until_ready || fail "SIGUSR1: no summary, or the run is over" -- "$out"
done
reap
ended_well "SIGUSR1"
equal "SIGUSR1: packets" $all "$(count_of packets)"
[ "$(summaries)" -ge 4 ] || fail "SIGUSR1: 4 summaries expected, got $(summaries)"
same_connections "SIGUSR1" "$undisturbed" "$logs/conn.log"

# What is logged is what a trace that ends at the same packet gives.
ended_early() { # SIGNAL WEIR-ARGUMENT...
	local read name="$1${2:+ ${*:2}}"
	start_weir "$name" -r "$work/long.pcap" "${@:2}"
	wait_until_ready || fail "$name: the run was over too soon"
	stop_weir "$1"
	ended_well "$name"
	read=$(count_of packets)
	[ "$read" -gt 0 ] && [ "$read" -lt $all ] || fail "$name: $read packets of $all were read"
	equal "$name: lines" "$(count_of connections)" "$(lines_in "$logs/conn.log")"
	[ ! -e "$logs/.weir.lock" ] || fail "$name: the lock file stayed"
	early=$logs/conn.log
	"$make" part "$work/part.pcap" "$work/long.pcap" 1 "$read"
	run_weir "same part" -r "$work/part.pcap"
	same_connections "$name" "$logs/conn.log" "$early"
}

ended_early INT
ended_early TERM
ended_early TERM -w 2

# A pipe that stays open, as from tcpdump: what came is tracked, and the signal ends the run although
# no packet comes any more.
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
cat "$sample" >&9 &
pids+=($!)
start_weir "open pipe" -r "$work/pipe"
wait_until_ready || fail "open pipe: no summary" -- "$out" "$err"
wait_for 5 has_received 326 || fail "open pipe: $(count_of packets) packets of 326 were tracked"
limit=10 stop_weir TERM
ended_well "SIGTERM with an open pipe"
equal "SIGTERM with an open pipe: packets" 326 "$(count_of packets)"
finish
