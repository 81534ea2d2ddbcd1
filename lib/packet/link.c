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
	ETHER_PPPOE_SESSION = 0x8864,
	ETHER_BACKBONE = 0x88e7, // 802.1ah
	ETHER_VN_TAG = 0x8926,
	ETHER_FABRIC_PATH = 0x8903,
};

enum ppp_protocol { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281 };

// An 802.3 "type" up to here is a length (IEEE 802.3, clause 3.2.6), from there on a type; between
// them it is neither.
#define ETHER_LAST_LENGTH 1500
#define ETHER_FIRST_TYPE  1536
#define ETHER_HEADER      14
// Zeek takes a frame of 16 captured bytes or fewer for truncated (spec: link layers).
#define ETHER_LEAST        17
#define FABRIC_PATH_HEADER 16
#define VLAN_HEADER        4
#define VLAN_ID            0x0fff
#define MPLS_LABEL         4
#define PPPOE_HEADER       6
#define BACKBONE_TAG       4
#define VN_TAG_HEADER      6
// Zeek stops after 25 headers of any kind (PacketAnalyzer::max_depth); two of them are IP's and the
// transport's.
#define LINK_LAYERS 23

// Forgets captured bytes behind `length`, but not that they were on the wire: where a link header
// states too little, Zeek takes the IP packet for one that was cut.
static void limit_captured(struct packet_cursor *cursor, uint32_t length)
{
	if (cursor->captured > length)
		cursor->captured = length;
}

static bool is_ip(uint16_t type)
{
	return type == ETHER_IPV4 || type == ETHER_IPV6;
}

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

static bool read_be16(struct packet_cursor *cursor, uint16_t *value)
{
	if (cursor->captured < 2)
		return false;
	*value = bytes_be16(cursor->data);
	return cursor_skip(cursor, 2);
}

static enum packet_verdict skip_ppp_protocol(struct packet_cursor *cursor)
{
	uint16_t protocol;

	if (!read_be16(cursor, &protocol))
		return PACKET_BAD_LINK;
	if (protocol == PPP_IPV4 || protocol == PPP_IPV6)
		return PACKET_TRACK;
	return protocol == PPP_MPLS ? skip_mpls(cursor) : PACKET_NOT_IP;
}

static enum packet_verdict skip_pppoe(struct packet_cursor *cursor)
{
	uint16_t length, protocol;

	if (cursor->captured < PPPOE_HEADER)
		return PACKET_BAD_LINK;
	length = bytes_be16(cursor->data + 4);
	if (!cursor_skip(cursor, PPPOE_HEADER) || !read_be16(cursor, &protocol))
		return PACKET_BAD_LINK;
	limit_captured(cursor, length > 2 ? length - 2u : 0);
	return protocol == PPP_IPV4 || protocol == PPP_IPV6 ? PACKET_TRACK : PACKET_NOT_IP;
}

// 802.2: only SNAP with the organization 0 leads to IP (RFC 1042).
static enum packet_verdict skip_llc(struct packet_cursor *cursor, uint16_t length)
{
	enum { LLC_SNAP = 0xaaaa, LLC_UNNUMBERED = 0x03, SNAP_HEADER = 5 };
	const uint8_t *llc = cursor->data;
	uint32_t header;

	limit_captured(cursor, length);
	if (cursor->captured < 3 || bytes_be16(llc) != LLC_SNAP)
		return PACKET_NOT_IP;
	// Numbered frames have a control field of two bytes.
	header = (llc[2] & LLC_UNNUMBERED) == LLC_UNNUMBERED ? 3 : 4;
	if (cursor->captured < header + SNAP_HEADER)
		return PACKET_BAD_LINK;
	if (llc[header] != 0 || llc[header + 1] != 0 || llc[header + 2] != 0 ||
	    !is_ip(bytes_be16(llc + header + 3)))
		return PACKET_NOT_IP;
	return cursor_skip(cursor, header + SNAP_HEADER) ? PACKET_TRACK : PACKET_BAD_LINK;
}

// A header of `length` bytes that ends with the type of what follows.
static bool skip_tag(struct packet_cursor *cursor, uint32_t length, uint16_t *type)
{
	if (cursor->captured < length)
		return false;
	*type = bytes_be16(cursor->data + length - 2);
	return cursor_skip(cursor, length);
}

static bool skip_vlan(struct packet_cursor *cursor, uint16_t *type, struct packet *packet)
{
	const uint8_t *tag = cursor->data;

	if (!skip_tag(cursor, VLAN_HEADER, type))
		return false;
	packet->vlan[packet->vlan[0] != PACKET_NO_VLAN] = bytes_be16(tag) & VLAN_ID;
	return true;
}

static bool read_ethernet(struct packet_cursor *cursor, uint16_t *type, struct packet *packet)
{
	if (cursor->captured < ETHER_LEAST)
		return false;
	if (bytes_be16(cursor->data + 12) == ETHER_FABRIC_PATH &&
	    (cursor->captured < FABRIC_PATH_HEADER + ETHER_HEADER ||
	     !cursor_skip(cursor, FABRIC_PATH_HEADER)))
		return false;
	memcpy(packet->mac, cursor->data, sizeof(packet->mac));
	packet->has_mac = 1;
	return skip_tag(cursor, ETHER_HEADER, type);
}

