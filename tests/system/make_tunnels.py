#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""make_tunnels.py KIND OUT.pcap PACKETS [SEED]: a trace of tunnels inside each other.

    worst   every kind of tunnel in every other, up to five deep; fragments inside, each piece in
            carriers of its own; inner flows that are also outer ones; wrong bytes and cut frames;
            pauses in which timers fall due
    plain   what interfaces of Linux would send, one or two tunnels deep, in order, without pauses:
            the same lines are expected of it when it is played onto a cable
"""

import ipaddress
import os
import random
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))

import packets  # noqa: E402

START = 1_700_000_000_000_000_000
GRE = 47
PORTS = {"vxlan": 4789, "geneve": 6081, "geneve-ip": 6081, "gtp": 2152, "teredo": 3544,
         "ayiya": 5072, "gre-udp": 4754}
KINDS = ["ip", "gre", "gre-all", "gre-frame", "erspan-1", "erspan-2", "erspan-3", "pptp", *PORTS]


def four(number):
    return ipaddress.ip_address(0x0A000000 + number)


def six(number, teredo=False):
    return ipaddress.ip_address((0x20010000 if teredo else 0x20010DB8) << 96 | number)


def ip(ends, protocol, payload, ident=1):
    if ends[0].version == 4:
        return packets.ipv4(*ends, protocol, payload, ident)
    return packets.ipv6(*ends, protocol, payload)


def version(packet):
    return packet[0] >> 4


def ethertype(packet):
    return 0x0800 if version(packet) == 4 else 0x86DD


def framed(packet):
    return packets.ethernet(packet, ethertype(packet))


def gre(packet, kind):
    """GRE with what it carries."""
    key, sequence = struct.pack(">I", 7), struct.pack(">I", 9)
    if kind == "gre-all":
        return struct.pack(">HHI", 0xB000, ethertype(packet), 0) + key + sequence + packet
    if kind == "gre-frame":
        return struct.pack(">HH", 0x2000, 0x6558) + key + framed(packet)
    if kind == "erspan-1":
        return struct.pack(">HH", 0, 0x88BE) + framed(packet)
    if kind == "erspan-2":
        return struct.pack(">HH", 0x1000, 0x88BE) + sequence + bytes(8) + framed(packet)
    if kind == "erspan-3":
        head = bytes(11) + b"\1" + bytes(8)
        return struct.pack(">HH", 0x1000, 0x22EB) + sequence + head + framed(packet)
    if kind == "pptp":
        protocol = 0x21 if version(packet) == 4 else 0x57
        return (struct.pack(">HHHHI", 0x3001, 0x880B, len(packet) + 4, 5, 1) +
                struct.pack(">HH", 0xFF03, protocol) + packet)
    return struct.pack(">HH", 0, ethertype(packet)) + packet


def in_udp(packet, kind):
    """The payload of the datagram that carries a packet."""
    if kind == "vxlan":
        return struct.pack(">II", 0x08000000, 5 << 8) + framed(packet)
    if kind == "geneve":
        return struct.pack(">HHII", 0x0100, 0x6558, 5 << 8, 1) + framed(packet)
    if kind == "geneve-ip":
        return struct.pack(">HHI", 0, ethertype(packet), 5 << 8) + packet
    if kind == "gtp":
        return struct.pack(">BBHI", 0x30, 255, len(packet), 77) + packet
    if kind == "teredo":
        return bytes.fromhex("00001234f5fffffe") + packet
    if kind == "ayiya":
        return bytes([0x41, 0x52, 0x11, 4 if version(packet) == 4 else 41]) + bytes(40) + packet
    return gre(packet, "gre")


def wrapped(packet, kind, ends, entropy, ident):
    """An IP packet around an IP packet."""
    if kind == "ip":
        return ip(ends, 4 if version(packet) == 4 else 41, packet, ident)
    if kind not in PORTS:
        return ip(ends, GRE, gre(packet, kind), ident)
    datagram = packets.udp(*ends, (entropy, PORTS[kind]), in_udp(packet, kind),
                           no_sum=ends[0].version == 4 and entropy % 3 == 0)
    return ip(ends, packets.UDP, datagram, ident)


class Worst:
    """Whatever could go wrong, by lot."""

    def __init__(self, draw):
        self.draw = draw
        self.ident = 0

    def ends(self, want_six=None):
        draw = self.draw
        make = six if (draw.random() < 0.3 if want_six is None else want_six) else four
        first, second = draw.sample(range(1, 7), 2)
        return [make(first), make(second)]

    def inner(self):
        """One packet, or the fragments of one."""
        draw = self.draw
        self.ident = (self.ident + 1) & 0xFFFF
        ends, lot = self.ends(), draw.random()
        # The ports of tunnels, so that inner flows are outer ones too, the wrong way round as well.
        ports = [draw.choice((1000, 1001, 4789, 2152, 53)), draw.choice((80, 4789, 6081, 53))]
        if draw.random() < 0.3:
            ports.reverse()
        if lot < 0.4:
            return [ip(ends, packets.TCP, packets.tcp(
                *ends, ports, draw.randrange(3) * 10, draw.randrange(3) * 10,
                draw.choice(("S", "SA", "A", "PA", "FA", "R")),
                payload=bytes(draw.randrange(20))), self.ident)]
        if lot < 0.5:
            kind = (8, 0) if ends[0].version == 4 else (128, 129)
            protocol = packets.ICMP if ends[0].version == 4 else packets.ICMPV6
            return [ip(ends, protocol, packets.icmp(*ends, draw.choice(kind), 0), self.ident)]
        datagram = packets.udp(*ends, ports, bytes(draw.randrange(100)))
        if lot < 0.7:
            return [ip(ends, packets.UDP, datagram, self.ident)]
        pieces = packets.fragments(*ends, packets.UDP, datagram, 16, self.ident)
        draw.shuffle(pieces)
        return pieces[:-1] if draw.random() < 0.1 else pieces

    def wrap(self, packet, deep):
        """Around each level a tunnel by lot; sometimes its own packet comes in fragments."""
        pieces = [packet]
        for _ in range(deep):
            kind = self.draw.choice(KINDS)
            if kind == "teredo" and version(pieces[0]) != 6:
                kind = "vxlan"
            out = []
            for piece in pieces:
                self.ident = (self.ident + 1) & 0xFFFF
                around = wrapped(piece, kind, self.ends(), self.draw.choice((1000, 4789, 50000,
                                 self.draw.randrange(49152, 49160))), self.ident)
                out += self.cut_up(around) if self.draw.random() < 0.05 else [around]
            pieces = out
        return pieces

    def cut_up(self, packet):
        if version(packet) != 4 or len(packet) < 60:
            return [packet]
        ends = [ipaddress.ip_address(packet[12:16]), ipaddress.ip_address(packet[16:20])]
        return packets.fragments(*ends, packet[9], packet[20:], 40, self.ident)

    def records(self, count):
        draw, time, done = self.draw, START, 0
        while done < count:
            time += draw.choice((10_000,) * 60 + (5_000_000_000,) * 2 + (70_000_000_000,))
            for piece in self.inner():
                for packet in self.wrap(piece, draw.choice((0, 1, 1, 1, 2, 2, 3, 4, 5))):
                    frame, kept = framed(packet), None
                    if draw.random() < 0.03:
                        at = draw.randrange(14, len(frame))
                        frame = frame[:at] + bytes([draw.randrange(256)]) + frame[at + 1:]
                    if draw.random() < 0.03:
                        kept = draw.randrange(14, len(frame))
                    time += draw.choice((0, 1000, 20_000))
                    yield time, frame, kept
                    done += 1


class Plain:
    """Clients that open connections to a server, each in a stack of tunnels of its own."""

    # Not those whose two directions have carriers that would be the same flow.
    STACKS = [["ip"], ["gre"], ["vxlan"], ["geneve"], ["gre-frame"], ["ip", "gre"],
              ["vxlan", "geneve"], ["gre", "vxlan"], ["vxlan", "ip"], ["geneve", "vxlan"], []]

    def __init__(self, draw):
        self.draw = draw

    def flow(self, number):
        client, server = four(0x10000 + number), four(0x20000 + number % 50)
        stack, ports, next_ = self.STACKS[number % len(self.STACKS)], (20000 + number % 40000, 8080), [100, 500]

        def packet(side, flags, size=0):
            ends = [client, server][::1 - 2 * side]
            segment = packets.tcp(*ends, ports[::1 - 2 * side], next_[side],
                                  next_[1 - side] if "A" in flags else 0, flags, payload=bytes(size))
            next_[side] += size + ("S" in flags) + ("F" in flags)
            out = ip(ends, packets.TCP, segment)
            for level, kind in enumerate(stack):
                gates = [four(0x30000 + level * 256 + number % 7), four(0x40000 + level * 256)]
                out = wrapped(out, kind, gates[::1 - 2 * side], 49152 + number % 3000, 1)
            return out
        yield from (packet(0, "S"), packet(1, "SA"), packet(0, "A"), packet(0, "PA", 100),
                    packet(1, "PA", 300), packet(0, "FA"), packet(1, "FA"), packet(0, "A"))

    def records(self, count):
        time = START
        for first in range(0, count // 8, 20):
            # Twenty at a time, packet by packet.
            for turn in zip(*(self.flow(number) for number in range(first, first + 20))):
                for packet in turn:
                    time += 10_000
                    yield time, framed(packet), None


def main():
    kind, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    draw = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    packets.write_pcap(path, {"worst": Worst, "plain": Plain}[kind](draw).records(count))


main()
