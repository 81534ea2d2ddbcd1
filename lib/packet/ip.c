/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include "packet/checksum.h"
#include "packet/fragment.h"

#define IPV4_HEADER         20
#define IPV4_MAXIMUM        65535u
#define IPV6_HEADER         40

#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET_MASK    0x1fff

enum ipv6_header {
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_ESP = 50,
	IPV6_AUTHENTICATION = 51,
	IPV6_NO_NEXT = 59,
	IPV6_DESTINATION = 60,
	IPV6_MOBILITY = 135,
};

// Destination option of Mobile IPv6: the address under which the sender is known (RFC 6275,
// section 6.3).
#define IPV6_OPTION_HOME_ADDRESS 0xc9

// Written as two whole words: the key is read back as words right away, and a processor waits for
// what was written in pieces.
static struct address address_v4(const uint8_t *bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t word[2] = {0, UINT64_C(0xffff0000) | (uint64_t)bytes_host32(bytes) << 32};
#else
	uint64_t word[2] = {0, UINT64_C(0xffff00000000) | bytes_host32(bytes)};
#endif
	struct address address;

	memcpy(&address, word, sizeof(address));
	return address;
}

static enum packet_verdict decode_v4(struct packet_decoder *decoder, struct packet_cursor *cursor,
				     struct packet *packet, bool reassembled);
static enum packet_verdict decode_v6(struct packet_decoder *decoder, struct packet_cursor *cursor,
				     struct packet *packet, bool reassembled);

// Gives a piece to the fragment table. When that completes the datagram, `cursor` is set to all of
// it.
static enum packet_verdict reassemble(struct packet_decoder *decoder,
				      const struct fragment *fragment, struct packet_cursor *cursor,
				      struct packet *packet)
{
	struct fragment_datagram datagram;

	if (decoder->fragments == NULL)
		return PACKET_FRAGMENT_REFUSED;
	switch (fragment_add(decoder->fragments, fragment, &datagram)) {
	case FRAGMENT_HELD:
		return PACKET_FRAGMENT;
	case FRAGMENT_INVALID:
		return PACKET_FRAGMENT_REFUSED;
	case FRAGMENT_COMPLETE:
		break;
	}
	cursor->data = datagram.header;
	cursor->captured = cursor->length = datagram.header_length + datagram.data_length;
	packet->copied = 1;
	packet->frame_cut = 0;
	return PACKET_TRACK;
}

static enum packet_verdict fragment_v4(struct packet_decoder *decoder,
				       const struct packet_cursor *datagram, uint32_t header_length,
				       struct packet *packet)
{
	uint16_t field = bytes_be16(datagram->data + 6);
	struct fragment fragment = {
		.source = address_v4(datagram->data + 12),
		.destination = address_v4(datagram->data + 16),
		.identification = bytes_be16(datagram->data + 4),
		.offset = (field & IPV4_OFFSET_MASK) * 8u,
		.length = datagram->length - header_length,
		.more = field & IPV4_MORE_FRAGMENTS,
		.header = datagram->data,
		.header_length = header_length,
		.data = datagram->data + header_length,
		.time = packet->time,
	};
	struct packet_cursor whole;
	enum packet_verdict verdict = reassemble(decoder, &fragment, &whole, packet);
	uint8_t *header;

	if (verdict != PACKET_TRACK)
		return verdict;
	if (whole.length > 65535)
		return PACKET_FRAGMENT_REFUSED;
	header = (uint8_t *)whole.data;
	header[2] = (uint8_t)(whole.length >> 8);
	header[3] = (uint8_t)whole.length;
	header[6] = header[7] = 0;
	return decode_v4(decoder, &whole, packet, true);
}

static enum packet_verdict decode_v4(struct packet_decoder *decoder, struct packet_cursor *cursor,
				     struct packet *packet, bool reassembled)
{
	const uint8_t *header = cursor->data;
	uint32_t header_length, total;
	uint16_t field;
	struct packet_ends ends;

