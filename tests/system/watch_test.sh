#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# What rules find, in events.log and watch.log: the same with any number of workers and in either format, and what
# happens when a log is wanted only later, or cannot be opened.

. "$(dirname "$0")/lib.sh"
need python3
need_weirctl

cd "$work" || exit 1
cat >rules.ini <<'END'
[threshold answers]
filter = tcp
resp_bytes = 1 KiB
resp_pkts = 4
action = event, log

[threshold sized]
orig_bytes = 500 B
pkts = 5
action = event

[threshold long]
duration = 1 s
idle = yes
action = log

[poll fast]
interval = 100 ms
feature = rate
above = 1000
repeat = yes
action = log, event

[poll quiet]
filter = udp
interval = 500 ms
feature = idle
above = 1 s
action = event

[poll several]
interval = 1 s
feature = packet_rate
above = 1
action = log
END

without_uids() { # LOG
	awk -F '\t' '$1 == "#fields" { for (i = 2; i <= NF; i++) if ($i ~ /^(uid|tunnel_parents)$/) drop[i - 1] = 1 }
		/^#/ { next }
		{ for (i in drop) $i = ""; print }' "$1" | sort
}

names() { # LOG: rules, and what they found
	case $1 in
	*/events.log) column "$1" rule event ;;
	*) column "$1" rule what ;;
	esac | sort -u
}

# Any number of workers.
for workers in 1 2 8; do
	run_weir "workers-$workers" -c rules.ini -r "$sample" -w $workers
	ended_well "$workers workers"
	for log in events watch; do
		without_uids "$logs/$log.log" >"$log-$workers"
		diff "$log-1" "$log-$workers" >difference ||
			fail "$log.log differs with $workers workers" -- difference
	done
	equal "$workers workers: events counted" "$(lines_in "$logs/events.log")" "$(count_of 'events logged')"
	equal "$workers workers: lines counted" "$(lines_in "$logs/watch.log")" "$(count_of 'watch.log: logged')"
done
logs=$work/workers-1
names "$logs/events.log" | tr '\t' ' ' >got
diff - got >difference <<'END' || fail "events: other rules" -- difference
answers conn_bytes_threshold_crossed
answers conn_packets_threshold_crossed
fast conn_poll_matched
quiet conn_poll_matched
sized conn_bytes_threshold_crossed
sized conn_generic_packet_threshold_crossed
END
names "$logs/watch.log" | tr '\t' ' ' >got
diff - got >difference <<'END' || fail "watch.log: other rules" -- difference
answers resp_bytes
answers resp_pkts
fast rate
long duration
several packet_rate
END
equal "details of polls" "" "$(column "$logs/events.log" event details |
	grep '^conn_poll_matched' | grep -Evx 'conn_poll_matched	(rate [0-9]+|idle [0-9]+\.[0-9]{6})')"
equal "details of thresholds" "$(printf '%s\t1024 resp\n%s\t500 orig\n%s\t5\n%s\t4 resp' conn_bytes_threshold_crossed \
	conn_bytes_threshold_crossed conn_generic_packet_threshold_crossed conn_packets_threshold_crossed)" \
	"$(column "$logs/events.log" event details | grep threshold | sort -u)"

# What has both actions is in both logs, of the same connections and at the same times.
for rule in answers fast; do
	column "$logs/events.log" rule ts uid | grep "^$rule" | sort >wanted
	column "$logs/watch.log" rule ts uid | grep "^$rule" | sort >got
	[ -s wanted ] || fail "$rule: it found nothing"
	diff wanted got >difference || fail "$rule: events.log and watch.log differ" -- difference
done

# watch.log is a look at a connection whose line in conn.log comes later, and says at least as much.
column "$logs/conn.log" uid ts orig_pkts resp_pkts orig_ip_bytes resp_ip_bytes >final
column "$logs/watch.log" uid start orig_pkts resp_pkts orig_ip_bytes resp_ip_bytes >looks
awk -F '\t' 'NR == FNR { for (i = 2; i <= NF; i++) last[$1, i] = $i; next }
	last[$1, 2] != $2 { print "start", $0 }
	{ for (i = 3; i <= NF; i++) if ($i > last[$1, i]) print "more than in conn.log", $0 }' final looks >wrong
[ ! -s wrong ] || fail "watch.log and conn.log" -- wrong
equal "values that were not reached" "" "$(column "$logs/watch.log" what value resp_ip_bytes resp_pkts |
	awk '$1 == "resp_bytes" && $3 < $2 || $1 == "resp_pkts" && $4 < $2 || $1 == "packet_rate" && $2 <= 1')"
