#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# A replay gives the lines of the trace, for any number of workers; each further round gives as many again, with
# other addresses and right checksums; what is only received is counted.

. "$(dirname "$0")/lib.sh"
need python3

replay() { # NAME WEIR-ARGUMENT...
	run_weir "$1" -r "$sample" --set capture.source=replay "${@:2}"
	ended_well "$1"
}

# The columns that say what happened, in no order: not the uid, the addresses and whether these are local.
fates() { # CONN.LOG
	grep -v '^#' "$1" | cut -f 6-7,10-12,15-20,22 | sort
}

run_weir plain -r "$sample"
ended_well plain
wanted=$logs/conn.log
lines=$(grep -vc '^#' "$wanted")

for workers in 1 2 4; do
	replay "$workers-workers" -w "$workers"
	equal "$workers workers: packets" 326 "$(count_of packets)"
	same_connections "$workers workers" "$wanted" "$logs/conn.log"
done

replay three-rounds --set replay.rounds=3 -w 2
equal "three rounds: packets" 978 "$(count_of packets)"
equal "three rounds: lines" $((3 * lines)) "$(grep -vc '^#' "$logs/conn.log")"
for _ in 1 2 3; do fates "$wanted"; done | sort >"$work/wanted"
fates "$logs/conn.log" >"$work/got"
cmp -s "$work/wanted" "$work/got" ||
	fail "three rounds: other fates than in one" -- <(diff "$work/wanted" "$work/got" | head -n 20)
addresses=$(grep -v '^#' "$logs/conn.log" | cut -f 3 | sort -u | wc -l)
alone=$(grep -v '^#' "$wanted" | cut -f 3 | sort -u | wc -l)
equal "three rounds: addresses" $((3 * alone)) "$addresses"

replay same-addresses --set replay.rounds=3 --set replay.new_addresses=no
equal "the same addresses" "$alone" "$(grep -v '^#' "$logs/conn.log" | cut -f 3 | sort -u | wc -l)"

replay opening --set replay.rounds=3 --set replay.new_addresses=no --set replay.opening=300 -w 2
equal "an opening: packets" $((326 + 2 * 26)) "$(count_of packets)"
replay only-an-opening --set replay.opening=326
equal "only an opening, one round: packets" 326 "$(count_of packets)"

# A connection that has a packet each 30 seconds goes on through all rounds, which begin where the opening ended:
# 20 packets, and twice 10.
"$(dirname "$0")/make_trace.py" steady "$work/steady.pcap" 20 || fail "make_trace.py does not work"
run_weir steady -r "$work/steady.pcap" --set capture.source=replay --set replay.rounds=3 \
	--set replay.new_addresses=no --set replay.opening=10
ended_well steady
equal "one that goes on: its packets" "40" "$(grep -v '^#' "$logs/conn.log" | cut -f 17)"

prepare all-opening
timeout 20 "$weir" --set capture.source=replay --set replay.opening=326 --set replay.rounds=2 -r "$sample" -l "$logs" \
	>"$out" 2>"$err"
equal "only an opening: status" 1 $?
grep -q "opening = 326 is to be less than the packets in the traces, which are 326" "$err" ||
	fail "only an opening: message" -- "$err"

replay receive-only --set replay.rounds=5 --set replay.receive_only=yes
equal "only received: packets" 1630 "$(count_of packets)"
grep -q '^packets   1630 (407950 bytes)' "$out" || fail "only received: bytes" -- "$out"
equal "only received: connections" 0 "$(count_of connections)"

prepare no-trace
timeout 20 "$weir" --set capture.source=replay -l "$logs" >"$out" 2>"$err"
equal "no trace: status" 2 $?
grep -q 'a replay needs traces; give them with -r FILE' "$err" || fail "no trace: message" -- "$err"

# Without an end, until it is told to stop.
prepare endless
"$weir" -r "$sample" -l "$logs" --set capture.source=replay --set replay.rounds=0 --set workers.cores=0 \
	>"$out" 2>"$err" &
pid=$!
pids+=("$pid")
sleep 1
others_keep_off_cpu_0 endless
kill -TERM "$pid"
wait "$pid"
equal "endless: status" 0 $?
finish
