/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include "base/bytes.h"
#include "packet/packet_key.h"

// Tunnels inside UDP: VXLAN (RFC 7348), Geneve (RFC 8926), GTPv1-U (3GPP TS 29.281), Teredo
// (RFC 4380), AYIYA (draft-massar-v6ops-ayiya-02), GRE (RFC 8086). The datagram itself belongs to a
// connection, and that connection knows which port is the responder's; so it is asked first, and
// what is inside is decoded afterwards.

#define VXLAN_HEADER  8
#define VXLAN_HAS_ID  0x08
#define GENEVE_HEADER 8
#define GTP_HEADER    8
#define GTP_OPTIONS   4
#define GTP_G_PDU     255
#define AYIYA_HEADER  8
#define AYIYA_FORWARD 1
#define IPV4_HEADER   20
#define IPV6_HEADER   40
#define IPV6_NO_NEXT  59

enum gtp_flag { GTP_EXTENSION = 0x04, GTP_ANY_OPTION = 0x07, GTP_NOT_PRIME = 0x10 };
enum inner_type { INNER_ETHERNET = 0x6558, INNER_IPV4 = 0x0800, INNER_IPV6 = 0x86dd };

// What a tunnel header leads to.
struct inner {
	uint32_t header; // bytes before the packet inside
	uint32_t link;   // how that begins
};

void packet_tunnel_enter(struct packet *packet, enum packet_tunnel kind, struct uid parent)
{
	uint64_t name = (uint64_t)parent.place[0] << 32 | parent.place[1];

	packet->stack = packet_fold_multiply(packet->stack ^ name ^ UINT64_C(0x9e3779b97f4a7c15),
					     ((uint64_t)kind << 32 | parent.salt) ^
						     UINT64_C(0xd1b54a32d192ed03));
	// 0 stands for no tunnel.
	packet->stack |= 1;
	packet->parent = parent;
	packet->depth++;
	packet->innermost = kind & 0xf;
	packet->has_mac = 0;
	packet->vlan[0] = packet->vlan[1] = PACKET_NO_VLAN;
}

static enum packet_tunnel_result open_vxlan(const struct packet_cursor *cursor, struct inner *inner)
{
	if (cursor->captured < VXLAN_HEADER || !(cursor->data[0] & VXLAN_HAS_ID))
		return PACKET_TUNNEL_INVALID;
	*inner = (struct inner){.header = VXLAN_HEADER, .link = PACKET_LINK_ETHERNET};
	return cursor->captured > VXLAN_HEADER ? PACKET_TUNNEL_OPEN : PACKET_TUNNEL_CLOSED;
}

static enum packet_tunnel_result open_geneve(const struct packet_cursor *cursor,
					     struct inner *inner)
{
	uint32_t header;

	if (cursor->captured < GENEVE_HEADER)
		return PACKET_TUNNEL_INVALID;
	if (cursor->data[0] >> 6 != 0)
		return PACKET_TUNNEL_CLOSED;
	header = GENEVE_HEADER + (cursor->data[0] & 0x3fu) * 4;
	if (cursor->captured < header)
		return PACKET_TUNNEL_INVALID;
	inner->header = header;
	if (cursor->captured == header)
		return PACKET_TUNNEL_CLOSED;
	switch (bytes_be16(cursor->data + 2)) {
	case INNER_ETHERNET:
		inner->link = PACKET_LINK_ETHERNET;
		return PACKET_TUNNEL_OPEN;
	case INNER_IPV4:
	case INNER_IPV6:
		inner->link = PACKET_LINK_RAW;
		return PACKET_TUNNEL_OPEN;
	default:
		return PACKET_TUNNEL_CLOSED;
	}
}

// The header up to and with the last extension header; 0 when that does not fit.
static uint32_t gtp_header(const struct packet_cursor *cursor)
{
	uint8_t flags = cursor->data[0];
	uint32_t at = GTP_HEADER + (flags & GTP_ANY_OPTION ? GTP_OPTIONS : 0);
	uint8_t next;

	if (cursor->captured < at)
		return 0;
	if (!(flags & GTP_EXTENSION))
		return at;
	do {
		uint32_t length;

		if (at >= cursor->captured)
			return 0;
		length = cursor->data[at] * 4u;
		if (length == 0 || length > cursor->captured - at)
			return 0;
		next = cursor->data[at + length - 1];
		at += length;
	} while (next != 0);
	return at;
}

