#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# JSON and TSV say the same.

. "$(dirname "$0")/lib.sh"
need python3

both_say_the_same() { # NAME TRACE WEIR-ARGUMENT...
	run_weir tsv -r "${@:2}"
	ended_well "$1, tsv"
	run_weir json -r "${@:2}" --set log.format=json
	ended_well "$1, json"
	"$here/json_check.py" "$work/tsv/conn.log" "$work/json/conn.log" >"$work/differences" ||
		fail "$1" -- "$work/differences"
}

both_say_the_same "sample" "$sample"
both_say_the_same "checksums ignored" "$sample" -C
both_say_the_same "two workers" "$sample" -w 2
both_say_the_same "no local networks" "$sample" --set networks.local=
"$here/make_trace.py" random "$work/random" 1
both_say_the_same "random packets" "$work/random.1" -C
finish
