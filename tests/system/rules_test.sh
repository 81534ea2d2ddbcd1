#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Rules from the configuration: which connections their filters mean, when they fire on a cable where nothing comes,
# and inactivity limits of ports and of single connections.

. "$(dirname "$0")/lib.sh"
need python3
need_weirctl

cd "$work" || exit 1

found_by() { # RULE: ports of the originators that it found, in watch.log
	column "$logs/watch.log" rule id.orig_p | awk -v rule="$1" '$1 == rule { print $2 }' | sort -u | xargs
}

# Filters. Connections differ in the port of their originator.
make_packets filters.pcap <<'END_PACKETS'
host plain 10.0.0.1:50001
host tagged 10.0.0.1:50002
host twice 10.0.0.1:50003
host stranger 10.0.0.3:50004
host six [2001:db8::1]:50005
host six-tagged [2001:db8::1]:50006
host six-web [2001:db8::1]:50007
host web 10.0.0.2:443
host web6 [2001:db8::2]:443
host old6 [2001:db8::2]:80
plain S to web, web SA to plain, plain A to web
tagged S to web vlan 100, web SA to tagged vlan 100, tagged A to web vlan 100
twice S to web vlan 100 vlan 200, web SA to twice vlan 100 vlan 200, twice A to web vlan 100 vlan 200
stranger S to web vlan 200 vlan 100, web SA to stranger vlan 200 vlan 100, stranger A to web vlan 200 vlan 100
six S to web6, web6 SA to six, six A to web6
six-tagged S to web6 vlan 88a8:100, web6 SA to six-tagged vlan 88a8:100, six-tagged A to web6 vlan 88a8:100
six-web S to old6, old6 SA to six-web, six-web A to old6
six U10 to web6, web6 U10 to six
END_PACKETS
cat >filters.ini <<'END_RULES'
[threshold six]
filter = ip6 and tcp port 443
pkts = 1
action = log

[threshold tagged]
filter = vlan 100
pkts = 1
action = log

[threshold both-tags]
filter = vlan 100 and vlan 200
pkts = 1
action = log

[threshold host]
filter = host 10.0.0.1
pkts = 1
action = log

[threshold untagged]
filter = host 10.0.0.1 and not vlan
pkts = 1
action = log

[threshold nothing]
filter = tcp and udp
pkts = 1
action = log

[poll looked-at]
filter = vlan 100 and ip6
interval = 1 ms
feature = pkts
above = 1
action = log
END_RULES
for workers in 1 2; do
	run_weir "filters-$workers" -c filters.ini -r filters.pcap -w $workers
	equal "filters: exit status" 0 "$status"
	equal "filters: messages" 1 "$(wc -l <"$err")"
	grep -q "filters.ini:27: \[threshold nothing\] filter: no packet can ever match 'tcp and udp'" "$err" ||
		fail "filters: no warning of one that matches nothing" -- "$err"
	equal "filters: ip6 and tcp port 443" "50005 50006" "$(found_by six)"
	equal "filters: vlan 100" "50002 50003 50006" "$(found_by tagged)"
	equal "filters: vlan 100 and vlan 200" 50003 "$(found_by both-tags)"
	equal "filters: host" "50001 50002 50003" "$(found_by host)"
	equal "filters: not vlan" 50001 "$(found_by untagged)"
	equal "filters: tcp and udp" "" "$(found_by nothing)"
	equal "filters: of a poll" 50006 "$(found_by looked-at)"
done

# A poll that would wait for longer than connections live.
printf '[poll quiet]\nfeature = idle\nabove = %s\n[inactivity]\ntcp_ports = 22=2h\n' 2h >idle.ini
"$weir" --check -c idle.ini >out 2>err || fail "a poll for idle connections: exit status" -- err
grep -q 'idle.ini:3: \[poll quiet\] above: .* the longest limit is 2 h, by \[inactivity\] tcp_ports$' err ||
	fail "a poll for idle connections: no warning" -- err
for other in 'poll quiet.above=119min' 'timeouts.udp_inactivity_timeout=0'; do
	"$weir" --check -c idle.ini --set "$other" >out 2>err || fail "$other: exit status" -- err
	[ ! -s err ] || fail "$other: a warning" -- err
done

# What is wrong is named with its place: in a file, and on the command line; nothing is begun then.
sed 's/^filter = vlan 100 and vlan 200/filter = vlan 100 adn vlan 200/' filters.ini >wrong.ini
run_weir wrong -c wrong.ini -r filters.pcap
equal "a filter that is none: exit status" 2 "$status"
grep -q 'wrong.ini:12: \[threshold both-tags\] filter: .*syntax error' "$err" ||
	fail "a filter that is none: message" -- "$err"
[ ! -e wrong/conn.log ] || fail "a filter that is none: a log was begun"
run_weir wrong-option -r filters.pcap --set 'poll p.filter=hots 10.0.0.1' --set 'poll p.feature=pkts' --set 'poll p.above=1'
equal "a filter of --set that is none: exit status" 2 "$status"
grep -q '\[poll p\] filter: ' "$err" || fail "a filter of --set that is none: message" -- "$err"

