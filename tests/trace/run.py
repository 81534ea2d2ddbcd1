#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""run.py WEIR [FILE.case...]: run worked examples and compare the connections that weir logs.

A .case file holds many examples. Each is a name, packets, and what must be logged:

    == a question and an answer
    c U10, s U20
    => SF Dd 10/20 duration=0.100000 pkts=1/1 ip=38/48

Packets are written as tests/tools/trace.py describes. One `=>` line stands for each connection,
in order of start time, then address: state, history, bytes of originator/responder, then any of

    duration=S  start=S (after the first packet)  pkts=O/R  ip=O/R  missed=N  ports=O/R
    orig=NAME   a host of the example, ADDRESS, or ADDRESS:PORT
    in=N,N      its tunnel_parents: the connections N of the example, counted from 1; `unlogged`
                stands for a tunnel that has no connection of its own
    COLUMN=TEXT any other column of conn.log

`-` is what the log shows for nothing. Not given, orig is c, missed is 0, in is nothing, and the
rest is not compared. `=> none` means that nothing is logged. Traffic of `other` is left out.

    events new_connection connection_EOF=orig connection_state_remove

says which events the first connection has, all of them and in order; a second such line is for the
second one, and a line `more ...` goes on with the one before. Behind `=` may stand what the column
`details` has to be, with _ for a blank. Then weir writes all events, unless a `set` line says
otherwise; that alone can end connections earlier.

Every example runs twice, with and without -C (checksums ignored). Where that makes a difference,
`=C>` lines say what -C logs; without them, an example with wrong checksums runs only once.
A line `set SECTION.KEY=VALUE` is handed to weir as --set, `weir ...` as further arguments.
A line `fails REASON` marks what weir does not do yet: the example runs and must fail.
"""

import argparse
import ipaddress
import os
import shlex
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))

import connlog  # noqa: E402
import packets  # noqa: E402
import program  # noqa: E402
import trace  # noqa: E402

PAIRS = {"pkts": ("orig_pkts", "resp_pkts"), "ip": ("orig_ip_bytes", "resp_ip_bytes"),
         "ports": ("id.orig_p", "id.resp_p"), "bytes": ("orig_bytes", "resp_bytes")}
CHECKSUM_WORDS = {"badsum", "badip", "nosum"}


class Case:
    def __init__(self, path, line, name):
        self.path, self.line, self.name = path, line, name
        self.lines = []
        self.expected = {"=>": None, "=C>": None}
        self.arguments = []
        self.events = []
        self.fails = None

    @property
    def where(self):
        return f"{os.path.basename(self.path)}:{self.line} {self.name}"

    def add(self, line):
        words = line.split(maxsplit=1)
        first = words[0] if words else ""
        if first in self.expected:
            if self.expected[first] is None:
                self.expected[first] = []
            if words[1:] != ["none"]:
                self.expected[first].append(expectation(words[1] if len(words) > 1 else ""))
            return
        if first in ("set", "weir", "fails", "events", "more") and len(words) == 1:
            raise trace.TraceError(f"{first} needs something behind it")
        if first == "set":
            self.arguments += ["--set", words[1]]
        elif first == "events":
            self.events.append(words[1].split())
        elif first == "more":
            if not self.events:
                raise trace.TraceError("more goes on with a line `events ...`")
            self.events[-1] += words[1].split()
        elif first == "fails":
            self.fails = words[1]
        elif first == "weir":
            self.arguments += shlex.split(words[1])
        else:
            self.lines.append(line)
            return
        self.lines.append("")

    def weir_arguments(self):
        if self.events and not any(word.startswith("log events.names=") for word in self.arguments):
            return ["--set", "log events.names=.*", *self.arguments]
        return self.arguments

    def modes(self):
        """What must be logged, by weir's arguments: pairs of ([argument...], expectations)."""
        plain, ignoring = self.expected["=>"], self.expected["=C>"]
        modes = [([], plain)] if plain is not None else []
        words = set(" ".join(self.lines).replace(",", " ").split())
        if ignoring is None and not CHECKSUM_WORDS & words:
            ignoring = plain
        if ignoring is not None:
            modes.append((["-C"], ignoring))
        return modes


def expectation(text):
    words = text.split()
    if len(words) < 3 or "/" not in words[2]:
        raise trace.TraceError(f"`{text}` does not begin with STATE HISTORY OB/RB")
    wanted = {"conn_state": words[0], "history": words[1], "orig": "c", "missed": "0",
              "in": "-"}
    for word in [f"bytes={words[2]}"] + words[3:]:
        key, equals, value = word.partition("=")
        if not equals:
            raise trace.TraceError(f"`{word}` is no KEY=VALUE")
        if key in PAIRS:
            if value.count("/") != 1:
                raise trace.TraceError(f"`{word}`: two values with a slash are needed")
            wanted.update(zip(PAIRS[key], value.split("/")))
        else:
            wanted[key] = value
    wanted["missed_bytes"] = wanted.pop("missed")
    return wanted


def read_cases(path):
    cases = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip()
            try:
                if line.startswith("== "):
                    cases.append(Case(path, number, line[3:].strip()))
                elif cases:
                    cases[-1].add(line)
                elif line and not line.startswith("#"):
                    raise trace.TraceError("before the first `== name` only comments may stand")
            except ValueError as error:
                sys.exit(f"{path}:{number}: {error}")
    for case in cases:
        if not case.modes():
            sys.exit(f"{path}:{case.line}: `{case.name}` has no line `=> ...` of what is logged")
    return cases


def render(case, pcap):
    """Write the packets of a case; returns its hosts and the time of its first packet."""
    text = trace.Trace()
    text.read([""] * case.line + case.lines, case.path)
    packets.write_pcap(pcap, text.frames, text.link)
    return text.hosts, min((time for time, _, _ in text.frames), default=0) / 1e9


