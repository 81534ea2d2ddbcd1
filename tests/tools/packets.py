# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""Bytes of packets: checksums, headers, fragments, link layers, pcap files.

Every function takes plain values and returns bytes. Nothing here knows the text form of
traces (trace.py) or keeps state from one packet to the next.
"""

import ipaddress
import struct

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
PROTOCOLS = {"IGMP": 2, "GRE": 47, "ESP": 50, "AH": 51, "OSPF": 89, "SCTP": 132}
TCP_FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20}
ETHERTYPE_IPV4, ETHERTYPE_ARP, ETHERTYPE_VLAN, ETHERTYPE_IPV6 = 0x0800, 0x0806, 0x8100, 0x86DD
VXLAN_PORT = 4789

# Name of a link layer: its number in a pcap file.
LINKS = {"ethernet": 1, "snap": 1, "raw": 101, "sll": 113, "sll2": 276, "null": 0, "ppp": 9,
         "serial": 50, "fddi": 10, "nflog": 239, "wifi": 105, "radiotap": 127}


def ones_sum(data):
    """The ones' complement sum of 16-bit words, not yet inverted."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    return ~ones_sum(data) & 0xFFFF


def pseudo_header(src, dst, protocol, length):
    if src.version == 4:
        return src.packed + dst.packed + struct.pack(">BBH", 0, protocol, length)
    return src.packed + dst.packed + struct.pack(">II", length, protocol)


def sealed(segment, at, src, dst, protocol, bad=False):
    """Put the checksum over pseudo header and segment at offset `at`; spoil it if `bad`."""
    value = checksum(pseudo_header(src, dst, protocol, len(segment)) + segment)
    if protocol == UDP and value == 0:
        value = 0xFFFF
    if bad:
        value = (value ^ 0x5555) or 0x1234
    return segment[:at] + struct.pack(">H", value) + segment[at + 2:]


def tcp(src, dst, ports, seq, ack, flags, window=65535, words=5, payload=b"", bad=False):
    """One segment. `flags` are letters of TCP_FLAGS; `words` is the data offset as written."""
    bits = 0
    for letter in flags:
        bits |= TCP_FLAGS[letter]
    segment = struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                          words << 4, bits, window, 0, 0) + payload
    return sealed(segment, 16, src, dst, TCP, bad)


def udp(src, dst, ports, payload=b"", length=None, no_sum=False, bad=False):
    """One datagram. `length` is the length field where it is to lie."""
    if length is None:
        length = 8 + len(payload)
    datagram = struct.pack(">HHHH", *ports, length, 0) + payload
    return datagram if no_sum else sealed(datagram, 6, src, dst, UDP, bad)


def icmp(src, dst, kind, code, payload=b"", bad=False):
    """One ICMP or ICMPv6 message: 8 bytes of header (identifier 1, sequence 1), then payload."""
    message = struct.pack(">BBHHH", kind, code, 0, 1, 1) + payload
    if src.version == 6:
        return sealed(message, 2, src, dst, ICMPV6, bad)
    value = checksum(message) ^ (0x5555 if bad else 0)
    return message[:2] + struct.pack(">H", value) + message[4:]


def ipv4(src, dst, protocol, payload, ident=1, fragment=0, length=None, bad=False):
    """One IPv4 packet. `fragment` is the flags and offset field; `length` the total length."""
    if length is None:
        length = 20 + len(payload)
    header = struct.pack(">BBHHHBBH", 0x45, 0, length, ident & 0xFFFF, fragment, 64, protocol, 0)
    header += src.packed + dst.packed
    value = checksum(header) ^ (0x5555 if bad else 0)
    return header[:10] + struct.pack(">H", value) + header[12:] + payload


def ipv6(src, dst, protocol, payload, length=None):
    """One IPv6 packet. `length` is the payload length as written."""
    if length is None:
        length = len(payload)
    return struct.pack(">IHBB", 6 << 28, length, protocol, 64) + src.packed + dst.packed + payload


def hop_by_hop(protocol, payload):
    """Put a hop-by-hop header of 8 bytes of padding before an IPv6 payload."""
    return 0, struct.pack(">BBBB4x", protocol, 0, 1, 4) + payload


def fragments(src, dst, protocol, payload, size, ident):
    """Cut one datagram into IP fragments of `size` payload bytes each, in order."""
    if size % 8 or size < 8:
        raise ValueError(f"a fragment of {size} bytes: all but the last carry a multiple of 8")
    pieces = []
    for at in range(0, len(payload), size):
        piece = payload[at:at + size]
        more = at + size < len(payload)
        if src.version == 4:
            field = (0x2000 if more else 0) | at // 8
            pieces.append(ipv4(src, dst, protocol, piece, ident, field))
        else:
            header = struct.pack(">BBHI", protocol, 0, at | more, ident)
            pieces.append(ipv6(src, dst, 44, header + piece))
    return pieces


def mac(last):
    return bytes([2, 0, 0, 0, 0, last])


