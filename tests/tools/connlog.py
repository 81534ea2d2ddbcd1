# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""Reads a conn.log in the tab-separated format with a #fields line."""

import ipaddress


class LogError(ValueError):
    """What is wrong with the log."""


def read(path):
    """The rows of a log, each a dict of column name to text, in the order of the file."""
    rows, fields = [], None
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            line = line.rstrip("\n")
            if line.startswith("#fields"):
                fields = line.split("\t")[1:]
            elif line and not line.startswith("#"):
                columns = line.split("\t")
                if fields is None:
                    raise LogError(f"{path}: a row stands before the #fields line")
                if len(columns) != len(fields):
                    raise LogError(f"{path}: a row has {len(columns)} columns, #fields names "
                                   f"{len(fields)}: {line}")
                rows.append(dict(zip(fields, columns)))
    return rows


def by_time(row):
    """Sorting key: start time, then originator, then responder."""
    ends = [(int(ipaddress.ip_address(row[f"id.{side}_h"])), int(row[f"id.{side}_p"]))
            for side in ("orig", "resp")]
    return float(row["ts"]), ends
