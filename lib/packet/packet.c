/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include <errno.h>
#include <sys/random.h>

const char *packet_verdict_name(enum packet_verdict verdict)
{
	static const char *const name[PACKET_VERDICT_COUNT] = {
		[PACKET_TRACK] = "tracked",
		[PACKET_NOT_IP] = "not_ip",
		[PACKET_FRAGMENT] = "fragment",
		[PACKET_FRAGMENT_REFUSED] = "fragment_refused",
		[PACKET_BAD_LINK] = "bad_link_header",
		[PACKET_BAD_IP_HEADER] = "bad_ip_header",
		[PACKET_BAD_IP_LENGTH] = "bad_ip_length",
		[PACKET_BAD_IP_CHECKSUM] = "bad_ip_checksum",
		[PACKET_BAD_EXTENSION] = "bad_ipv6_extension",
		[PACKET_BAD_TRANSPORT] = "bad_transport_header",
		[PACKET_BAD_TUNNEL] = "bad_tunnel",
		[PACKET_NO_CONNECTION] = "no_connection",
	};

	return verdict < PACKET_VERDICT_COUNT ? name[verdict] : "?";
}

int packet_decoder_secret(struct packet_decoder *decoder)
{
	ssize_t got = getrandom(decoder->secret, sizeof(decoder->secret), 0);

	return got == (ssize_t)sizeof(decoder->secret) ? 0 : got < 0 ? -errno : -EIO;
}

// Zeek gives an aggregate up at the first packet that it refuses.
static void end_aggregate(struct packet_decoder *decoder, enum packet_verdict verdict)
{
	switch (verdict) {
	case PACKET_FRAGMENT_REFUSED:
	case PACKET_BAD_LINK:
	case PACKET_BAD_IP_HEADER:
	case PACKET_BAD_IP_LENGTH:
	case PACKET_BAD_IP_CHECKSUM:
	case PACKET_BAD_EXTENSION:
	case PACKET_BAD_TRANSPORT:
	case PACKET_BAD_TUNNEL:
		decoder->rest.captured = 0;
		break;
	default:
		break;
	}
}

enum packet_verdict packet_decode_any(struct packet_decoder *decoder,
				      const struct packet_frame *frame, struct packet *packet)
{
	struct packet_cursor cursor = {
		.data = frame->data,
		.captured = frame->captured,
		// Some writers of traces put a wire length below the captured one.
		.length = frame->length > frame->captured ? frame->length : frame->captured,
	};
	enum packet_verdict verdict;

	packet->time = frame->time;
	packet->copied = 0;
	packet->step = 0;
	packet->frame_cut = cursor.length > cursor.captured;
	packet->stack = 0;
	packet->depth = 0;
	packet->innermost = PACKET_TUNNEL_NONE;
	decoder->rest.captured = 0;
	verdict = packet_link_skip(decoder, frame->link, &cursor, packet);
	if (verdict == PACKET_TRACK)
		verdict = packet_ip_decode(decoder, &cursor, packet);
	if (verdict != PACKET_TRACK)
		end_aggregate(decoder, verdict);
	packet->verdict = (uint8_t)verdict;
	return verdict;
}

enum packet_verdict packet_decode(struct packet_decoder *decoder, const struct packet_frame *frame,
				  struct packet *packet)
{
	decoder->rest.captured = 0;
	if (packet_plain_decode(decoder, frame, packet))
		return PACKET_TRACK;
	return packet_decode_any(decoder, frame, packet);
}

uint32_t packet_ip_offset(struct packet_decoder *decoder, const struct packet_frame *frame)
{
	struct packet_cursor cursor = {
		.data = frame->data, .captured = frame->captured, .length = frame->captured};
	struct packet packet;

	if (packet_link_skip(decoder, frame->link, &cursor, &packet) != PACKET_TRACK)
		return UINT32_MAX;
	return (uint32_t)(cursor.data - frame->data);
}

bool packet_decode_more(struct packet_decoder *decoder, struct packet *packet)
{
	struct packet_cursor cursor;
	enum packet_verdict verdict;

	if (decoder->rest.captured == 0)
		return false;
	verdict = packet_wireless_next(&decoder->rest, &cursor);
	*packet = decoder->rest.around;
	if (verdict == PACKET_TRACK)
		verdict = packet_ip_decode(decoder, &cursor, packet);
	if (verdict != PACKET_TRACK)
		end_aggregate(decoder, verdict);
	packet->verdict = (uint8_t)verdict;
	return true;
}
