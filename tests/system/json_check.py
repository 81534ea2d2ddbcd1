#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""json_check.py TSV JSON: do two conn.logs hold the same connections with the same values?

Only uid is left out, as it differs from run to run. Values are compared by their text: a number as
it is written, true as T, a set as its members with commas between; what is not there as -.
"""

import json
import os
import sys
from collections import Counter

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))

import connlog  # noqa: E402

STRINGS = {"string", "addr", "enum"}


def types(path):
    """Column: type of a log with # lines."""
    head = {}
    with open(path, encoding="utf-8") as log:
        for line in log:
            if line.startswith("#"):
                name, *values = line.rstrip("\n").split("\t")
                head[name] = values
    return dict(zip(head["#fields"], head["#types"]))


def text(value, kind):
    """The value as TSV writes it. Numbers come as class Number, so that no digit is lost."""
    if kind == "bool" and isinstance(value, bool):
        return "T" if value else "F"
    if kind.startswith("set") and isinstance(value, list):
        return ",".join(value) or "(empty)"
    if kind in STRINGS and type(value) is str:
        return value
    if kind not in STRINGS and isinstance(value, Number):
        return str(value)
    raise ValueError(f"{value!r} is no {kind}")


class Number(str):
    pass


def rows_of_json(path, kinds):
    with open(path, "rb") as log:
        for number, line in enumerate(log, 1):
            try:
                row = json.loads(line.decode("utf-8"), parse_int=Number, parse_float=Number)
                if not line.endswith(b"}\n"):
                    raise ValueError("the line does not end with } and a newline")
                if set(row) - set(kinds):
                    raise ValueError(f"unknown columns {set(row) - set(kinds)}")
                yield {name: text(row[name], kind) if name in row else "-"
                       for name, kind in kinds.items()}
            except ValueError as error:
                sys.exit(f"{path}:{number}: {error}: {line!r}")


def counted(rows):
    """How often each row occurs, with times as numbers: 0.25 and 0.250000 are the same."""
    return Counter(tuple((name, float(value) if name in ("ts", "duration") and value != "-" else
                          value) for name, value in row.items() if name != "uid") for row in rows)


def main():
    tsv, other = sys.argv[1:]
    kinds = types(tsv)
    wanted, got = counted(connlog.read(tsv)), counted(rows_of_json(other, kinds))
    for label, rows in (("only in TSV", wanted - got), ("only in JSON", got - wanted)):
        for row in rows:
            print(label, *(f"{name}={value}" for name, value in row))
    sys.exit(wanted != got or not wanted)


if __name__ == "__main__":
    main()