// The IP packet behind `header` bytes must fill the rest exactly.
static bool fits_exactly(const struct packet_cursor *cursor, uint32_t header)
{
	struct packet_cursor rest = *cursor;

	if (!cursor_skip(&rest, header) || rest.captured < IPV4_HEADER)
		return false;
	return packet_ip_claims(&rest, rest.data[0] >> 4) == rest.captured;
}

static enum packet_tunnel_result open_gtp(const struct packet_cursor *cursor,
					  const struct packet *packet, struct inner *inner)
{
	// Never invalid for good: on the same ports run control messages, and other versions.
	if (packet->innermost == PACKET_TUNNEL_GTP || cursor->captured < GTP_HEADER ||
	    cursor->data[0] >> 5 != 1 || !(cursor->data[0] & GTP_NOT_PRIME) ||
	    cursor->data[1] != GTP_G_PDU)
		return PACKET_TUNNEL_CLOSED;
	*inner = (struct inner){.header = gtp_header(cursor), .link = PACKET_LINK_RAW};
	return inner->header != 0 && fits_exactly(cursor, inner->header) ? PACKET_TUNNEL_OPEN
									 : PACKET_TUNNEL_CLOSED;
}

// Skips authentication and origin indication, each at most once and in this order (RFC 4380,
// section 5.1.1). False when no IPv6 header follows.
static bool teredo_header(const struct packet_cursor *cursor, uint32_t *header)
{
	const uint8_t *data = cursor->data;
	uint32_t at = 0;

	if (cursor->captured >= 4 && data[0] == 0 && data[1] == 1)
		at = 13u + data[2] + data[3];
	if (cursor->captured >= at + 8 && data[at] == 0 && data[at + 1] == 0)
		at += 8;
	*header = at;
	return cursor->captured >= at + IPV6_HEADER && data[at] >> 4 == 6;
}

static enum packet_tunnel_result open_teredo(const struct packet_cursor *cursor,
					     struct inner *inner)
{
	struct packet_cursor rest = *cursor;
	uint32_t header, claims;

	if (!teredo_header(cursor, &header))
		return PACKET_TUNNEL_INVALID;
	cursor_skip(&rest, header);
	claims = packet_ip_claims(&rest, 6);
	// A bubble, which only keeps the way open, may be followed by anything.
	if (claims > rest.captured ||
	    (claims < rest.captured && !(claims == IPV6_HEADER && rest.data[6] == IPV6_NO_NEXT)))
		return PACKET_TUNNEL_INVALID;
	*inner = (struct inner){.header = header, .link = PACKET_LINK_RAW};
	return PACKET_TUNNEL_OPEN;
}

static enum packet_tunnel_result open_ayiya(const struct packet_cursor *cursor, struct inner *inner)
{
	const uint8_t *data = cursor->data;
	uint32_t header;

	if (cursor->captured < AYIYA_HEADER)
		return PACKET_TUNNEL_INVALID;
	// Identity of 2^n bytes, signature of n words.
	header = AYIYA_HEADER + (1u << (data[0] >> 4)) + (data[1] >> 4) * 4u;
	if (cursor->captured < header)
		return PACKET_TUNNEL_INVALID;
	if ((data[2] & 0xf) != AYIYA_FORWARD ||
	    (data[3] != PACKET_IPV4 && data[3] != PACKET_IPV6) || cursor->captured == header)
		return PACKET_TUNNEL_CLOSED;
	*inner = (struct inner){.header = header, .link = PACKET_LINK_RAW};
	return PACKET_TUNNEL_OPEN;
}

static enum packet_tunnel_result open_gre(const struct packet_cursor *cursor)
{
	struct packet_gre gre;

	return packet_tunnel_gre_read(cursor, &gre) ? PACKET_TUNNEL_OPEN : PACKET_TUNNEL_CLOSED;
}

static enum packet_tunnel_result open_inner(const struct packet_cursor *cursor,
					    const struct packet *packet, enum packet_tunnel kind,
					    struct inner *inner)
{
	switch (kind) {
	case PACKET_TUNNEL_VXLAN:
		return open_vxlan(cursor, inner);
	case PACKET_TUNNEL_GENEVE:
		return open_geneve(cursor, inner);
	case PACKET_TUNNEL_GTP:
		return open_gtp(cursor, packet, inner);
	case PACKET_TUNNEL_TEREDO:
		return open_teredo(cursor, inner);
	case PACKET_TUNNEL_AYIYA:
		return open_ayiya(cursor, inner);
	case PACKET_TUNNEL_GRE:
		return open_gre(cursor);
	default:
		return PACKET_TUNNEL_CLOSED;
	}
}

