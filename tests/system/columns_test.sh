#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# The optional columns of conn.log, from the configuration to the line, in TSV and JSON.

. "$(dirname "$0")/lib.sh"
need python3
tools=$root/tests/tools

# In table order, which is the one of the log however they are given.
all="community_id vlan inner_vlan orig_l2_addr resp_l2_addr orig_rtt resp_rtt"
all+=" orig_retransmitted resp_retransmitted orig_out_of_order resp_out_of_order"
all+=" orig_zero_windows resp_zero_windows reason notes"
backwards=$(tr ' ' '\n' <<<"$all" | tac | paste -sd,)

cat >"$work/trace.txt" <<'EOF'
c S vlan 13 vlan 10, +0.03 s SA, +0.02 c A
c D100, c D100 skip 100, c D100 seq 101, c D100 seq 1, s A, s A win 0
c F, s F, c A
+20 other
EOF
"$tools/trace.py" "$work/trace.txt" "$work/trace" || fail "the trace cannot be made"

fields_of() { # LOG: the names after ip_proto
	sed -n 's/^#fields.*\tip_proto//p' "$1" | tr '\t' ' '
}

row_of() { # LOG RESPONDER: the values after ip_proto
	awk -F '\t' -v responder="$2" '$5 == responder { for (i = 23; i <= NF; i++) printf " %s", $i; print "" }' "$1"
}

run_weir plain -r "$work/trace"
ended_well "no columns"
equal "no columns: fields" "" "$(fields_of "$logs/conn.log")"

run_weir tsv -r "$work/trace" --set "log.columns=$backwards"
ended_well "tsv"
equal "tsv: fields" " $all" "$(fields_of "$logs/conn.log")"
row=$(row_of "$logs/conn.log" 10.0.0.2)
id=$(python3 -c '
import base64, hashlib
data = bytes([0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 6, 0]) + (40000).to_bytes(2, "big") + (9999).to_bytes(2, "big")
print("1:" + base64.b64encode(hashlib.sha1(data).digest()).decode())')
link=$(echo "$row" | cut -d ' ' -f 5-6)
equal "tsv: values" " $id 13 10 $link 0.030000 0.020000 1 0 1 0 0 1 closed -" "$row"
[[ $link =~ ^([0-9a-f]{2}:){5}[0-9a-f]{2}\ ([0-9a-f]{2}:){5}[0-9a-f]{2}$ ]] ||
	fail "tsv: link addresses are $link"
equal "tsv: a datagram" "- - - - - - - - - - end -" \
	"$(row_of "$logs/conn.log" 10.0.9.2 | cut -d ' ' -f 3-4,7-)"
drop="ts uid duration $all" same_connections "Zeek's columns" "$work/plain/conn.log" "$logs/conn.log"

for workers in 1 3; do
	run_weir json -r "$work/trace" -w $workers --set "log.columns=$backwards" --set log.format=json
	ended_well "json, $workers workers"
	"$here/json_check.py" "$work/tsv/conn.log" "$work/json/conn.log" >"$work/differences" ||
		fail "json, $workers workers" -- "$work/differences"
done
grep -q '"vlan":13,"inner_vlan":10,"orig_l2_addr":"' "$work/json/conn.log" ||
	fail "json: tags" -- "$work/json/conn.log"

# Every connection of the sample, with what is unset left out.
run_weir tsv -r "$sample" --set "log.columns=$backwards"
ended_well "sample, tsv"
run_weir json -r "$sample" --set "log.columns=$backwards" --set log.format=json
ended_well "sample, json"
"$here/json_check.py" "$work/tsv/conn.log" "$work/json/conn.log" >"$work/differences" ||
	fail "sample" -- "$work/differences"

# From a file, with a mistake.
printf '[log]\ncolumns = reason,\n\tcommunity_id\ncommunity_id_seed = 1\n' >"$work/good.ini"
run_weir file -c "$work/good.ini" -r "$work/trace"
ended_well "file"
equal "file: fields" " community_id reason" "$(fields_of "$logs/conn.log")"
[ "$(row_of "$logs/conn.log" 10.0.0.2 | cut -d ' ' -f 2)" != "$id" ] ||
	fail "file: the seed makes no difference"

refused() { # WHAT VALUE PATTERN
	run_weir refused -r "$work/trace" --set "log.columns=$2"
	equal "$1: exit status" 2 "$status"
	grep -Eq -- "$3" "$err" || fail "$1: the message does not say '$3'" -- "$err"
}
refused "a mistyped column" "reason comunity_id" \
	"columns: 'comunity_id' .*did you mean 'community_id'.* vlan, .* reason, notes$"
refused "a column far from all" "x" "columns: 'x' .*there are community_id, .* reason, notes$"
refused "a column twice" "reason reason" "'reason' is given twice"
finish
