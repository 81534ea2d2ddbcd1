/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include "packet/checksum.h"
#include "packet/packet_key.h"

#define TCP_HEADER  20
#define UDP_HEADER  8
#define ICMP_HEADER 8

// Is (a, port_a) at or below (b, port_b)? For IPv4, which is most of the traffic, one comparison of
// 48 bits.
static bool ends_in_order(const struct packet_ends *ends, uint16_t source, uint16_t destination)
{
	int order;

	if (!ends->v6) {
		uint64_t a = (uint64_t)bytes_be32(ends->source.byte + 12) << 16 | source;
		uint64_t b = (uint64_t)bytes_be32(ends->destination.byte + 12) << 16 | destination;

		return a <= b;
	}
	order = memcmp(&ends->source, &ends->destination, sizeof(ends->source));
	return order != 0 ? order < 0 : source <= destination;
}

static void set_key(const struct packet_decoder *decoder, const struct packet_ends *ends,
		    uint16_t source, uint16_t destination, bool one_way, struct packet *packet)
{
	bool swap = !one_way && !ends_in_order(ends, source, destination);
	struct packet_key key = {
		.address = {swap ? ends->destination : ends->source,
			    swap ? ends->source : ends->destination},
		.port = {swap ? destination : source, swap ? source : destination},
		.protocol = ends->protocol,
		.one_way = one_way,
	};

	packet->key = key;
	packet->sender = swap;
	packet->hash = packet_key_hash(&key, decoder->secret);
}

// Sum of the pseudo header (RFC 793; RFC 8200, section 8.1) and the whole message.
static bool checksum_good(const struct packet_ends *ends, const struct packet_cursor *message,
			  bool pseudo_header)
{
	uint64_t sum = 0;

	if (pseudo_header) {
		uint8_t tail[8] = {message->length >> 24,
				   message->length >> 16 & 0xff,
				   message->length >> 8 & 0xff,
				   message->length & 0xff,
				   0,
				   0,
				   0,
				   ends->protocol};
		// The prefix of a v4-mapped address adds 0xffff, which is zero in this arithmetic.
		sum = checksum_bytes(sum, ends->source.byte, sizeof(ends->source));
		sum = checksum_bytes(sum, ends->destination.byte, sizeof(ends->destination));
		sum = checksum_bytes(sum, tail, sizeof(tail));
	}
	sum = checksum_bytes(sum, message->data, message->length);
	return checksum_fold(sum) == 0xffff;
}

static enum packet_verdict decode_tcp(const struct packet_decoder *decoder,
				      const struct packet_ends *ends, struct packet_cursor *cursor,
				      struct packet *packet)
{
	const uint8_t *header = cursor->data;
	uint32_t header_length;

	if (cursor->length < TCP_HEADER || cursor->captured < TCP_HEADER)
		return PACKET_BAD_TRANSPORT;
	set_key(decoder, ends, bytes_be16(header), bytes_be16(header + 2), false, packet);
	packet->sequence = bytes_be32(header + 4);
	packet->acknowledgement = bytes_be32(header + 8);
	packet->tcp_flags = header[13];
	packet->window = bytes_be16(header + 14);
	header_length = (header[12] >> 4) * 4u;
	packet->transport = PACKET_TRANSPORT_OK;
	if (header_length < TCP_HEADER) {
		packet->transport = PACKET_TRANSPORT_SHORT_HEADER;
		header_length = TCP_HEADER;
	} else if (header_length > cursor->length || header_length > cursor->captured) {
		packet->transport = PACKET_TRANSPORT_LONG_HEADER;
		header_length = TCP_HEADER;
	} else if (!decoder->ignore_checksums && !packet->cut &&
		   !checksum_good(ends, cursor, true)) {
		packet->transport = PACKET_TRANSPORT_BAD_CHECKSUM;
	}
	cursor_skip(cursor, header_length);
	return PACKET_TRACK;
}

// RFC 6935 lets tunnels send no checksum over IPv6; Zeek takes VXLAN's word for it when it looks
// like VXLAN with a frame inside (spec-conn 4.1).
static bool may_omit_checksum(const struct packet_decoder *decoder,
			      const struct packet_cursor *cursor)
{
	enum { VXLAN_LEAST = UDP_HEADER + 8 + 14, VXLAN_HAS_ID = 0x08 };

	return decoder->tunnels != NULL && cursor->length > VXLAN_LEAST &&
	       decoder->tunnels->kind[bytes_be16(cursor->data + 2)] == PACKET_TUNNEL_VXLAN &&
	       cursor->data[UDP_HEADER] & VXLAN_HAS_ID;
}

