#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""tunnel_lines.py [--live] CONN.LOG: the lines of a log without what differs from run to run, sorted.

A uid in tunnel_parents becomes the tuple of the connection that it names; one that names none is
that of a pair of addresses, and is only counted. With --live, times do not count.
"""

import sys


def main():
    live, path = sys.argv[1] == "--live", sys.argv[-1]
    fields, rows = [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.rstrip("\n").split("\t")
            if words[0] == "#fields":
                fields = words[1:]
            elif not line.startswith("#"):
                if len(words) != len(fields):
                    sys.exit(f"torn: {line}")
                rows.append(dict(zip(fields, words)))
    tuples = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")
    names = {row["uid"]: "/".join(row[key] for key in tuples) + ("" if live else "@" + row["ts"])
             for row in rows}
    if len(names) != len(rows):
        sys.exit("two lines have the same uid")
    for row in rows:
        parents = row["tunnel_parents"]
        if parents not in ("-", "(empty)"):
            row["tunnel_parents"] = ",".join(sorted(names.get(uid, "pair")
                                                    for uid in parents.split(",")))
        del row["uid"]
        if live:
            del row["ts"], row["duration"]
    print("\n".join(sorted("\t".join(row.values()) for row in rows)))


main()
