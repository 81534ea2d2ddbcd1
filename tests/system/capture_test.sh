#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# action = capture: each file has the packets of its connection from the crossing one on, and no other; files are
# bounded in size and number, and one that cannot be written stops nothing.

. "$(dirname "$0")/lib.sh"
need python3
need_weirctl

cd "$work" || exit 1

mkdir lines
# Sets $lines, a file with what packet_lines.py says of a trace that does not change any more.
read_trace() { # FILE
	lines=lines/${1//\//_}
	[ -e "$lines" ] || "$here/packet_lines.py" "$1" >"$lines" 2>"$lines.err" ||
		fail "$1: cannot be read" -- "$lines.err"
}

packets_of() { # FILE PORT [FIRST]: the packets of a connection, or of all (-); without times where $live is set
	read_trace "$1"
	awk -v port="$2" -v first="${3:-1}" -v live="${live:-}" '
		$1 != "packet" || port != "-" && $5 != port && $7 != port { next }
		live != "" { $2 = "" }
		++count >= first' "$lines"
}

comment_of() { # FILE
	read_trace "$1"
	sed -n 's/^comment //p' "$lines"
}

end_of() { # FILE: its last line
	read_trace "$1"
	tail -n 1 "$lines"
}

# The file of the connection whose originator has that port; sets $file.
file_of() { # PORT
	uid=$(column "$logs/conn.log" id.orig_p uid | awk -v port="$1" '$1 == port { print $2 }')
	file=$logs/captures/$uid.pcapng
}

captured() { # WHAT TRACE PORT FIRST COMMENT: its packets, from the one of that number on, are in its file
	file_of "$3"
	[ -e "$file" ] || { fail "$1: no file of port $3"; return; }
	equal "$1: comment" "weir connection $uid, rule $5" "$(comment_of "$file")"
	packets_of "$2" "$3" "$4" >wanted
	packets_of "$file" - >got
	[ -s wanted ] || fail "$1: nothing is wanted of port $3"
	diff wanted got >difference || fail "$1: other packets of port $3" -- difference
	equal "$1: the end of the file" "end 0" "$(end_of "$file")"
}

files_in() { # FOLDER
	find "$1" -type f | wc -l
}

hosts='
host a 10.0.0.1:50001
host b 10.0.0.1:50002
host six [2001:db8::1]:50003
host inside 10.0.0.4:50004
host few 10.0.0.5:50005
host web 10.0.0.2:443
host web6 [2001:db8::2]:443'
# 12 packets of each connection, but 4 of the last one.
talk() { # [TUNNEL]
	local line tunnel=${1:-}
	echo "$hosts"
	while read -r line; do
		printf 'a %s to web, b %s to web vlan 100 vlan 200, six %s to web6 vlan 300, inside %s to web %s\n' \
			"$line" "$line" "$line" "$line" "$tunnel"
		case $line in
		S) printf 'web SA to a, web SA to b vlan 100 vlan 200, web6 SA to six vlan 300, web SA to inside %s\n' "$tunnel" ;;
		D*) printf 'web A to a, web A to b vlan 100 vlan 200, web6 A to six vlan 300, web A to inside %s\n' "$tunnel" ;;
		F) printf 'web F to a, web F to b vlan 100 vlan 200, web6 F to six vlan 300, web F to inside %s\n' "$tunnel" ;;
		esac
	done <<-'END_LINES'
		S
		A
		D100
		D1300
		D7
		F
		A
	END_LINES
	echo 'few S to web, web SA to few, few A to web, few D10 to web'
}
talk | make_packets plain.pcap
talk 'vxlan 5' | make_packets tunnel.pcap

