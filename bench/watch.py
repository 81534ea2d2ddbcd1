# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""The part `watch` of bench/run: what a worker loses by rules, polls and requests.

Weirs run by turns of 20 ms each, as the machine changes within tenths of a second; they are started several times, as where a
program's memory lies makes some percent. What is too small to be seen beside that is made larger than asked for, and divided by how
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
STARTS = 16
SLICES = 60  # of each weir in each start
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


def one_start(bench, trace):
    """{name: percent lost}, and how much of it was asked for."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=scratch()))
        plain, fast = (os.path.join(folder, name) for name in ("plain.sock", "fast.sock"))
        wanted = {"plain": [f"control.socket={plain}"], "again": [], "never": NEVER, "thresholds": THRESHOLDS, "polls": POLLED,
                  "conns": [f"control.socket={fast}", "control.listing_rest=0"]} | ({"before": []} if bench.before else {})
        stack.enter_context(hugepages(len(wanted) * standing_megabytes(FLOWS)))
        # Who comes first gets other pages.
        weirs = {name: start_standing(bench, stack, trace, FLOWS, wanted[name], build=bench.before if name == "before" else None)
                 for name in random.sample(list(wanted), len(wanted))}
        share = share_of_listings(bench, weirs["plain"], plain)
        weirs["conns"] = listed(bench, stack, weirs["conns"], fast)
        did = dict(zip(weirs, take_slices(list(weirs.values()), SLICES)))

    def loss(name, than="plain"):
        return 100 * (1 - did[name].packets / did[name].cpu * did[than].cpu / did[than].packets)

    polls = did["polls"].polls / did["polls"].cpu
    found = {name: loss(name) for name in ("again", "never", "thresholds")}
    found["polls more"], found["polls a second"] = loss("polls"), polls
    found["polls"] = loss("polls") * POLLS / polls
    found["conns more"], found["conns share"] = loss("conns"), 100 * share
    found["conns"] = loss("conns") * share / (did["conns"].service / did["conns"].cpu)
    if bench.before:
        found["before"] = loss("plain", "before")
    return found


def standing(bench):
    """Packets over connections that go on."""
    with bench.trace("flows", FLOWS, "standing") as trace:
        starts = [one_start(bench, trace) for _ in range(STARTS)]

    def row(what, name, bar=None, unit="%"):
        values = [found[name] for found in starts]
        error = statistics.stdev(values) / len(values) ** 0.5
        bench.row(what, statistics.mean(values), f"{unit} +- {error:.1g}", bar, False)

    row("the same once more: where memory lies", "again")
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
        did = take_slices(weirs, 4 * SLICES)
    each = [1e9 * one.cpu / one.packets for one in did]
    for number, time_taken in zip(numbers, each):
        bench.row(f"a new connection, {number} filters", time_taken, "ns", None)
    bench.row("a filter for a new connection", (each[-1] - each[0]) / numbers[-1], "ns", None)
