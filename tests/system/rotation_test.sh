#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Files are rotated by size, by SIGHUP and by a stranger who moves them away: no line is lost, torn
# or written twice.

. "$(dirname "$0")/lib.sh"
need_root
need python3

# The packets of one connection keep weir from writing gigabytes: a file is on the disk before the
# next one is begun, and what came meanwhile makes that one larger.
trace=$work/short.pcap
"$here/make_trace.py" short "$trace" 100 12000

files() {
	find "$logs" -name '*.log*' -type f | wc -l
}

files_reach() { # COUNT
	[ "$(files)" -ge "$1" ]
}

has_lines() {
	[ "$(lines_in "$logs/conn.log")" -gt 0 ]
}

# Each file has its own header, each line all columns, and together they are what was logged.
check_files() { # NAME
	local broken
	broken=$(find "$logs" -name '*.log*' -type f ! -empty -exec awk -F '\t' '
		FNR == 1 { fields = 0 }
		$1 == "#fields" { fields = NF - 1 }
		!/^#/ && NF != fields { print FILENAME ":" FNR ": " NF " columns of " fields; exit }' {} \;)
	[ -z "$broken" ] || fail "$1: $broken"
	equal "$1: lines in $(files) files" "$(count_of logged)" \
		"$(find "$logs" -name '*.log*' -type f -exec cat {} + | grep -vc '^#')"
	equal "$1: connections that were logged twice" 0 "$(find "$logs" -name '*.log*' -type f \
		-exec cat {} + | grep -v '^#' | cut -f 2 | sort | uniq -d | wc -l)"
}

endless() { # NAME ARGUMENT...
	start_weir "$1" -i "net_pcap0,rx_pcap=$trace,infinite_rx=1" --set timeouts.tcp_close_delay=0 \
		--set capture.hugepages=no --set capture.buffers=32768 "${@:2}"
	if ! wait_until_ready; then
		grep -qi 'driver' "$err" && skip "DPDK's pcap driver is not there"
		fail "$1: weir does not come up" -- "$err"
	fi
}

finished() { # NAME
	stop_weir TERM
	ended_well "$1"
	check_files "$1"
}

endless "rotation by size" --set log.rotate_size=256KiB
wait_for 30 files_reach 30 || fail "by size: only $(files) files came"
finished "rotation by size"

endless "rotation by time" -w 2 --set log.rotate_interval=1s
wait_for 30 files_reach 4 || fail "by time: only $(files) files came"
finished "rotation by time"

endless "SIGHUP"
# A log without a line is not rotated.
wait_for 10 has_lines || fail "SIGHUP: no line came"
for ((turn = 1; turn <= 30; turn++)); do
	kill -HUP "$pid"
	wait_for 10 files_reach $((turn + 1)) || fail "SIGHUP $turn: no new file came"
	wait_for 10 has_lines || fail "SIGHUP $turn: the new file stays empty"
done
finished "SIGHUP"

# As logrotate does it: first the file is moved, then weir is told.
endless "moved away" -w 2
for ((turn = 1; turn <= 30; turn++)); do
	wait_for 10 has_lines || fail "moved $turn: no line came"
	mv "$logs/conn.log" "$logs/moved.log.$turn"
	kill -HUP "$pid"
	wait_for 10 test -e "$logs/conn.log" || fail "moved $turn: no new file came"
done
finished "moved away"
equal "moved away: files" 31 "$(files)"

endless "all at once" --set log.rotate_size=512KiB --set log.format=tsv
for ((turn = 1; turn <= 100; turn++)); do
	mv "$logs/conn.log" "$logs/moved.log.$turn" 2>/dev/null
	kill -HUP "$pid"
	kill -HUP "$pid"
done
finished "all at once"
finish