	if (cursor->captured < IPV4_HEADER)
		return PACKET_BAD_IP_HEADER;
	header_length = (header[0] & 0xf) * 4u;
	total = bytes_be16(header + 2);
	packet->ip_length = total;
	if (total == 0) {
		// Segmentation offload: the kernel lets the card fill in the length.
		if (!decoder->ignore_checksums)
			return PACKET_BAD_IP_LENGTH;
		total = cursor->captured < IPV4_MAXIMUM ? cursor->captured : IPV4_MAXIMUM;
	}
	if (total > cursor->length)
		return PACKET_BAD_IP_LENGTH;
	if (header_length < IPV4_HEADER || header_length > total ||
	    header_length > cursor->captured)
		return PACKET_BAD_IP_HEADER;
	if (!reassembled && !decoder->ignore_checksums &&
	    checksum_fold(checksum_bytes(0, header, header_length)) != 0xffff)
		return PACKET_BAD_IP_CHECKSUM;
	cursor_limit(cursor, total);
	field = bytes_be16(header + 6);
	if (field & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)) {
		if (cursor->captured >= cursor->length)
			return fragment_v4(decoder, cursor, header_length, packet);
		// The first piece of a cut capture stands for the datagram, as in Zeek.
		if (field & IPV4_OFFSET_MASK)
			return PACKET_FRAGMENT_REFUSED;
	}
	ends.source = address_v4(header + 12);
	ends.destination = address_v4(header + 16);
	ends.protocol = header[9];
	ends.v6 = false;
	cursor_skip(cursor, header_length);
	return packet_transport_decode(decoder, &ends, cursor, packet);
}

// What a walk over IPv6 extension headers found.
struct extension_walk {
	uint8_t next;         // protocol of what follows
	uint32_t length;      // of the fixed header and all extension headers so far
	uint32_t next_offset; // where the last header names its successor
	bool routed;          // only the first routing header counts
};

static void read_home_address(const uint8_t *header, uint32_t length, struct packet_ends *ends)
{
	uint32_t at = 2;

	while (at + 2 <= length) {
		uint32_t option_length = header[at + 1];

		if (header[at] == 0) {
			at++;
			continue;
		}
		if (at + 2 + option_length > length)
			return;
		if (header[at] == IPV6_OPTION_HOME_ADDRESS && option_length == 16)
			memcpy(ends->source.byte, header + at + 2, 16);
		at += 2 + option_length;
	}
}

// Types 0 and 2 list the way; the last address is where the packet goes (RFC 8200, section 4.4).
static void read_routing(const uint8_t *header, uint32_t length, struct packet_ends *ends,
			 struct extension_walk *walk)
{
	bool known = header[2] == 0 || header[2] == 2;

	if (walk->routed)
		return;
	walk->routed = true;
	if (known && header[3] > 0 && length >= 24 && (length - 8) % 16 == 0)
		memcpy(ends->destination.byte, header + length - 16, 16);
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPV6_HOP_BY_HOP || protocol == IPV6_ROUTING ||
	       protocol == IPV6_AUTHENTICATION || protocol == IPV6_DESTINATION;
}

// Walks from the fixed header to the transport or to a fragment header. False when a header does
// not fit.
static bool walk_extensions(const struct packet_cursor *datagram, struct packet_ends *ends,
			    struct extension_walk *walk)
{
	while (is_extension(walk->next)) {
		const uint8_t *header = datagram->data + walk->length;
		uint32_t left = datagram->captured - walk->length;
		uint32_t length;

		if (left < 8)
			return false;
		length = walk->next == IPV6_AUTHENTICATION ? (header[1] + 2u) * 4
							   : (header[1] + 1u) * 8;
		if (length > left)
			return false;
		if (walk->next == IPV6_DESTINATION)
			read_home_address(header, length, ends);
		else if (walk->next == IPV6_ROUTING)
			read_routing(header, length, ends, walk);
		walk->next_offset = walk->length;
		walk->next = header[0];
		walk->length += length;
	}
	return true;
}

