#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# What plugins can do: removal hooks, polls, memory of their own; and what each thing that is wrong
# with one is answered by. tests/plugins has those that are loaded here.

. "$(dirname "$0")/lib.sh"
need cc python3 nm

cd "$work" || exit 1
trace=$root/tests/tools/trace.py
ini=weir.ini

build() { # NAME SOURCE CC-ARGUMENT...
	cc -shared -fPIC -Wall -Wextra -Wno-unused -Wno-unused-parameter -Werror -I "$root/lib/include" \
		-o "$1" "$root/tests/plugins/$2" "${@:3}" || fail "$1 cannot be built"
}

plugin() { # PATH KEY=VALUE...: the configuration of one plugin
	printf '[plugin one]\npath = %s\n' "$1" >$ini
	[ $# = 1 ] || printf '%s\n' "${@:2}" >>$ini
}

says() { # WHAT FILE: standard input is what the file has to hold
	diff - "$2" >difference || fail "$1: something else happened" -- difference
}

# Removal hooks (spec-conn 7.4). Registering what is registered is refused, and what runs is not
# registered any more; they run once, before the end is logged and after everybody was told, and
# nothing can begin then.
"$trace" - two.pcap <<'TEXT'
open, c D100, s A, c F, s F, c A
+10 other
TEXT
build ./hooks.so hooks.c
plugin ./hooks.so "out = told.txt"
run_weir hooks -c $ini -r two.pcap
ended_well hooks
says hooks told.txt <<'TEXT'
1 new S0 lives
1 register T
1 register F
1 register F
1 state_remove SF closed
1 hook SF closed
1 register in hook F
1 register other in hook F
1 unregister in hook F
1 threshold in hook F
1 poll in hook F
1 inactivity in hook F
1 note T
2 new S0 lives
2 register T
2 register F
2 register F
2 state_remove S0 end
2 hook S0 end
2 register in hook F
2 register other in hook F
2 unregister in hook F
2 threshold in hook F
2 poll in hook F
2 inactivity in hook F
2 note T
worker_finish 0
fini
TEXT

plugin ./hooks.so "out = told.txt" "unregister = yes"
run_weir unregister -c $ini -r two.pcap
ended_well unregister
grep '^1' told.txt >got
says unregister got <<'TEXT'
1 new S0 lives
1 register T
1 register F
1 register F
1 unregister T
1 unregister F
1 unregister F
1 state_remove SF closed
TEXT

# Hooks run for who asks for no other event.
build ./quiet.so hooks.c -DNO_EVENTS
plugin ./quiet.so "out = told.txt"
run_weir quiet -c $ini -r two.pcap
ended_well quiet
equal "without events: hooks that ran" 2 "$(grep -c 'hook SF closed\|hook S0 end' told.txt)"

# Polls (spec-conn 7.2): as in the reference's own test, whose connection lasts 1.155 s and is looked
# at every 0.2 s, from the first packet after its beginning on. A look comes with the packet that
# brings the time, and once more at the end.
build ./polls.so polls.c
"$trace" - polls.pcap <<'TEXT'
c S, @0.05 s SA, @0.05 c A, @0.1 c D10, @0.25 s A, @0.31 s D10
@0.42 c A, @0.57 c D10, @0.68 s A, @0.76 c D10, @0.77 s A, @0.82 s D10, @0.98 c A, @1.15 c D10, @1.155 s A
TEXT
plugin ./polls.so "out = looks" "first = 0"
run_weir polls -c $ini -r polls.pcap
ended_well polls
says polls looks <<'TEXT'
0 50
1 250
2 570
3 770
4 980
5 1155
TEXT
plugin ./polls.so "out = looks" "first = 0" "stop = 2"
run_weir polls -c $ini -r polls.pcap
says "polls that stop" looks <<'TEXT'
0 50
1 250
2 570
TEXT

# How long a plugin takes is told: it shows which one is slow.
plugin ./polls.so "out = looks" "busy = 3 ms"
run_weir slow -c $ini -r polls.pcap
awk '/^  plugin one: / { good = $3 == 6 && $5 >= 15 && $5 < 2000 } END { exit !good }' "$out" ||
	fail "slow: 6 calls that take 15 ms or more are not told" -- "$out"

# Who is refused, and with which words. Nothing is logged then, and --check finds it out as well.
refused() { # WHAT STATUS MESSAGE...: the lines on standard error
	printf 'weir: error: %s\n' "${@:3}" >wanted
	run_weir refused -c $ini -r two.pcap -w 3
	equal "$1: exit status" "$2" "$status"
	diff wanted "$err" >difference || fail "$1: other words" -- difference
	[ "$2" != 2 ] || [ ! -e "$logs/conn.log" ] || fail "$1: there is a log"
	rm -rf "$logs"
	"$weir" --check -c $ini >out 2>"$err"
	status=$?
	equal "$1: exit status of --check" "$((2 * ($2 == 2)))" $status
	[ "$2" != 2 ] || diff wanted "$err" >difference || fail "$1: other words of --check" -- difference
}

bad() { # CC-ARGUMENT...
	build ./bad.so bad.c "$@"
	plugin ./bad.so
}

path="weir.ini:2: [plugin one] path: ./bad.so"
version=$("$weir" --version | cut -d ' ' -f 2)
directory=$(grep -aoE '/[a-z0-9_/.-]+/weir/plugins' "$weir" | head -n 1)
plugin ./none.so
refused "no file" 2 "weir.ini:2: [plugin one] path: ./none.so cannot be read: No such file or directory; \
write the path of a plugin, or the name of one in $directory"
plugin none.so
refused "a name alone" 2 "weir.ini:2: [plugin one] path: $directory/none.so cannot be read: No such file or \
directory; write the path of a plugin, or the name of one in $directory"
echo 'not a plugin, but long enough' >bad.so
plugin ./bad.so
refused "a text" 2 "$path is not a shared object; build it with cc -shared -fPIC"
: >bad.so
refused "an empty file" 2 "$path is not a shared object; build it with cc -shared -fPIC"
plugin ./
refused "a directory" 2 "weir.ini:2: [plugin one] path: ./ is not a shared object; build it with cc -shared -fPIC"
cc -c -o bad.so -x c - <<<'int weir_plugin;'
plugin ./bad.so
refused "an object file" 2 "$path is not a shared object; build it with cc -shared -fPIC"
bad
head -c 3000 bad.so >short.so && mv short.so bad.so
refused "half a file" 2 "$path is cut short; build it with cc -shared -fPIC"
# Built for other machines: what a file's head says of that is made here.
patch() { # OFFSET BYTES: into bad.so
	printf '%b' "$2" | dd of=bad.so bs=1 seek="$1" conv=notrunc status=none
}

case $(uname -m) in
x86_64 | aarch64) this="64-bit $(uname -m)" ;;
*) this= ;;
esac
if [ -n "$this" ]; then
	other() { # MACHINE: what refuses it
		refused "built for $1" 2 "$path was built for $1, and this weir for $this; build it on a machine like this one, \
with cc -shared -fPIC"
	}
	bad
	patch 18 '\x16\x00'
	other "64-bit s390"
	patch 4 '\x01'
	other "32-bit s390"
	patch 18 '\x03\x00'
	other "32-bit i386"
	patch 4 '\x02\x02'
	patch 18 '\x00\x15'
	other "64-bit big-endian ppc64"
	patch 18 '\x12\x34'
	other "64-bit big-endian machine 4660"