def ethernet(payload, ethertype, vlans=(), src=1, dst=2):
    """One Ethernet frame between the made-up hosts number `src` and `dst`. `vlans` are pairs of the
    type that announces a tag, and its number."""
    tags = b"".join(struct.pack(">HH", *vlan) for vlan in vlans)
    return mac(dst) + mac(src) + tags + struct.pack(">H", ethertype) + payload


def arp(src, dst, reply=False):
    """An ARP request (or reply) for `dst` by `src`, both IPv4."""
    target = mac(2) if reply else bytes(6)
    return (struct.pack(">HHBBH", 1, ETHERTYPE_IPV4, 6, 4, 2 if reply else 1) +
            mac(1) + src.packed + target + dst.packed)


def snap(payload, ethertype):
    """The LLC and SNAP header that carry an Ethernet type (RFC 1042), and the payload."""
    return struct.pack(">IHH", 0xAAAA0300, 0, ethertype) + payload


def wireless(contents, src=1, dst=2):
    """One 802.11 frame to an access point, with (payload, Ethernet type) of what is in it. Several
    make it an aggregate (A-MSDU), with the padding that link_wireless.c explains."""
    header = bytes([0x88, 0x01, 0, 0]) + mac(9) + mac(src) + mac(dst) + bytes(2)
    if len(contents) == 1:
        return header + bytes(2) + snap(*contents[0])
    frame = header + b"\x80\0"
    for place, content in enumerate(contents):
        inside = snap(*content)
        padding = bytes(len(inside) % 4 if place < len(contents) - 1 else 0)
        frame += mac(dst) + mac(src) + struct.pack(">H", len(inside)) + inside + padding
    return frame


def linked(link, contents, vlans=()):
    """Put the header of a link layer of LINKS before an IP or ARP packet: `contents` holds it with
    its Ethernet type. The Wi-Fi layers take several."""
    payload, ethertype = contents[0]
    if link == "ethernet":
        return ethernet(payload, ethertype, vlans)
    if vlans:
        raise ValueError(f"a VLAN tag needs --link ethernet, not {link}")
    if link == "snap":
        inside = snap(payload, ethertype)
        return ethernet(inside, len(inside))
    if link == "wifi":
        return wireless(contents)
    if link == "radiotap":
        return struct.pack("<BBHI", 0, 0, 8, 0) + wireless(contents)
    if link == "sll":
        return struct.pack(">HHH8sH", 0, 1, 6, mac(1) + b"\0\0", ethertype) + payload
    if link == "sll2":
        return struct.pack(">HHIHBB8s", ethertype, 0, 1, 1, 0, 6, mac(1) + b"\0\0") + payload
    if ethertype == ETHERTYPE_ARP:
        raise ValueError(f"there is no ARP on {link}")
    version = 4 if ethertype == ETHERTYPE_IPV4 else 6
    if link == "null":
        return struct.pack("<I", 2 if version == 4 else 30) + payload
    if link in ("ppp", "serial"):
        start = 0xFF03 if link == "ppp" else 0x0F00
        return struct.pack(">HH", start, 0x21 if version == 4 else 0x57) + payload
    if link == "fddi":
        return b"\x50" + mac(2) + mac(1) + snap(payload, ethertype)
    if link == "nflog":
        prefix = struct.pack("<HH", 6, 10) + b"x\0\0\0"  # an attribute, and its padding
        family = 2 if version == 4 else 10
        return (struct.pack(">BBH", family, 0, 0) + prefix +
                struct.pack("<HH", 4 + len(payload), 9) + payload)
    return payload


def dns(response=False, name="a.example"):
    """A DNS query for the address of `name`, or the response to it (192.0.2.1)."""
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question += b"\0" + struct.pack(">HH", 1, 1)
    header = struct.pack(">HHHHHH", 0x1234, 0x8180 if response else 0x0100, 1, int(response), 0, 0)
    if not response:
        return header + question
    answer = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + ipaddress.ip_address("192.0.2.1").packed
    return header + question + answer


def ntp(mode):
    """An NTP version 4 message of the given mode: 3 is a client, 4 a server."""
    return bytes([0x20 | mode]) + bytes(47)


def pcap_header(link, nanoseconds=False):
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    return struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, LINKS[link])


def pcap_record(time, frame, captured=None, nanoseconds=False):
    """One record; `time` is in nanoseconds, `captured` the bytes of the frame that are kept."""
    kept = frame if captured is None else frame[:captured]
    second, rest = divmod(time, 1_000_000_000)
    if not nanoseconds:
        rest //= 1000
    return struct.pack("<IIII", second, rest, len(kept), len(frame)) + kept


def write_pcap(path, records, link="ethernet", nanoseconds=False):
    """Write records of (time in ns, frame, captured bytes or None) to a file."""
    with open(path, "wb") as out:
        out.write(pcap_header(link, nanoseconds))
        for time, frame, captured in records:
            out.write(pcap_record(time, frame, captured, nanoseconds))