static enum packet_verdict fragment_v6(struct packet_decoder *decoder,
				       const struct packet_cursor *datagram,
				       const struct extension_walk *walk, struct packet *packet)
{
	const uint8_t *header = datagram->data + walk->length;
	uint16_t field = bytes_be16(header + 2);
	struct fragment fragment = {
		.identification = bytes_be32(header + 4),
		.offset = field & 0xfff8u,
		.length = datagram->length - walk->length - 8,
		.more = field & 1,
		.header = datagram->data,
		.header_length = walk->length,
		.data = header + 8,
		.time = packet->time,
	};
	struct packet_cursor whole;
	enum packet_verdict verdict;
	uint8_t *first, next = header[0];
	uint32_t payload;

	memcpy(fragment.source.byte, datagram->data + 8, 16);
	memcpy(fragment.destination.byte, datagram->data + 24, 16);
	verdict = reassemble(decoder, &fragment, &whole, packet);
	if (verdict != PACKET_TRACK)
		return verdict;
	payload = whole.length - IPV6_HEADER;
	if (payload > 65535)
		return PACKET_FRAGMENT_REFUSED;
	first = (uint8_t *)whole.data;
	first[4] = (uint8_t)(payload >> 8);
	first[5] = (uint8_t)payload;
	// Every piece has the same headers in front (RFC 8200, section 4.5): so the place of the
	// successor's number in this one is the place in the first one, unless somebody made them
	// differ.
	if (walk->next_offset >= whole.length)
		return PACKET_BAD_EXTENSION;
	first[walk->next_offset] = next;
	return decode_v6(decoder, &whole, packet, true);
}

static enum packet_verdict decode_v6(struct packet_decoder *decoder, struct packet_cursor *cursor,
				     struct packet *packet, bool reassembled)
{
	const uint8_t *header = cursor->data;
	struct extension_walk walk = {.length = IPV6_HEADER, .next_offset = 6};
	struct packet_ends ends;
	uint32_t total;

	if (cursor->captured < IPV6_HEADER)
		return PACKET_BAD_IP_HEADER;
	total = IPV6_HEADER + bytes_be16(header + 4);
	if (total > cursor->length)
		return PACKET_BAD_IP_LENGTH;
	packet->ip_length = total;
	cursor_limit(cursor, total);
	memcpy(ends.source.byte, header + 8, 16);
	memcpy(ends.destination.byte, header + 24, 16);
	walk.next = header[6];
	if (!walk_extensions(cursor, &ends, &walk))
		return PACKET_BAD_EXTENSION;
	if (walk.next == IPV6_FRAGMENT) {
		bool first;

		if (cursor->captured < walk.length + 8)
			return PACKET_BAD_EXTENSION;
		first = (bytes_be16(header + walk.length + 2) & 0xfff8) == 0;
		// A fragment inside a reassembled datagram has no meaning (RFC 7112 and RFC 8200,
		// section 4.5).
		if (reassembled)
			return PACKET_FRAGMENT_REFUSED;
		if (cursor->captured >= cursor->length)
			return fragment_v6(decoder, cursor, &walk, packet);
		if (!first)
			return PACKET_FRAGMENT_REFUSED;
		walk.next = header[walk.length];
		walk.length += 8;
		if (!walk_extensions(cursor, &ends, &walk))
			return PACKET_BAD_EXTENSION;
	}
	if (walk.next == IPV6_ESP || walk.next == IPV6_NO_NEXT || walk.next == IPV6_MOBILITY ||
	    walk.next == IPV6_FRAGMENT)
		return PACKET_NO_CONNECTION;
	ends.protocol = walk.next;
	ends.v6 = true;
	cursor_skip(cursor, walk.length);
	return packet_transport_decode(decoder, &ends, cursor, packet);
}

enum packet_verdict packet_ip_decode(struct packet_decoder *decoder, struct packet_cursor *cursor,
				     struct packet *packet)
{
	if (cursor->captured == 0)
		return PACKET_BAD_IP_HEADER;
	switch (cursor->data[0] >> 4) {
	case 4:
		return decode_v4(decoder, cursor, packet, false);
	case 6:
		return decode_v6(decoder, cursor, packet, false);
	default:
		return PACKET_BAD_IP_HEADER;
	}
}

uint32_t packet_ip_claims(const struct packet_cursor *cursor, unsigned version)
{
	uint32_t header = version == 4 ? IPV4_HEADER : IPV6_HEADER;

	if (cursor->captured < header || cursor->data[0] >> 4 != version)
		return 0;
	if (version == 4)
		return bytes_be16(cursor->data + 2);
	return version == 6 ? IPV6_HEADER + bytes_be16(cursor->data + 4) : 0;
}
