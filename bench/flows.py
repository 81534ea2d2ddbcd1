#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""flows.py FLOWS OUT.pcap [SIZE]: one TCP packet for each of FLOWS connections, in random order.

Read over and over (net_pcap with infinite_rx=1), this is FLOWS connections that live at the same time.
SIZE is the frame without its checksum; 60 makes 64 bytes on the wire.
"""

import random
import struct
import sys


def main():
    flows, path = int(sys.argv[1]), sys.argv[2]
    size = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    order = list(range(flows))
    random.Random(1).shuffle(order)
    ethernet = bytes.fromhex("020000000002020000000001" "0800")
    tail = bytes(size - 14 - 20 - 20)
    with open(path, "wb", buffering=1 << 20) as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, flow in enumerate(order):
            # Clients 10.a.b.c, 16 servers 192.168.0.x; the ACK flag and a little payload.
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, size - 14, 0, 0, 64, 6, 0,
                             0x0A000000 + flow // 4, 0xC0A80000 + flow % 16)
            tcp = struct.pack(">HHIIBBHHH", 1024 + flow % 60000, 9999, 1000, 2000, 0x50, 0x10, 1000, 0, 0)
            frame = ethernet + ip + tcp + tail
            out.write(struct.pack("<IIII", 1700000000, i % 1000000, len(frame), len(frame)) + frame)


main()
