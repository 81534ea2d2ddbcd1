# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""Reads and checks the list of known differences from the reference logs.

The list is a Markdown table with the columns trace, what differs, why. What differs is written as

    plain: 1 missing, 1 extra; C: fields; events: order

one part a mode: how many connections (in mode events: events) are missing and how many nobody
expected. A part without numbers says in other words what differs. `status 1` is a part of its own:
weir may end with that status there.
"""

import re

STATUS = "status 1"
COUNTS = re.compile(r"(\d+) (missing|extra)")


class Known:
    """What is said about one trace: mode -> {"missing": N, "extra": N}, both 0 if not given."""

    def __init__(self, name):
        self.name = name
        self.modes = {}
        self.may_fail = False


def read(path, modes):
    """The list as a dict of trace to Known. Raises ValueError on what is no such table."""
    entries = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            cells = [cell.strip(" `\n") for cell in line.strip().strip("|").split("|")]
            if not line.startswith("|") or cells[0] == "trace" or set(cells[0]) <= set(":-"):
                continue
            if len(cells) != 3 or not all(cells):
                raise ValueError(f"{path}:{number}: three columns are needed, none of them empty")
            if cells[0] in entries:
                raise ValueError(f"{path}:{number}: {cells[0]} stands in the list twice")
            entry = entries[cells[0]] = Known(cells[0])
            for part in cells[1].split(";"):
                mode, colon, what = part.strip(" `").partition(":")
                if mode == STATUS:
                    entry.may_fail = True
                elif mode in modes and colon and what.strip():
                    counts = {kind: int(count) for count, kind in COUNTS.findall(what)}
                    entry.modes[mode] = {"missing": 0, "extra": 0} | counts
                else:
                    raise ValueError(f"{path}:{number}: `{part.strip()}` is no `MODE: WHAT`; the "
                                     f"modes are {' '.join(modes)}, and `{STATUS}`")
    return entries


def judge(result, entry):
    """What is wrong with the result of a trace in one mode, given its entry in the list or None."""
    said = entry.modes.get(result.mode) if entry else None
    found = {"missing": result.missing, "extra": result.extra}
    text = f"{found['missing']} missing, {found['extra']} extra"
    if said is None:
        if any(found.values()):
            return f"{text}, and tests/conformance-known.md says nothing of it"
    elif not result.wrong:
        return "all agrees: take it off tests/conformance-known.md"
    elif found != said:
        return (f"{text}; tests/conformance-known.md says {said['missing']} missing, "
                f"{said['extra']} extra")
    return None