static enum packet_verdict decode_udp(const struct packet_decoder *decoder,
				      const struct packet_ends *ends, struct packet_cursor *cursor,
				      struct packet *packet)
{
	const uint8_t *header = cursor->data;
	bool no_checksum;

	if (cursor->length < UDP_HEADER || cursor->captured < UDP_HEADER)
		return PACKET_BAD_TRANSPORT;
	set_key(decoder, ends, bytes_be16(header), bytes_be16(header + 2), false, packet);
	packet->udp_length = (int32_t)bytes_be16(header + 4) - UDP_HEADER;
	packet->acknowledgement = 0;
	packet->tcp_flags = 0;
	packet->window = 0;
	// Zero stands for "not computed", which IPv6 does not allow (RFC 8200, section 8.1).
	no_checksum = header[6] == 0 && header[7] == 0;
	packet->transport = PACKET_TRANSPORT_OK;
	// Where bytes behind the datagram are missing, Zeek does not verify it either (spec-conn
	// 4.1).
	if (!decoder->ignore_checksums && !packet->cut && !packet->frame_cut &&
	    !(no_checksum && (!ends->v6 || may_omit_checksum(decoder, cursor))) &&
	    (no_checksum || !checksum_good(ends, cursor, true)))
		packet->transport = PACKET_TRANSPORT_BAD_CHECKSUM;
	cursor_skip(cursor, UDP_HEADER);
	return PACKET_TRACK;
}

static enum packet_verdict decode_icmp(const struct packet_decoder *decoder,
				       const struct packet_ends *ends, struct packet_cursor *cursor,
				       struct packet *packet)
{
	uint16_t source, destination;
	bool paired;

	if (cursor->length < ICMP_HEADER || cursor->captured < ICMP_HEADER)
		return PACKET_BAD_TRANSPORT;
	paired = packet_icmp_ports(ends->protocol, cursor->data[0], cursor->data[1], &source,
				   &destination);
	set_key(decoder, ends, source, destination, !paired, packet);
	packet->transport = PACKET_TRANSPORT_OK;
	if (!decoder->ignore_checksums && !packet->cut &&
	    !checksum_good(ends, cursor, ends->protocol == PACKET_ICMPV6))
		packet->transport = PACKET_TRANSPORT_BAD_CHECKSUM;
	cursor_skip(cursor, ICMP_HEADER);
	return PACKET_TRACK;
}

enum packet_verdict packet_transport_decode(struct packet_decoder *decoder,
					    const struct packet_ends *ends,
					    struct packet_cursor *cursor, struct packet *packet)
{
	enum packet_verdict verdict = PACKET_TRACK;

	packet->may_carry = 0;
	packet->headed = packet->ip_length != 0;
	packet->cut = cursor->captured < cursor->length;
	switch (ends->protocol) {
	case PACKET_TCP:
		verdict = decode_tcp(decoder, ends, cursor, packet);
		break;
	case PACKET_UDP:
		verdict = decode_udp(decoder, ends, cursor, packet);
		break;
	case PACKET_ICMP:
	case PACKET_ICMPV6:
		verdict = decode_icmp(decoder, ends, cursor, packet);
		break;
	case PACKET_IPV4:
	case PACKET_IPV6:
	case PACKET_GRE:
		// Carriers of tunnels are no connections themselves.
		return decoder->tunnels != NULL
			       ? packet_tunnel_ip_decode(decoder, ends, cursor, packet)
			       : PACKET_NO_CONNECTION;
	default:
		set_key(decoder, ends, 0, 0, false, packet);
		packet->transport = PACKET_TRANSPORT_OK;
		break;
	}
	packet->payload = cursor->data;
	packet->payload_captured = (uint16_t)cursor->captured;
	packet->payload_length = (uint16_t)cursor->length;
	if (ends->protocol == PACKET_UDP && verdict == PACKET_TRACK)
		packet->may_carry = packet_tunnel_likely(decoder->tunnels, packet);
	return verdict;
}
