# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors

"""Bytes of tunnels: what stands between an outer IP header and the packet inside.

KINDS names every tunnel of the text form (trace.py). wrap() puts an IP packet into one.
"""

import collections
import struct

import packets

PPP = {4: 0x0021, 6: 0x0057}
ETHERTYPES = {4: packets.ETHERTYPE_IPV4, 6: packets.ETHERTYPE_IPV6}
IP_IN_IP = {4: 4, 6: 41}
GRE, GRE_KEY, GRE_SEQUENCE = 47, 0x2000, 0x1000
GRE_ETHERNET, GRE_ERSPAN, GRE_ERSPAN_3, GRE_PPP = 0x6558, 0x88BE, 0x22EB, 0x880B

# The two ends of a tunnel: addresses, ports (UDP only) and the identification of the IP header.
Ends = collections.namedtuple("Ends", "source target ports ident")

# A kind of tunnel. header: makes what stands before the packet, from (packet, its IP version, the
# value behind the name); frame: an Ethernet frame is inside; value: a value is needed; outer: the
# IP version outside; inner: the only one inside, or None; port: of the UDP connection that carries
# it, or None; both: that connection carries both directions, and not one each.
Kind = collections.namedtuple("Kind", "header frame value outer inner port both",
                              defaults=(False, False, 4, None, None, False))


def vxlan(packet, version, value):
    return struct.pack(">BBHI", 8, 0, 0, value << 8)


def geneve(packet, version, value):
    return struct.pack(">BBHI", 0, 0, GRE_ETHERNET, value << 8)


def geneve_ip(packet, version, value):
    return struct.pack(">BBHI", 0, 0, ETHERTYPES[version], value << 8)


def gtp(packet, version, value):
    """A G-PDU of GTPv1 without options; the value is the tunnel's identifier."""
    return struct.pack(">BBHI", 0x30, 255, len(packet), value)


def gtp_sequence(packet, version, value):
    return struct.pack(">BBHIHBB", 0x32, 255, len(packet) + 4, value, 1, 0, 0)


def nothing(packet, version, value):
    return b""


def ayiya(packet, version, value):
    """An identity of 2^4 bytes, a signature of 5 words, operation 1: forward the packet."""
    header = struct.pack(">BBBBI", 0x41, 0x52, 0x11, IP_IN_IP[version], 1)
    return header + bytes(16) + bytes(20)


def gre(packet, version, value):
    return struct.pack(">HH", 0, ETHERTYPES[version])


def gre_key(packet, version, value):
    return struct.pack(">HHI", GRE_KEY, ETHERTYPES[version], value)


def gre_sequence(packet, version, value):
    return struct.pack(">HHI", GRE_SEQUENCE, ETHERTYPES[version], value)


def gre_ethernet(packet, version, value):
    return struct.pack(">HH", 0, GRE_ETHERNET)


def gre_routed(packet, version, value):
    """With the flag that a list of routers follows: it is obsolete, and none follows."""
    return struct.pack(">HHI", 0x4000, ETHERTYPES[version], 0)


def erspan(packet, version, value):
    """A mirrored frame in GRE: type I bare, type II with 8 bytes before it, type III with 12."""
    if value == 1:
        return struct.pack(">HH", 0, GRE_ERSPAN)
    if value == 2:
        return struct.pack(">HHIHHI", GRE_SEQUENCE, GRE_ERSPAN, 1, 0x1000, 1, 0)
    if value == 3:
        return struct.pack(">HHIHHIHH", GRE_SEQUENCE, GRE_ERSPAN_3, 1, 0x2000, 1, 0, 0, 0)
    raise ValueError(f"erspan {value}: there are 1, 2 and 3")


def pptp(packet, version, value):
    """GRE version 1 with call (the value) and sequence number, and PPP inside."""
    return struct.pack(">HHHHIHH", GRE_KEY | GRE_SEQUENCE | 1, GRE_PPP, len(packet) + 4, value, 1,
                       0xFF03, PPP[version])


KINDS = {
    "vxlan": Kind(vxlan, frame=True, value=True, port=packets.VXLAN_PORT),
    "geneve": Kind(geneve, frame=True, value=True, port=6081),
    "geneve-ip": Kind(geneve_ip, value=True, port=6081),
    "gtp": Kind(gtp, value=True, port=2152),
    "gtp-seq": Kind(gtp_sequence, value=True, port=2152),
    "teredo": Kind(nothing, inner=6, port=3544, both=True),
    "ayiya": Kind(ayiya, port=5072, both=True),
    "gre-udp": Kind(gre, port=4754),
    "gre": Kind(gre),
    "gre-key": Kind(gre_key, value=True),
    "gre-seq": Kind(gre_sequence, value=True),
    "gre-ethernet": Kind(gre_ethernet, frame=True),
    "gre-routed": Kind(gre_routed),
    "erspan": Kind(erspan, frame=True, value=True),
    "pptp": Kind(pptp, value=True),
    "ipip": Kind(nothing, inner=4),
    "6in4": Kind(nothing, inner=6),
    "4in6": Kind(nothing, inner=4, outer=6),
    "6in6": Kind(nothing, inner=6, outer=6),
}


def wrap(name, value, packet, ends):
    """Put an IP packet into a tunnel between `ends`; returns the IP packet around it."""
    kind = KINDS[name]
    version = packet[0] >> 4
    if kind.inner not in (None, version):
        raise ValueError(f"{name} carries IPv{kind.inner}, not IPv{version}")
    body = kind.header(packet, version, value)
    body += packets.ethernet(packet, ETHERTYPES[version]) if kind.frame else packet
    if kind.port:
        protocol = packets.UDP
        body = packets.udp(ends.source, ends.target, ends.ports, body)
    elif kind.header is nothing:
        protocol = IP_IN_IP[version]
    else:
        protocol = GRE
    if kind.outer == 6:
        return packets.ipv6(ends.source, ends.target, protocol, body)
    return packets.ipv4(ends.source, ends.target, protocol, body, ends.ident)
