#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# What is logged of a trace played onto a cable is what is logged of the trace itself.

. "$(dirname "$0")/lib.sh"
need_root
need ip tcpreplay

run_weir file -r "$sample"
ended_well "reading the trace"
in_file=$(count_of packets)
wanted=$logs/conn.log
# The kernel may join IPv4 fragments before weir sees them: one packet instead of 2, and of 3.
joined=3

nothing_more_comes() {
	local so_far
	has_received $((in_file - joined)) || return 1
	so_far=$(count_of packets)
	summary_now && [ "$(count_of packets)" = "$so_far" ]
}

live() { # NAME ARGUMENT...
	local name=$1
	make_cable
	before="ip netns exec $space" start_weir "$name" -i out "${@:2}"
	wait_until_ready || { fail "$name: weir does not come up" -- "$err"; return; }
	[[ $* != *workers.cores=0* ]] || others_keep_off_cpu_0 "$name"
	replay "$sample" --pps=2000
	wait_for 10 nothing_more_comes || fail "$name: only $(count_of packets) packets came"
	stop_weir TERM
	ended_well "$name"
	equal "$name: lines" "$(count_of logged)" "$(lines_in "$logs/conn.log")"
	same_connections "$name" "$wanted" "$logs/conn.log"
	[ ! -e "$logs/.weir.lock" ] || fail "$name: the lock file stayed"
}

live "one worker"
live "one worker on CPU 0" --set workers.cores=0
live "one worker on CPU 0, and CPUs for others" --set workers.cores=0-1
live "two workers" -w 2
# IPv6 fragments have no ports, so that the kernel puts them and their answer into different queues,
# and which of them is taken first is a matter of luck.
leave_out=2001:db8::11 live "two workers, two queues" -w 2 --set capture.queues=2
finish
