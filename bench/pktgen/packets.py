# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""What is sent: sizes, addresses and ports."""

import socket
import struct

# RFC 2544 counts the frame check sequence, which is not in memory; preamble and gap are on the wire only.
CHECKSUM, GAP = 4, 20
IMIX = [64] * 7 + [594] * 4 + [1518]
SOURCE, TARGET, SOURCE_PORT = "10.0.0.0", "192.168.0.1", 1024
# "discard"
TARGET_PORT = 9


def frame_sizes(size):
    """Bytes in memory of the frames that follow each other."""
    return [each - CHECKSUM for each in (IMIX if size == "imix" else [int(size)])]


def wire_rate(size, megabits):
    """Packets a second that fill a link."""
    sizes = frame_sizes(size)
    return megabits * 1e6 / 8 / (sum(sizes) / len(sizes) + CHECKSUM + GAP)


def source(number):
    """The source address that is so many above the first."""
    return socket.inet_ntoa(struct.pack(">I", struct.unpack(">I", socket.inet_aton(SOURCE))[0] + number))


def write_trace(path, flows, sizes):
    """One TCP packet of each flow, with the sizes taking turns."""
    ethernet = bytes.fromhex("020000000002020000000001" "0800")
    source = struct.unpack(">I", socket.inet_aton(SOURCE))[0]
    target = struct.unpack(">I", socket.inet_aton(TARGET))[0]
    with open(path, "wb", buffering=1 << 20) as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for flow in range(flows):
            size = sizes[flow % len(sizes)]
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, size - 14, 0, 0, 64, 6, 0, source + flow, target)
            tcp = struct.pack(">HHIIBBHHH", SOURCE_PORT + flow % 60000, TARGET_PORT, 1000, 2000, 0x50, 0x10, 1000, 0, 0)
            out.write(struct.pack("<IIII", 1700000000, 0, size, size) + ethernet + ip + tcp + bytes(size - 54))
