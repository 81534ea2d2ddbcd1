#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""sample.py [OUT.pcap]: write the sample trace, by default tests/trace/sample.pcap.

A minute of made-up traffic with connections of every kind, between documentation addresses only.
Each entry of TRAFFIC is the time at which something begins and what happens, in the text form of
trace.py. The same file comes out every time.
"""

import os
import sys

sys.dont_write_bytecode = True

import packets  # noqa: E402
import trace  # noqa: E402

HTTP_REQUEST = r'text "GET / HTTP/1.1\r\nHost: www.example\r\n\r\n"'
HTTP_RESPONSE = r'text "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"'

TRAFFIC = [
    # Names, addresses and time.
    (0.0, """host c 192.0.2.10
             host s 192.0.2.1
             c ARP, s ARP reply"""),
    (0.2, """host c 192.0.2.10:53211
             host s 192.0.2.1:53
             step 0.009
             c U dns query, s U dns response"""),
    (20.0, """host c 192.0.2.11:41822
              host s 192.0.2.1:53
              c U dns query, @5 c U dns query"""),
    (1.5, """host c 192.0.2.10:123
             host s 198.51.100.123:123
             step 0.02
             c U ntp 3, s U ntp 4"""),
    (2.0, """host c 192.0.2.12:5353
             host s 192.0.2.1:5353
             host m 224.0.0.251:5353
             c U dns query to m"""),

    # Whole sessions.
    (0.3, f"""host c 192.0.2.10:50100
              host s 198.51.100.80:80
              step 0.012
              open, c D {HTTP_REQUEST}, s A, s D {HTTP_RESPONSE}, s D1448 x8
              c A, c F, s F, c A"""),
    (0.8, """host c 192.0.2.10:50102
             host s 198.51.100.80:443
             step 0.015
             open, c D517, s A, s D1448 x3, c A, c D126, s D51, +0.4 c D320, s D1448 x6, c A
             c F, s F, c A"""),
    (3.0, """host c 203.0.113.7:61000
             host s 192.0.2.25:25
             step 0.03
             open, s D62, c D22, s D140, c D34, s D14, c D30, s D14, c D6, s D37, c D900, s D33
             c D6, s D15, s F, c A, c F, s A"""),
    (4.0, """host c 192.0.2.14:40022
             host s 203.0.113.22:22
             step 0.02
             open, s D41, c D41, c D1400, s D1080, c D48
             repeat 6: +2 c D36, s D36, c A"""),

    # Openings that came to nothing.
    (6.0, """host c 203.0.113.66:44000
             host s 192.0.2.20:23
             c S, @1 c S, +2 c S"""),
    (6.1, """host c 203.0.113.66:44001
             host s 192.0.2.20:3389
             c S, s RA"""),
    (6.2, """host c 203.0.113.66:44002
             host s 192.0.2.20:80
             c S, s SA, c R"""),
    (6.3, """host c 203.0.113.66:44003
             host s 192.0.2.20:8080
             c F, s RA"""),
    (6.4, """host c 203.0.113.66:44004
             host s 192.0.2.20:445
             c S, c R"""),
    (6.5, """host c 203.0.113.66:44005
             host s 192.0.2.20:139
             c SF"""),
    *((7.0 + port / 1000, f"""host c 203.0.113.67:45000
                              host s 192.0.2.21:{port}
                              c S""") for port in range(1, 11)),
    (7.5, """host c 192.0.2.200:80
             host s 203.0.113.99:1025
             c SA"""),

    # Sessions that end or go in other ways.
    (8.0, """host c 192.0.2.15:50200
             host s 198.51.100.81:8443
             open, c D200, s A, s D900, c RA"""),
    (8.5, """host c 192.0.2.15:50201
             host s 198.51.100.81:8443
             open, c D200, s RA"""),
    (9.0, """host c 192.0.2.15:50202
             host s 198.51.100.82:9000
             open, c D300, c F, s A, +1 s D700, c A"""),
    (9.5, """host c 192.0.2.15:50203
             host s 198.51.100.82:9001
             open, s D1000, c A, s F, c A"""),
    (10.0, """host c 192.0.2.16:50300
              host s 198.51.100.83:5001
              step 0.01
              open, c D1000, c D1000 seq 1, s A, c D1000 skip 1000, c D1000 seq 1001, s A
              c F, s F, c A"""),
    (11.0, """host c 192.0.2.16:50301
              host s 198.51.100.83:5001
              step 0.01
              open, c D1000, s A, c D1000 skip 2000, s A, c F, s F, c A"""),
    (12.0, """host c 192.0.2.16:50302
              host s 198.51.100.83:5001
              open, c D500, s A win 0, +1 s A, c D500, s A, c F, s F, c A"""),
    (13.0, """host c 192.0.2.16:50303
              host s 198.51.100.83:5001
              open, c D100 badsum, +0.3 c D100 seq 1, s A, c F, s F, c A"""),
    (14.0, """host c 192.0.2.17:50400
              host s 198.51.100.84:6000
              open, c F, s F, c A, +2 c S new, s SA new, c A, c D40, s A, c F, s F, c A"""),

    # Without a beginning, or from one side.
    (15.0, """host c 192.0.2.18:50500
              host s 198.51.100.85:7000
              c D100, s D200, c A, c F, s F, c A"""),
    (15.5, """host c 192.0.2.18:50501
              host s 198.51.100.85:80
              s D1448 x3, s F"""),
    (16.0, """host c 192.0.2.18:50502
              host s 198.51.100.85:7001
              c S, c A, c D250, c F"""),

    # Datagrams, messages and other protocols.
    (17.0, """host c 192.0.2.19:30000
              host s 198.51.100.90:3478
              step 0.02
              c U20, s U32
              repeat 20: c U160, s U160"""),
    (18.0, """host c 192.0.2.19:30001
              host s 198.51.100.91:514
              c U120 x5"""),
    (18.5, """host c 192.0.2.19:30002
              host s 198.51.100.92:9999
              c U64, s icmp 3 36 code 3"""),
    (19.0, """host c 192.0.2.10
              host s 198.51.100.1
              repeat 4: +1 c icmp 8 56, +0.008 s icmp 0 56"""),
    (19.5, """host c 203.0.113.1
              host s 192.0.2.10
              c icmp 11 28"""),
    (24.0, """host c 192.0.2.30:2000
              host s 192.0.2.31:2001
              c U2000 frag 1480, s U100 frag 40 order 2,0,1"""),
    (25.0, """host c 192.0.2.30
              host s 192.0.2.31
              c SCTP100, s SCTP60, c SCTP40"""),
    (25.5, """host c 192.0.2.30
              host s 192.0.2.31
              c ESP120 x3"""),
    (26.0, """host c 192.0.2.40:50600
              host s 192.0.2.41:1883
              c S vlan 100, s SA vlan 200, c A vlan 100, c D30 vlan 100, s D4 vlan 200
              c F vlan 100, s F vlan 200, c A vlan 100"""),

    # IPv6.
    (27.0, """host c 2001:db8::10
              host s 2001:db8::1
              c icmp 133 8, s icmp 134 48"""),
    (27.2, """host c 2001:db8::10
              host s 2001:db8::1
              c icmp 135 24, s icmp 136 24"""),
    (28.0, f"""host c [2001:db8::10]:50700
               host s [2001:db8:1::80]:80
               step 0.012
               open, c D {HTTP_REQUEST}, s A, s D {HTTP_RESPONSE}, s D1428 x4
               c A, c F, s F, c A"""),
    (28.5, """host c [2001:db8::10]:53212
              host s [2001:db8::1]:53
              c U dns query, s U dns response"""),
    (29.0, """host c 2001:db8::10
              host s 2001:db8:1::80
              repeat 3: +1 c icmp 128 56, +0.01 s icmp 129 56"""),
    (30.0, """host c [2001:db8::10]:50701
              host s [2001:db8:1::80]:81
              c S, s RA"""),
    (31.0, """host c [2001:db8::11]:2000
              host s [2001:db8::12]:2001
              c U2000 frag 1440, s U100 hbh"""),

    # Time goes on.
    (60.0, """host c 192.0.2.10:53300
              host s 192.0.2.1:53
              step 0.009
              c U dns query, s U dns response"""),
]


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "trace", "sample.pcap")
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.normpath(default)
    frames = []
    for begin, text in TRAFFIC:
        part = trace.Trace()
        part.start += int(begin * 1_000_000_000)
        frames += part.read(text.splitlines(), f"traffic at {begin}")
    frames.sort(key=lambda frame: frame[0])
    packets.write_pcap(path, frames)
    print(f"{path}: {len(frames)} packets")


if __name__ == "__main__":
    main()
