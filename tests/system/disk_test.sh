#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# A disk that fills up: reading a trace ends with an error, a sensor waits for room; lines are whole.

. "$(dirname "$0")/lib.sh"
need_root
need unshare prlimit python3

# The small disk is seen by this test only, and goes with it.
if [ "${1:-}" != "in its own namespace" ]; then
	unshare -m true 2>/dev/null || skip "mount namespaces are not to be had here"
	rm -rf "$work"
	exec unshare -m bash "$0" "in its own namespace"
fi
disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=256k small "$disk" || skip "a tmpfs cannot be mounted here"
trap 'clean_up; umount "$disk"; rm -rf "$work"' EXIT
"$here/make_trace.py" short "$work/short.pcap" 5000

whole_lines() { # NAME FILE...
	local torn
	torn=$(connections "${@:2}" | grep -c '^torn')
	equal "$1: torn lines" 0 "$torn"
	equal "$1: the last character is a newline" "" "$(tail -c 1 "$2")"
}

fails_to_write() { # NAME LOG
	equal "$1: exit status" 1 "$status"
	equal "$1: lines on standard error" 2 "$(wc -l <"$err")"
	head -n 1 "$err" | grep -q "^weir: error: .*conn.log: cannot write: .*; " ||
		fail "$1: the message does not say what and why" -- "$err"
	tail -n 1 "$err" | grep -q '^weir: error: [0-9]* connections could not be logged' ||
		fail "$1: the message does not say how much is missing" -- "$err"
	equal "$1: lines and lost lines are all connections" "$(count_of connections)" \
		$(($(lines_in "$2") + $(tail -n 1 "$err" | tr -dc 0-9)))
	equal "$1: the summary counts the lines that were written" "$(lines_in "$2")" \
		"$(count_of logged)"
}

with=
run_on() { # NAME LOG-DIRECTORY WEIR-ARGUMENT...
	prepare "$1"
	timeout 60 $with "$weir" -r "$work/short.pcap" -l "${@:2}" >"$out" 2>"$err"
	status=$?
}

run_on "full disk" "$disk"
fails_to_write "full disk" "$disk/conn.log"
grep -q 'free some space' "$err" || fail "full disk: the message does not say what to do" -- "$err"
whole_lines "full disk" "$disk/conn.log"
[ "$(lines_in "$disk/conn.log")" -gt 1000 ] || fail "full disk: there was room for more lines"
rm -f "$disk"/*

run_on "full disk, json" "$disk" --set log.format=json -w 2
fails_to_write "full disk, json" "$disk/conn.log"
equal "full disk, json: the last character" "}" "$(tail -c 2 "$disk/conn.log" | head -c 1)"
rm -f "$disk"/*

# Two logs on one disk: each answers for its own lines.
run_on "full disk, events" "$disk" --set 'log events.names=.*'
equal "full disk, events: exit status" 1 "$status"
equal "full disk, events: connections logged" "$(lines_in "$disk/conn.log")" "$(count_of logged)"
equal "full disk, events: connections missing" \
	$(($(count_of connections) - $(lines_in "$disk/conn.log"))) \
	"$(sed -n 's/.*error: \([0-9]*\) connections could not be logged.*/\1/p' "$err")"
equal "full disk, events: events logged" "$(lines_in "$disk/events.log")" \
	"$(count_of 'events logged')"
equal "full disk, events: events missing" \
	"$(count_of 'events not logged, no room in the log')" \
	"$(sed -n 's/.*error: \([0-9]*\) events could not be logged.*/\1/p' "$err")"
whole_lines "full disk, events" "$disk/events.log"
rm -f "$disk"/*

mkdir "$work/device"
ln -s /dev/full "$work/device/conn.log"
run_on "/dev/full" "$work/device"
equal "/dev/full: exit status" 1 "$status"
grep -q '/conn.log: cannot write: No space left' "$err" || fail "/dev/full: no message" -- "$err"

mkdir "$work/limited"
with="prlimit --fsize=65536" run_on "file size limit" "$work/limited"
fails_to_write "file size limit" "$work/limited/conn.log"
whole_lines "file size limit" "$work/limited/conn.log"

# A sensor on the full disk: it says so once, goes on when there is room, and has lost nothing.
says() { # PATTERN
	grep -q "$1" "$err"
}

sensor_on_full_disk() { # NAME
	rm -f "$disk"/*
	mount -o remount,size=256k "$disk"
	ln -s "$disk" "$work/$1"
	start_weir "$1" -i "net_pcap0,rx_pcap=$work/short.pcap" --set timeouts.tcp_close_delay=0 \
		--set capture.hugepages=no
	if ! wait_until_ready; then
		grep -qi 'net_pcap' "$err" && skip "DPDK's pcap driver is not there"
		fail "$1: weir does not come up" -- "$err"
	fi
	wait_for 20 has_received 30000 || fail "$1: $(count_of packets) packets came"
	wait_for 20 says 'cannot write' || fail "$1: no message" -- "$err"
	grep -q 'free some space.*trying again' "$err" || fail "$1: no advice" -- "$err"
}

sensor_on_full_disk "sensor"
mount -o remount,size=4m "$disk"
wait_for 20 says 'can be written again' || fail "sensor: it does not go on" -- "$err"
stop_weir TERM
equal "sensor: exit status" 0 "$status"
equal "sensor: error lines" 1 "$(grep -c error: "$err")"
equal "sensor: packets" 30000 "$(count_of tracked)"
equal "sensor: lines" "$(count_of connections)" "$(lines_in "$disk/conn.log")"
whole_lines "sensor" "$disk/conn.log"

sensor_on_full_disk "ended sensor"
limit=15 stop_weir TERM
equal "ended sensor: exit status" 1 "$status"
equal "ended sensor: lines and lost lines" "$(count_of connections)" \
	$(($(lines_in "$disk/conn.log") + $(tail -n 1 "$err" | tr -dc 0-9)))
whole_lines "ended sensor" "$disk/conn.log"
finish