fi
bad -DBAD_CALL=weir_conn_later
refused "a later function" 2 "$path cannot be loaded: undefined symbol: weir_conn_later; it was built for a \
later weir; build it with the headers of this one"
bad -DBAD_CALL=nobody_has_it
refused "a missing library" 2 "$path cannot be loaded: undefined symbol: nobody_has_it; link it with the library that \
has this symbol"
bad -DBAD_CALL=watch_create
refused "a function that is not for plugins" 2 "$path cannot be loaded: undefined symbol: watch_create; link it \
with the library that has this symbol"
bad -DBAD_NO_SYMBOL
refused "no symbol" 2 "$path is no plugin of weir, as it has no symbol weir_plugin; see weir/plugin.h"
bad -DBAD_VERSION=7
refused "another version" 2 "$path was built for version 7 of the interface for plugins, and this weir has version \
1; build it with the headers of weir $version"
bad -DBAD_SIZE=3
refused "a wrong size" 2 "weir.ini:2: [plugin one] path: weir_plugin.size is 3 in ./bad.so; set it to sizeof(struct \
weir_plugin)"
bad -DBAD_LATER='(void *)1'
later="$path uses what weir $version does not have yet; build it with the headers of this weir, or install a later one"
refused "a later member" 2 "$later"
bad -DBAD_EVENTS='(UINT64_C(1) << 40)'
refused "a later event" 2 "$later"
bad -DBAD_LATER=0
run_weir later -c $ini -r two.pcap
ended_well "a later header"
bad -DBAD_NAME=0
refused "no name" 2 "$path has no name; set weir_plugin.name"
bad -DBAD_NO_EVENT
refused "events without a function" 2 "$path wants events, but has no function for them; set weir_plugin.event, or \
no weir_plugin.events"
bad -DBAD_STATE=4097
refused "much memory" 2 "$path wants 4097 bytes for each connection; at most 4096 are possible in \
weir_plugin.conn_state"
bad -DBAD_NO_INIT
echo 'key = 3' >>$ini
refused "keys that nobody takes" 2 "weir.ini:3: [plugin one] key: this plugin takes no keys but path; remove it"

