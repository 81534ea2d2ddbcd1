#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Rules that come and go, and configurations that are read again, while packets come as fast as they can: no packet
# and no connection is lost or changes. And requests for connections that end at that moment.

. "$(dirname "$0")/lib.sh"
need python3
need_weirctl

cd "$work" || exit 1
replaying=(-C -w 2 --set capture.source=replay --set control.socket="$WEIR_SOCKET")

ask() { # WEIRCTL-ARGUMENT...: sets $status; the answer is in ./answer, for people
	timeout 30 "$weirctl" "$@" >answer 2>&1
	status=$?
}

"$here/make_trace.py" long long.pcap 50 600 || fail "make_trace.py does not work"
run_weir left-alone "${replaying[@]}" -r long.pcap --set replay.rounds=400
ended_well "left alone"
packets=$(count_of packets)
connections=$(count_of connections)

# Until weir ends: rules are added and deleted by request, and configurations that differ each time are read. Prints
# how often.
cat >disturb.py <<'END_PROGRAM'
import json, os, signal, socket, sys

path, rules, pid = sys.argv[1], sys.argv[2], int(sys.argv[3])
link = socket.socket(socket.AF_UNIX)
link.settimeout(30)
link.connect(path)
answers = link.makefile("rb")

def ask(**request):
    """The names of items, and the answer."""
    link.sendall(json.dumps(request).encode() + b"\n")
    names = []
    while True:
        line = answers.readline()
        if not line:
            raise ConnectionResetError
        answer = json.loads(line)
        if "item" not in answer:
            break
        names.append(answer["item"]["name"])
    if not answer["ok"]:
        sys.exit(f"{request}: {answer}")
    return names

def write(number):
    with open(rules + ".new", "w") as file:
        file.write(f"[threshold rule-{number}]\nfilter = tcp port 8080\norig_pkts = {100 + number}\n\n"
                   f"[poll same]\nfeature = pkts\nabove = {number}\ninterval = 10 ms\n\n"
                   f"[inactivity]\ntcp_ports = 22={3600 + number}s, 23\n")
    os.rename(rules + ".new", rules)

number = 1  # weir has rule-0
try:
    while True:
        ask(**{"request": "threshold add", "name": f"t{number}", "filter": "tcp and src portrange 20010-20049",
               "orig_bytes": 1024, "resp_pkts": 10, "actions": ["event"]})
        ask(**{"request": "poll add", "name": f"p{number}", "filter": "tcp or udp", "feature": "rate",
               "above": 10**9, "interval": 0.01})
        ask(request="threshold del", name=f"t{number}")
        ask(request="poll del", name=f"p{number}")
        write(number)
        if number % 2:
            ask(request="reload")
        else:
            os.kill(pid, signal.SIGHUP)
        # After a signal it takes a moment; a reload must not come between an `add` and its `del`.
        while f"rule-{number}" not in ask(request="threshold list"):
            if number % 2:
                sys.exit(f"rule-{number} is not there")
        number += 1
except (ConnectionError, ProcessLookupError):
    pass
print(number - 1)
END_PROGRAM
write_rules() { # NUMBER
	printf '[threshold rule-%s]\npkts = 5\n' "$1" >rules.ini
}

write_rules 0
start_weir disturbed "${replaying[@]}" -c rules.ini -r long.pcap --set replay.rounds=400
wait_for 20 answers
timeout 60 python3 disturb.py "$WEIR_SOCKET" rules.ini "$pid" >disturb.out 2>&1 || fail "disturbed" -- disturb.out
reap
ended_well disturbed
[ "$(cat disturb.out)" -ge 3 ] || fail "disturbed: only $(cat disturb.out) times, the replay is too short"
equal "disturbed: packets" "$packets" "$(count_of packets)"
equal "disturbed: connections" "$connections" "$(count_of connections)"
equal "disturbed: lines" "$connections" "$(cat disturbed/conn*.log | grep -vc '^#')"
[ "$(count_of 'thresholds crossed')" -gt 0 ] || fail "disturbed: no rule found anything"
! grep -Ei 'lost|no room|no memory|cannot be opened' "$out" "$err" || fail "disturbed: something was lost"
drop=uid same_connections disturbed left-alone/conn.log disturbed/conn*.log

