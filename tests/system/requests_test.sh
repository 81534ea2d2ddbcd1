#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# weirctl against a weir that replays a trace: every command, its exit statuses and messages, and clients that do
# what they should not.

. "$(dirname "$0")/lib.sh"
need python3
need_weirctl
socket=$WEIR_SOCKET

ctl() { # ARGUMENT...: sets $status, $answer, $error
	answer=$(timeout 30 "$weirctl" "$@" 2>"$work/ctl.err")
	status=$?
	error=$(cat "$work/ctl.err")
}

succeeds() { # ARGUMENT...
	ctl "$@"
	equal "weirctl $*: exit status" 0 "$status"
	equal "weirctl $*: message" "" "$error"
}

fails() { # STATUS PART-OF-MESSAGE ARGUMENT...
	ctl "${@:3}"
	equal "weirctl ${*:3}: exit status" "$1" "$status"
	[[ $error == *"$2"* ]] || fail "weirctl ${*:3}: '$2' is not in: $error"
}

has() { # WHAT PATTERN: in the answer
	grep -qE "$2" <<<"$answer" || fail "$1: no '$2' in the answer: $(head -c 500 <<<"$answer")"
}

answers() {
	"$weirctl" status >/dev/null 2>&1 || ! is_running "$pid"
}

# Connections that stay: of these 500, more packets come as long as weir is not told to end.
"$here/make_trace.py" flood "$work/flood.pcap" 500 10
printf '[threshold large]\nfilter = tcp\norig_bytes = 1 MiB\n' >"$work/weir.ini"
start_weir run -C -c "$work/weir.ini" -r "$work/flood.pcap" -w 2 --set capture.source=replay --set replay.rounds=0 \
	--set replay.new_addresses=no --set control.socket="$socket" \
	--set "plugin closing.path=$(realpath "$(dirname "$WEIR")/../plugins/closing.so")"
wait_for 20 answers
is_running "$pid" || fail "weir did not start" -- "$err"

equal "mode of the socket" 600 "$(stat -c %a "$socket")"
succeeds status
has status '^version '
has status '^worker 1'
succeeds --json status
has "status as JSON" '^\{"ok":true,"version"'
has "status as JSON: captures" '"captures":\{"files":0,"full":0,"packets":0,"bytes":0,"dropped":\{'
has "status as JSON: what is watched" '"watched":\{.*"no_room":0,"connections_without_rules":0\}'
has "status as JSON: plugins" '"plugins":\[\{"name":"closing","calls":[0-9]+,"busy":[0-9.e-]+,"ns_per_call":'
succeeds timeouts
has timeouts 'tcp_inactivity_timeout +5 min'
succeeds conns --sort bytes --limit 5
has conns '^start \(UTC\) +uid +originator'
equal "conns --limit" 6 "$(wc -l <<<"$answer")"
succeeds --json conns --limit 7 --sort none
equal "conns as JSON: lines" 8 "$(wc -l <<<"$answer")"
equal "conns as JSON: the last" '{"ok":true,"count":7}' "$(tail -n 1 <<<"$answer")"
succeeds conns --filter 'tcp and udp'
equal "conns of nothing" none "$answer"
uid=$("$weirctl" --json conns --sort orig_bytes --limit 1 | sed -n 's/.*"uid":"\([^"]*\)".*/\1/p')
succeeds show "$uid"
has show "^uid +$uid"

# One connection.
succeeds threshold add "$uid" --orig-bytes 1TiB --duration 1d --name mine --action event,log
succeeds threshold list "$uid"
has "the list of a connection" '^orig_bytes +1 TiB .* mine +event,log'
has "the list of a connection" '^duration +1 d '
fails 1 'already' threshold add "$uid" --orig-bytes 1TiB
succeeds threshold del "$uid" --orig-bytes 1TiB
fails 1 'no such threshold' threshold del "$uid" --orig-bytes 1TiB
succeeds threshold add "$uid" --orig-pkts 1
has "a threshold that was passed" 'past it already'
succeeds threshold add "$uid" --orig-pkts 2 --action capture
captured() { "$weirctl" --json status | grep -qE '"captures":\{"files":1,"full":0,"packets":[1-9]'; }
wait_for 10 captured || fail "status does not tell of a capture"
succeeds status
has "status: thresholds that were reached" '^  thresholds_reached +[1-9]'
succeeds poll add "$uid" --feature rate --above 1GiB --interval 5s
succeeds poll list "$uid"
has "the polls of a connection" '^rate +1 GiB'
succeeds timeouts "$uid" 2h
succeeds show "$uid"
has "show: how long it may be quiet" '^inactivity +2 h 00 min$'
has "show: its thresholds" '^duration +1 d .* mine '
has "show: its polls" '^rate +1 GiB'
succeeds --json show "$uid"
equal "show as JSON: lines" 1 "$(wc -l <<<"$answer")"
has "show as JSON" '^\{"ok":true,"connection":\{.*"inactivity":7200.0\},"thresholds":\[\{"kind".*\],"polls":\[\{"feature":"rate".*\]\}$'
succeeds poll del "$uid" --feature rate --above 1GiB

