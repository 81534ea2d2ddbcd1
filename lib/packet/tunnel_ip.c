/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include "base/bytes.h"
#include "packet/packet_key.h"

// Tunnels directly inside IP: IP in IP (RFC 2003, RFC 2473, RFC 4213), GRE (RFC 2784, RFC 2890),
// the enhanced GRE of PPTP (RFC 2637), and ERSPAN in GRE. They have no connection of their own; a
// pair of addresses is one tunnel, whatever is carried between them.

enum gre_flag {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACKNOWLEDGEMENT = 0x0080, // PPTP only
	GRE_RESERVED = 0x0078,
	GRE_VERSION = 0x0007,
};

enum gre_type {
	GRE_ETHERNET = 0x6558,
	GRE_ERSPAN = 0x88be, // types I and II
	GRE_ERSPAN_3 = 0x22eb,
	GRE_PPP = 0x880b,
	GRE_IPV4 = 0x0800,
	GRE_IPV6 = 0x86dd,
	GRE_WIRELESS = 0x9000, // the types of Aruba's access points
	GRE_WIRELESS_FIRST = 0x8200,
	GRE_WIRELESS_LAST = 0x8370,
};

#define GRE_HEADER             4
#define PPP_HEADER             4
#define ERSPAN_2_HEADER        8
#define ERSPAN_3_HEADER        12
#define ERSPAN_3_SUBHEADER     8
#define ERSPAN_3_HAS_SUBHEADER 0x01
#define ETHERNET_HEADER        14

// The name of the tunnel between two addresses: the same for both directions and for everything
// that runs between them, known without a table.
static struct uid pair_uid(const struct packet_decoder *decoder, const struct address ends[2])
{
	const uint64_t *secret = decoder->secret;
	uint64_t word[2][2], lower, upper, low, high;
	bool swap;

	memcpy(word, ends, sizeof(word));
	// Any order will do, as long as it is one: sums and the like would be equal for many pairs.
	swap = word[0][0] != word[1][0] ? word[0][0] > word[1][0] : word[0][1] > word[1][1];
	lower = packet_fold_multiply(word[swap][0] ^ secret[0], word[swap][1] ^ secret[1]);
	upper = packet_fold_multiply(word[!swap][0] ^ secret[2], word[!swap][1] ^ secret[3]);
	low = packet_fold_multiply(lower ^ secret[4], upper ^ secret[5]);
	high = packet_fold_multiply(lower ^ secret[3], upper ^ secret[1]);
	return (struct uid){
		.salt = (uint32_t)high,
		.place = {(uint32_t)low, (uint32_t)(low >> 32)},
	};
}

static bool is_wireless(uint16_t type)
{
	return type == GRE_WIRELESS ||
	       (type >= GRE_WIRELESS_FIRST && type <= GRE_WIRELESS_LAST && (type & 0xf) == 0);
}

static uint32_t gre_fields(uint16_t flags)
{
	return GRE_HEADER + (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0) +
	       (flags & GRE_SEQUENCE ? 4 : 0) + (flags & GRE_ACKNOWLEDGEMENT ? 4 : 0);
}

// The length of ERSPAN's own header, which stands between GRE's and the mirrored frame; `*whole` is
// cleared when that frame does not fit any more.
static uint32_t erspan_header(const struct packet_cursor *cursor, uint32_t fields, uint16_t flags,
			      uint16_t type, bool *whole)
{
	uint32_t header;

	if (type == GRE_ERSPAN)
		// Type I has neither sequence number nor header.
		header = flags & GRE_SEQUENCE ? ERSPAN_2_HEADER : 0;
	else
		header = ERSPAN_3_HEADER;
	*whole = cursor->captured > fields + header + ETHERNET_HEADER;
	if (*whole && type == GRE_ERSPAN_3 &&
	    cursor->data[fields + ERSPAN_3_HEADER - 1] & ERSPAN_3_HAS_SUBHEADER) {
		header += ERSPAN_3_SUBHEADER;
		*whole = cursor->captured > fields + header + ETHERNET_HEADER;
	}
	return header;
}

static bool read_version_0(const struct packet_cursor *cursor, uint16_t flags,
			   struct packet_gre *gre)
{
	bool whole = cursor->captured > gre->header;

