/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"
#include "packet/packet_plain.h"

// A part of a frame on its way through the layers. `length` is what was on the wire, `captured`
// what we have of it.
struct packet_cursor {
	const uint8_t *data;
	uint32_t captured;
	uint32_t length;
};

// Moves past `count` bytes. False when they were not captured.
static inline bool cursor_skip(struct packet_cursor *cursor, uint32_t count)
{
	if (cursor->captured < count || cursor->length < count)
		return false;
	cursor->data += count;
	cursor->captured -= count;
	cursor->length -= count;
	return true;
}

// Forgets what lies behind `length` bytes: padding of a link layer.
static inline void cursor_limit(struct packet_cursor *cursor, uint32_t length)
{
	if (cursor->length > length)
		cursor->length = length;
	if (cursor->captured > length)
		cursor->captured = length;
}

// The addresses of a datagram in the order of the header, after what IPv6 extension headers say of
// them.
struct packet_ends {
	struct address source;
	struct address destination;
	uint8_t protocol;
	bool v6;
};

// link.c: moves the cursor to the IP header, and notes link addresses and tags in the packet.
// PACKET_TRACK when there is one. Further packets of the same frame are left in decoder->rest.
enum packet_verdict packet_link_skip(struct packet_decoder *decoder, uint32_t link,
				     struct packet_cursor *cursor, struct packet *packet);

// link_wireless.c: moves the cursor from an 802.11 header to the IP header, and notes the link
// addresses. PACKET_TRACK when there is one. Of an aggregate that is its first packet, and the
// others are left in decoder->rest with `packet` as it is then.
enum packet_verdict packet_wireless_skip(struct packet_decoder *decoder,
					 struct packet_cursor *cursor, struct packet *packet);

// link_wireless.c: the same, from what a radio noted in front of the 802.11 header.
enum packet_verdict packet_radiotap_skip(struct packet_decoder *decoder,
					 struct packet_cursor *cursor, struct packet *packet);

// link_wireless.c: takes the next packet of an aggregate off `rest` and sets the cursor to its IP
// header; the verdict is as from packet_wireless_skip(). rest->captured is 0 when nothing is left.
enum packet_verdict packet_wireless_next(struct packet_rest *rest, struct packet_cursor *cursor);

// ip.c: from the IP header on.
enum packet_verdict packet_ip_decode(struct packet_decoder *decoder, struct packet_cursor *cursor,
				     struct packet *packet);

// transport.c: from the transport header on; the cursor is limited to the datagram.
enum packet_verdict packet_transport_decode(struct packet_decoder *decoder,
					    const struct packet_ends *ends,
					    struct packet_cursor *cursor, struct packet *packet);

// tunnel_ip.c: protocols 4, 41 and 47; the cursor is what follows the IP header.
enum packet_verdict packet_tunnel_ip_decode(struct packet_decoder *decoder,
					    const struct packet_ends *ends,
					    struct packet_cursor *cursor, struct packet *packet);
enum packet_verdict packet_tunnel_gre_decode(struct packet_decoder *decoder,
					     const struct address ends[2],
					     struct packet_cursor *cursor, struct packet *packet);

// What a GRE header leads to; only looked at, nothing is decoded.
struct packet_gre {
	uint32_t header; // bytes before the packet inside
	uint16_t type;   // what that is
	bool exact;      // IP that must fill the rest exactly
};
bool packet_tunnel_gre_read(const struct packet_cursor *cursor, struct packet_gre *gre);

// tunnel.c: the packet is inside one tunnel more.
void packet_tunnel_enter(struct packet *packet, enum packet_tunnel kind, struct uid parent);

// ip.c: the length that an IP header claims, or 0 when it is not `version` or was not captured.
uint32_t packet_ip_claims(const struct packet_cursor *cursor, unsigned version);
