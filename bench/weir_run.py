# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""What the benches share: running weir and reading its counters while it runs, and huge pages."""

import collections
import contextlib
import os
import random
import re
import select
import signal
import subprocess
import tempfile
import time

HUGEPAGES = "/proc/sys/vm/nr_hugepages"
PAGE = 2  # MiB


class Failure(RuntimeError):
    """What was wrong, and what would be right."""


@contextlib.contextmanager
def hugepages(megabytes):
    """Reserves huge pages of 2 MiB and gives back as many: others may reserve some meanwhile."""
    def change(pages):
        with open(HUGEPAGES, encoding="ascii") as f:
            now = int(f.read())
        with open(HUGEPAGES, "w", encoding="ascii") as f:
            f.write(str(max(0, now + pages)))
        with open(HUGEPAGES, encoding="ascii") as f:
            return int(f.read()) - now

    # Memory that was in use for a while is in pieces: let the kernel gather it first.
    for name, word in (("drop_caches", "3"), ("compact_memory", "1")):
        with contextlib.suppress(OSError), open("/proc/sys/vm/" + name, "w", encoding="ascii") as f:
            f.write(word)
    wanted = (int(megabytes) + PAGE - 1) // PAGE
    got = change(wanted)
    try:
        if got < wanted:
            raise Failure(f"only {got * PAGE} of {wanted * PAGE} MiB of huge pages could be reserved: close other programs,"
                          " or restart the machine if its memory is in pieces")
        yield
    finally:
        change(-got)


def counts(text):
    """What weir's summary says: {"packets": 12, "tracked": 11, "live": 3, ...}; what it does not name is 0."""
    found = collections.defaultdict(int)
    for line in re.finditer(r"^ *(\S.*?) +(\d+)(?= \(|$)", text, re.M):
        found[line[1]] = int(line[2])
    return found


def tsc_hertz():
    """The rate of the time-stamp counter, as far as /proc/cpuinfo tells it."""
    with open("/proc/cpuinfo", encoding="ascii") as f:
        for line in f:
            if line.startswith("cpu MHz"):
                return float(line.split(":")[1]) * 1e6
    return 1e9


