# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# What system tests share. A test sources this file first; then:
#   $weir   the program, where every user may run it     $work     a folder that is removed at the end
#   $root   the project                                  $sample   the sample trace
# The test ends with `finish`. Exit status: 0 passed, 1 failed, 77 skipped.
# shellcheck shell=bash disable=SC2034

set -u
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
sample=$root/tests/trace/sample.pcap
work=$(mktemp -d "${TMPDIR:-/tmp}/weir-system.XXXXXX")
chmod 755 "$work"
failures=0
namespaces=()
pids=()

clean_up() {
	local item
	for item in "${pids[@]}"; do
		kill -KILL "$item"
		wait "$item"
	done
	for item in "${namespaces[@]}"; do
		ip netns del "$item"
	done
	rm -rf "$work"
} 2>/dev/null
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

skip() { # REASON
	echo "$1"
	exit 77
}

fail() { # WHAT... [files whose end to show after --]
	local words=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	echo "failed: ${words[*]}"
	failures=$((failures + 1))
	[ $# -gt 1 ] && tail -n 8 "${@:2}" | sed 's/^/    /'
	return 1
}

finish() {
	[ "$failures" = 0 ] || exit 1
	exit 0
}

equal() { # WHAT WANTED GOT
	[ "$2" = "$3" ] || fail "$1: $2 expected, got $3"
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

need() { # COMMAND...
	local command
	for command; do
		command -v "$command" >/dev/null || skip "needs $command"
	done
}

wait_for() { # SECONDS COMMAND...: until the command succeeds
	local limit=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $limit ] || return 1
		sleep 0.02
	done
}

# The program may lie where only its builder gets to.
: "${WEIR:?is to be the path of the program to test}"
weir=$work/weir
cp "$WEIR" "$weir" && chmod 755 "$weir" || skip "$WEIR is not there"

# Runs weir with its logs in $work/NAME/ and sets $status, $out and $err (files), $logs.
prepare() { # NAME
	logs=$work/$1
	out=$work/$1.out
	err=$work/$1.err
	mkdir -p "$logs"
}

run_weir() { # NAME ARGUMENT...
	prepare "$1"
	timeout -k 5 "${limit:-60}" "$weir" "${@:2}" -l "$logs" >"$out" 2>"$err" </dev/null
	status=$?
}

# Starts weir in the background; $before may hold words to put before it. Sets $pid.
start_weir() { # NAME ARGUMENT...
	prepare "$1"
	${before:-} "$weir" "${@:2}" -l "$logs" >"$out" 2>"$err" </dev/null &
	pid=$!
	pids+=("$pid")
}

is_running() { # PID
	[ "$(ps -o stat= -p "$1" | cut -c1)" != Z ] && kill -0 "$1" 2>/dev/null
}

# Once there is a log, signals are caught; they are answered when packets are taken.
wait_until_ready() {
	wait_for 20 has_log && summary_now
}

has_log() {
	[ -e "$logs/conn.log" ] || ! is_running "$pid"
}

summaries() {
	grep -c '^packets ' "$out"
}

has_summaries() { # MORE THAN
	[ "$(summaries)" -gt "$1" ] || ! is_running "$pid"
}

# Asks the running weir for a summary, and waits for it.
summary_now() {
	local before_it
	before_it=$(summaries)
	kill -USR1 "$pid" 2>/dev/null || return 1
	wait_for 10 has_summaries "$before_it" && [ "$(summaries)" -gt "$before_it" ] &&
		is_running "$pid"
}

has_received() { # PACKETS
	summary_now && [ "$(count_of packets)" -ge "$1" ]
}

# The number behind a word of the last summary; 0 where it does not stand.
count_of() { # LABEL [FILE]
	awk -v label="$1" '
		/^packets/ { delete count }
		/^packets|^connections/ { count[$1] = $2 }
		/^  / { text = $0; sub(/^ +/, "", text); sub(/ +[0-9]+$/, "", text); count[text] = $NF }
		END { print count[label] + 0 }' "${2:-$out}"
}

stop_weir() { # SIGNAL: ends the weir in $pid, sets $status
	kill "-$1" "$pid" 2>/dev/null
	reap
}

reap() { # waits for $pid, sets $status
	if ! wait_for "${limit:-60}" is_gone "$pid"; then
		fail "weir does not end" -- "$out" "$err"
		kill -KILL "$pid"
	fi
	wait "$pid"
	status=$?
} 2>/dev/null

is_gone() {
	! is_running "$1"
}

# Ended well, with a summary, and said nothing alarming.
ended_well() { # WHAT
	equal "$1: exit status" 0 "$status"
	grep -q '^connections ' "$out" || fail "$1: no summary" -- "$out" "$err"
	# Anything but what a sensor says when all is well.
	! grep -qvE '^weir: (watching |[0-9]+ workers?, connections go to |interrupted; |the configuration was read again: )' "$err" ||
		fail "$1: it complained" -- "$err"
}

# The lines of conn.logs without what differs from run to run, sorted, and without those that match
# $leave_out.
connections() { # FILE...
	awk -F '\t' -v drop="${drop:-ts uid duration}" '
		BEGIN { count = split(drop, name, " "); for (i = 1; i <= count; i++) skip[name[i]] }
		$1 == "#fields" { fields = NF - 1; for (i = 1; i <= fields; i++) field[i] = $(i + 1) }
		/^#/ { next }
		{ line = NF == fields ? "" : "torn: " $0 " "
		  for (i = 1; i <= fields; i++) if (!(field[i] in skip)) line = line field[i] "=" $i " "
		  print line }' "$@" | grep -Ev "${leave_out:-^$}" | sort
}

same_connections() { # WHAT WANTED-LOG LOG...
	connections "$2" >"$work/wanted"
	connections "${@:3}" >"$work/got"
	[ -s "$work/wanted" ] || fail "$1: $2 is empty"
	diff "$work/wanted" "$work/got" >"$work/difference" ||
		fail "$1: the connections differ" -- "$work/difference"
}

lines_in() { # FILE...: connections logged
	cat "$@" 2>/dev/null | grep -vc '^#'
}

column() { # LOG NAME...: these columns, without lines that begin with #
	awk -F '\t' -v names="${*:2}" '
		BEGIN { count = split(names, name, " ") }
		$1 == "#fields" { for (i = 2; i <= NF; i++) at[$i] = i - 1 }
		/^#/ { next }
		{ line = ""; for (i = 1; i <= count; i++) line = line (i > 1 ? "\t" : "") $at[name[i]]
		  print line }' "$1"
}

# A trace out of its text form on standard input, see tests/tools/trace.py.
make_packets() { # OUT.pcap
	cat >"$1.txt"
	python3 "$root/tests/tools/trace.py" "$1.txt" "$1" >"$work/made" 2>&1 ||
		fail "trace.py does not work" -- "$work/made"
}

# For requests: $weirctl, and $WEIR_SOCKET for it and for the weir that is started with
# --set control.socket="$WEIR_SOCKET".
need_weirctl() {
	weirctl=$work/weirctl
	# It is built whenever weir is: a test that cannot find it tests nothing, which must not go unseen.
	if ! cp "$(dirname "$WEIR")/../weirctl/weirctl" "$weirctl" 2>/dev/null; then
		fail "there is no weirctl beside $WEIR"
		finish
	fi
	export WEIR_SOCKET=$work/weir.sock
}

# The weir in $pid answers requests, or has ended.
answers() {
	timeout 10 "$weirctl" status >/dev/null 2>&1 || ! is_running "$pid"
}

# A namespace $space with two ends of a cable, $space:in and $space:out, both up and left alone.
make_cable() {
	local end
	space=weir-test-$$-${#namespaces[@]}
	ip netns add "$space" 2>/dev/null || skip "network namespaces are not to be had here"
	namespaces+=("$space")
	ip netns exec "$space" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1 2>/dev/null
	ip -n "$space" link add name in type veth peer name out 2>/dev/null ||
		skip "veth devices are not to be had here"
	for end in in out; do
		ip netns exec "$space" ethtool -K "$end" tx off rx off tso off gso off gro off >/dev/null 2>&1
		ip -n "$space" link set "$end" arp off mtu 9000 up
	done
}

replay() { # FILE TCPREPLAY-ARGUMENT...
	ip netns exec "$space" tcpreplay -q -i in "${@:2}" "$1" >"$work/replay" 2>&1 ||
		fail "tcpreplay does not work" -- "$work/replay"
}

# Of a weir in $pid whose worker was given CPU 0: that nothing else runs there, where there is another CPU.
others_keep_off_cpu_0() { # WHAT
	local task name cpus seen=no
	[ "$(nproc)" -gt 1 ] || return
	for task in /proc/"$pid"/task/*; do
		name=$(cat "$task/comm")
		cpus=$(sed -n 's/^Cpus_allowed_list:\t//p' "$task/status")
		case $name in
		weir-worker-0)
			seen=yes
			equal "$1: CPUs of $name" 0 "$cpus"
			;;
		# Threads of DPDK's own, which sleep.
		dpdk-* | eal-* | rte_*) ;;
		*) [[ $cpus != 0 && $cpus != 0[,-]* ]] || fail "$1: $name may run on CPUs $cpus, the worker's among them" ;;
		esac
	done
	equal "$1: a worker was seen" yes "$seen"
}
