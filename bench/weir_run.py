# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""What the benches share: running weir and reading its counters while it runs, and huge pages."""

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

HUGEPAGES = "/proc/sys/vm/nr_hugepages"


def reserve(megabytes):
    """Reserves huge pages of 2 MiB; returns what give_back() needs."""
    with open(HUGEPAGES, encoding="ascii") as f:
        before = int(f.read())
    # Memory that was in use for a while is in pieces: let the kernel gather it first.
    for path, word in (("drop_caches", "3"), ("compact_memory", "1"), ("nr_hugepages", str(before + megabytes // 2))):
        with open("/proc/sys/vm/" + path, "w", encoding="ascii") as f:
            f.write(word)
    with open(HUGEPAGES, encoding="ascii") as f:
        if int(f.read()) < before + megabytes // 2:
            give_back(before)
            sys.exit(f"{megabytes} MiB of huge pages cannot be reserved, memory is in pieces: try again, or after a restart")
    return before


def give_back(before):
    with open(HUGEPAGES, "w", encoding="ascii") as f:
        f.write(str(before))


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

    def __init__(self, packets, live, logged, threads):
        self.time = time.monotonic()
        self.packets, self.live, self.logged, self.threads = packets, live, logged, threads

    def worker_cpu(self):
        """Seconds of CPU time of all workers."""
        return sum(time for name, time in self.threads.items() if name.startswith("weir-worker")) / 1e9


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

    def sample(self, patience=10):
        """Asks for a summary (SIGUSR1) and reads it; None when weir ended instead."""
        threads, start, deadline = self.threads(), len(self.text), time.monotonic() + patience
        self.run.send_signal(signal.SIGUSR1)
        # A summary comes in one piece: what is silent for a moment after its last section is complete.
        while time.monotonic() < deadline and "\nconnections" not in self.text[start:]:
            if not self.read(0.2) and self.run.poll() is not None:
                return None
        while self.read(0.02):
            pass
        text = self.text[start:]

        def count(pattern):
            match = re.search(pattern, text, re.M)
            return int(match[1]) if match else 0
        return Sample(count(r"^packets +(\d+)"), count(r"^  live +(\d+)"), count(r"^  logged +(\d+)"), threads)

    def wait_for_start(self, patience=120):
        """Until packets are counted."""
        # A signal before weir catches it would end it.
        time.sleep(0.3)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.run.poll() is None:
            sample = self.sample()
            if sample and sample.packets > 0:
                return
            time.sleep(0.05)
        self.fail("did not start")

    def fail(self, why):
        self.run.kill()
        sys.exit(f"weir {why}:\n" + self.text[-3000:])

    def stop(self):
        """Ends it and returns all it printed."""
        if self.run.poll() is None:
            self.run.send_signal(signal.SIGTERM)
        while self.read(None):
            pass
        if self.run.wait() != 0:
            self.fail("failed")
        return self.text


class Measured:
    """What a replay did between two samples."""

    def __init__(self, first, last):
        self.packets = last.packets - first.packets
        self.seconds = last.time - first.time
        self.logged = last.logged - first.logged
        self.live = last.live
        self.cpu = last.worker_cpu() - first.worker_cpu()

    def cycles(self):
        """Of the workers' CPU time, for each packet."""
        return self.cpu * tsc_hertz() / self.packets

    def rate(self):
        """Packets for each second of a worker's CPU time: what other programs on the machine took does not count."""
        return self.packets / self.cpu


def replay(build, trace, settings, seconds, ready=lambda sample: True, workers=1):
    """Replays a trace without end, and measures for so many seconds from when `ready` says so."""
    with tempfile.TemporaryDirectory(dir=scratch()) as logs:
        words = ["capture.source=replay", "replay.rounds=0"] + (["workers.cores=1"] if workers == 1 else []) + settings
        weir = Weir([os.path.join(build, "app/weir/weir"), "-C", "-r", trace, "-l", logs, "-w", str(workers)]
                    + [word for value in words for word in ("--set", value)])
        weir.wait_for_start()
        while (first := weir.sample()) is not None and not ready(first):
            time.sleep(0.1)
        # On a machine with other things to do some moments are bad: the window that a quarter is better than counts.
        windows, end = [], time.monotonic() + seconds
        while first is not None and time.monotonic() < end:
            time.sleep(0.25)
            last = weir.sample()
            if last is None:
                weir.fail("ended")
            windows.append(Measured(first, last))
            first = last
        if not windows:
            weir.fail("ended")
        # What is left is of no interest: ending in order would write it all to the log.
        weir.run.kill()
        weir.run.wait()
        return sorted(windows, key=Measured.cycles)[len(windows) // 4]
