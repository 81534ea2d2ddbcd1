#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""trace.py FILE.txt OUT.pcap: turn a text form of packets into a pcap file.

    # A whole session. Packets stand one a line, or several with a comma and a blank between.
    c S
    s SA
    c A
    +1 c D100, s A          1 s later: 100 bytes, and the peer's ACK
    c F, s F, c A

A packet is [time] who what [option...]. Sequence and acknowledgement numbers, ports and
checksums are what real hosts would send, unless an option says otherwise.

time       +n      n seconds after the packet before (without it: 0.1 s, see step)
           @n      n seconds after the start, which is 1700000000.0
who        c       the client, 10.0.0.1:40000       s   the server, 10.0.0.2:9999
           or the name of another host (see host)
what       S A F R P U in any mix: these TCP flags. Alone, F means FIN and ACK
           D100    100 bytes of TCP data (PSH and ACK)
           -       no TCP flag at all
           RA100   any of these with a number: as many bytes of payload
           U100    a UDP datagram of 100 bytes
           icmp T N   an ICMP (on IPv6: ICMPv6) message of type T with N bytes after its header
           SCTP20 ESP20 OSPF20 AH20 GRE20 IGMP8   N zero bytes of that IP protocol
           ARP     a request for the peer's address; ARP reply the answer
           other   a UDP datagram between two other hosts: time passes
           others N   N of those, from N hosts, 0.1 ms apart
           open    short for c S, s SA, c A
payload    dns query | dns response | ntp MODE | text "..." | hex 00ff   after U or D without number
TCP        seq N   first sequence number, counted from the ISN: 0 is the SYN, 1 the first byte
           ack N   the same for the acknowledgement (and sets the ACK number of any packet)
           seq =N, ack =N   absolute numbers
           skip N  N bytes of the stream are left out before this segment
           new     another ISN than before (S and SA), isn N this ISN
           win N   window (0 is a zero window)        off N   data offset in words
UDP        ulen N  length field                       nosum   checksum field 0
ICMP       code N
any        badsum  wrong TCP, UDP or ICMP checksum    badip   wrong IPv4 header checksum
           cut N   the capture kept N bytes of the frame
           pad N   N bytes follow the IP packet in the frame
           iplen N length field of the IP header      hbh     an IPv6 hop-by-hop header
           frag N [order 2,0,1]   in IP fragments of N bytes, 10 ms apart; order leaves out, too
           vlan N  a VLAN tag, may be repeated; vlan 88a8:N is a tag of another type than 8100
           joined  in one Wi-Fi frame with the packet before (A-MSDU)
           to HOST instead of the peer                xN      N times altogether
tunnels    vxlan N, geneve N, geneve-ip N (no Ethernet inside), gtp N, gtp-seq N, gre-udp, teredo,
           ayiya, gre, gre-key N, gre-seq N, gre-ethernet, gre-routed, erspan 1|2|3, pptp N,
           ipip, 6in4, 4in6, 6in6: the packet is inside this tunnel. Several stand from the inside
           to the outside. Their ends are 192.0.2.1 for c and 192.0.2.2 for s (IPv6: 2001:db8:2::1
           and ::2), the next tunnel's 192.0.3.1 and so on. Over UDP, c sends from port 50000, and
           s from 50001 to the tunnel's port; teredo and ayiya answer on the same connection
           at N    the tunnel named before has UDP port N
Lines of their own:
           port N           the server's port
           host NAME ADDRESS[:PORT]   an address for c, s or a new host; IPv6 as [2001:db8::1]:80
           ipv6             c is 2001:db8::1 and s 2001:db8::2
           step N           packets are N seconds apart from here on
           link NAME        the link layer (first of all): ethernet snap raw sll sll2 null ppp
                            serial (PPP) fddi nflog wifi radiotap
           repeat N: packets, ...     the same packets N times
