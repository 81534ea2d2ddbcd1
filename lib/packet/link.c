/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include "base/bytes.h"

enum ether_type {
	ETHER_IPV4 = 0x0800,
	ETHER_IPV6 = 0x86dd,
	ETHER_VLAN = 0x8100,
	ETHER_VLAN_SERVICE = 0x88a8,
	ETHER_VLAN_OLD = 0x9100,
	ETHER_MPLS = 0x8847,
	ETHER_MPLS_MULTICAST = 0x8848,
	ETHER_PPPOE_SESSION = 0x8864,
	ETHER_BACKBONE = 0x88e7, // 802.1ah
	ETHER_VN_TAG = 0x8926,
	ETHER_FABRIC_PATH = 0x8903,
};

enum ppp_protocol { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281 };

// The first 802.3 "type" that is a type and not a length.
#define ETHER_FIRST_TYPE 1536
#define ETHER_HEADER     14
// Zeek takes a frame of 16 captured bytes or fewer for truncated (spec: link layers).
#define ETHER_LEAST        17
#define FABRIC_PATH_HEADER 16
#define VLAN_HEADER        4
#define MPLS_LABEL         4
#define PPPOE_HEADER       6
#define BACKBONE_HEADER    18
#define VN_TAG_HEADER      6
#define SNAP_HEADER        8
// Tags and labels nest; a frame made of nothing else ends here.
#define LINK_DEPTH 32

static enum packet_verdict skip_mpls(struct packet_cursor *cursor)
{
	for (;;) {
		bool bottom;

		if (cursor->captured < MPLS_LABEL)
			return PACKET_BAD_LINK;
		bottom = cursor->data[2] & 1;
		if (!cursor_skip(cursor, MPLS_LABEL))
			return PACKET_BAD_LINK;
		if (bottom)
			return PACKET_TRACK;
	}
}

static enum packet_verdict skip_ppp_protocol(struct packet_cursor *cursor)
{
	uint16_t protocol;

	if (cursor->captured < 2)
		return PACKET_BAD_LINK;
	protocol = bytes_be16(cursor->data);
	if (!cursor_skip(cursor, 2))
		return PACKET_BAD_LINK;
	if (protocol == PPP_IPV4 || protocol == PPP_IPV6)
		return PACKET_TRACK;
	return protocol == PPP_MPLS ? skip_mpls(cursor) : PACKET_NOT_IP;
}

// The length in the header is not looked at: real access concentrators write too small a one, and
// Zeek takes such packets.
static enum packet_verdict skip_pppoe(struct packet_cursor *cursor)
{
	return cursor_skip(cursor, PPPOE_HEADER) ? skip_ppp_protocol(cursor) : PACKET_BAD_LINK;
}

// 802.2 LLC: only SNAP with the Ethernet OUI leads to IP (RFC 1042).
static enum packet_verdict skip_llc(struct packet_cursor *cursor, uint16_t *type)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};

	if (cursor->captured < SNAP_HEADER)
		return PACKET_NOT_IP;
	if (memcmp(cursor->data, snap, sizeof(snap)) != 0)
		return PACKET_NOT_IP;
	*type = bytes_be16(cursor->data + 6);
	return cursor_skip(cursor, SNAP_HEADER) ? PACKET_TRACK : PACKET_BAD_LINK;
}

// A header of `length` bytes that ends with the type of what follows.
static bool skip_tag(struct packet_cursor *cursor, uint32_t length, uint16_t *type)
{
	if (cursor->captured < length)
		return false;
	*type = bytes_be16(cursor->data + length - 2);
	return cursor_skip(cursor, length);
}

static enum packet_verdict skip_ether_type(struct packet_cursor *cursor, uint16_t type)
{
	for (int depth = 0; depth < LINK_DEPTH; depth++) {
		bool whole = true;

		if (type < ETHER_FIRST_TYPE) {
			enum packet_verdict verdict = skip_llc(cursor, &type);

			if (verdict != PACKET_TRACK)
				return verdict;
			if (type < ETHER_FIRST_TYPE)
				return PACKET_NOT_IP;
			continue;
		}
		switch (type) {
		case ETHER_IPV4:
		case ETHER_IPV6:
			return PACKET_TRACK;
		case ETHER_VLAN:
		case ETHER_VLAN_SERVICE:
		case ETHER_VLAN_OLD:
			whole = skip_tag(cursor, VLAN_HEADER, &type);
			break;
		case ETHER_VN_TAG:
			whole = skip_tag(cursor, VN_TAG_HEADER, &type);
			break;
		case ETHER_BACKBONE:
			whole = skip_tag(cursor, BACKBONE_HEADER, &type);
			break;
		case ETHER_MPLS:
		case ETHER_MPLS_MULTICAST:
			return skip_mpls(cursor);
		case ETHER_PPPOE_SESSION:
			return skip_pppoe(cursor);
		default:
			return PACKET_NOT_IP;
		}
		if (!whole)
			return PACKET_BAD_LINK;
	}
	return PACKET_BAD_LINK;
}

