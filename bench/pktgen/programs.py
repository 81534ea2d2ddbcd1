# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""The programs that a run consists of: weir, the generators, and testpmd in weir's place."""

import collections
import contextlib
import fcntl
import glob
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from packets import SOURCE_PORT, TARGET, TARGET_PORT, frame_sizes, source, wire_rate
from weir_run import Failure, counts

# The speed that net_virtio_user is told to have, in Mbit/s; net_vhost of DPDK 22.11 says 10000 and cannot be told.
VIRTIO_SPEED = 100000
# Pktgen builds the packets of its range once, into its own buffers: 16384 of them (24.05) or 24576 (23.03).
RANGE_MOST = 16384

Cpus = collections.namedtuple("Cpus", "rest generator worker")
# What the programs are started with: path is the socket between them, trace what is sent (None: the generator's own),
# megabytes what holds it.
Plan = collections.namedtuple("Plan", "options cpus folder path trace megabytes")


class Program:
    """A child process whose output is read all the time and whose last lines are kept."""

    started = []

    def __init__(self, name, command, cpus, environment=None, terminal=False):
        self.name, self.lines, self.changed = name, collections.deque(maxlen=400), threading.Condition()
        self.rest = ""
        master, slave = pty.openpty() if terminal else (None, subprocess.PIPE)
        if terminal:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
        try:
            self.process = subprocess.Popen(
                command, stdin=slave, stdout=slave, stderr=slave if terminal else subprocess.STDOUT,
                env=dict(os.environ, **(environment or {})), process_group=0,
                preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        except OSError as error:
            raise Failure(f"{command[0]} cannot be started: {error.strerror}") from error
        finally:
            if terminal:
                os.close(slave)
        self.input = master if terminal else self.process.stdin.fileno()
        self.output = master if terminal else self.process.stdout.fileno()
        threading.Thread(target=self._read, daemon=True).start()
        Program.started.append(self)

    def _read(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.output, 65536):
                *lines, rest = re.split(r"[\r\n]+", self.rest + data.decode("utf-8", "replace"))
                with self.changed:
                    self.lines.extend(lines)
                    self.rest = rest[-4096:]
                    self.changed.notify_all()

    def said(self, word):
        with self.changed:
            return word in self.rest or any(word in line for line in self.lines)

    def alive(self):
        return self.process.poll() is None

    def tail(self):
        """The last lines without the sequences that move the cursor."""
        plain = [re.sub(r"\x1b(\[[0-9;?]*[a-zA-Z]|[78=>])|\x08", "", line) for line in [*self.lines, self.rest]]
        plain = [re.sub(r"(-\\\|/)+", "", line).strip() for line in plain]
        return "\n".join("  " + line for line in plain[-15:] if line)

    def check(self):
        """Each program needs the other; the one that was started first is nearer to the cause."""
        for program in Program.started:
            if not program.alive():
                raise Failure(f"{program.name} ended by itself (status {program.process.returncode}); its last words:\n"
                              + program.tail())

    def say(self, text):
        self.check()
        os.write(self.input, text.encode() + b"\n")

    def wait_for(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not (result := condition()):
            self.check()
            if time.monotonic() > end:
                raise Failure(f"{self.name}: {what} did not happen within {seconds} s; its last words:\n" + self.tail())
            with self.changed:
                self.changed.wait(0.05)
        return result

    def threads(self, polling):
        """The thread that polls the device, or the others."""
        for task in glob.glob(f"/proc/{self.process.pid}/task/*"):
            with contextlib.suppress(OSError), open(task + "/comm", encoding="ascii") as f:
                if ("worker" in f.read()) == polling:
                    yield task

    def make_room(self, cpu):
        """Moves all threads to a CPU but the one that polls, and lets that go first where they share it."""
        for task in self.threads(False):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(os.path.basename(task)), {cpu})
                os.setpriority(os.PRIO_PROCESS, int(os.path.basename(task)), 10)

    def polled(self):
        """Seconds of CPU that the thread that polls has had."""
        seconds = 0.0
        for task in self.threads(True):
            with contextlib.suppress(OSError), open(task + "/schedstat", encoding="ascii") as f:
                seconds += int(f.read().split()[0]) / 1e9
        return seconds

    def end(self, ask):
        """Asks the program to end, and makes it end if it does not."""
        with contextlib.suppress(OSError, Failure):
            ask()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None and self.alive():
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(8)
                return


def vhost(path):
    return f"net_vhost0,iface={path},queues=1"


def virtio(path):
    return f"net_virtio_user0,path={path},queues=1,queue_size=1024,speed={VIRTIO_SPEED}"


class Weir(Program):
    """weir with one worker on a CPU of its own."""

    def __init__(self, plan):
        options, cpus = plan.options, plan.cpus
        device = [vhost(plan.path)]
        if options.weir_end == "virtio":
            # The other end has to map this end's memory, and takes 8 pieces of it at most.
            device = [virtio(plan.path), "--set", "capture.eal=--single-file-segments"]
        command = [options.weir, "-i"] + device + [
                   "-C", "-w", "1", "-l", plan.folder, "--set", f"workers.cores={cpus.worker}",
                   "--set", f"connections.maximum={max(1024, options.flows * 5 // 4)}"]
        super().__init__("weir", command + [word for value in options.set for word in ("--set", value)],
                         {cpus.worker, cpus.rest})
        self.cpus = cpus

    def ready(self):
        self.wait_for(lambda: self.said("watching"), 60, "the start")
        self.make_room(self.cpus.rest)

    def counters(self):
        """What weir prints on SIGUSR1: received, tracked, missed, connections and live ones."""
        self.check()
        with self.changed:
            self.lines.clear()
        self.process.send_signal(signal.SIGUSR1)
        # The last line of the summary is not known, but it comes in one piece.
        self.wait_for(lambda: any(line.startswith("connections") for line in self.lines), 5, "a summary")
        time.sleep(0.02)
        found = counts("\n".join(self.lines))
        return {"received": found["packets"], "tracked": found["tracked"],
                "missed": found["never seen: lost by the device"], "connections": found["connections"], "live": found["live"]}

    def stop(self):
        self.end(lambda: self.process.send_signal(signal.SIGTERM))


class Dpdk(Program):
    """A program of DPDK's, with its telemetry for what its first device counts."""

    def __init__(self, name, arguments, eal, cpus, poller, runtime):
        os.mkdir(runtime, 0o700)
        self.telemetry, self.runtime, self.rest_cpu = None, runtime, cpus.rest
        eal = ["--lcores", f"0@{cpus.rest},1@{poller}", "--in-memory", "--single-file-segments"] + eal
        super().__init__(name, [name] + eal + arguments, {cpus.rest, poller}, {"RUNTIME_DIRECTORY": runtime}, True)

    def connect(self):
        """Waits until the device is joined with the other end; the connection to the telemetry stays."""
        def socket_path():
            return glob.glob(os.path.join(self.runtime, "**", "dpdk_telemetry.v2*"), recursive=True)

        path = self.wait_for(socket_path, 60, "the start")[0]
        self.wait_for(lambda: self.dial(path), 10, "an answer on the telemetry socket")
        if not self.ask("/ethdev/list", None):
            raise Failure(f"{self.name} found no device; a card has to be bound to vfio-pci ('deploy/nic-bind show');"
                          " its last words:\n" + self.tail())
        self.wait_for(lambda: self.ask("/ethdev/link_status").get("status") == "UP", 60, "the link's coming up")
        self.make_room(self.rest_cpu)

    def dial(self, path):
        """The socket is there before somebody answers on it."""
        self.telemetry = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.telemetry.settimeout(10)
        try:
            self.telemetry.connect(path)
            return self.telemetry.recv(16384)
        except OSError:
            self.telemetry.close()
            return None

    def ask(self, what, device=0):
        try:
            self.telemetry.send((what if device is None else f"{what},{device}").encode())
            return json.loads(self.telemetry.recv(16384)).get(what) or {}
        except (OSError, ValueError) as error:
            # A program that ends closes this first.
            time.sleep(0.5)
            self.check()
            raise Failure(f"{self.name} does not answer {what} on its telemetry socket: {error}") from error

    def stop(self):
        if self.telemetry is not None:
            self.telemetry.close()
        self.end(lambda: self.say("quit"))


class Sink(Dpdk):
    """dpdk-testpmd in weir's place, which only receives: what is lost or slow with it is not weir's fault."""

    def __init__(self, plan):
        eal = ["--no-pci", "--vdev=" + (virtio(plan.path) if plan.options.weir_end == "virtio" else vhost(plan.path))]
        super().__init__("dpdk-testpmd", ["--", "-i", "--nb-cores=1", "--forward-mode=rxonly", "--no-mlockall"], eal,
                         plan.cpus, plan.cpus.worker, os.path.join(plan.folder, "sink"))

    def ready(self):
        self.connect()
        self.wait_for(lambda: self.said("Done"), 60, "a prompt")
        self.say("start")

    def counters(self):
        counts = self.ask("/ethdev/stats")
        return {"received": counts["ipackets"], "tracked": 0, "connections": 0, "live": 0,
                "missed": counts["imissed"] + counts["ierrors"] + counts["rx_nombuf"]}


class Generator(Dpdk):
    """What both generators share."""

    def __init__(self, name, arguments, plan):
        options = plan.options
        if options.nic:
            eal = ["-a", options.nic]
        else:
            eal = ["--no-pci", "--vdev=" + (vhost(plan.path) if options.weir_end == "virtio" else virtio(plan.path))]
        self.flows = options.flows
        # Taken at the start, so that nobody else gets the reserved pages.
        eal += ["-m", str(plan.megabytes)]
        # EAL arguments may stand before the first "--" only.
        middle = arguments.index("--")
        super().__init__(name, arguments[middle:], eal + arguments[:middle], plan.cpus, plan.cpus.generator,
                         os.path.join(plan.folder, "generator"))

    def sent(self):
        return self.ask("/ethdev/stats")["opackets"]


class Pktgen(Generator):
    """Pktgen, by its command line on a terminal of its own."""

    def __init__(self, plan):
        self.size, self.trace = plan.options.size, plan.trace
        arguments = ["--", "-m", "1.0"] + (["-s", f"0:{plan.trace}"] if plan.trace else [])
        super().__init__("pktgen", arguments, plan)

    def ready(self):
        self.connect()
        # It reads the trace before it takes commands.
        self.wait_for(lambda: self.said("Pktgen:"), 120, "a prompt")
        self.command("off")
        if not self.trace:
            self.set_range(self.flows, int(self.size))

    def set_range(self, flows, size):
        first, last = source(1), source(flows)
        for line in (f"set 0 size {size}", "range 0 proto tcp", "range 0 type ipv4",
                     f"range 0 size {size} {size} {size} 0",
                     f"range 0 src ip {first} {first} {last} 0.0.0.1",
                     f"range 0 dst ip {TARGET} {TARGET} {TARGET} 0.0.0.0",
                     f"range 0 src port {SOURCE_PORT} {SOURCE_PORT} {SOURCE_PORT + flows - 1} 1",
                     f"range 0 dst port {TARGET_PORT} {TARGET_PORT} {TARGET_PORT} 0",
                     "enable 0 range"):
            self.command(line)

    def start(self, rate):
        wire = wire_rate(self.size, self.ask("/ethdev/link_status")["speed"])
        self.command(f"set 0 rate {100 if rate is None else min(100, 100 * rate / wire):.4f}")
        self.command("start 0")

    def pause(self):
        self.command("stop 0")

    def command(self, text):
        """Says something and waits for the next prompt."""
        with self.changed:
            self.lines.clear()
            self.rest = ""
        self.say(text)
        self.wait_for(lambda: self.said("Pktgen:"), 20, f"an answer to '{text}'")


class Testpmd(Generator):
    """dpdk-testpmd: UDP of many addresses by flowgen, or a trace of TCP in memory that io forwards."""

    def __init__(self, plan):
        options, arguments = plan.options, []
        forward = ["--", "-i", "--nb-cores=1", "--no-mlockall", "--burst=64", "--no-flush-rx"]
        if plan.trace:
            arguments += [f"--vdev=net_pcap0,rx_pcap={plan.trace},infinite_rx=1"]
            forward += ["--forward-mode=io", f"--total-num-mbufs={options.flows + 65536}", "--mbuf-size=1792"]
        else:
            forward += ["--forward-mode=flowgen", f"--flowgen-flows={options.flows}", "--portmask=1",
                        f"--txpkts={frame_sizes(options.size)[0]}"]
        super().__init__("dpdk-testpmd", arguments + forward, plan)

    def ready(self):
        self.connect()
        self.wait_for(lambda: self.said("Done"), 120, "a prompt")

    def start(self, rate):
        if rate is not None:
            raise Failure("packets were lost at full rate, and dpdk-testpmd cannot send at a lower one: use pktgen for"
                          " the search")
        self.say("start")

    def pause(self):
        self.say("stop")
