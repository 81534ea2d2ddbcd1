#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# The ways in which a trace can be given, all with the same result.

. "$(dirname "$0")/lib.sh"
need python3 gzip

make=$here/make_trace.py
cd "$work" || exit 1
run_weir plain -r "$sample"
ended_well plain
wanted=$logs/conn.log

same() { # NAME WEIR-ARGUMENT...; standard input goes to weir
	prepare "$1"
	timeout 60 "$weir" "${@:2}" -l "$logs" >"$out" 2>"$err"
	status=$?
	ended_well "$1"
	equal "$1: packets" 326 "$(count_of packets)"
	same_connections "$1" "$wanted" "$logs/conn.log"
}

gzip -c "$sample" >sample.pcap.gz
cp sample.pcap.gz unnamed
"$make" pcapng sample.pcapng "$sample"
gzip -k sample.pcapng
"$make" part first.pcap "$sample" 1 100
"$make" part second.pcap "$sample" 101 250
"$make" pcapng second.pcapng second.pcap
"$make" part third.pcap "$sample" 251 400
gzip third.pcap
cp "$sample" ./-dash.pcap

same "standard input" -r - <"$sample"
same "pipe" -r - < <(cat "$sample")
same "gzip through a pipe" -r - < <(cat sample.pcap.gz)
same "pcapng through a pipe" -r - -w 2 < <(cat sample.pcapng)
same "gzip" -r sample.pcap.gz
same "gzip by another name" -r unnamed
same "pcapng" -r sample.pcapng
same "pcapng, gzip" -r sample.pcapng.gz
same "named pipe" -r <(cat "$sample")
same "three files" -r first.pcap second.pcapng third.pcap.gz
same "three times -r" -r first.pcap -r second.pcap -r third.pcap.gz -w 2
same "options after the files" -r first.pcap second.pcap third.pcap.gz -w 2 --set log.format=tsv
same "a name that begins with a dash" -r ./-dash.pcap
same "standard input between files" -r first.pcap - third.pcap.gz < <(cat second.pcap)

mkdir here && cd here || exit 1
"$weir" -r "$sample" >/dev/null
same_connections "the log goes to the current directory" "$wanted" conn.log
finish
