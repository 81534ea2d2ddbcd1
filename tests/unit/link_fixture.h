/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet_fixture.h"

enum {
	IPV4 = 0x0800,
	IPV6 = 0x86dd,
	ARP = 0x0806,
	VLAN = 0x8100,
	VLAN_SERVICE = 0x88a8,
	VLAN_OLD = 0x9100,
	MPLS = 0x8847,
	PPPOE = 0x8864,
	VN_TAG = 0x8926,
};

// What every link layer carries: a UDP datagram of 20 bytes over IPv4.
static inline void add_udp(struct frame *frame)
{
	frame_ip4(frame, HOST_A, HOST_B, PACKET_UDP);
	frame_udp(frame, 40000, 53, 20);
	frame_seal(frame);
}

static inline void add_udp6(struct frame *frame)
{
	frame_ip6(frame, 1, 2, PACKET_UDP);
	frame_udp(frame, 40000, 53, 20);
	frame_seal(frame);
}

// Tracked whole, and cut at every byte as long as the UDP header is there.
static inline void assert_carries_udp(struct decoding *decoding, const struct frame *frame)
{
	bool v6 = frame->byte[frame->ip] >> 4 == 6;

	assert_tracked_from(decoding, frame, frame->transport + 8);
	assert_int_equal(decode(decoding, frame), PACKET_TRACK);
	assert_way(&decoding->packet, v6 ? address6_of(1) : address_of(HOST_A), 40000,
		   v6 ? address6_of(2) : address_of(HOST_B), 53);
	assert_int_equal(decoding->packet.ip_length, frame->length - frame->ip);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_memory_equal(decoding->packet.payload, frame->byte + frame->transport + 8, 20);
}

static inline void assert_verdict(struct decoding *decoding, const struct frame *frame,
				  enum packet_verdict expected)
{
	assert_int_equal(decode(decoding, frame), expected);
	for (uint32_t captured = 0; captured < frame->length; captured++)
		assert_int_not_equal(decode_cut(decoding, frame, captured, frame->length),
				     PACKET_TRACK);
}

// The link addresses are destination and source in `expected`, one behind the other.
static inline void assert_macs(struct decoding *decoding, const struct frame *frame,
			       const char *expected)
{
	assert_carries_udp(decoding, frame);
	assert_int_equal(decoding->packet.has_mac, 1);
	assert_memory_equal(decoding->packet.mac, expected, 12);
}
