/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include "base/bytes.h"

// Data frames of 802.11 (IEEE 802.11-2020, clause 9.3.2), read as far as Zeek reads them, so that
// both log the same:
//
// - What the radio noted is not looked at: neither whether a frame check sequence follows (IP's
//   length tells it from the datagram), nor whether that was right, nor whether there is padding
//   between header and payload (such frames are lost).
// - The field of HT control, which the order bit announces, is not skipped (such frames are lost).

enum frame_control {
	FRAME_DATA = 0x08, // in the first byte
	FRAME_WITHOUT_DATA = 0x40,
	FRAME_QOS = 0x80,
	FRAME_TO_DS = 0x01, // in the second one
	FRAME_FROM_DS = 0x02,
	FRAME_PROTECTED = 0x40,
};

#define WIRELESS_HEADER  24
#define WIRELESS_ADDRESS 6
#define WIRELESS_QOS     2
#define QOS_AGGREGATE    0x80
#define SUBFRAME_HEADER  14
#define SUBFRAME_LENGTH  12
#define RADIOTAP_HEADER  4
#define LLC_HEADER       8

enum wireless_type {
	WIRELESS_IPV4 = 0x0800,
	WIRELESS_IPV6 = 0x86dd,
	WIRELESS_ARP = 0x0806,
	WIRELESS_RARP = 0x8035,
};

// LLC and SNAP with the organization 0 (RFC 1042).
static enum packet_verdict skip_llc(struct packet_cursor *cursor, uint16_t *type)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};

	*type = 0;
	if (cursor->captured < LLC_HEADER)
		return PACKET_BAD_LINK;
	if (memcmp(cursor->data, snap, sizeof(snap)) != 0)
		return PACKET_NOT_IP;
	*type = bytes_be16(cursor->data + sizeof(snap));
	if (!cursor_skip(cursor, LLC_HEADER))
		return PACKET_BAD_LINK;
	return *type == WIRELESS_IPV4 || *type == WIRELESS_IPV6 ? PACKET_TRACK : PACKET_NOT_IP;
}

enum packet_verdict packet_wireless_next(struct packet_rest *rest, struct packet_cursor *cursor)
{
	enum packet_verdict verdict;
	uint32_t length, step;
	uint16_t type;

	if (rest->captured < SUBFRAME_HEADER)
		goto refused;
	length = bytes_be16(rest->data + SUBFRAME_LENGTH);
	step = SUBFRAME_HEADER + length;
	if (rest->captured < step)
		goto refused;
	*cursor = (struct packet_cursor){
		.data = rest->data + SUBFRAME_HEADER,
		.captured = length,
		// Zeek holds an IP header against all that is left of the frame.
		.length = rest->length - SUBFRAME_HEADER,
	};
	// Subframes are filled up to a multiple of four with their header of 14 bytes (clause
	// 9.3.2.2.2); Zeek expects the remainder of the length instead, which only for odd lengths
	// is the same.
	if (rest->captured - step >= length % 4)
		step += length % 4;
	rest->data += step;
	rest->captured -= step;
	rest->length -= step;
	verdict = skip_llc(cursor, &type);
	// Zeek gives an aggregate up at the first packet that it does not know. And what is too
	// short for another one is a frame check sequence.
	if ((verdict != PACKET_TRACK && type != WIRELESS_ARP && type != WIRELESS_RARP) ||
	    rest->captured < SUBFRAME_HEADER)
		rest->captured = 0;
	return verdict;

refused:
	rest->captured = 0;
	return PACKET_BAD_LINK;
}

// Which of its addresses are destination and source depends on where a frame comes from and goes to
// (clause 9.3.2.1).
static void note_addresses(const uint8_t *header, struct packet *packet)
{
	static const uint8_t place[4][2] = {
		[0] = {4, 10},
		[FRAME_TO_DS] = {16, 10},
		[FRAME_FROM_DS] = {4, 16},
		[FRAME_TO_DS | FRAME_FROM_DS] = {16, 24},
	};
	const uint8_t *at = place[header[1] & (FRAME_TO_DS | FRAME_FROM_DS)];

	memcpy(packet->mac[0], header + at[0], WIRELESS_ADDRESS);
	memcpy(packet->mac[1], header + at[1], WIRELESS_ADDRESS);
	packet->has_mac = 1;
}

enum packet_verdict packet_wireless_skip(struct packet_decoder *decoder,
					 struct packet_cursor *cursor, struct packet *packet)
{
	const uint8_t *header = cursor->data;
	uint32_t length = WIRELESS_HEADER;
	bool aggregate = false;
	uint16_t type;

	if (cursor->captured > 0 && (!(header[0] & FRAME_DATA) || header[0] & FRAME_WITHOUT_DATA))
		return PACKET_NOT_IP;
	if (cursor->captured <= WIRELESS_HEADER)
		return PACKET_BAD_LINK;
	if ((header[1] & FRAME_TO_DS) && (header[1] & FRAME_FROM_DS))
		length += WIRELESS_ADDRESS;
	if (header[0] & FRAME_QOS) {
		// Other encrypted frames give themselves away, as no LLC header follows.
		if (header[1] & FRAME_PROTECTED)
			return PACKET_NOT_IP;
		if (cursor->captured <= length)
			return PACKET_BAD_LINK;
		aggregate = header[length] & QOS_AGGREGATE;
		length += WIRELESS_QOS;
	}
	if (!cursor_skip(cursor, length))
		return PACKET_BAD_LINK;
	note_addresses(header, packet);
	if (!aggregate)
		return skip_llc(cursor, &type);
	decoder->rest.data = cursor->data;
	decoder->rest.captured = cursor->captured;
	decoder->rest.length = cursor->length;
	decoder->rest.around = *packet;
	return packet_wireless_next(&decoder->rest, cursor);
}

enum packet_verdict packet_radiotap_skip(struct packet_decoder *decoder,
					 struct packet_cursor *cursor, struct packet *packet)
{
	uint32_t length;

	if (cursor->captured < RADIOTAP_HEADER)
		return PACKET_BAD_LINK;
	length = cursor->data[2] | (uint32_t)cursor->data[3] << 8;
	return cursor_skip(cursor, length) ? packet_wireless_skip(decoder, cursor, packet)
					   : PACKET_BAD_LINK;
}