# Inactivity, in the time of the trace: 22 has a limit of its own, 23 that of all such ports, 24 none.
make_packets quiet.pcap <<'END_PACKETS'
step 0.05
host ssh 10.0.0.2:22
host telnet 10.0.0.2:23
host any 10.0.0.2:24
host ssh6 [2001:db8::2]:22
host c6 [2001:db8::1]:40000
c S to ssh, ssh SA to c, c A to ssh
c S to telnet, telnet SA to c, c A to telnet
c S to any, any SA to c, c A to any
c6 S to ssh6, ssh6 SA to c6, c6 A to ssh6
repeat 400: other
END_PACKETS
run_weir quiet -r quiet.pcap --set 'inactivity.tcp_ports=22=2s, 23' --set inactivity.tcp_ports_timeout=4s \
	--set log.columns=reason --set 'log events.names=connection_timeout'
ended_well quiet
column quiet/conn.log id.resp_p reason proto | sort -u | grep -w tcp | cut -f 1-2 | xargs >got
equal "inactivity: reasons" "22 inactivity 23 inactivity 24 end" "$(cat got)"
column quiet/conn.log uid id.resp_p ts duration | awk '$2 < 25' >connections
column quiet/events.log uid ts | awk 'NR == FNR { port[$1] = $2; last[$1] = $3 + $4; next }
	$1 in port { span = $2 - last[$1]; limit = port[$1] == 22 ? 2 : 4
		print port[$1], (span >= limit && span < limit + 0.2 ? "right" : span) }' connections - | sort | xargs >got
equal "inactivity: times" "22 right 22 right 23 right" "$(cat got)"

# On a cable.
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! command -v tcpreplay >/dev/null; then
	finish
fi

has_found() { # RULE PORTS
	[ "$(found_by "$1")" = "$2" ] || ! is_running "$pid"
}

ended() { # PORT: its connection is in conn.log
	column "$logs/conn.log" id.orig_p | grep -qx "$1" || ! is_running "$pid"
}

make_packets both.pcap <<'END_PACKETS'
host a 10.0.0.1:50001
host b 10.0.0.1:50002
a U10, b U10
END_PACKETS
make_packets again.pcap <<'END_PACKETS'
host a 10.0.0.1:50001
a U10
END_PACKETS
cat >live.ini <<'END_RULES'
[threshold by-itself]
duration = 1 s
idle = yes
action = log

[threshold with-a-packet]
duration = 1 s
action = log

[poll idle]
interval = 200 ms
feature = idle
above = 1 s
action = log

[log]
flush_interval = 0

[timeouts]
udp_inactivity_timeout = 1 h
END_RULES
make_cable
before="ip netns exec $space" start_weir live -i out --set connections.maximum=4096 -c live.ini -w 2 --set control.socket="$WEIR_SOCKET"
wait_until_ready || fail "weir does not come up" -- "$out" "$err"
replay both.pcap --topspeed
wait_for 20 has_found by-itself "50001 50002" || fail "idle = yes finds only: $(found_by by-itself)"
wait_for 20 has_found idle "50001 50002" || fail "a poll on idle finds only: $(found_by idle)"
equal "without idle, no packet came" "" "$(found_by with-a-packet)"
replay again.pcap --topspeed
wait_for 20 has_found with-a-packet 50001 || fail "without idle: nothing is found by the next packet"
wait_for 10 has_received 3
equal "without idle: the one with a packet" 50001 "$(found_by with-a-packet)"
equal "once each" "$(printf '%s\n' by-itself by-itself idle idle with-a-packet)" \
	"$(column "$logs/watch.log" rule | sort)"

# One connection gets another limit; the other one stays.
uid_of() { # PORT
	"$weirctl" --json conns --filter "src port $1" | sed -n 's/.*"uid":"\([^"]*\)".*/\1/p'
}
a=$(uid_of 50001)
b=$(uid_of 50002)
timeout 10 "$weirctl" timeouts "$a" 2s >answer 2>&1 || fail "weirctl timeouts" -- answer
wait_for 30 ended 50001 || fail "a limit by request: the connection does not end" -- "$out" "$err"
! ended 50002 || fail "a limit by request: another connection ended, too"
timeout 10 "$weirctl" show "$b" >answer 2>&1 || fail "a limit by request: the other connection" -- answer
timeout 10 "$weirctl" timeouts "$a" 2s >answer 2>&1
equal "a limit for what is over: exit status" 1 $?
grep -q over answer || fail "a limit for what is over: message" -- answer
stop_weir TERM
ended_well live
equal "uids of requests and log" "$(printf '50001 %s 50002 %s' "$a" "$b")" \
	"$(column live/conn.log id.orig_p uid | sort | xargs)"
finish