bad
plugin ./bad.so "fail = yes"
refused "init() that does not say why" 2 "weir.ini:2: [plugin one] init() of ./bad.so failed: Permission denied"
plugin ./bad.so "say = it has no wings" "fail = yes"
refused "init() that says why" 2 "weir.ini:2: [plugin one] it has no wings"
plugin ./bad.so "span = 10" "size = 5 l" "number = -1"
refused "wrong values" 2 "weir.ini:3: [plugin one] span: '10' has no unit; write 10 s" \
	"weir.ini:4: [plugin one] size: '5 l' is not a size, as 'l' is not a unit; units are B, kB, KB, KiB, MB, \
MiB, GB, GiB, TB, TiB" "weir.ini:5: [plugin one] number: '-1' is negative; write for instance 4096 or 4 Ki"
plugin ./bad.so "span = 4000 d"
refused "a long span" 2 "weir.ini:3: [plugin one] span: '4000 d' is too large; write 3650 d or less"
plugin ./bad.so
refused "worker_create() that does not say why" 1 "weir.ini:2: [plugin one] worker_create() of ./bad.so failed for \
worker 1: it does not say why"
plugin ./hooks.so "out = told.txt"
printf '[plugin two]\npath = ./hooks.so\nout = others\n[plugin three]\npath = ./none\n' >>$ini
refused "two of them" 2 "weir.ini:5: [plugin two] path: ./hooks.so is loaded already for [plugin one]; for a second \
one, make a copy of the file" "weir.ini:8: [plugin three] path: ./none cannot be read: No such file or directory; \
write the path of a plugin, or the name of one in $directory"
cp hooks.so copy.so
plugin ./hooks.so "out = told.txt"
printf '[plugin two]\npath = ./copy.so\nout = others\n' >>$ini
run_weir both -c $ini -r two.pcap
ended_well both
cmp told.txt others || fail "both: they were told different things"

build ./bad.so bad.c -DBAD_FINI
run_weir fini -r two.pcap --set "plugin x.path=./bad.so"
equal "fini(): exit status" 1 "$status"
equal "fini()" "weir: error: --set plugin x.path=./bad.so: [plugin x] fini() of ./bad.so failed: No space left on device" \
	"$(cat "$err")"

# The program exports what weir/*.h promises, and nothing else but what every program has.
grep -ohE '\bweir_(conn|plugin)_[a-z_]+\(' "$root"/lib/include/weir/{conn,plugin}.h | tr -d '(' | sort -u |
	comm -23 - <(printf '%s\n' weir_conn_pool weir_plugin_symbol) >wanted
nm -D --defined-only "$weir" | awk '$NF !~ /@/ { print $NF }' |
	grep -vE '^(_.*|data_start|environ|__.*|(ub|a|t)san_.*)$' | sort >got
diff wanted got >difference || fail "other functions are exported" -- difference
[ "$(wc -l <wanted)" -gt 15 ] || fail "hardly a function is declared" -- wanted

# Examples.
plugins=$(dirname "$WEIR")/../plugins
if [ ! -e "$plugins/talkers.so" ]; then
	fail "the plugins are not beside $WEIR"
	finish
fi
plugin "$plugins/talkers.so" "file = talkers.tsv"
run_weir talkers -c $ini -r "$sample"
ended_well talkers
connections_bytes=$(awk -F '\t' '!/^#/ { n += $18 + $20 } END { print n }' "$logs/conn.log")
equal "talkers: bytes" "$connections_bytes" "$(awk -F '\t' '!/^#/ { n += $2 } END { print n }' talkers.tsv)"
for workers in 2 4; do
	cp talkers.tsv wanted
	run_weir talkers -c $ini -r "$sample" -w $workers --set "plugin one.interval=100ms"
	ended_well "talkers, $workers workers"
	diff wanted talkers.tsv >difference || fail "talkers: something else with $workers workers" -- difference
done
# --check, and a run that cannot begin, leave the result of the last one alone.
echo before >talkers.tsv
"$weir" --check -c $ini >out 2>&1 || fail "talkers: --check" -- out
run_weir none -c $ini -r none.pcap
equal "talkers, no trace: exit status" 1 "$status"
equal "talkers: the last result" before "$(cat talkers.tsv)"
# Room for few: no count is too small, and none is larger than it could be.
run_weir talkers -c $ini -r "$sample" -w 2 --set "plugin one.prefixes=2" --set "plugin one.top=100"
ended_well "talkers, few prefixes"
awk -F '\t' 'NR == FNR { n[$1] = $2; next } /^#/ { next } { seen++ }
	$2 < n[$1] || $2 - $3 > n[$1] { print; bad = 1 } END { exit bad || !seen }' wanted talkers.tsv >difference ||
	fail "talkers: wrong bounds" -- difference
