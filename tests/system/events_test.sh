#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# events.log: which lines there are, that they agree with conn.log, and that neither the number of
# workers nor the format changes them.

. "$(dirname "$0")/lib.sh"
need python3

cd "$work" || exit 1
trace=$root/tests/tools/trace.py
all=(--set 'log events.names=.*')

# The events of a log, without times and names that differ from run to run, in their order.
events() { # FILE
	grep -v '^#' "$1" | cut -f 8- | tr '\t' ' '
}

# The lines without uid, each behind its connection's addresses and how many lines that had before.
in_order() { # FILE
	awk -F '\t' '!/^#/ {
		one = $3 " " $4; other = $5 " " $6
		key = (one < other ? one " " other : other " " one) " " $7
		$2 = ""; printf "%s %06d %s\n", key, ++count[key], $0 }' "$1" | sort
}

# connection_state_remove says what conn.log says, of the same connections.
agrees_with_conn_log() { # WHAT
	local columns
	columns=$(awk -F '\t' '$1 == "#fields" { for (i = 2; i <= NF; i++) at[$i] = i - 1
		print at["uid"], at["conn_state"], at["history"], at["reason"] }' "$logs/conn.log")
	awk -F '\t' -v at="$columns" 'BEGIN { split(at, c, " ") } !/^#/ {
		print $c[1] "\t" $c[2] ($c[3] == "-" ? "" : " " $c[3]) "\t" $c[4] }' \
		"$logs/conn.log" | sort >wanted
	awk -F '\t' '$8 == "connection_state_remove" { print $2 "\t" $9 "\t" $10 }' \
		"$logs/events.log" | sort >got
	[ -s wanted ] || fail "$1: conn.log is empty"
	diff wanted got >difference || fail "$1: events.log and conn.log differ" -- difference
	equal "$1: events counted" "$(lines_in "$logs/events.log")" "$(count_of 'events logged')"
}

# Whole connections, line by line.
"$trace" - whole.pcap <<'TEXT'
open, c D100, s A, c F, s F, c A
+10 other
+70 s S, c RA
TEXT
run_weir whole -r whole.pcap "${all[@]}"
ended_well whole
events "$logs/events.log" >got
diff - got >difference <<'TEXT' || fail "whole connections: other events" -- difference
new_connection - - -
connection_SYN_packet - - -
connection_SYN_packet - - -
connection_established - - -
connection_first_ACK - - -
connection_EOF orig - -
connection_EOF resp - -
connection_finished - - -
connection_timeout - - -
connection_state_remove SF ShADaFf closed -
new_connection - - -
connection_timeout - - -
connection_state_remove S0 D inactivity -
new_connection - - -
connection_SYN_packet - - -
connection_rejected - - -
connection_EOF resp - -
connection_pending - - -
connection_state_remove REJ Sr end -
TEXT

# A loss, and a connection that is cut off by the end of the trace.
"$trace" - loss.pcap <<'TEXT'
open, c D100, c D100 skip 300, s A
TEXT
run_weir loss -r loss.pcap --set 'log events.names=content_gap|connection_pending'
events "$logs/events.log" >got
diff - got >difference <<'TEXT' || fail "loss: other events" -- difference
content_gap orig 101 300 - -
connection_pending - - -
TEXT

# Any number of workers, either format.
every_way() { # NAME WEIR-ARGUMENT...
	local workers
	for workers in 1 2 4; do
		run_weir "$1-$workers" "${@:2}" -w $workers "${all[@]}" --set log.columns=reason
		ended_well "$1, $workers workers"
		agrees_with_conn_log "$1, $workers workers"
		in_order "$logs/events.log" >"lines-$workers"
		[ "$(wc -l <"lines-$workers")" -gt 10 ] || fail "$1: hardly an event"
		diff lines-1 "lines-$workers" >difference ||
			fail "$1: other events with $workers workers" -- difference
	done
	run_weir json "${@:2}" "${all[@]}" --set log.format=json
	ended_well "$1, json"
	"$here/json_check.py" "$work/$1-1/events.log" "$logs/events.log" >difference ||
		fail "$1: JSON says something else" -- difference
}

"$here/make_trace.py" random random 1
"$here/make_trace.py" flood flood 200 500
"$trace" - many.pcap <<'TEXT'
host a 10.0.1.1:50000
host b 10.0.1.2:50001
host v [2001:db8::1]:1000
host w [2001:db8::2]:2000
open, a S to b, v U10 to w, c D100, b SA to a, s D50, a A to b, c F, w U20 to v, s F, c A
b F to a, c icmp 8 20, s icmp 0 20, a R to b, s R, +3 c S new, s SA new, c A, a icmp 3 20 to b
+20 c U dns query to b, s U dns response to a, c D100 skip 1000, s A, c R, +2 c S new
+70 others 100
+70 other
TEXT
every_way sample -r "$sample"
every_way "random packets" -r random.1 -C
every_way flood -r flood
every_way many -r many.pcap --set timeouts.connection_status_update_interval=2s

# Nothing without a subscription; only what is subscribed to with one.
run_weir none -r "$sample"
[ ! -e "$logs/events.log" ] || fail "events.log without a subscription"
run_weir some -r "$sample" --set 'log events.names=connection_(EOF|reset)'
ended_well some
equal "some: events" "connection_EOF connection_reset " \
	"$(grep -v '^#' "$logs/events.log" | cut -f 8 | sort -u | tr '\n' ' ')"

# A wrong expression ends weir before it does anything.
refused() { # NAMES PATTERN
	run_weir refused -r "$sample" --set "log events.names=$1"
	equal "'$1': exit status" 2 "$status"
	equal "'$1': lines" 1 "$(wc -l <"$err")"
	grep -Eq -- "^weir: error: .*\[log events\] names: $2" "$err" ||
		fail "'$1': the message does not say '$2'" -- "$err"
	[ ! -e "$logs/conn.log" ] || fail "'$1': there is a log nevertheless"
}

refused '(' "'\(' is not a regular expression .*grep -E"
refused 'a)(b' "'a\)\(b' is not a regular expression"
refused '[z' '.*is not a regular expression'
refused 'connection' "'connection' matches the name of no event; write for instance connection_\.\*"
refused 'new_connectio' '.*matches the name of no event'
printf '[log events]\nnames = (\n' >bad.ini
"$weir" --check -c bad.ini >out 2>err
equal "--check: exit status" 2 $?
grep -q '^weir: error: bad.ini:2: ' err || fail "--check: no line number" -- err
printf '[log events]\n\nnames = conection_.*\n' >bad.ini
"$weir" --check -c bad.ini >out 2>err
equal "--check, no such event: exit status" 2 $?
grep -q '^weir: error: bad.ini:3: .*there are new_connection, .*, connection_EOF, .*, tunnel_changed, .*, conn_poll_matched$' err ||
	fail "--check, no such event: neither the line nor the names" -- err
finish
