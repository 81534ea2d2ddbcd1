#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""packet_lines.py FILE: a line for each packet of a trace, for comparing traces.

    packet TIME PROTOCOL SOURCE PORT DESTINATION PORT LENGTH VLANS DIGEST

TIME in ns, LENGTH on the wire, VLANS as 100,200 or -, DIGEST of what was captured from IP on. Of
VXLAN only the packet inside is there. In pcapng files, `comment TEXT` for the section's comment comes
first, and `end DROPPED [COMMENT]` for the statistics, which have to be the last block, at the end.
"""

import hashlib
import ipaddress
import struct
import sys


def describe(time, length, frame):
    at, vlans = 12, []
    kind, = struct.unpack_from(">H", frame, at)
    while kind in (0x8100, 0x88A8, 0x9100):
        vlans.append(str(struct.unpack_from(">H", frame, at + 2)[0] & 0xFFF))
        at += 4
        kind, = struct.unpack_from(">H", frame, at)
    packet = frame[at + 2:]
    if kind == 0x0800:
        source, target = packet[12:16], packet[16:20]
        protocol, transport = packet[9], packet[(packet[0] & 15) * 4:]
    elif kind == 0x86DD:
        source, target, protocol, transport = packet[8:24], packet[24:40], packet[6], packet[40:]
    else:
        return
    ports = struct.unpack_from(">HH", transport)
    if protocol == 17 and ports[1] == 4789:
        describe(time, length - (len(frame) - len(transport)) - 16, transport[16:])
        return
    print("packet", time, protocol, ipaddress.ip_address(source), ports[0],
          ipaddress.ip_address(target), ports[1], length, ",".join(vlans) or "-",
          hashlib.md5(packet).hexdigest()[:12])


def pcap(data):
    at = 24
    while at < len(data):
        second, micro, captured, length = struct.unpack_from("<IIII", data, at)
        describe(second * 10**9 + micro * 1000, length, data[at + 16:at + 16 + captured])
        at += 16 + captured


def options(body):
    at = 0
    while at + 4 <= len(body):
        code, length = struct.unpack_from("<HH", body, at)
        if code == 0:
            return
        yield code, body[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def pcapng(data):
    at, resolution, end = 0, 10**3, None
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if size < 12 or size % 4 or data[at + size - 4:at + size] != data[at + 4:at + 8]:
            sys.exit(f"the block at {at} is broken")
        body, end = data[at + 8:at + size - 4], None
        at += size
        if kind == 0x0A0D0D0A:
            for code, value in options(body[16:]):
                if code == 1:
                    print("comment", value.decode())
        elif kind == 1:
            for code, value in options(body[8:]):
                if code == 9:
                    resolution = 10**9 // 10**value[0]
        elif kind == 5:
            found = dict(options(body[12:]))
            end = f"end {struct.unpack('<Q', found[5])[0]} {found.get(1, b'').decode()}".strip()
        elif kind == 6:
            _, high, low, captured, length = struct.unpack_from("<IIIII", body)
            describe((high << 32 | low) * resolution, length, body[20:20 + captured])
    if end is None:
        sys.exit("the file does not end with statistics")
    print(end)


with open(sys.argv[1], "rb") as file:
    content = file.read()
(pcapng if content[:4] == b"\x0a\x0d\x0d\x0a" else pcap)(content)
