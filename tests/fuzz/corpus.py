#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""corpus.py PACKETS CONNECTIONS TRACE...: starting inputs for the fuzz targets.

Each pcap file gives inputs in the folder PACKETS (for packet_fuzz: its first frames, and one of
them cut at every byte) and, if there is TCP, UDP or ICMP over IPv4 in it, one in CONNECTIONS (for
conn_fuzz: the packets of its connections). The forms of the inputs are described in packet_fuzz.c and conn_fuzz.c. What is no
pcap file is passed over.
"""

import hashlib
import os
import struct
import sys

FRAMES = 60
INPUT_MOST = 16000
CUTS = 150
# The order of the list in packet_fuzz.c.
LINKS = [1, 101, 113, 276, 0, 9, 239, 50, 108, 10, 105, 127]
# Number of bytes in front of IP, as far as conn_fuzz's inputs are concerned.
HEADERS = {1: 14, 101: 0, 12: 0, 113: 16, 276: 20, 0: 4, 9: 4}
PORTS = [80, 22, 53, 123]


def frames(path):
    """(link, [(time in ns, wire length, bytes)...]) of a pcap file, or nothing."""
    with open(path, "rb") as file:
        data = file.read(4 << 20)
    for order in "<>":
        if len(data) < 24:
            break
        magic, link = struct.unpack_from(order + "I", data)[0], 0
        if magic not in (0xA1B2C3D4, 0xA1B23C4D):
            continue
        unit = 1 if magic == 0xA1B23C4D else 1000
        link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
        at, found = 24, []
        while at + 16 <= len(data):
            seconds, part, captured, length = struct.unpack_from(order + "4I", data, at)
            at += 16
            if at + captured > len(data):
                break
            found.append((seconds * 10**9 + part * unit, length, data[at:at + captured]))
            at += captured
        return link, found
    return 0, []


def packet_input(link, found):
    number = LINKS.index(link) if link in LINKS else 1 if link == 12 else len(LINKS)
    out, before = bytearray([4 | 8]), None
    for time, length, data in found[:FRAMES]:
        step = 0 if before is None else max(0, time - before) * 64 // 10**9
        before = time
        missing = min(max(0, length - len(data)), 127)
        record = struct.pack("<BBBH", number, min(step, 255), missing, len(data)) + data
        if len(data) > 65535 or len(out) + len(record) > INPUT_MOST:
            break
        out += record
    return bytes(out) if len(out) > 1 else b""


def cut_input(link, data):
    """One frame, cut at every byte; what is missing was on the wire."""
    number = LINKS.index(link) if link in LINKS else 1 if link == 12 else len(LINKS)
    out = bytearray([4 | 8])
    for captured in range(min(len(data), CUTS)):
        missing = len(data) - captured
        missing = missing if missing < 128 else min(128 + missing // 600, 255)
        out += struct.pack("<BBBH", number, 0, missing, captured) + data[:captured]
    return bytes(out)


def step_byte(span):
    """The largest step of conn_fuzz.c that is not above `span` ns."""
    best = (0, 0)
    for byte in range(248):
        step = (byte & 7) << (byte >> 3) << (8 if byte >> 3 > 16 else 4)
        if best[0] < step <= span:
            best = (step, byte)
    return best[1]


def transport(link, data):
    """(protocol, source, destination, header onwards, IP payload length) of IPv4, or None."""
    data = data[HEADERS.get(link, 14):]
    if len(data) < 20 or data[0] >> 4 != 4 or data[9] not in (1, 6, 17):
        return None
    header, total = (data[0] & 15) * 4, struct.unpack_from(">H", data, 2)[0]
    if struct.unpack_from(">H", data, 6)[0] & 0x3FFF or len(data) < header + 20:
        return None
    return data[9], data[12:16], data[16:20], data[header:], total - header


def connection_input(link, found):
    out, numbers, next_sequence, before = bytearray([1 | 2 | 32, 0]), {}, {}, None
    count = 0
    for time, _, data in found:
        packet = transport(link, data)
        if packet is None or len(out) > INPUT_MOST:
            continue
        protocol, source, destination, header, length = packet
        ports = struct.unpack_from(">HH", header) if protocol != 1 else (0, 0)
        forth, back = (source, ports[0]), (destination, ports[1])
        key = (protocol, frozenset((forth, back)))
        number, client = numbers.setdefault(key, (len(numbers) % 7, forth))
        direction = int(forth != client)
        port = PORTS.index(back[1]) if back[1] in PORTS else 0
        who = {6: 0, 17: 2, 1: 3}[protocol] | direction << 2 | number << 3 | port << 6
        flags = sequence = ack = window = 0
        size = max(0, length - 8)
        if protocol == 6:
            raw_sequence, raw_ack, words, flags, window = struct.unpack_from(">IIBBH", header, 4)
            size = max(0, length - (words >> 4) * 4)
            mine = next_sequence.get((key, forth), raw_sequence)
            peer = next_sequence.get((key, back), raw_ack)
            sequence = max(-32768, min(32767, raw_sequence - mine))
            ack = max(-32768, min(32767, raw_ack - peer))
            next_sequence[key, forth] = raw_sequence + size + (flags >> 1 & 1) + (flags & 1)
            next_sequence.setdefault((key, back), raw_ack)
        span = 0 if before is None else max(0, time - before)
        before = time
        # Every third datagram carries something.
        count += 1
        tunnels = 0x40 if count % 3 == 0 else 0
        out += struct.pack("<BBBBhhBHHBBBBB", who, flags, step_byte(span), 0, sequence, ack, 0,
                           window, min(size, 65535), 0, 0, tunnels, count % 256, 3)
    return bytes(out) if len(out) > 2 else b""


def save(folder, content):
    if content:
        with open(os.path.join(folder, hashlib.sha1(content).hexdigest()), "wb") as file:
            file.write(content)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    packets, connections = sys.argv[1:3]
    for path in sys.argv[3:]:
        link, found = frames(path)
        if found:
            save(packets, packet_input(link, found))
            save(connections, connection_input(link, found))
            # The first frame, and another one.
            for _, _, data in found[:FRAMES:FRAMES // 2]:
                save(packets, cut_input(link, data))


if __name__ == "__main__":
    main()
