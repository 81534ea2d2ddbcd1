#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Garbage never makes weir crash or hang, and its books balance all the same.

. "$(dirname "$0")/lib.sh"
need python3 gzip

make=$here/make_trace.py

# Reads a trace with these workers; the log has a whole line for each connection.
reads() { # NAME TRACE WEIR-ARGUMENT...
	limit=20 run_weir log -r "${@:2}"
	[ "$status" = 0 ] || [ "$status" = 1 ] || fail "$1: exit status $status" -- "$err"
	! grep -q 'books' "$err" || fail "$1: the books do not balance" -- "$err"
	[ "$status" = 0 ] || grep -q '^weir: error: ' "$err" || fail "$1: no message"
	# What cannot be read at all leaves the log of the last run alone.
	if [ "$status" = 1 ] && [ ! -s "$out" ] && grep -q 'is not a trace' "$err"; then
		: >"$logs/conn.log"
		return
	fi
	awk '/^connections / { good = 1 } /^[^ ]/ && !/^(packets|connections) / { good = 0 }
		END { exit !good }' "$out" || fail "$1: the output does not end with a summary" -- "$out"
	equal "$1: lines" "$(count_of connections)" "$(lines_in "$logs/conn.log")"
	equal "$1: torn lines" 0 "$(connections "$logs/conn.log" | grep -c '^torn')"
	[ "$failures" -lt 5 ] || finish
}

both_ways() { # NAME TRACE WEIR-ARGUMENT...
	local one
	reads "$1" "${@:2}"
	one=$status
	cp "$logs/conn.log" "$work/one.log"
	reads "$1, 4 workers" "${@:2}" -w 4
	equal "$1, 4 workers: exit status" "$one" "$status"
	[ "$(lines_in "$work/one.log")" = 0 ] ||
		same_connections "$1, 4 workers" "$work/one.log" "$logs/conn.log"
}

"$make" random "$work/random" 20
for trace in "$work"/random.*; do
	both_ways "${trace##*/}" "$trace"
	both_ways "${trace##*/}, checksums ignored" "$trace" -C
done

"$make" damaged "$work/pcap" "$sample" 200
for trace in "$work"/pcap.*; do
	case $trace in
	*[02468]) both_ways "damaged ${trace##*/}" "$trace" -C ;;
	*) reads "damaged ${trace##*/}" "$trace" ;;
	esac
done

"$make" pcapng "$work/sample.pcapng" "$sample"
"$make" damaged "$work/pcapng" "$work/sample.pcapng" 50
gzip -c "$sample" >"$work/sample.gz"
"$make" damaged "$work/gz" "$work/sample.gz" 50
for trace in "$work"/pcapng.* "$work"/gz.*; do
	reads "damaged ${trace##*/}" "$trace"
done

# Nothing but bytes.
head -c 24 "$sample" >"$work/trace"
python3 -c 'import random, sys
sys.stdout.buffer.write(random.Random(1).randbytes(1000000))' >>"$work/trace"
both_ways "a header and random bytes" "$work/trace"
finish