def scratch():
    """A folder in memory where there is one, so that no disk is measured."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Sample:
    """Counters of a running weir at one moment."""

    def __init__(self, text, threads):
        found = counts(text)
        self.threads, self.time = threads, float(re.search(r"^packets .* in ([0-9.]+) s", text, re.M)[1])
        self.packets, self.live, self.logged = found["packets"], found["live"], found["logged"]
        self.evicted = found["ended: table full, half-open ones first"]
        self.polls = found["looks of polls"]

    def worker_cpu(self):
        """Seconds of CPU time of all workers."""
        return sum(time for name, time in self.threads.items() if name.startswith("weir-worker")) / 1e9

    def service_cpu(self):
        """The same of the thread that answers requests."""
        return self.threads.get("weir-service", 0) / 1e9


class Weir:
    """A running weir. `threads` of a sample: nanoseconds of CPU time by thread name."""

    def __init__(self, command):
        self.run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = ""

    def threads(self):
        times = {}
        folder = f"/proc/{self.run.pid}/task"
        for task in os.listdir(folder):
            try:
                with open(f"{folder}/{task}/comm", encoding="ascii") as f:
                    name = f.read().strip()
                with open(f"{folder}/{task}/schedstat", encoding="ascii") as f:
                    times[name] = times.get(name, 0) + int(f.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
        return times

    def read(self, patience):
        """What it printed, waiting at most so many seconds for more."""
        if not select.select([self.run.stdout], [], [], patience)[0]:
            return ""
        text = os.read(self.run.stdout.fileno(), 65536).decode()
        self.text += text
        return text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.run.poll() is None:
            self.run.kill()
        self.run.wait()

    def sample(self, patience=120):
        """Asks for a summary (SIGUSR1) and reads it; None when weir ended instead. It answers once the trace is loaded."""
        threads, start, deadline = self.threads(), len(self.text), time.monotonic() + patience
        self.run.send_signal(signal.SIGUSR1)
        # A summary comes in one piece: what is silent for a moment after its last section is complete.
        while "\nconnections" not in self.text[start:]:
            if not self.read(0.2) and self.run.poll() is not None:
                return None
            if time.monotonic() > deadline:
                self.fail("gives no summary")
        while self.read(0.01):
            pass
        text, after = self.text[start:], self.threads()
        # The counters are of some moment between.
        return Sample(text, {name: (threads.get(name, time) + time) / 2 for name, time in after.items()})

    def wait_for_start(self, patience=120):
        """Until packets are counted."""
        deadline = time.monotonic() + patience
        # A signal before weir catches it would end it.
        while time.monotonic() < deadline and self.run.poll() is None and not self.catches(signal.SIGUSR1):
            time.sleep(0.05)
        while time.monotonic() < deadline and self.run.poll() is None:
            sample = self.sample()
            if sample and sample.packets > 0:
                return
            time.sleep(0.05)
        self.fail("did not start")

    def catches(self, number):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{self.run.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("SigCgt:"):
                    return int(line.split()[1], 16) >> (number - 1) & 1
        return False

    def pause(self):
        self.run.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.run.send_signal(signal.SIGCONT)

    def fail(self, why):
        ended = self.run.poll()
        self.run.kill()
        self.run.wait()
        # What it still had to say is most likely the reason; all of it is in the pipe by now.
        while self.read(1):
            pass
        how = "" if ended is None else f" (exit status {ended})"
        raise Failure(f"weir {why}{how}:\n" + (self.text[-3000:] or "it printed nothing"))

    def stop(self):
        """Ends it and returns all it printed."""
        if self.run.poll() is None:
            self.run.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        """Until it ends by itself; returns all it printed."""
        while self.read(None):
            pass
        if self.run.wait() != 0:
            self.fail("failed")
        return self.text


class Measured:
    """What a weir did between two samples."""

    def __init__(self, first, last):
        self.packets = last.packets - first.packets
        self.seconds = last.time - first.time
        self.logged = last.logged - first.logged
        self.evicted = last.evicted - first.evicted
        self.polls = last.polls - first.polls
        self.cpu = last.worker_cpu() - first.worker_cpu()
        self.service = last.service_cpu() - first.service_cpu()


class Together:
    """What several weirs did at the same time."""

    def __init__(self, windows):
        self.packets = sum(window.packets for window in windows)
        self.seconds = sum(window.seconds for window in windows) / len(windows)
        self.cpu = sum(window.cpu for window in windows)


class Windows:
    """What a weir did in several such windows. On a machine with other things to do some moments are bad: of each figure the
    window that a quarter of them is better than counts. Seconds are those of the workers' CPU time, so that what other
    programs on the machine took does not count, but where the clock is named."""

    def __init__(self, windows):
        self.windows = windows

    def __add__(self, other):
        return Windows(self.windows + other.windows)

    def quartile(self, figure):
        """`figure`: the larger, the better."""
        return sorted(map(figure, self.windows), reverse=True)[len(self.windows) // 4]

    def rate(self):
        """Packets for each second of a worker's CPU time."""
        return self.quartile(lambda window: window.packets / window.cpu)

    def cycles(self):
        """For each packet."""
        return tsc_hertz() / self.rate()

    def clock_rate(self):
        """Packets for each second by the clock, of all workers."""
        return self.quartile(lambda window: window.packets / window.seconds)

    def clock_logged(self):
        """Connections logged for each second by the clock."""
        return self.quartile(lambda window: window.logged / window.seconds)

    def evicted(self):
        """Connections evicted for each second of a worker's CPU time, with the packets that were tracked besides."""
        return self.rate() * sum(window.evicted for window in self.windows) / sum(window.packets for window in self.windows)


def measure(weir, ready, seconds, packets=float("inf"), every=0.25):
    """Windows from when `ready` says so, for so many seconds or until so many packets are tracked."""
    weir.wait_for_start()
    while (first := weir.sample()) is not None and not ready(first):
        time.sleep(min(0.1, every))
    windows, end = [], time.monotonic() + seconds
    while first is not None and time.monotonic() < end:
        time.sleep(every)
        last = weir.sample()
        if last is None or last.packets >= packets:
            break
        windows.append(Measured(first, last))
        first = last
    if not windows:
        weir.fail("ended before anything was measured")
    return Windows(windows)


def replay_command(build, trace, logs, settings, workers=1):
    """A weir that replays a trace."""
    words = ["capture.source=replay"] + (["workers.cores=1"] if workers == 1 else []) + settings
    return ([os.path.join(build, "app/weir/weir"), "-C", "-r", trace, "-l", logs, "-w", str(workers)]
            + [word for value in words for word in ("--set", value)])


