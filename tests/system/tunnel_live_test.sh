#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# What is logged of tunnels on a cable is what is logged of the same packets in a file, whoever of
# the workers receives, opens and owns them; and the books balance whenever weir is told to end.

. "$(dirname "$0")/lib.sh"
need_root
need ip tcpreplay python3

same_tunnels() { # WHAT WANTED-LOG LOG
	"$here/tunnel_lines.py" --live "$2" >"$work/wanted" || fail "$1: no lines of the trace"
	"$here/tunnel_lines.py" --live "$3" >"$work/got" || fail "$1: no lines of the cable"
	[ -s "$work/wanted" ] || fail "$1: $2 is empty"
	diff "$work/wanted" "$work/got" >"$work/difference" ||
		fail "$1: the lines differ" -- "$work/difference"
}

in_file() { # TRACE: sets $trace, $wanted, $packets
	trace=$1
	run_weir "file" -r "$trace" -C
	ended_well "reading the trace"
	wanted=$work/wanted.log
	cp "$logs/conn.log" "$wanted"
	packets=$(count_of packets)
}

live() { # NAME ARGUMENT...
	local name=$1
	make_cable
	before="ip netns exec $space" start_weir "$name" -i out -C "${@:2}"
	wait_until_ready || { fail "$name: weir does not come up" -- "$err"; return; }
	replay "$trace" --pps=4000
	wait_for 10 has_received "$packets" || fail "$name: only $(count_of packets) packets came"
	stop_weir TERM
	ended_well "$name"
	same_tunnels "$name" "$wanted" "$logs/conn.log"
	equal "$name: found inside" "$inside" "$(count_of "found inside others, in tunnels and the like")"
}

# A page over TCP, and a datagram in fragments that nobody waits for.
talk() { # ADDRESS
	ip netns exec "$a" timeout 10 python3 -c "
import socket, urllib.request
urllib.request.urlopen('http://$1:8080/', timeout=5).read()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(12000), ('$1', 9))" \
		>>"$work/talk" 2>&1
}

# Tunnels between interfaces of the kernel, as many kinds as it has, recorded at one end.
kernel_tunnels() { # sets $trace
	local a b kind number=0 kinds=()
	make_cable
	a=$space
	b=weir-test-$$-far
	ip netns add "$b" 2>/dev/null || return 1
	namespaces+=("$b")
	ip -n "$a" link set in netns "$b"
	ip -n "$a" addr add 192.0.2.1/24 dev out
	ip -n "$b" addr add 192.0.2.2/24 dev in
	ip -n "$a" link set out arp on up
	ip -n "$b" link set in arp on up
	ip -n "$a" link set lo up
	ip -n "$b" link set lo up
	for kind in vxlan gretap gre ipip geneve; do
		number=$((number + 1))
		tunnel_end "$a" "$kind" 192.0.2.1 192.0.2.2 out "10.9.$number.1/24" &&
			tunnel_end "$b" "$kind" 192.0.2.2 192.0.2.1 in "10.9.$number.2/24" &&
			kinds+=("$number")
	done
	[ ${#kinds[@]} -gt 0 ] || return 1
	mkdir -p "$work/site" && head -c 100000 /dev/zero >"$work/site/index.html"
	ip netns exec "$b" python3 -m http.server -d "$work/site" 8080 >"$work/server" 2>&1 &
	pids+=($!)
	trace=$work/kernel.pcap
	ip netns exec "$a" tcpdump -q -U --immediate-mode -i out -w "$trace" >"$work/tcpdump" 2>&1 &
	pids+=($!)
	wait_for 10 grep -qs 'listening on' "$work/tcpdump" || return 1
	wait_for 10 talk "10.9.${kinds[0]}.2" || return 1
	for number in "${kinds[@]}"; do
		talk "10.9.$number.2" || return 1
	done
	sleep 1
	kill "${pids[-1]}"
	wait "${pids[-1]}" 2>/dev/null
	[ "$(stat -c %s "$trace")" -gt 10000 ]
}

tunnel_end() { # NAMESPACE KIND LOCAL REMOTE DEVICE ADDRESS
	local options=(local "$3" remote "$4")
	case $2 in
	vxlan) options+=(id 5 dstport 4789 dev "$5") ;;
	geneve) options=(id 5 remote "$4") ;;
	esac
	ip -n "$1" link add "t-$2" type "$2" "${options[@]}" 2>>"$work/links" &&
		ip -n "$1" addr add "$6" dev "t-$2" && ip -n "$1" link set "t-$2" up
}

every_way() { # WHAT
	inside=$(count_of "found inside others, in tunnels and the like")
	live "$1, one worker"
	live "$1, two workers" -w 2
	live "$1, four workers" -w 4
}

"$here/make_tunnels.py" plain "$work/plain.pcap" 8000 || fail "no trace"
in_file "$work/plain.pcap"
every_way plain
live "plain, two workers and queues" -w 2 --set capture.queues=2
live "plain, four workers, two queues" -w 4 --set capture.queues=2

if command -v tcpdump >/dev/null && kernel_tunnels; then
	in_file "$trace"
	every_way kernel
else
	echo "without tunnels of the kernel: it has none, or there is no tcpdump"
fi

# Told to end in the middle of traffic: what was handed over is still tracked, whoever ends first.
"$here/make_tunnels.py" worst "$work/worst.pcap" 20000 || fail "no trace"
make_cable
for round in $(seq "${ROUNDS:-12}"); do
	before="ip netns exec $space" start_weir "ended $round" -i out -C -w $((round % 3 + 2)) \
		--set capture.queues=$((round % 2 + 1))
	wait_until_ready || { fail "round $round: weir does not come up" -- "$err"; break; }
	ip netns exec "$space" tcpreplay -q -t --loop=50 -i in "$work/worst.pcap" >"$work/replay" 2>&1 &
	player=$!
	pids+=("$player")
	wait_for 20 has_received 1 || fail "round $round: no packet came" -- "$work/replay"
	sleep "0.$((RANDOM % 5))"
	limit=20 stop_weir TERM
	kill "$player" 2>/dev/null
	wait "$player" 2>/dev/null
	ended_well "round $round"
done
finish
