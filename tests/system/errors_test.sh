#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Whatever is wrong with the command line or its files, weir says so in one line and ends with
# status 1 (the run failed) or 2 (command line or configuration).

. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
mkdir here

check_message() { # NAME STATUS PATTERN
	equal "$1: exit status" "$2" "$status"
	[ "$(grep -c '^weir: error: ' err)" = 1 ] || fail "$1: one error line expected" -- err
	! grep -qv '^weir: ' err || fail "$1: there is more on standard error" -- err
	grep -Eq -- "$3" err || fail "$1: the message does not say '$3'" -- err
	! grep -q Usage out || fail "$1: a usage text that is not weir's" -- out
}

# Runs weir, which is to end with this status and one line that matches the pattern.
complains() { # NAME STATUS PATTERN WEIR-ARGUMENT...
	timeout -k 5 30 $as "$weir" "${@:4}" >out 2>err </dev/null
	status=$?
	check_message "$1" "$2" "$3"
}

as=
# Files that are no traces.
head -c 40000 "$sample" >short
head -c 200 "$sample" | tail -c 170 >junk
gzip -c "$sample" | head -c 3000 >short.gz
: >empty
mkdir directory
complains "truncated trace" 1 'short: after 12[01] packets: .*cut short' -r short -l here
equal "truncated trace: lines" "$(count_of connections out)" "$(lines_in here/conn.log)"
[ "$(lines_in here/conn.log)" -gt 20 ] || fail "truncated trace: what was read is not in the log"
complains "truncated gzip" 1 'short.gz: .*cut short' -r short.gz -l here
[ "$(lines_in here/conn.log)" -gt 5 ] || fail "truncated gzip: what was read is not in the log"
complains "no trace" 1 'junk: is not a trace.*pcap' -r junk -l here
complains "empty file" 1 'empty: ' -r empty -l here
complains "directory" 1 'directory: is a directory' -r directory -l here
complains "one of several" 1 'missing: .*No such file' -r "$sample" missing "$sample" -l here
equal "one of several: packets" 652 "$(count_of packets out)"
echo "not replaced" >here/conn.log
complains "missing file" 1 'missing: .*No such file' -r missing -l here
equal "missing file: an earlier log stays" "not replaced" "$(head -n 1 here/conn.log)"

# The log directory.
complains "no log directory" 1 'log directory nowhere: No such.*-l' -r "$sample" -l nowhere
complains "log directory is a file" 1 'log directory empty: Not a directory' -r "$sample" -l empty
mkdir -p taken/conn.log
complains "a directory instead of the log" 1 'taken/conn.log: .*directory' -r "$sample" -l taken
mkfifo pipe
exec 9<>pipe
start_weir other -r pipe
wait_until_ready || fail "other: it does not come up" -- "$err"
complains "second instance" 1 "log directory $logs: another weir \(pid $pid\)" -r "$sample" -l "$logs"
exec 9>&-
{ kill -KILL "$pid" && wait "$pid"; } 2>/dev/null
run_weir other -r "$sample"
ended_well "after one that was killed"

# Devices.
complains "no such interface" 1 '-i nodev0: there is no such device' -i nodev0 -l here
complains "wrong arguments" 1 '-i net_pcap0,nonsense=1: .*arguments' -i net_pcap0,nonsense=1 -l here
complains "no such driver" 1 '-i net_nonsense0: cannot be opened' -i net_nonsense0 -l here
complains "no such file" 1 '-i net_pcap0,rx_pcap=missing: .*No such file' \
	-i net_pcap0,rx_pcap=missing -l here
if ! grep -qv '^0$' /sys/kernel/mm/hugepages/*/free_hugepages 2>/dev/null; then
	complains "no hugepages" 1 'too few huge pages.*deploy/hugepages' -i 0000:99:00.0 -l here
fi
complains "no such CPU" 1 'cores: there is no CPU 1000, this machine has 0 to' -i lo --set workers.cores=1000 -l here
cp here/conn.log before.log
complains "no such CPU, reading a file" 1 'cores: there is no CPU 1000, this machine has 0 to' -r "$sample" --set workers.cores=1000 -l here
cmp -s before.log here/conn.log || fail "no such CPU, reading a file: the log of the run before is gone"
complains "DPDK's arguments" 1 'eal' -i lo --set capture.eal=--nonsense -l here

# The command line.
complains "no workers" 2 "-w 0: give a number of workers from 1 to 64" -w 0 -r "$sample" -l here
complains "too many workers" 2 "-w 65: give a number of workers from 1 to 64" -w 65 -r "$sample" -l here
complains "wrong key" 2 "did you mean 'queues'" --set capture.queue=1 -r "$sample" -l here
complains "wrong value" 2 'tsv or json' --set log.format=xml -r "$sample" -l here
complains "nothing to do" 2 'nothing to watch.*-r.*-i'
complains "traces and devices" 2 'one of the two' -r "$sample" -i lo -l here
complains "a file without -r" 2 'weir -r sample' sample
complains "unknown option" 2 '--nonsense' --nonsense
complains "option without its value" 2 '-r' -r
complains "no configuration" 2 'missing.ini: .*No such file' -c missing.ini

# Configurations.
printf '[capture]\nqueus = 1\n[workers]\ncount = 1000\n[log]\nformat = xml\n' >bad.ini
"$weir" --check -c bad.ini >out 2>err
equal "three mistakes: exit status" 2 $?
equal "three mistakes: lines" "bad.ini:2: bad.ini:4: bad.ini:6: " \
	"$(grep -o '^weir: error: bad.ini:[0-9]*: ' err | cut -d ' ' -f 3 | tr '\n' ' ')"
"$weir" -c bad.ini -r "$sample" >out 2>err
equal "three mistakes: exit status of a run" 2 $?
"$weir" --check -c "$root/config/weir.ini" >out 2>err || fail "weir.ini is not good" -- err
[ ! -s err ] || fail "weir.ini: it complained" -- err

[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || finish
as="setpriv --reuid=65534 --regid=65534 --clear-groups"
$as test -x "$weir" || finish
mkdir -m 777 theirs
install -m 600 "$sample" secret
complains "unreadable trace" 1 'secret: cannot be read: Permission denied' -r secret -l theirs
complains "unwritable log directory" 1 'here: Permission denied.*-l' -r "$sample" -l here
complains "interface without privilege" 1 '-i lo: .*root or CAP_NET_RAW' -i lo -l theirs
finish