"""

import argparse
import ipaddress
import re
import shlex
import sys
from decimal import Decimal, InvalidOperation

sys.dont_write_bytecode = True

import packets  # noqa: E402
import tunnels  # noqa: E402

START = 1_700_000_000
OTHER_HOSTS = ("10.0.9.1", "10.0.9.2")
NEXT_ISN = 0x08000000
FLAGGED = re.compile(r"^(D|-|[SAFRPU]+)(\d*)$")
DATAGRAM = re.compile(r"^U(\d*)$")
PLAIN = re.compile(r"^([A-Z]+)(\d+)$")
PAYLOADS = ("dns", "ntp", "text", "hex")


class TraceError(ValueError):
    """What is wrong with the text, in words for whoever wrote it."""


class Host:
    def __init__(self, name, address, port, number):
        self.name, self.port, self.number = name, port, number
        self.address = ipaddress.ip_address(address)


class Endpoint:
    """One side of a TCP connection, as a real host would keep it. Positions are relative to the
    ISN and not reduced modulo 2^32, so that a test can move gigabytes ahead."""

    def __init__(self, isn):
        self.isn = isn
        self.next = 1
        self.last_flags = ""
        self.spoke = False  # with more than refusals


def seconds(text):
    try:
        return int(Decimal(text) * 1_000_000_000)
    except InvalidOperation:
        raise TraceError(f"{text!r} is no number of seconds") from None


def number(text, what="a number"):
    try:
        return int(text, 0)
    except (TypeError, ValueError):
        raise TraceError(f"{text!r} stands where {what} is needed") from None


def host_and_port(text, port):
    match = re.fullmatch(r"\[(.+)\](?::(\d+))?|([^:]+)(?::(\d+))?|(.+:.*:.*)", text)
    if not match:
        raise TraceError(f"{text!r} is no ADDRESS[:PORT]")
    address = match[1] or match[3] or match[5]
    return address, int(match[2] or match[4] or port)


def tag(text):
    """(type, number) of a VLAN tag: `5` or `88a8:5`."""
    kind, colon, vlan = text.rpartition(":")
    return number("0x" + kind) if colon else packets.ETHERTYPE_VLAN, number(vlan)


class Options:
    """The words after `what`: each name takes a fixed number of words."""

    WORDS = {"seq": 1, "ack": 1, "skip": 1, "isn": 1, "win": 1, "off": 1, "ulen": 1, "code": 1,
             "cut": 1, "pad": 1, "iplen": 1, "frag": 1, "order": 1, "vlan": 1, "to": 1,
             "new": 0, "nosum": 0, "badsum": 0, "badip": 0, "hbh": 0, "reply": 0,
             "joined": 0}

    def __init__(self, words):
        self.values = {"vlan": []}
        self.tunnels = []  # of (name, value or None, UDP port or None), the innermost first
        self.times = 1
        self.used = set()
        words = list(words)
        while words:
            word = words.pop(0)
            if re.fullmatch(r"x\d+", word):
                self.times = int(word[1:])
                continue
            if word in tunnels.KINDS or word == "at":
                self.tunnel(word, words)
                continue
            if word not in self.WORDS:
                raise TraceError(f"{word!r} is no option of a packet")
            value = True
            if self.WORDS[word]:
                if not words:
                    raise TraceError(f"{word} needs a value")
                value = words.pop(0)
            if word == "vlan":
                self.values[word].append(tag(value))
            else:
                self.values[word] = value

    def tunnel(self, word, words):
        if word == "at":
            if not self.tunnels or not self.tunnels[-1][2]:
                raise TraceError("at N stands behind a tunnel over UDP")
            self.tunnels[-1] = (*self.tunnels[-1][:2], number(words.pop(0) if words else None))
            return
        kind = tunnels.KINDS[word]
        value = number(words.pop(0) if words else None) if kind.value else None
        self.tunnels.append((word, value, kind.port))

    def text(self, name):
        return self.values.get(name)

    def int(self, name, default=None):
        value = self.values.get(name)
        return default if value is None else number(value, f"the value of {name}")

    def has(self, name):
        return name in self.values


class Trace:
    """Reads lines and collects frames: (time in ns, frame, captured bytes or None)."""

    def __init__(self, link="ethernet"):
        self.link = link
        self.frames = []
        self.contents = []  # of the last frame
        self.hosts = {}
        self.set_host("c", "10.0.0.1", 40000)
        self.set_host("s", "10.0.0.2", 9999)
        self.step = seconds("0.1")
        self.start = START * 1_000_000_000
        self.time = None
        self.ident = 0
        self.endpoints = {}

    def set_host(self, name, address, port):
        known = self.hosts.get(name)
        try:
            self.hosts[name] = Host(name, address, port,
                                    known.number if known else len(self.hosts) + 1)
        except ValueError:
            raise TraceError(f"{address!r} is no IP address") from None

    # Lines.

    def read(self, lines, source="trace"):
        for at, line in enumerate(lines, 1):
            try:
                self.line(line)
            except ValueError as error:
                raise TraceError(f"{source}:{at}: {error}") from None
        return self.frames

    def line(self, line):
        words = shlex.split(line, comments=True)
        if not words:
            return
        first, rest = words[0], words[1:]
        if first == "repeat":
            if not rest or not rest[0].endswith(":"):
                raise TraceError("repeat needs a count and a colon, as in `repeat 3: c D10, s A`")
            for _ in range(number(rest[0][:-1])):
                self.packets(rest[1:])
        elif first == "port":
            self.hosts["s"].port = number(rest[0] if rest else None, "a port")
        elif first == "ipv6":
            self.set_host("c", "2001:db8::1", self.hosts["c"].port)
            self.set_host("s", "2001:db8::2", self.hosts["s"].port)
        elif first == "host":
            if len(rest) != 2:
                raise TraceError("host needs a name and ADDRESS[:PORT]")
            known = self.hosts.get(rest[0])
            self.set_host(rest[0], *host_and_port(rest[1], known.port if known else 9999))
        elif first == "link":
            if len(rest) != 1 or rest[0] not in packets.LINKS:
                raise TraceError("link needs one of " + " ".join(packets.LINKS))
            if self.frames:
                raise TraceError("link must stand before the first packet")
            self.link = rest[0]
        elif first == "step":
            self.step = seconds(rest[0] if rest else "")
        else:
            self.packets(words)

    def packets(self, words):
        packet = []
        for word in words + [","]:
            if word.endswith(","):
                packet.append(word[:-1])
                self.packet([w for w in packet if w])
                packet = []
            else:
                packet.append(word)

    def packet(self, words):
        if not words:
            raise TraceError("a packet is missing beside a comma")
        if words[0][0] in "+@":
            self.move_clock(words[0])
            words = words[1:]
        else:
            self.time = self.start if self.time is None else self.time + self.step
        if not words:
            raise TraceError("a time without a packet")
        if words == ["open"]:
            self.send("c", ["S"])
            for who, what in (("s", "SA"), ("c", "A")):
                self.time += self.step
                self.send(who, [what])
        elif words[0] == "other":
            self.send_other(OTHER_HOSTS[0])
        elif words[0] == "others":
            self.send_others(number(words[1] if len(words) > 1 else None, "a count"))
        elif len(words) < 2:
            raise TraceError(f"{words[0]!r}: a packet needs who and what, as in `c S`")
        else:
            self.send(words[0], words[1:])

    def move_clock(self, word):
        distance = seconds(word[1:])
        before = self.start if self.time is None else self.time
        self.time = self.start + distance if word[0] == "@" else before + distance

    # Packets.

    def send(self, who, words):
        if who not in self.hosts:
            raise TraceError(f"{who!r} is no host: c, s or one named by a host line")
        what, payload, words = self.take_what(words)
        options = Options(words)
        peer = options.text("to") or ("s" if who != "s" else "c")
        if peer not in self.hosts:
            raise TraceError(f"{peer!r} is no host: c, s or one named by a host line")
        source, target = self.hosts[who], self.hosts[peer]
        for count in range(options.times):
            if count:
                self.time += self.step
            self.send_once(source, target, what, payload, options)

    def take_what(self, words):
        """Split off what is sent and its payload: (what, payload maker or None, other words)."""
        what, words = words[0], words[1:]
        if what == "icmp":
            if len(words) < 2:
                raise TraceError("icmp needs a type and a payload length")
            return ("icmp", number(words[0]), number(words[1])), None, words[2:]
        if words and words[0] in PAYLOADS:
            if len(words) < 2:
                raise TraceError(f"{words[0]} needs a value")
            return what, self.payload(words[0], words[1], stream=what[0] != "U"), words[2:]
        return what, None, words

    @staticmethod
    def payload(kind, value, stream):
        if kind == "dns":
            if value not in ("query", "response"):
                raise TraceError(f"dns {value}: query or response")
            message = packets.dns(value == "response")
            return len(message).to_bytes(2, "big") + message if stream else message
        if kind == "ntp":
            return packets.ntp(number(value))
        if kind == "text":
            return value.encode().decode("unicode_escape").encode("latin-1")
        return bytes.fromhex(value)

    def send_once(self, source, target, what, payload, options):
        src, dst = source.address, target.address
        if src.version != dst.version:
            raise TraceError(f"{source.name} and {target.name}: one is IPv4, the other IPv6")
        bad = options.has("badsum")
        if what == "ARP":
            self.emit(packets.arp(src, dst, options.has("reply")), packets.ETHERTYPE_ARP, source,
                      options)
            return
        if isinstance(what, tuple):
            _, kind, length = what
            protocol = packets.ICMP if src.version == 4 else packets.ICMPV6
            body = packets.icmp(src, dst, kind, options.int("code", 0), bytes(length), bad)
        elif DATAGRAM.match(what):
            size = DATAGRAM.match(what)[1]
            if payload is None:
                payload = b"x" * number(size or "0")
            protocol = packets.UDP
            body = packets.udp(src, dst, (source.port, target.port), payload, options.int("ulen"),
                               options.has("nosum"), bad)
        elif FLAGGED.match(what):
            protocol = packets.TCP
            body = self.segment(source, target, *FLAGGED.match(what).groups(), payload, options)
        elif PLAIN.match(what) and PLAIN.match(what)[1] in packets.PROTOCOLS:
            protocol = packets.PROTOCOLS[PLAIN.match(what)[1]]
            body = bytes(number(PLAIN.match(what)[2]))
        else:
            raise TraceError(f"{what!r} is nothing that can be sent")
        self.send_ip(source, target, protocol, body, options)

    def endpoint(self, source, target):
        key = (source.name, source.port, target.name, target.port)
        if key not in self.endpoints:
            self.endpoints[key] = Endpoint(source.number << 28 & 0xFFFFFFFF)
        return self.endpoints[key]

    def segment(self, source, target, what, size, payload, options):
        """One TCP segment, and what it does to the state of its sender."""
        flags = {"D": "PA", "F": "FA", "-": ""}.get(what, what)
        end, peer = self.endpoint(source, target), self.endpoint(target, source)
        if options.has("isn") or options.has("new"):
            end.isn = options.int("isn", (end.isn + NEXT_ISN) & 0xFFFFFFFF)
            end.next = 1
        seq = self.position(end, options.text("seq"), self.default_seq(end, peer, flags, options))
        if payload is None:
            length = number(size or "0")
            first = seq - end.isn
            payload = bytes(97 + (first + n) % 26 for n in range(length))
        ack = 0
        if "A" in flags or options.has("ack"):
            ack = self.position(peer, options.text("ack"), peer.isn + peer.next)
        if "R" not in flags:
            last = seq - end.isn + len(payload) + ("S" in flags) + ("F" in flags)
            end.next = max(end.next, last)
        end.spoke = end.spoke or not self.refuses(end, peer, flags)
        end.last_flags = flags
        return packets.tcp(source.address, target.address, (source.port, target.port), seq, ack,
                           flags, options.int("win", 65535), options.int("off", 5), payload,
                           options.has("badsum"))

    @staticmethod
    def refuses(end, peer, flags):
        """Whether this is how a host answers a SYN to a closed port: sequence number 0."""
        return "R" in flags and "A" in flags and not end.spoke and peer.last_flags == "S"

    def default_seq(self, end, peer, flags, options):
        if "S" in flags:
            return end.isn
        if self.refuses(end, peer, flags):
            return 0
        return end.isn + end.next + options.int("skip", 0)

    @staticmethod
    def position(end, text, default):
        if text is None:
            return default
        return number(text[1:]) if text.startswith("=") else end.isn + number(text)

    def send_ip(self, source, target, protocol, body, options):
        src, dst = source.address, target.address
        self.ident += 1
        if options.has("frag"):
            pieces = packets.fragments(src, dst, protocol, body, options.int("frag"), self.ident)
            order = options.text("order")
            places = [number(n) for n in order.split(",")] if order else range(len(pieces))
            for n, place in enumerate(places):
                if place >= len(pieces):
                    raise TraceError(f"there are {len(pieces)} fragments, numbered from 0")
                self.emit_ip(pieces[place], source, target, options, n * 10_000_000)
            return
        length = options.int("iplen")
        if src.version == 4:
            packet = packets.ipv4(src, dst, protocol, body, self.ident, 0, length,
                                  options.has("badip"))
        else:
            if options.has("hbh"):
                protocol, body = packets.hop_by_hop(protocol, body)
            packet = packets.ipv6(src, dst, protocol, body, length)
        self.emit_ip(packet, source, target, options)

    def emit_ip(self, packet, source, target, options, later=0):
        for depth, (name, value, port) in enumerate(options.tunnels):
            self.ident += 1
            ends = self.tunnel_ends(depth, source.name == "s", name, port)
            packet = tunnels.wrap(name, value, packet, ends)
        self.emit(packet, tunnels.ETHERTYPES[packet[0] >> 4], source, options, later)

    def tunnel_ends(self, depth, back, name, port):
        """Who sends the outer packet to whom; `back` is the direction from s to c. In most tunnels
        over UDP each direction has a connection of its own, as the source port stands for what is
        inside."""
        kind = tunnels.KINDS[name]
        net = f"192.0.{2 + depth}." if kind.outer == 4 else f"2001:db8:{2 + depth}::"
        here, there = (ipaddress.ip_address(f"{net}{n}") for n in (1, 2))
        if not back:
            return tunnels.Ends(here, there, (50000, port), self.ident)
        ports = (port, 50000) if kind.both else (50001, port)
        return tunnels.Ends(there, here, ports, self.ident)

    def emit(self, packet, ethertype, source, options, later=0):
        packet += bytes(options.int("pad", 0))
        time = self.time + later
        if options.has("joined"):
            if self.link not in ("wifi", "radiotap") or not self.frames:
                raise TraceError("joined needs a packet before and `link wifi` or `link radiotap`")
            time = self.frames.pop()[0]
        else:
            self.contents = []
        self.contents.append((packet, ethertype))
        frame = packets.linked(self.link, self.contents, options.values["vlan"])
        self.frames.append((time, frame, options.int("cut")))

    def send_other(self, address):
        src, dst = (ipaddress.ip_address(a) for a in (address, OTHER_HOSTS[1]))
        self.ident += 1
        body = packets.udp(src, dst, (30000, 30001), b"xxxx")
        packet = packets.ipv4(src, dst, packets.UDP, body, self.ident)
        self.emit(packet, packets.ETHERTYPE_IPV4, self.hosts["c"], Options([]))

    def send_others(self, count):
        for n in range(count):
            if n:
                self.time += 100_000
            self.send_other(f"10.0.{10 + n // 250}.{2 + n % 250}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="packets as text, - for standard input")
    parser.add_argument("pcap", help="the file to write")
    parser.add_argument("--ns", action="store_true", help="nanosecond time stamps in the file")
    parser.add_argument("--link", choices=sorted(packets.LINKS), default="ethernet")
    arguments = parser.parse_args()
    try:
        with (sys.stdin if arguments.text == "-" else open(arguments.text, encoding="utf-8")) as f:
            text = Trace(arguments.link)
            text.read(f, arguments.text)
        packets.write_pcap(arguments.pcap, text.frames, text.link, arguments.ns)
    except (TraceError, OSError) as error:
        sys.exit(f"trace.py: {error}")


if __name__ == "__main__":
    main()