run_weir plain -r "$sample"
drop="uid tunnel_parents" same_connections "rules change nothing in conn.log" "$logs/conn.log" workers-1/conn.log
for log in events watch; do
	[ ! -e "$logs/$log.log" ] || fail "$log.log although nobody wants it"
done

# JSON, with further columns.
columns="vlan notes community_id reason"
run_weir tsv -c rules.ini -r "$sample" --set "log.columns=$columns"
ended_well tsv
run_weir json -c rules.ini -r "$sample" --set "log.columns=$columns" --set log.format=json
ended_well json
for log in conn events watch; do
	"$here/json_check.py" "tsv/$log.log" "json/$log.log" >difference ||
		fail "$log.log in JSON says something else" -- difference
done
equal "further columns of watch.log" "ip_proto community_id vlan reason notes" \
	"$(sed -n 's/^#fields.*\t\(ip_proto\)/\1/p' tsv/watch.log | tr '\t' ' ')"
equal "reason and notes of what lives" "-	-" "$(column tsv/watch.log reason notes | sort -u)"

# There from the start when a rule may need it, even if it finds nothing.
run_weir empty -r "$sample" --set 'threshold none.orig_bytes=1GiB' --set 'threshold none.action=log,event'
ended_well empty
for log in events watch; do
	equal "empty: lines of $log.log" 0 "$(lines_in "$logs/$log.log")"
	grep -q '^#close' "$logs/$log.log" || fail "empty: no whole $log.log"
done
mkdir -p refused/watch.log
run_weir refused -c rules.ini -r "$sample"
equal "refused at the start: exit status" 1 "$status"
equal "refused at the start: lines" 1 "$(wc -l <"$err")"
grep -q 'refused/watch.log: cannot open: Is a directory' "$err" || fail "refused at the start" -- "$err"

# Logs that are wanted later, by requests; watch.log cannot be opened at first. Of these 500 connections, more packets
# come as long as weir is not told to end.
ctl() { # ARGUMENT...
	timeout 30 "$weirctl" "$@" >"$work/ctl.out" 2>&1 || fail "weirctl $*" -- "$work/ctl.out"
}

has_lines() { # LOG
	[ "$(lines_in "$1")" -gt 0 ] || ! is_running "$pid"
}

has_nameless() { # LOG: lines of no rule
	column "$1" rule | grep -qx -- - || ! is_running "$pid"
}

says() { # WORDS: on standard error
	grep -q "$1" "$err" || ! is_running "$pid"
}

"$here/make_trace.py" flood flood.pcap 500 10
start_weir later -C -r flood.pcap --set capture.source=replay --set replay.rounds=0 \
	--set replay.new_addresses=no --set control.socket="$WEIR_SOCKET"
wait_for 20 answers
[ ! -e later/events.log ] || fail "events.log before anybody wants it"
mkdir later/watch.log
ctl poll add looks --filter '' --feature pkts --above 1 --interval 10ms --action event,log
uid=$("$weirctl" --json conns --sort orig_bytes --limit 1 | sed -n 's/.*"uid":"\([^"]*\)".*/\1/p')
ctl poll add "$uid" --feature pkts --above 1 --interval 10ms --repeat --action event,log --name one
ctl poll add "$uid" --feature idle --above 0ms --interval 10ms --repeat
wait_for 20 has_lines later/events.log || fail "later: no events.log" -- "$err"
wait_for 20 says 'watch.log: cannot open' || fail "later: nothing is told" -- "$err"
sleep 0.3
equal "later: what was told" 1 "$(wc -l <"$err")"
rmdir later/watch.log
wait_for 20 has_nameless later/events.log || fail "later: a request without a name finds nothing"
kill -HUP "$pid"
wait_for 20 has_lines later/watch.log || fail "later: no watch.log after HUP" -- "$err"
stop_weir TERM
equal "later: exit status" 1 "$status"
[ "$(count_of 'watch.log: not logged, it cannot be opened')" -gt 0 ] || fail "later: nothing is missing" -- "$out"
equal "later: lines of watch.log" "$(cat later/watch*.log | grep -vc '^#')" "$(count_of 'watch.log: logged')"
equal "later: lines of events.log" "$(cat later/events*.log | grep -vc '^#')" "$(count_of 'events logged')"
grep -q 'lines of watch.log could not be logged: watch.log could not be opened' "$err" ||
	fail "later: the end does not say what is missing" -- "$err"
column later/watch.log rule | grep -qx one || fail "later: lines without their rule" -- later/watch.log
finish