# Rules come and go while connections have others.
succeeds threshold list
has "the configured rules" '^large'
for i in 1 2 3 4 5; do
	succeeds threshold add "rule-$i" --filter 'tcp port 80' --resp-bytes 5MB
	succeeds poll add "poll-$i" --filter '' --feature rate --above 1GiB --interval 5s --repeat
done
succeeds --json threshold add quiet --filter udp --pkts 1
equal "a rule that was added, as JSON" '{"ok":true}' "$answer"
succeeds threshold del quiet
succeeds threshold add nothing --filter 'tcp and udp' --pkts 1
has "a rule that matches nothing" 'no packet can ever match'
succeeds threshold del nothing
fails 1 'at least 0.001' poll add often --filter '' --feature rate --above 1MB --interval 1us
fails 1 'at least 0.001' timeouts "$uid" 1us
succeeds poll add "$uid" --feature rate --above 10MB --interval 5s
succeeds poll list "$uid"
has "a value as it was given" '^rate +10 MB '
succeeds poll del "$uid" --feature rate --above 10MB
fails 1 'rule-1' threshold add rule-1 --filter udp --pkts 1
fails 1 'filter' threshold add rule-9 --filter 'tcp prot 80' --pkts 1
succeeds threshold del rule-3
fails 1 'rule-3' threshold del rule-3
succeeds poll list
has "the rules" '^poll-5'
succeeds status
has "the number of rules" '^  thresholds +5$'
printf '[threshold other]\npkts = 100\n' >"$work/weir.ini"
succeeds reload
succeeds --json threshold list
equal "rules after a reload" 2 "$(wc -l <<<"$answer")"
has "rules after a reload" '"name":"other"'
printf '[threshold wrong]\n' >"$work/weir.ini"
fails 1 'no limit is given' reload
succeeds threshold list
has "rules after a reload that failed" '^other'
printf '[threshold third]\npkts = 100\n' >"$work/weir.ini"
kill -HUP "$pid"
has_third() { "$weirctl" threshold list | grep -q '^third'; }
wait_for 10 has_third || fail "SIGHUP does not load the rules" -- "$err"
succeeds show "$uid"

# What cannot be written is told.
for options in "--json conns --limit 1500" "status"; do
	# shellcheck disable=SC2086
	"$weirctl" $options >/dev/full 2>"$work/full"
	equal "weirctl $options into a full device" 1 $?
	grep -q 'cannot be written: No space left' "$work/full" || fail "weirctl $options into a full device says nothing" -- "$work/full"
done
"$weirctl" --json conns --limit 1500 >&- 2>&- </dev/null
"$weirctl" --json conns --limit 1500 2>"$work/full" | head -n 1 >/dev/null
[ -s "$work/full" ] && fail "weirctl complains of a reader that has enough" -- "$work/full"

# Every command says how it is used.
for command in status conns show 'threshold add' 'threshold del' 'threshold list' 'poll add' 'poll del' 'poll list' timeouts reload; do
	# shellcheck disable=SC2086
	succeeds help $command
	has "help $command" '^Examples?:'
	with_option=$answer
	# shellcheck disable=SC2086
	succeeds $command --help
	equal "$command --help" "$answer" "$with_option"
done
succeeds help
succeeds --version

fails 2 'no uid' show nonsense
fails 1 'add vlan to columns' conns --filter 'not vlan'
fails 1 'of no connection of this weir' show CHhAvVGS1DHFjwGM9
fails 1 'filter' conns --filter 'tcp prot 80'
fails 2 "did you mean 'status'" statsu
fails 2 'add, del or list' threshold