# A configuration that cannot be read changes nothing, and one that changes too much says so.
write_rules 1
start_weir endless "${replaying[@]}" -c rules.ini -r long.pcap --set replay.rounds=0
wait_for 20 answers
rules() {
	"$weirctl" --json threshold list
	"$weirctl" --json poll list
	"$weirctl" timeouts
}
rules >wanted
# Messages since the last time, in ./messages.
told() {
	tail -n "+$((heard + 1))" "$err" >messages
}
refuses() { # WHAT MESSAGE: rules.ini as it is
	heard=$(wc -l <"$err")
	ask reload
	equal "$1: exit status" 1 "$status"
	grep -q "nothing was changed: .*$2" answer || fail "$1: what weirctl says" -- answer
	told
	grep -q "$2" messages || fail "$1: what weir says" -- messages
	grep -q "reload: nothing was changed" messages ||
		fail "$1: weir does not say that nothing was changed" -- messages
	rules >got
	diff wanted got >difference || fail "$1: something changed" -- difference
}
printf '[threshold new]\npkts = 5\n\n[inactivity]\ntcp_ports_timeout = 5 h\ntcp_ports = 22, nonsense\n' >rules.ini
refuses "a wrong value" 'rules.ini:6: .*nonsense'
printf '[threshold new]\npkts = 5\n[threshold other]\nfilter = tcp prot 80\npkts = 1\n' >rules.ini
refuses "a wrong filter" 'rules.ini:4: \[threshold other\] filter: '
rm rules.ini
refuses "no file" 'rules.ini'
printf '[threshold new]\npkts = \n' >rules.ini
heard=$(wc -l <"$err")
says() { # PATTERN
	told
	grep -q "$1" messages || ! is_running "$pid"
}
kill -HUP "$pid"
wait_for 20 says 'rules.ini:2: ' || fail "SIGHUP and a wrong value: nothing is said" -- messages
wait_for 20 says 'nothing was changed' || fail "SIGHUP and a wrong value: not that nothing was changed" -- messages
rules >got
diff wanted got >difference || fail "SIGHUP and a wrong value: something changed" -- difference
printf '[threshold new]\npkts = 5\n\n[workers]\ncores = 0-1\n\n[connections]\nmaximum = 1 Mi\n' >rules.ini
ask reload
equal "what cannot change: exit status" 0 "$status"
for where in answer "$err"; do
	grep -q '\[workers\] cores, \[connections\] maximum: changed, but in force only after a restart' "$where" ||
		fail "what cannot change: not told" -- "$where"
done
# -w on the command line is stronger than the file, so that nothing changes there.
printf '[threshold new]\npkts = 5\n\n[workers]\ncount = 3\n' >rules.ini
ask reload
! grep -q restart answer || fail "what the command line says is no change" -- answer
ask threshold list
grep -qx new answer || fail "what can change is in force nevertheless" -- answer
stop_weir TERM
equal "endless: exit status" 0 "$status"
printf '[workers]\ncount = 1\n' >rules.ini
start_weir workers -C --set capture.source=replay --set control.socket="$WEIR_SOCKET" -c rules.ini -r long.pcap --set replay.rounds=0
wait_for 20 answers
printf '[workers]\ncount = 2\n' >rules.ini
ask reload
equal "other workers: exit status" 0 "$status"
grep -q '\[workers\] count: changed, but in force only after a restart' answer || fail "other workers: not told" -- answer
ask --json status
grep -q '"workers":\[{[^]]*}\]' answer && ! grep -q '"workers":\[{[^]]*},{' answer || fail "other workers: there are more" -- answer
stop_weir TERM

# Connections that open and close all the time, and requests for them.
"$here/make_trace.py" short short.pcap 2000 || fail "make_trace.py does not work"
cat >chase.py <<'END_PROGRAM'
import collections, json, socket, sys, time

link = socket.socket(socket.AF_UNIX)
link.settimeout(30)
link.connect(sys.argv[1])
answers = link.makefile("rb")
seen, wrong = collections.Counter(), []

def send(*requests):
    link.sendall(b"".join(json.dumps(request).encode() + b"\n" for request in requests))

def whole():
    """The items before an answer, and the answer."""
    items = []
    while True:
        line = json.loads(answers.readline())
        if "item" not in line:
            return items, line
        items.append(line["item"])

ABOUT = [{"request": "show"},
         {"request": "threshold add", "orig_bytes": 10**9, "actions": ["event"]},
         {"request": "threshold list"},
         {"request": "poll add", "feature": "pkts", "above": 10**9, "interval": 0.01},
         {"request": "timeouts", "inactivity": 7200},
         {"request": "threshold del", "orig_bytes": 10**9}]
end = time.monotonic() + 20
while time.monotonic() < end and len(wrong) < 5 and not (
        sum(seen.values()) > 2000 and all(seen[kind, good] for kind in ("show", "threshold add", "timeouts")
                                          for good in (True, False))):
    send({"request": "conns", "limit": 500, "sort": "none"})
    uids = [item["uid"] for item in whole()[0]]
    gone = 0
    for uid in uids:
        if gone == 20:
            break
        send(*({**request, "uid": uid, "id": f"{uid} {number}"} for number, request in enumerate(ABOUT)))
        over = False
        for number, request in enumerate(ABOUT):
            items, answer = whole()
            good, error = answer.get("ok"), answer.get("error", "")
            seen[request["request"], good] += 1
            if answer.get("id") != f"{uid} {number}":
                wrong.append(("another's answer", answer))
            elif good and over:
                wrong.append(("alive after its end", answer))
            elif good and number == 0 and answer["connection"]["uid"] != uid:
                wrong.append(("another connection", answer))
            elif good and number == 2 and [item["value"] for item in items] != [10**9]:
                wrong.append(("other thresholds", items))
            elif not good and "over" not in error:
                wrong.append(("another error", answer))
            over = over or not good
        gone += over
print(*(f"{kind} {'right' if good else 'over'} {count}" for (kind, good), count in sorted(seen.items())), sep="\n")
print(*wrong, sep="\n")
sys.exit(bool(wrong) or not seen)
END_PROGRAM
start_weir chase "${replaying[@]}" -r short.pcap --set replay.rounds=0 --set timeouts.tcp_close_delay=20s
wait_for 20 answers
timeout 60 python3 chase.py "$WEIR_SOCKET" >chase.out 2>&1 || fail "requests for what ends" -- chase.out
grep -q '^show over' chase.out && grep -q '^show right' chase.out || fail "requests for what ends: not both" -- chase.out
ask status
equal "requests for what ends: weir goes on" 0 "$status"
stop_weir TERM
ended_well chase
finish