static struct packet_cursor payload_cursor(const struct packet *packet)
{
	return (struct packet_cursor){
		.data = packet->payload,
		.captured = packet->payload_captured,
		.length = packet->payload_length,
	};
}

static bool looks_like_ayiya(const struct packet *packet)
{
	return packet->payload_captured >= 3 && packet->payload[1] == 0x52 &&
	       packet->payload[2] == 0x11;
}

// spec-conn 8.4: an IPv6 header with an address of 2001:0::/32, or one that follows what only
// Teredo puts in front.
static bool looks_like_teredo(const struct packet *packet)
{
	static const uint8_t prefix[4] = {0x20, 0x01, 0, 0};
	struct packet_cursor cursor = payload_cursor(packet);
	const uint8_t *data = cursor.data;
	uint32_t header;

	if (cursor.captured < IPV6_HEADER)
		return false;
	if (data[0] >> 4 == 6)
		return memcmp(data + 8, prefix, sizeof(prefix)) == 0 ||
		       memcmp(data + 24, prefix, sizeof(prefix)) == 0;
	if (data[0] != 0 || data[1] > 1)
		return false;
	if (data[1] == 0)
		header = 8;
	else
		header = 13u + data[2] + data[3] + 8;
	return cursor.captured >= header + IPV6_HEADER && data[header] >> 4 == 6;
}

enum packet_tunnel packet_tunnel_of(const struct packet_tunnels *tunnels,
				    const struct packet *packet, uint16_t responder_port)
{
	enum packet_tunnel kind;

	if (tunnels == NULL)
		return PACKET_TUNNEL_NONE;
	kind = tunnels->kind[responder_port];
	if (kind != PACKET_TUNNEL_NONE)
		return kind;
	if (looks_like_ayiya(packet))
		return PACKET_TUNNEL_AYIYA;
	return looks_like_teredo(packet) ? PACKET_TUNNEL_TEREDO : PACKET_TUNNEL_NONE;
}

bool packet_tunnel_likely(const struct packet_tunnels *tunnels, const struct packet *packet)
{
	if (tunnels == NULL || packet->transport != PACKET_TRANSPORT_OK)
		return false;
	return tunnels->kind[packet->key.port[0]] != PACKET_TUNNEL_NONE ||
	       tunnels->kind[packet->key.port[1]] != PACKET_TUNNEL_NONE ||
	       looks_like_ayiya(packet) || looks_like_teredo(packet);
}

enum packet_tunnel_result packet_tunnel_check(const struct packet_tunnels *tunnels,
					      const struct packet *packet, enum packet_tunnel kind)
{
	struct packet_cursor cursor = payload_cursor(packet);
	struct inner inner;

	if (packet->depth >= tunnels->depth)
		return PACKET_TUNNEL_TOO_DEEP;
	return open_inner(&cursor, packet, kind, &inner);
}

enum packet_verdict packet_decapsulate(struct packet_decoder *decoder, const struct packet *carrier,
				       enum packet_tunnel kind, struct uid parent,
				       struct packet *packet)
{
	struct packet_cursor cursor = payload_cursor(carrier);
	enum packet_verdict verdict = PACKET_BAD_TUNNEL;
	struct inner inner;

	// What is inside of a joined datagram lies in the fragment table, too.
	*packet = *carrier;
	packet->step = 0;
	decoder->rest.captured = 0;
	if (kind == PACKET_TUNNEL_GRE) {
		// Known by the addresses, as any GRE.
		verdict = packet_tunnel_gre_decode(decoder, carrier->key.address, &cursor, packet);
	} else if (open_inner(&cursor, carrier, kind, &inner) == PACKET_TUNNEL_OPEN &&
		   cursor_skip(&cursor, inner.header)) {
		packet_tunnel_enter(packet, kind, parent);
		verdict = packet_link_skip(decoder, inner.link, &cursor, packet);
		if (verdict == PACKET_TRACK)
			verdict = packet_ip_decode(decoder, &cursor, packet);
	}
	packet->verdict = (uint8_t)verdict;
	return verdict;
}