def replay(build, trace, settings, seconds, ready=lambda sample: True, workers=1):
    """Replays a trace without end, and measures for so many seconds from when `ready` says so."""
    with tempfile.TemporaryDirectory(dir=scratch()) as logs:
        # It is killed at the end: what is left is of no interest, and ending in order would write it all to the log.
        with Weir(replay_command(build, trace, logs, ["replay.rounds=0"] + settings, workers)) as weir:
            return measure(weir, ready, seconds)


class Loop:
    """A command that runs over and over, in a session of its own, until it is left."""

    def __init__(self, command):
        self.command = command
        self.loop = subprocess.Popen(["sh", "-c", 'while "$@" > /dev/null; do :; done', "sh", *command], start_new_session=True)

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.loop.pid, number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        failed = self.loop.poll() is not None
        self.signal(signal.SIGKILL)
        self.loop.wait()
        if failed:
            raise Failure("a command failed: " + " ".join(self.command))


def take_turns(groups, turns, every=0.3):
    """Lets groups of stopped weirs run by turns: what is compared then had the same moments of the machine. Returns for each turn what each group did, [[Together, ...], ...]; turns in which one of them got no CPU are left out."""
    def one_turn(weirs):
        for weir in weirs:
            weir.go_on()
        # Until the caches are its own again.
        time.sleep(0.05)
        first = [weir.sample() for weir in weirs]
        time.sleep(every)
        last = [weir.sample() for weir in weirs]
        for weir, sample in zip(weirs, last):
            if sample is None:
                weir.fail("ended before all was measured")
        for weir in weirs:
            weir.pause()
        return Together([Measured(*pair) for pair in zip(first, last)])

    def all_turns():
        # Each time in another order: whoever comes first finds the machine as it is after a pause.
        did = {}
        for place in random.sample(range(len(groups)), len(groups)):
            did[place] = one_turn(groups[place])
        return [did[place] for place in range(len(groups))]

    found = [all_turns() for _ in range(turns)]
    whole = [turn for turn in found if all(did.packets > 0 and did.cpu > 0 for did in turn)]
    if not whole:
        raise Failure("other programs left no CPU to measure with: close them")
    return whole


def take_slices(weirs, count, every=0.02):
    """Lets stopped weirs run one after the other, `count` times each for so many seconds, forth and back, and returns what each did
    in all, [Measured, ...]. The machine changes within tenths of a second, so that each gets as much of all its moments."""
    def sample(weir):
        weir.go_on()
        found = weir.sample()
        weir.pause()
        if found is None:
            weir.fail("ended before all was measured")
        return found

    first = [sample(weir) for weir in weirs]
    for turn in range(count):
        for weir in weirs if turn % 2 == 0 else weirs[::-1]:
            weir.go_on()
            time.sleep(every)
            weir.pause()
    did = [Measured(before, sample(weir)) for before, weir in zip(first, weirs)]
    if any(one.packets <= 0 or one.cpu <= 0 for one in did):
        raise Failure("other programs left no CPU to measure with: close them")
    return did


def table_megabytes(connections, packets=0, size=64):
    return (connections * 320 + packets * (size + 32)) // (1 << 20) + 192


def standing_settings(flows):
    """For connections that go on: after the first round they come in another order than the one in which they began."""
    return [f"connections.maximum={flows * 17 // 16}", "replay.new_addresses=no", f"replay.opening={flows}"]


def standing_megabytes(flows):
    return table_megabytes(flows * 17 // 16, 2 * flows)


def start_replay(bench, stack, trace, settings, packets, workers=1, build=None):
    """A weir that replays such a trace without end, until `stack` is left: once it had so many packets, and stopped, as others load
    faster without it."""
    logs = stack.enter_context(tempfile.TemporaryDirectory(dir=scratch()))
    command = replay_command(build or bench.build, trace, logs, ["replay.rounds=0"] + settings + bench.settings, workers)
    weir = stack.enter_context(Weir(command))
    weir.wait_for_start()
    while weir.sample().packets < packets:
        time.sleep(0.1)
    weir.pause()
    return weir


def start_standing(bench, stack, trace, flows, more, workers=1, build=None):
    """The same for connections that go on, in its second round."""
    return start_replay(bench, stack, trace, standing_settings(flows) + more, 2 * flows, workers, build)
