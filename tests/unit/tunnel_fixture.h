/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet_fixture.h"

#include <ctype.h>
#include <stdio.h>

// Frames inside frames.

// Where what a tunnel carries goes from and to.
#define INNER_A 0xc0000201u
#define INNER_B 0xc0000202u

static struct packet_tunnels tunnels = {
	.depth = 4,
	.kind = {[4789] = PACKET_TUNNEL_VXLAN,
		 [6081] = PACKET_TUNNEL_GENEVE,
		 [2123] = PACKET_TUNNEL_GTP,
		 [2152] = PACKET_TUNNEL_GTP,
		 [3544] = PACKET_TUNNEL_TEREDO,
		 [5072] = PACKET_TUNNEL_AYIYA,
		 [4754] = PACKET_TUNNEL_GRE},
};

// A decoding that opens tunnels.
static inline int tunnelling_create(void **state)
{
	decoding_create(state);
	((struct decoding *)*state)->decoder.tunnels = &tunnels;
	return 0;
}

static inline void frame_start(struct frame *frame)
{
	memset(frame, 0, offsetof(struct frame, byte));
	frame->link = PACKET_LINK_RAW;
}

static inline void frame_append(struct frame *frame, const struct frame *inner)
{
	memcpy(frame_zeros(frame, inner->length), inner->byte, inner->length);
}

// Bytes in hexadecimal; blanks do not count.
static inline void frame_hex(struct frame *frame, const char *hex)
{
	while (*hex != '\0') {
		unsigned byte;

		if (isspace((unsigned char)*hex)) {
			hex++;
			continue;
		}
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		frame_8(frame, byte);
		hex += 2;
	}
}

// What is carried: an IP packet by itself, UDP from port 1000 to port 2000 with 30 bytes.
static inline void inner_packet(struct frame *inner, bool v6)
{
	frame_start(inner);
	if (v6)
		frame_ip6(inner, 8, 9, PACKET_UDP);
	else
		frame_ip4(inner, INNER_A, INNER_B, PACKET_UDP);
	frame_udp(inner, 1000, 2000, 30);
	frame_seal(inner);
}

// Is this that packet, once it is out of its tunnel?
static inline void assert_inner(const struct packet *packet, bool v6)
{
	assert_int_equal(packet->verdict, PACKET_TRACK);
	assert_int_equal(packet->transport, PACKET_TRANSPORT_OK);
	if (v6)
		assert_way(packet, address6_of(8), 1000, address6_of(9), 2000);
	else
		assert_way(packet, address_of(INNER_A), 1000, address_of(INNER_B), 2000);
	assert_int_equal(packet->payload_length, 30);
	assert_int_not_equal(packet->stack, 0);
}
