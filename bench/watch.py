# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""The part `watch` of bench/run: what a worker loses by rules, polls and requests.

Few weirs at a time run by turns of 20 ms each, as the machine changes within tenths of a second; they are started many times, as where
a program's memory lies makes some percent. What is too small to be seen beside that is made larger than asked for, and divided by how
much larger it was: a poll costs what it costs, and so does a second of listing.
"""

import contextlib
import os
import random
import signal
import statistics
import tempfile
import time

from weir_run import (Loop, Measured, hugepages, scratch, start_standing, standing_megabytes, start_replay, table_megabytes, take_slices)

FLOWS = 1000000
SLICES = 100  # of each weir in each start
# Three thresholds for each connection, of which none is reached.
THRESHOLDS = ["threshold bytes.orig_bytes=1 TiB", "threshold packets.resp_pkts=1000000000", "threshold long.duration=10 d"]
# A rule that no connection matches.
NEVER = ["threshold never.filter=tcp and udp", "threshold never.pkts=1"]
POLLS = 10000  # a second
# A look at each connection every 10 seconds of the packets' time, of which several pass in a second.
POLLED = ["poll all.feature=bytes", "poll all.above=1000 TiB", "poll all.interval=10 s", "poll all.repeat=yes"]


class Listed:
    """A weir that lists its connections all the time that it runs."""

    def __init__(self, weir, loop):
        self.weir, self.loop = weir, loop
        loop.signal(signal.SIGSTOP)

    def go_on(self):
        self.weir.go_on()
        self.loop.signal(signal.SIGCONT)

    def pause(self):
        self.loop.signal(signal.SIGSTOP)
        self.weir.pause()

    def sample(self):
        return self.weir.sample()

    def fail(self, why):
        self.weir.fail(why)


def listed(bench, stack, weir, path):
    return Listed(weir, stack.enter_context(Loop([os.path.join(bench.build, "app/weirctl/weirctl"), "-s", path, "conns"])))


def share_of_listings(bench, weir, path):
    """Which part of the time the service works, as it is configured without more, when somebody lists in a loop."""
    with contextlib.ExitStack() as stack:
        busy = listed(bench, stack, weir, path)
        busy.go_on()
        first = busy.sample()
        time.sleep(1)
        did = Measured(first, busy.sample())
        busy.pause()
        return did.service / did.cpu


def start(bench, stack, trace, wanted):
    """Weirs with such settings; "before" is the older build."""
    stack.enter_context(hugepages(len(wanted) * standing_megabytes(FLOWS)))
    # Who comes first gets other pages.
    return {name: start_standing(bench, stack, trace, FLOWS, wanted[name], build=bench.before if name == "before" else None)
            for name in random.sample(list(wanted), len(wanted))}


def slices(weirs):
    """What each did, and a function for the percent that one lost against another."""
    names = random.sample(list(weirs), len(weirs))
    did = dict(zip(names, take_slices([weirs[name] for name in names], SLICES)))
    return did, lambda name, than: 100 * (1 - did[name].packets / did[name].cpu * did[than].cpu / did[than].packets)


def unwatched(bench, trace):
    """What the possibility of watching costs."""
    with contextlib.ExitStack() as stack:
        weirs = start(bench, stack, trace, {"plain": [], "never": NEVER} | ({"before": []} if bench.before else {}))
        loss = slices(weirs)[1]
    return {"never": loss("never", "plain")} | ({"before": loss("plain", "before")} if bench.before else {})


def thresholds(bench, trace):
    with contextlib.ExitStack() as stack:
        loss = slices(start(bench, stack, trace, {"plain": [], "thresholds": THRESHOLDS}))[1]
    return {"thresholds": loss("thresholds", "plain")}


def polls(bench, trace):
    with contextlib.ExitStack() as stack:
        did, loss = slices(start(bench, stack, trace, {"plain": [], "polls": POLLED}))
    looked = did["polls"].polls / did["polls"].cpu
    return {"polls": loss("polls", "plain") * POLLS / looked, "polls more": loss("polls", "plain"), "polls a second": looked}


def conns(bench, trace):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=scratch()))
        plain, fast = (os.path.join(folder, name) for name in ("plain.sock", "fast.sock"))
        weirs = start(bench, stack, trace,
                      {"plain": [f"control.socket={plain}"], "conns": [f"control.socket={fast}", "control.listing_rest=0"]})
        share = share_of_listings(bench, weirs["plain"], plain)
        weirs["conns"] = listed(bench, stack, weirs["conns"], fast)
        did, loss = slices(weirs)
    busy = did["conns"].service / did["conns"].cpu
    return {"conns": loss("conns", "plain") * share / busy, "conns more": loss("conns", "plain"), "conns share": 100 * share}


def standing(bench):
    """Packets over connections that go on."""
    found = {}
    with bench.trace("flows", FLOWS, "standing") as trace:
        for part, starts in ((unwatched, 40 if bench.before else 16), (thresholds, 4), (polls, 4), (conns, 8)):
            for one in [part(bench, trace) for _ in range(starts)]:
                for name, value in one.items():
                    found.setdefault(name, []).append(value)

    def row(what, name, bar=None, unit="%"):
        error = statistics.stdev(found[name]) / len(found[name]) ** 0.5
        bench.row(what, statistics.mean(found[name]), unit, bar, False, error)

    row("loss, a rule that no connection matches", "never", 1)
    row("loss, three thresholds on each connection", "thresholds", 15)
    row(f"loss, {POLLS} polls a second", "polls", 3)
    row("  of a loss, with more polls", "polls more")
    row("  so many", "polls a second", unit="a second")
    row("loss, weirctl conns in a loop", "conns", 3)
    row("  of a loss, when listing does not rest", "conns more")
    row("  part of the time that listings take by default", "conns share")
    if bench.before:
        row("loss, no watcher, against the build before", "before", 1)


def fresh(bench):
    """Packets that each begin a connection, with so many filters that none matches."""
    numbers = (0, 1, 10, 100)
    flows = 64 << 10
    with contextlib.ExitStack() as stack:
        trace = stack.enter_context(bench.trace("flows", flows))
        stack.enter_context(hugepages(len(numbers) * table_megabytes(flows, flows)))
        weirs = []
        for number in numbers:
            rules = [word for i in range(number)
                     for word in (f"threshold t{i}.filter=tcp dst port {i + 1} and net 192.0.2.0/24", f"threshold t{i}.pkts=1")]
            weirs.append(start_replay(bench, stack, trace, [f"connections.maximum={flows}"] + rules, 4 * flows))
        did = take_slices(weirs, 2 * SLICES)
    each = [1e9 * one.cpu / one.packets for one in did]
    for number, time_taken in zip(numbers, each):
        bench.row(f"a new connection, {number} filters", time_taken, "ns", None)
    bench.row("a filter for a new connection", (each[-1] - each[0]) / numbers[-1], "ns", None)
