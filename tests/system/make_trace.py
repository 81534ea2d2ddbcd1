#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""make_trace.py KIND OUT.pcap ...: write a large or broken trace. The same file comes out every time.

    repeat OUT IN N      the packets of a pcap file N times, one pass after the other
    part OUT IN N M      packets N to M of a pcap file, counted from 1
    pcapng OUT IN        a pcap file as pcapng
    steady OUT N         N packets of one UDP flow, one each 30 seconds
    short OUT N [IDLE]   N whole TCP connections of 6 packets, then IDLE packets of one that goes on
    long OUT N TALKS     N whole TCP connections, side by side, of 2 * TALKS packets with 100 bytes each
                         between handshake and close
    flood OUT N SYNS     N TCP connections that are opened with 100 bytes to and fro, a SYN of each of
                         SYNS strangers, then 200 bytes to and fro on each of the N
    random OUT N         N files OUT.1 to OUT.N of packets of random bytes, some behind an Ethernet
                         and an IP header
    damaged OUT IN N     N copies OUT.1 to OUT.N of a file in which a few bytes are others; the first
                         24 are left alone
"""

import ipaddress
import itertools
import os
import random
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))

import packets  # noqa: E402

START = 1_700_000_000_000_000_000
SERVER = ipaddress.ip_address("198.51.100.1")


def read_records(path):
    """(time in ns, frame) of each packet of a pcap file as packets.py writes it."""
    with open(path, "rb") as file:
        data = file.read()
    at = 24
    while at < len(data):
        second, micro, captured, _ = struct.unpack_from("<IIII", data, at)
        yield second * 10**9 + micro * 1000, data[at + 16:at + 16 + captured]
        at += 16 + captured


def repeat(out, source, times):
    records = list(read_records(source))
    span = records[-1][0] - records[0][0] + 10**9
    write(out, ((time + span * turn, frame) for turn in range(int(times))
                for time, frame in records))


def part(out, source, first, last):
    records = itertools.islice(read_records(source), int(first) - 1, int(last))
    write(out, records)


def block(kind, body):
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def pcapng(out, source):
    with open(out, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(block(1, struct.pack("<HHI", packets.LINKS["ethernet"], 0, 0)))
        for time, frame in read_records(source):
            head = struct.pack("<IIIII", 0, time // 1000 >> 32, time // 1000 & 0xFFFFFFFF,
                               len(frame), len(frame))
            file.write(block(6, head + frame))


class Session:
    """One TCP connection between a client of the given number and the server."""

    def __init__(self, number):
        self.ends = [ipaddress.ip_address(0x0A000000 + number), SERVER]
        self.ports = [20000 + number % 40000, 8080]
        self.next = [1000, 5000]

    def packet(self, sender, flags, payload=b""):
        ends, ports = self.ends[::1 - 2 * sender], tuple(self.ports[::1 - 2 * sender])
        ack = self.next[1 - sender] if "A" in flags else 0
        segment = packets.tcp(*ends, ports, self.next[sender], ack, flags, payload=payload)
        self.next[sender] += len(payload) + ("S" in flags) + ("F" in flags)
        return packets.ethernet(packets.ipv4(*ends, packets.TCP, segment), packets.ETHERTYPE_IPV4)

    def open(self):
        return [self.packet(0, "S"), self.packet(1, "SA"), self.packet(0, "A")]

    def talk(self, size):
        return [self.packet(0, "PA", bytes(size)), self.packet(1, "PA", bytes(size))]

    def close(self):
        return [self.packet(0, "FA"), self.packet(1, "FA"), self.packet(0, "A")]


def short(out, count, idle=0):
    frames = (frame for number in range(int(count))
              for session in [Session(number)] for frame in session.open() + session.close())
    write(out, timed(itertools.chain(frames, itertools.repeat(Session(0x800000).packet(0, "A"), int(idle)))))


def long(out, count, talks):
    sessions = [Session(number) for number in range(int(count))]
    parts = [Session.open, *[lambda session: session.talk(100)] * int(talks), Session.close]
    write(out, timed(frame for part in parts for session in sessions for frame in part(session)))


def steady(out, count):
    client = ipaddress.ip_address("10.0.0.1")
    datagram = packets.udp(client, SERVER, (40000, 8080), b"still here")
    frame = packets.ethernet(packets.ipv4(client, SERVER, packets.UDP, datagram), packets.ETHERTYPE_IPV4)
    write(out, ((START + number * 30_000_000_000, frame) for number in range(int(count))))


def flood(out, count, syns):
    sessions = [Session(number) for number in range(int(count))]
    frames = [frame for session in sessions for frame in session.open() + session.talk(100)]
    draw = random.Random(1)
    for _ in range(int(syns)):
        frames.append(Session(0x100000 + draw.randrange(0xE00000)).packet(0, "S"))
    frames += [frame for session in sessions for frame in session.talk(200)]
    write(out, timed(frames))


def each(function):
    """Turns a function that writes one file from a seed into one that writes many."""
    def write_all(out, *arguments):
        for seed in range(1, int(arguments[-1]) + 1):
            function(f"{out}.{seed}", *arguments[:-1], random.Random(seed))
    return write_all


def random_packets(out, draw):
    frames = []
    for _ in range(2000):
        body = draw.randbytes(draw.choice((0, 1, 13, 20, 40, 60, 100, 1500)))
        protocol = draw.choice((packets.TCP, packets.UDP, packets.ICMP, packets.ICMPV6, 4, 41, 47,
                                draw.randrange(256)))
        ends = [ipaddress.ip_address(0x0A000000 + draw.randrange(20)) for _ in range(2)]
        six = [ipaddress.ip_address(0x20010DB8 << 96 | draw.randrange(20)) for _ in range(2)]
        frames.append(draw.choice((
            lambda: body,
            lambda: packets.ethernet(body, draw.choice((0x0800, 0x86DD, 0x8100, 0x8847, 0x8864))),
            lambda: packets.ethernet(packets.ipv4(*ends, protocol, body, draw.randrange(4),
                                                  draw.randrange(65536)), 0x0800),
            lambda: packets.ethernet(packets.ipv4(*ends, protocol, body), 0x0800),
            lambda: packets.ethernet(packets.ipv6(*six, draw.choice((0, 43, 44, 60, protocol)),
                                                  body), 0x86DD)))())
    write(out, timed(frames))


def damaged(out, source, draw):
    with open(source, "rb") as file:
        data = bytearray(file.read())
    for _ in range(draw.choice((1, 5, 50, 500))):
        data[draw.randrange(24, len(data))] = draw.randrange(256)
    if draw.randrange(4) == 0:
        del data[draw.randrange(24, len(data)):]
    with open(out, "wb") as file:
        file.write(data)


def timed(frames):
    """Ten microseconds lie between two packets."""
    return ((START + number * 10_000, frame) for number, frame in enumerate(frames))


def write(path, records):
    packets.write_pcap(path, ((time, frame, None) for time, frame in records))


if __name__ == "__main__":
    {"repeat": repeat, "part": part, "pcapng": pcapng, "steady": steady, "short": short, "long": long, "flood": flood,
     "random": each(random_packets), "damaged": each(damaged)}[sys.argv[1]](*sys.argv[2:])