equal "talkers: the largest" "$(sed -n 2p wanted | cut -f 1)" "$(sed -n 2p talkers.tsv | cut -f 1)"

# A file that cannot be written is told before packets are taken, not when all is over.
may_write="name a file in a folder that is there, which this user may write"
mkdir folder
plugin "$plugins/talkers.so" "file = missing/talkers.tsv"
refused "talkers, no folder" 2 "weir.ini:3: [plugin one] file: missing/talkers.tsv cannot be written: No such file or \
directory; $may_write"
plugin "$plugins/talkers.so" "file = talkers.tsv/talkers.tsv"
refused "talkers, a file as a folder" 2 "weir.ini:3: [plugin one] file: talkers.tsv/talkers.tsv cannot be written: Not a \
directory; $may_write"
plugin "$plugins/talkers.so" "file = folder"
refused "talkers, a folder" 2 "weir.ini:3: [plugin one] file: folder cannot be written: Is a directory; $may_write"
mkfifo pipe
plugin "$plugins/talkers.so" "file = pipe"
refused "talkers, a pipe" 2 "weir.ini:3: [plugin one] file: pipe cannot be written: Operation not supported; $may_write"
if [ "$(id -u)" != 0 ]; then # root may write anywhere
	chmod 555 folder
	plugin "$plugins/talkers.so" "file = folder/talkers.tsv"
	refused "talkers, no permission" 2 "weir.ini:3: [plugin one] file: folder/talkers.tsv cannot be written: Permission \
denied; $may_write"
fi

# What they note, in the column that may be asked for.
notes() { # the port of each originator, and its notes
	awk -F '\t' '$1 == "#fields" { for (i = 2; i <= NF; i++) if ($i == "notes") at = i - 1 }
		!/^#/ { print $4, $at }' "$logs/conn.log" | sort
}

"$trace" - ends.pcap <<'TEXT'
host a 10.0.1.1:50001
host b 10.0.1.2:50002
host d 10.0.1.3:50003
host e 10.0.1.4:50004
host f 10.0.1.5:50005
open, c F, s F, c A
a S to s, s SA to a, a A to s, s F to a, a F to s, s A to a
b S to s, s SA to b, b A to s, s R to b
d S to s, s SA to d, d A to s
e S to s, s R to e
f U10 to s
+1.5 other
TEXT
plugin "$plugins/closing.so"
for workers in 1 3; do
	run_weir closing -c $ini -r ends.pcap -w $workers --set log.columns=notes
	ended_well closing
	notes | grep -v ' -$' | sed 's/silent=[12]\.[0-9]*,closed/silent=N,closed/' >got
	says "closing, $workers workers" got <<'TEXT'
40000 closed_by=orig
50001 closed_by=resp
50002 closed_by=reset
50003 silent=N,closed_by=nobody
TEXT
done

# Steady, not steady, too much, and too short; the last one on another port.
"$trace" - beacons.pcap <<'TEXT'
port 443
host a 10.0.1.1:50001
host b 10.0.1.2:50002
host d 10.0.1.3:50003
host x 10.0.2.1:444
host e 10.0.1.4:50004
open, a S to s, s SA to a, a A to s, b S to s, s SA to b, b A to s
d S to s, s SA to d, d A to s, e S to x, x SA to e, e A to x
@2.5 c D100, a D100 to s, b D1400 to s, d D100 to s, e D100 to x
@3.5 c D110, a D300 to s, b D1400 to s, d D100 to s, e D100 to x
@4.5 c D100, a D100 to s, b D1400 to s, e D100 to x
@5.5 c D105, a D10 to s, b D1400 to s, e D100 to x
@6.5 c D100, a D100 to s, b D1400 to s, e D100 to x
@7.5 c D1000, a D100 to s, b D1400 to s, e D100 to x
TEXT
plugin "$plugins/beacon.so" "ports = 440-443" "interval = 1 s" "looks = 4" "most = 1 KiB"
run_weir beacon -c $ini -r beacons.pcap --set log.columns=notes
ended_well beacon
notes >got
says beacon got <<'TEXT'
40000 beacon=145/1s
50001 -
50002 -
50003 -
50004 -
TEXT

# Notes of several plugins, and at any time.
printf '[plugin two]\npath = %s\n[plugin three]\npath = ./hooks.so\nout = told.txt\n' "$plugins/closing.so" >>$ini
run_weir several -c $ini -r beacons.pcap --set log.columns=notes
ended_well several
equal "notes of three" "beacon closed_by hook silent" \
	"$(notes | sed -n 's/^40000 //p' | tr ',' '\n' | cut -d = -f 1 | sort | paste -sd ' ')"
finish