for workers in 1 2; do
	run_weir "trace-$workers" -r tunnel.pcap -w $workers --set 'threshold five.filter=tcp' \
		--set 'threshold five.pkts=5' --set 'threshold five.action=capture'
	ended_well "trace, $workers workers"
	equal "trace, $workers workers: files" 4 "$(files_in "$logs/captures")"
	captured "trace, $workers workers" tunnel.pcap 50001 5 'five, tcp 10.0.0.1:50001 > 10.0.0.2:443'
	captured "two tags, $workers workers" tunnel.pcap 50002 5 'five, tcp 10.0.0.1:50002 > 10.0.0.2:443'
	captured "IPv6, $workers workers" tunnel.pcap 50003 5 'five, tcp [2001:db8::1]:50003 > [2001:db8::2]:443'
	captured "in a tunnel, $workers workers" tunnel.pcap 50004 5 'five, tcp 10.0.0.4:50004 > 10.0.0.2:443'
	equal "files, $workers workers: counted" 4 "$(count_of 'captures: files')"
	equal "packets, $workers workers: counted" 32 "$(count_of 'captures: packets written')"
done

if command -v capinfos >/dev/null; then
	capinfos -k "$file" 2>&1 | grep -q "$uid" || fail "capinfos does not know the uid"
fi

# A poll sees no packet: its capture begins with the next one.
make_packets poll.pcap <<'END_PACKETS'
open, @0.75 c D100, s A, @1.25 c D200, s A
END_PACKETS
run_weir poll -r poll.pcap --set 'poll p.feature=pkts' --set 'poll p.above=4' --set 'poll p.interval=1s' --set 'poll p.action=capture'
ended_well poll
captured poll poll.pcap 40000 6 'p, tcp 10.0.0.1:40000 > 10.0.0.2:9999'

# Whatever the link was, a file's frames are Ethernet's.
talked='open, c D100, s A, s D1300, c A, c F, s F, c A'
make_packets ethernet.pcap <<<"$talked"
for link in raw null sll sll2 ppp wifi radiotap; do
	printf 'link %s\n%s\n' $link "$talked" | make_packets $link.pcap
	run_weir $link -r $link.pcap --set 'threshold all.pkts=1' --set 'threshold all.action=capture'
	ended_well $link
	captured $link ethernet.pcap 40000 1 'all, tcp 10.0.0.1:40000 > 10.0.0.2:9999'
done

# Bounds.
{
	echo 'host x 10.0.0.1:50001'
	echo 'step 0.001'
	echo 'open, x S to s, s SA to x, x A to s'
	echo 'repeat 100: c D1400, s A, x D10 to s, s A to x'
} | make_packets long.pcap
capture_all=(--set 'threshold all.pkts=1' --set 'threshold all.action=capture')
run_weir size -r long.pcap "${capture_all[@]}" --set 'captures.size=64 KiB'
ended_well "a bounded size"
file_of 40000
size=$(stat -c %s "$file")
[ "$size" -le 65536 ] && [ "$size" -gt 60000 ] || fail "a bounded size: $size bytes"
equal "a bounded size: the end of the file" "end 0 stopped at 65536 bytes" "$(end_of "$file")"
kept=$(packets_of "$file" 40000 | wc -l)
packets_of long.pcap 40000 | sed -n "1,${kept}p" | diff - <(packets_of "$file" 40000) >difference ||
	fail "a bounded size: other packets" -- difference
equal "a bounded size: files that reached it" 1 "$(count_of 'captures: files that reached their size')"
equal "a bounded size: packets beyond" $((203 - kept)) \
	$(($(count_of "captures: packets beyond a file's size") + $(count_of "packets for captures that were complete")))
captured "the other one of a bounded size" long.pcap 50001 1 'all, tcp 10.0.0.1:50001 > 10.0.0.2:9999'
# Of each packet only so much.
run_weir snap -r long.pcap "${capture_all[@]}" --set 'captures.packet=100'
ended_well "a bounded packet"
file_of 40000
equal "a bounded packet: lengths on the wire" "$(packets_of long.pcap 40000 | cut -d ' ' -f 8 | sort | uniq -c)" \
	"$(packets_of "$file" 40000 | cut -d ' ' -f 8 | sort | uniq -c)"
size=$(stat -c %s "$file")
[ "$size" -lt 40000 ] || fail "a bounded packet: $size bytes"