// Which tags Zeek knows behind which (spec-conn 4.5).
static bool may_follow(uint16_t before, uint16_t type)
{
	switch (before) {
	case ETHER_VN_TAG:
		return type == ETHER_VLAN || type == ETHER_VLAN_SERVICE || type == ETHER_VLAN_OLD;
	case ETHER_VLAN:
	case ETHER_VLAN_SERVICE:
	case ETHER_VLAN_OLD:
		return type != ETHER_VLAN_SERVICE && type != ETHER_VLAN_OLD;
	default:
		return true;
	}
}

// From behind an Ethernet header that said `type`.
static enum packet_verdict skip_tags(struct packet_cursor *cursor, uint16_t type,
				     struct packet *packet)
{
	uint16_t before = 0, follower;

	for (int layers = 1; !is_ip(type) || before == ETHER_VN_TAG; layers++) {
		bool whole;

		if (layers >= LINK_LAYERS)
			return PACKET_BAD_LINK;
		if (!may_follow(before, type))
			return PACKET_NOT_IP;
		switch (type) {
		case ETHER_VLAN:
		case ETHER_VLAN_SERVICE:
		case ETHER_VLAN_OLD:
			whole = skip_vlan(cursor, &follower, packet);
			break;
		case ETHER_VN_TAG:
			whole = skip_tag(cursor, VN_TAG_HEADER, &follower);
			break;
		case ETHER_BACKBONE:
			// Behind the tag stands a frame with all its headers.
			whole = cursor_skip(cursor, BACKBONE_TAG) &&
				read_ethernet(cursor, &follower, packet);
			layers++;
			break;
		case ETHER_MPLS:
			return skip_mpls(cursor);
		case ETHER_PPPOE_SESSION:
			return skip_pppoe(cursor);
		default:
			return type <= ETHER_LAST_LENGTH ? skip_llc(cursor, type) : PACKET_NOT_IP;
		}
		if (!whole)
			return PACKET_BAD_LINK;
		before = type;
		type = follower;
	}
	return PACKET_TRACK;
}

static enum packet_verdict skip_ethernet(struct packet_cursor *cursor, struct packet *packet)
{
	uint16_t type;

	if (!read_ethernet(cursor, &type, packet))
		return PACKET_BAD_LINK;
	return is_ip(type) ? PACKET_TRACK : skip_tags(cursor, type, packet);
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

// Linux "any" captures: a header of its own with the type and the sender's address somewhere in it.
// The receiver's is not there.
static enum packet_verdict skip_cooked(struct packet_cursor *cursor, uint32_t header,
				       uint32_t type_offset, uint32_t address_offset,
				       struct packet *packet)
{
	uint16_t type;

	if (cursor->captured < header)
		return PACKET_BAD_LINK;
	type = bytes_be16(cursor->data + type_offset);
	memset(packet->mac[0], 0, sizeof(packet->mac[0]));
	memcpy(packet->mac[1], cursor->data + address_offset, sizeof(packet->mac[1]));
	packet->has_mac = 1;
	if (!cursor_skip(cursor, header))
		return PACKET_BAD_LINK;
	return is_ip(type) ? PACKET_TRACK : PACKET_NOT_IP;
}

// Netfilter's log: address family, version, then a list of attributes; the packet itself is
// attribute 9.
static enum packet_verdict skip_nflog(struct packet_cursor *cursor)
{
	enum {
		NFLOG_HEADER = 4,
		NFLOG_ATTRIBUTE = 4,
		NFLOG_PAYLOAD = 9,
		LINUX_INET = 2,
		LINUX_INET6 = 10
	};
	uint16_t length, kind;
	uint8_t family;

	if (cursor->captured < NFLOG_HEADER || cursor->data[1] != 0)
		return PACKET_BAD_LINK;
	family = cursor->data[0];
	if (!cursor_skip(cursor, NFLOG_HEADER))
		return PACKET_BAD_LINK;
	for (;;) {
		if (cursor->captured < NFLOG_ATTRIBUTE)
			return PACKET_BAD_LINK;
		// The kernel writes these in the byte order of its machine, in practice little
		// endian.
		length = (uint16_t)(cursor->data[0] | cursor->data[1] << 8);
		kind = (uint16_t)(cursor->data[2] | cursor->data[3] << 8);
		if (kind == NFLOG_PAYLOAD)
			break;
		if (length < NFLOG_ATTRIBUTE || !cursor_skip(cursor, (length + 3u) & ~3u))
			return PACKET_BAD_LINK;
	}
	if (!cursor_skip(cursor, NFLOG_ATTRIBUTE))
		return PACKET_BAD_LINK;
	return family == LINUX_INET || family == LINUX_INET6 ? PACKET_TRACK : PACKET_NOT_IP;
}

enum packet_verdict packet_link_skip(struct packet_decoder *decoder, uint32_t link,
				     struct packet_cursor *cursor, struct packet *packet)
{
	packet->has_mac = 0;
	packet->vlan[0] = packet->vlan[1] = PACKET_NO_VLAN;
	switch (link) {
	case PACKET_LINK_ETHERNET:
		return skip_ethernet(cursor, packet);
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
		return skip_cooked(cursor, 16, 14, 6, packet);
	case PACKET_LINK_COOKED2:
		return skip_cooked(cursor, 20, 0, 12, packet);
	case PACKET_LINK_NFLOG:
		return skip_nflog(cursor);
	case PACKET_LINK_WIRELESS:
		return packet_wireless_skip(decoder, cursor, packet);
	case PACKET_LINK_RADIOTAP:
		return packet_radiotap_skip(decoder, cursor, packet);
	default:
		return PACKET_TRACK;
	}
}