# What is missing or mistyped on the command line is told in its own words, before weir is asked.
any=CHhAvVGS1DHFjwGM9
fails 2 "did you mean 'bytes'" conns --sort byte
fails 2 'write one of start, duration' conns --sort nothing
fails 2 'write 1 to 1000000' conns --limit 2000000
fails 2 'write 1 to 1000000' conns --limit 0
fails 2 "--filter 'tcp port 80'" conns --filter tcp port 80
fails 2 '--filter needs a value' conns --filter --sort bytes
fails 2 '--filter needs a value' conns --filter
fails 2 '--reverse takes no value' conns --reverse=yes
fails 2 "did you mean '--sort'" conns --srot bytes
fails 2 "did you mean '--socket'" --sokcet "$socket" status
fails 2 "'nothing' is too much" status nothing
fails 2 'something is missing: weirctl show UID' show
fails 2 "did you mean '--orig-bytes'" threshold add "$any" --orig_bytes 1MiB
fails 2 'such as --orig-bytes 1MiB' threshold add "$any" --action log
fails 2 'such as --orig-bytes 1MiB' threshold add uploads --filter tcp
fails 2 'is not a unit' threshold add "$any" --orig-bytes 1XB
fails 2 'write 1 B to 1024 TiB' threshold add "$any" --orig-bytes 0
fails 2 'write 3 s' threshold add "$any" --duration 3
fails 2 '--duration 1h --idle' threshold add "$any" --pkts 3 --idle
fails 2 'write event, log, capture' threshold add "$any" --pkts 3 --action even
fails 2 'letters, digits' threshold add "$any" --pkts 3 --name 'a b'
fails 2 'letters, digits' threshold add 'a b' --filter tcp --pkts 3
fails 2 '--name is for one connection' threshold add uploads --filter tcp --pkts 3 --name other
fails 2 'there is no --filter' threshold add "$any" --filter tcp --pkts 3
fails 2 '--filter' threshold add uploads --orig-bytes 1MiB
fails 2 'such as --orig-bytes 1MiB' threshold del "$any"
fails 2 'by its name alone' threshold del uploads --orig-bytes 1MiB
fails 2 '--above is missing' poll add "$any" --feature rate
fails 2 '--interval is missing, as in' poll add "$any" --feature rate --above 1MB
fails 2 "did you mean 'rate'" poll add "$any" --feature rtae --above 1MB --interval 1s
fails 2 'has no unit' poll add "$any" --feature idle --above 5 --interval 1s
fails 2 'out of range' poll add "$any" --feature rate --above 1MB --interval 0s
fails 2 '--above is missing' poll del "$any" --feature rate
fails 2 '--feature is missing' poll del "$any"
fails 2 'the time is missing' timeouts "$any"
fails 2 'write 5 s' timeouts "$any" 5
fails 2 'say what is to be done'
fails 3 "$work/none" -s "$work/none" status

# A second weir does not take the socket away.
run_weir second -C -r "$work/flood.pcap" --set capture.source=replay --set control.socket="$socket"
equal "a second weir: exit status" 1 "$status"
grep -q 'another weir answers requests' "$err" || fail "a second weir: no message" -- "$err"

# What nobody should send, all at once, while others ask.
cat >"$work/attack.py" <<'END'
import json, os, socket, sys, threading, time

path, good = sys.argv[1], []

def connect():
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(20)
    link.connect(path)
    return link

def lines(link, text, count):
    link.sendall(text)
    with link.makefile("rb") as answers:
        return [json.loads(answers.readline()) for _ in range(count)]

def garbage():
    answer = lines(connect(), os.urandom(999).replace(b"\n", b"x") + b"\n", 1)
    assert answer[0]["ok"] is False and answer[0]["error"], answer

def long_line():
    answer = lines(connect(), b"x" * 10_000_000 + b'\n{"request": "status"}\n', 2)
    assert answer[0]["ok"] is False and "65535" in answer[0]["error"], answer
    assert answer[1]["ok"] is True

def silent():
    link = connect()
    link.settimeout(0.2)
    try:
        while True:
            link.sendall(b'{"request": "conns", "limit": 1000000}\n')
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        pass
    time.sleep(1)

def gone():
    connect().sendall(b'{"request": "conns", "limit": 1000000}\n')

def asks():
    for _ in range(20):
        answer = lines(connect(), b'{"request": "status"}\n', 1)
        assert answer[0]["ok"] is True

def run(what):
    try:
        what()
        good.append(what)
    except Exception as error:
        print(what.__name__, repr(error))

threads = [threading.Thread(target=run, args=(what,))
           for what in [garbage, long_line, silent, gone, asks] * 40]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(len(good) != len(threads))
END
timeout 120 python3 "$work/attack.py" "$socket" >"$work/attack.out" 2>&1 || fail "200 clients at once" -- "$work/attack.out"
succeeds status

stop_weir TERM
equal "exit status of weir" 0 "$status"
[ ! -e "$socket" ] || fail "the socket is still there"
fails 3 'no such socket' status
finish