def parents(row, places):
    """The tunnels around a connection as the numbers of their own connections."""
    uids = row.get("tunnel_parents", "-")
    if uids == "-":
        return uids
    return ",".join(sorted(str(places.get(uid, "unlogged")) for uid in uids.split(",")))


def mismatch(wanted, row, hosts, start, places):
    """Column: (expected, got) of everything in a row that is not as wanted. `places` are the
    numbers of all connections by uid."""
    wrong = {}
    for column, value in wanted.items():
        if column == "start":
            value, got = f"{float(value):.6f}", f"{float(row['ts']) - start:.6f}"
        elif column == "in":
            value, got = ",".join(sorted(value.split(","))), parents(row, places)
        elif column == "orig":
            got = row["id.orig_h"]
            if value in hosts:
                value = str(hosts[value].address)
            elif value.rpartition(":")[0].count(":") == 0 and ":" in value:
                got += ":" + row["id.orig_p"]
            else:
                got = str(ipaddress.ip_address(got))
        else:
            got = row.get(column, "(no such column)")
            if column == "duration" and "-" not in (value, got):
                value = f"{float(value):.6f}"
        if got != value:
            wrong[column] = (value, got)
    return wrong


def logged(rows):
    """The rows of the connections of an example, in their order."""
    others = [ipaddress.ip_address(trace.OTHER_HOSTS[1])]
    rows = [row for row in rows if ipaddress.ip_address(row["id.resp_h"]) not in others]
    return sorted(rows, key=connlog.by_time)


def compare(expected, rows, hosts, start):
    """The differences between what is expected and what was logged, one line of text each."""
    places = {row["uid"]: place for place, row in enumerate(rows, 1)}
    differences = []
    for number in range(max(len(expected), len(rows))):
        label = f"connection {number + 1}: "
        if number >= len(rows):
            wanted = expected[number]
            differences.append(label + f"not logged: {wanted['conn_state']} {wanted['history']}")
        elif number >= len(expected):
            row = rows[number]
            differences.append(label + "not expected: " + " ".join(
                f"{row[column]}" for column in ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p",
                                                "proto", "conn_state", "history")))
        else:
            wrong = mismatch(expected[number], rows[number], hosts, start, places)
            if wrong:
                differences.append(label + ", ".join(
                    f"{column} expected {want} got {got}" for column, (want, got) in wrong.items()))
    return differences


def compare_events(expected, rows, path):
    """The differences between the events that each connection is to have and those in the log."""
    if not os.path.exists(path):
        return ["events.log was not written"]
    happened = {}
    for row in connlog.read(path):
        happened.setdefault(row["uid"], []).append(
            (row["event"], row["details"].strip().replace(" ", "_")))
    differences = []
    for number, wanted in enumerate(expected):
        got = happened.get(rows[number]["uid"], []) if number < len(rows) else []
        if len(got) != len(wanted) or not all(
                word in (name, f"{name}={details}") for word, (name, details) in zip(wanted, got)):
            shown = (name if details == "-" else f"{name}={details}" for name, details in got)
            differences.append(f"connection {number + 1}: events expected {' '.join(wanted)}\n"
                               f"{'':25}got {' '.join(shown)}")
    return differences


def run_case(case, number, options, directory):
    """Run one case in each of its modes; returns (failures as text, how many passed)."""
    pcap = os.path.join(directory, f"{number}.pcap")
    try:
        hosts, start = render(case, pcap)
    except ValueError as error:
        return [f"FAIL {error}"], 0
    failures, good = [], 0
    for arguments, expected in case.modes():
        every = arguments + case.weir_arguments() + options.arguments
        where = case.where + (" (-C)" if arguments else "")
        logs = os.path.join(directory, f"{number}{''.join(arguments)}")
        rows, problem = program.run(options.weir, pcap, logs, every)
        differences = [problem] if problem else compare(expected, logged(rows), hosts, start)
        if case.events and not problem:
            differences += compare_events(case.events, logged(rows),
                                          os.path.join(logs, "events.log"))
        if case.fails and not differences:
            failures.append(f"FAIL {where}\n     passes now: remove its line `fails {case.fails}`")
        elif case.fails:
            print(f"skipped {where}: {case.fails}")
        elif differences:
            failures.append(f"FAIL {where}\n     " + "\n     ".join(differences))
        else:
            good += 1
    return failures, good


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weir", help="the program to test")
    parser.add_argument("files", nargs="*", help=".case files (default: all beside this script)")
    parser.add_argument("--workers", type=int, metavar="N", help="run weir with N workers")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only cases with TEXT in their name")
    parser.add_argument("--keep", metavar="DIR",
                        help="keep traces and logs in DIR, by number of the case")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="run N at a time")
    options = parser.parse_args()
    options.weir = os.path.abspath(options.weir)
    if not os.access(options.weir, os.X_OK):
        sys.exit(f"run.py: {options.weir} is not there or cannot be run; build it first")
    options.arguments = ["-w", str(options.workers)] if options.workers else []
    files = options.files or sorted(os.path.join(HERE, name) for name in os.listdir(HERE)
                                    if name.endswith(".case"))
    cases = [case for path in files for case in read_cases(path) if options.only in case.name]

    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="weir-cases-") as temporary:
        directory = options.keep or temporary
        os.makedirs(directory, exist_ok=True)
        with ThreadPoolExecutor(options.jobs) as pool:
            results = pool.map(lambda job: run_case(job[1], job[0], options, directory),
                               enumerate(cases, 1))
            for failures, good in results:
                failed += len(failures)
                passed += good
                for failure in failures:
                    print(failure)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