static enum packet_verdict skip_ethernet(struct packet_cursor *cursor)
{
	uint16_t type;

	if (cursor->captured < ETHER_LEAST)
		return PACKET_BAD_LINK;
	if (bytes_be16(cursor->data + 12) == ETHER_FABRIC_PATH &&
	    !cursor_skip(cursor, FABRIC_PATH_HEADER))
		return PACKET_BAD_LINK;
	if (!skip_tag(cursor, ETHER_HEADER, &type))
		return PACKET_BAD_LINK;
	return skip_ether_type(cursor, type);
}

// The address family that BSD systems write in front of loopback packets, in the byte order of the
// writer.
static enum packet_verdict skip_family(struct packet_cursor *cursor)
{
	uint32_t family;

	if (cursor->captured < 4)
		return PACKET_BAD_LINK;
	family = bytes_host32(cursor->data);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	if (!cursor_skip(cursor, 4))
		return PACKET_BAD_LINK;
	switch (family) {
	case 2:  // AF_INET everywhere
	case 24: // AF_INET6 of NetBSD and OpenBSD
	case 28: // of FreeBSD
	case 30: // of macOS
		return PACKET_TRACK;
	default:
		return PACKET_NOT_IP;
	}
}

static enum packet_verdict skip_ppp(struct packet_cursor *cursor)
{
	// Address and control field, which peers may agree to leave out (RFC 1661, section 6.6).
	if (cursor->captured >= 2 && cursor->data[0] == 0xff && cursor->data[1] == 0x03 &&
	    !cursor_skip(cursor, 2))
		return PACKET_BAD_LINK;
	return skip_ppp_protocol(cursor);
}

static enum packet_verdict skip_ppp_serial(struct packet_cursor *cursor)
{
	return cursor_skip(cursor, 2) ? skip_ppp_protocol(cursor) : PACKET_BAD_LINK;
}

// Linux "any" captures: a header of its own with the type at `type_offset`.
static enum packet_verdict skip_cooked(struct packet_cursor *cursor, uint32_t header,
				       uint32_t type_offset)
{
	uint16_t type;

	if (cursor->captured < header)
		return PACKET_BAD_LINK;
	type = bytes_be16(cursor->data + type_offset);
	if (!cursor_skip(cursor, header))
		return PACKET_BAD_LINK;
	return skip_ether_type(cursor, type);
}

// Netfilter's log: a list of attributes, the packet itself is attribute 9.
static enum packet_verdict skip_nflog(struct packet_cursor *cursor)
{
	enum { NFLOG_HEADER = 4, NFLOG_PAYLOAD = 9 };
	uint16_t length, kind;

	if (!cursor_skip(cursor, NFLOG_HEADER))
		return PACKET_BAD_LINK;
	for (;;) {
		if (cursor->captured < 4)
			return PACKET_BAD_LINK;
		// The kernel writes these in the byte order of its machine, in practice little
		// endian.
		length = (uint16_t)(cursor->data[0] | cursor->data[1] << 8);
		kind = (uint16_t)(cursor->data[2] | cursor->data[3] << 8);
		if (kind == NFLOG_PAYLOAD)
			return cursor_skip(cursor, 4) ? PACKET_TRACK : PACKET_BAD_LINK;
		if (length < 4 || !cursor_skip(cursor, (length + 3u) & ~3u))
			return PACKET_BAD_LINK;
	}
}

enum packet_verdict packet_link_skip(struct packet_decoder *decoder, uint32_t link,
				     struct packet_cursor *cursor, struct packet *packet)
{
	(void)decoder;
	packet->has_mac = 0;
	packet->vlan[0] = packet->vlan[1] = PACKET_NO_VLAN;
	switch (link) {
	case PACKET_LINK_ETHERNET:
		return skip_ethernet(cursor);
	case PACKET_LINK_NULL:
	case PACKET_LINK_LOOP:
		return skip_family(cursor);
	case PACKET_LINK_PPP:
		return skip_ppp(cursor);
	case PACKET_LINK_PPP_SERIAL:
		return skip_ppp_serial(cursor);
	case PACKET_LINK_FDDI:
		return cursor_skip(cursor, 21) ? PACKET_TRACK : PACKET_BAD_LINK;
	case PACKET_LINK_COOKED:
		return skip_cooked(cursor, 16, 14);
	case PACKET_LINK_COOKED2:
		return skip_cooked(cursor, 20, 0);
	case PACKET_LINK_NFLOG:
		return skip_nflog(cursor);
	default:
		return PACKET_TRACK;
	}
}