	if (gre->type == GRE_ETHERNET)
		whole = cursor->captured > gre->header + ETHERNET_HEADER;
	else if (gre->type == GRE_ERSPAN || gre->type == GRE_ERSPAN_3)
		gre->header += erspan_header(cursor, gre->header, flags, gre->type, &whole);
	return whole;
}

static bool read_pptp(const struct packet_cursor *cursor, struct packet_gre *gre)
{
	uint16_t protocol;

	if (gre->type != GRE_PPP || cursor->captured < gre->header + PPP_HEADER)
		return false;
	protocol = bytes_be16(cursor->data + gre->header + 2);
	gre->header += PPP_HEADER;
	gre->exact = true;
	gre->type = protocol == 0x0021 ? GRE_IPV4 : GRE_IPV6;
	return protocol == 0x0021 || protocol == 0x0057;
}

bool packet_tunnel_gre_read(const struct packet_cursor *cursor, struct packet_gre *gre)
{
	uint16_t flags;

	if (cursor->captured < GRE_HEADER)
		return false;
	flags = bytes_be16(cursor->data);
	*gre = (struct packet_gre){
		.header = gre_fields(flags),
		.type = bytes_be16(cursor->data + 2),
	};
	// Source routes are obsolete (RFC 2784, section 2.1), reserved bits must be 0.
	if (flags & (GRE_ROUTING | GRE_RESERVED))
		return false;
	switch (flags & GRE_VERSION) {
	case 0:
		return read_version_0(cursor, flags, gre);
	case 1:
		return read_pptp(cursor, gre);
	default:
		return false;
	}
}

static bool too_deep(const struct packet_decoder *decoder, const struct packet *packet)
{
	return packet->depth >= decoder->tunnels->depth;
}

// IP that must fill exactly what there is of it; Zeek refuses anything else here (spec-conn 4.6).
static enum packet_verdict decode_exact(struct packet_decoder *decoder, unsigned version,
					struct packet_cursor *cursor, struct packet *packet)
{
	if (cursor->captured == 0 || packet_ip_claims(cursor, version) != cursor->captured)
		return PACKET_BAD_TUNNEL;
	cursor->length = cursor->captured;
	packet->frame_cut = 0;
	return packet_ip_decode(decoder, cursor, packet);
}

enum packet_verdict packet_tunnel_gre_decode(struct packet_decoder *decoder,
					     const struct address ends[2],
					     struct packet_cursor *cursor, struct packet *packet)
{
	enum packet_verdict verdict;
	struct packet_gre gre;
	uint32_t link;

	if (too_deep(decoder, packet) || !packet_tunnel_gre_read(cursor, &gre) ||
	    !cursor_skip(cursor, gre.header))
		return PACKET_BAD_TUNNEL;
	packet_tunnel_enter(packet, PACKET_TUNNEL_IP, pair_uid(decoder, ends));
	if (gre.exact)
		return decode_exact(decoder, gre.type == GRE_IPV4 ? 4 : 6, cursor, packet);
	// What was not captured is not known to have been there.
	cursor->length = cursor->captured;
	packet->frame_cut = 0;
	if (gre.type == GRE_ETHERNET || gre.type == GRE_ERSPAN || gre.type == GRE_ERSPAN_3)
		link = PACKET_LINK_ETHERNET;
	else
		link = is_wireless(gre.type) ? PACKET_LINK_WIRELESS : PACKET_LINK_RAW;
	verdict = packet_link_skip(decoder, link, cursor, packet);
	return verdict == PACKET_TRACK ? packet_ip_decode(decoder, cursor, packet) : verdict;
}

enum packet_verdict packet_tunnel_ip_decode(struct packet_decoder *decoder,
					    const struct packet_ends *ends,
					    struct packet_cursor *cursor, struct packet *packet)
{
	const struct address pair[2] = {ends->source, ends->destination};

	if (ends->protocol == PACKET_GRE)
		return packet_tunnel_gre_decode(decoder, pair, cursor, packet);
	if (too_deep(decoder, packet))
		return PACKET_BAD_TUNNEL;
	packet_tunnel_enter(packet, PACKET_TUNNEL_IP, pair_uid(decoder, pair));
	return decode_exact(decoder, ends->protocol == PACKET_IPV4 ? 4 : 6, cursor, packet);
}
