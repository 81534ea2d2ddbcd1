#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# Anybody can read a trace: without root, huge pages, configuration or a home.

. "$(dirname "$0")/lib.sh"
cp "$sample" "$work/sample.pcap"
as="env -i"
if [ "$(id -u)" = 0 ]; then
	need setpriv
	as="setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all env -i"
fi
mkdir -m 777 "$work/theirs"
cd "$work/theirs" || exit 1
$as "$weir" --version >/dev/null || skip "other users cannot run programs in $work"

begin=$(date +%s%N)
$as "$weir" -r ../sample.pcap >../out 2>../err
status=$?
end=$(date +%s%N)
out=$work/out err=$work/err
ended_well "as another user"
equal "packets" 326 "$(count_of packets)"
equal "lines" "$(count_of logged)" "$(lines_in conn.log)"
equal "files that it leaves" conn.log "$(ls -A)"
equal "others may read the log" 644 "$(stat -c %a conn.log)"
run_weir root -r "$sample"
same_connections "as another user" "$logs/conn.log" conn.log
echo "weir took $(((end - begin) / 1000000)) ms from start to end"

$as "$weir" -r ../sample.pcap -w 8 >../out 2>../err
status=$?
ended_well "with 8 workers"
finish