run_weir number -r plain.pcap "${capture_all[@]}" --set captures.maximum=2
equal "a bounded number: exit status" 0 "$status"
equal "a bounded number: files" 2 "$(files_in number/captures)"
equal "a bounded number: messages" 1 "$(wc -l <"$err")"
grep -q 'number/captures has 2 files of this run, which is the maximum' "$err" || fail "a bounded number: message" -- "$err"
equal "a bounded number: packets without a file" 28 \
	$(($(count_of 'captures: packets without a file, enough made') + $(count_of "packets for captures that were complete")))
captured "a bounded number" plain.pcap 50001 1 'all, tcp 10.0.0.1:50001 > 10.0.0.2:443'
captured "a bounded number" plain.pcap 50002 1 'all, tcp 10.0.0.1:50002 > 10.0.0.2:443'

# Where nothing can be written, even by root.
run_weir without -r plain.pcap
wanted=$logs/conn.log
run_weir refused -r plain.pcap "${capture_all[@]}" --set captures.directory=/sys
equal "an unwritable folder: exit status" 1 "$status"
equal "an unwritable folder: messages" 1 "$(wc -l <"$err")"
grep -q 'capture /sys/C.*\.pcapng: cannot create: ' "$err" || fail "an unwritable folder: message" -- "$err"
equal "an unwritable folder: packets" 52 "$(count_of 'captures: packets that could not be written')"
drop=uid same_connections "an unwritable folder" "$wanted" "$logs/conn.log"
mkdir in-the-way && : >in-the-way/captures
run_weir in-the-way -r plain.pcap "${capture_all[@]}"
equal "a file in the way: exit status" 1 "$status"
grep -q 'in-the-way/captures: .*Not a directory' "$err" || fail "a file in the way: message" -- "$err"

# On a cable.
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! command -v tcpreplay >/dev/null; then
	finish
fi
make_packets more.pcap <<'END_PACKETS'
host other 10.0.0.1:40001
c U10, other U10, s U20, s U30 to other
END_PACKETS
make_packets late.pcap <<'END_PACKETS'
host other 10.0.0.1:40001
other U11, c U12, s U13
END_PACKETS
make_cable
before="ip netns exec $space" start_weir live -i out --set connections.maximum=4096 -w 2 --set 'threshold five.filter=tcp' --set 'threshold five.pkts=5' \
	--set 'threshold five.action=capture' --set control.socket="$WEIR_SOCKET"
wait_until_ready || fail "weir does not come up" -- "$out" "$err"
replay tunnel.pcap --pps=1000
wait_for 20 has_received 52 || fail "live: only $(count_of packets) packets came"
replay more.pcap --pps=1000
wait_for 20 has_received 56 || fail "live: only $(count_of packets) packets came"
uid=$("$weirctl" --json conns --filter 'src port 40000' | sed -n 's/.*"uid":"\([^"]*\)".*/\1/p')
"$weirctl" threshold add "$uid" --pkts 1 --action capture --name mine >answer 2>&1 ||
	fail "live: a request to capture" -- answer
replay late.pcap --pps=1000
wait_for 20 has_received 59 || fail "live: only $(count_of packets) packets came"
stop_weir TERM
ended_well live
equal "live: files" 5 "$(files_in live/captures)"
live=yes
captured live tunnel.pcap 50001 5 'five, tcp 10.0.0.1:50001 > 10.0.0.2:443'
captured "live, two tags" tunnel.pcap 50002 5 'five, tcp 10.0.0.1:50002 > 10.0.0.2:443'
captured "live, IPv6" tunnel.pcap 50003 5 'five, tcp [2001:db8::1]:50003 > [2001:db8::2]:443'
captured "live, in a tunnel" tunnel.pcap 50004 5 'five, tcp 10.0.0.4:50004 > 10.0.0.2:443'
captured "live, by request" late.pcap 40000 1 'mine, udp 10.0.0.1:40000 > 10.0.0.2:9999'
finish
