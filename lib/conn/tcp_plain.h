/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_history.h"
#include "conn/tcp_sequence.h"

// The plain packet. Once a connection is open, most TCP packets carry no flag but ACK (and PSH), come
// next in their stream or repeat what was there, acknowledge what was sent, and so tell it nothing new
// but positions and counts. All that tcp.c does for them comes down to what stands here; where
// any doubt is left, tcp.c does it. A unit test sends packets of all kinds both ways and compares.

// State, flags and letters of an endpoint as one word. The compiler makes constants of those that are
// built of constants.
static inline uint32_t plain_word(const struct conn_endpoint *end)
{
	uint32_t word;

	static_assert(offsetof(struct conn_endpoint, letters) == 22, "behind two bytes of flags");
	memcpy(&word, (const uint8_t *)end + 20, sizeof(word));
	return word;
}

// Nothing is closing, reassembly goes on, no number passed 2^32, nobody reads along.
static inline bool plain_flags(uint32_t word)
{
	const struct conn_endpoint never = {
		.closed = 1, .ended = 1, .fin = 1, .gave_up = 1, .wrapped = 1, .watched = 1};

	return (word & plain_word(&never)) == 0;
}

static inline bool plain_state(const struct conn_endpoint *end)
{
	static_assert(TCP_ESTABLISHED == TCP_PARTIAL + 1, "tested as a range");
	return end->state - (unsigned)TCP_PARTIAL <= 1;
}

// The peer's side: does the ACK lie within what the peer is known to have sent?
static inline bool plain_ack(const struct conn_endpoint *peer, uint32_t ack, uint32_t *position)
{
	*position = ack - peer->start;
	// 2^31 and more counts as before the start (sequence_relative()).
	if (__builtin_expect(plain_state(peer), 1))
		// What was there before a second SYN-ACK moved the start may reach past 2^32.
		return *position <= peer->in_order && (int32_t)*position >= 0 && ack >= peer->start;
	// A peer of which only the acknowledgements tell: this one tells the same as the last.
	return peer->state == TCP_INACTIVE && *position == 1 && peer->last == peer->start &&
	       peer->acked == peer->start && peer->in_order == 1;
}

// The next payload of a stream without a hole, where no limit of tcp_stream.c comes near.
static inline bool plain_payload(const struct conn_endpoint *end, uint32_t length)
{
	uint32_t after = end->last + length, sent = after - end->start;

	return after > end->last && (int32_t)sent >= 0 && end->in_order == end->last - end->start &&
	       sequence_distance(end->acked, end->last) <= 0 &&
	       (end->acked - end->start > 1 || sent <= TCP_NEVER_ACKED_MOST) &&
	       sent - end->trimmed <= TCP_UNACKED_MOST;
}

// Payload that all was there before.
static inline bool plain_repeat(const struct conn_endpoint *end, uint32_t sequence, uint32_t length)
{
	uint32_t position = sequence - end->start;

	return (int32_t)position >= 0 && position + length <= end->in_order &&
	       sequence_distance(sequence + length, end->last) <= 0;
}

// Tracks the packet if it is plain; false when it is not, and nothing was changed.
static inline bool tcp_plain_track(struct conn_table *table, struct conn *conn,
				   const struct packet *packet)
{
	const uint8_t control = PACKET_TCP_FIN | PACKET_TCP_SYN | PACKET_TCP_RST | PACKET_TCP_ACK;
	unsigned sender = conn_side(conn, packet), flags = conn->key.flags;
	struct conn_endpoint *end = &conn->end[sender], *peer = &conn->end[sender ^ 1];
	uint32_t length = packet->payload_length, position;
	uint8_t letter = length > 0 ? CONN_LETTER_DATA : CONN_LETTER_ACK;
	bool next = packet->sequence == end->last;

	if ((packet->tcp_flags & control) != PACKET_TCP_ACK || packet->window == 0 ||
	    packet->transport != PACKET_TRANSPORT_OK || packet->payload_captured < length)
		return false;
	if (!plain_flags(plain_word(end) | plain_word(peer)) || !plain_state(end) ||
	    !(end->letters & letter) || flags & CONN_EXTENDED ||
	    !(flags & (sender == CONN_ORIG ? CONN_SEEN_ORIG : CONN_SEEN_RESP)))
		return false;
	if (!(flags & CONN_ANSWERED) && sender == CONN_ORIG && end->state == TCP_ESTABLISHED)
		return false;
	if (flags & CONN_HALF_OPEN && peer->state != TCP_INACTIVE)
		return false;
	if (!plain_ack(peer, packet->acknowledgement, &position))
		return false;
	if (length > 0 && next) {
		if (!plain_payload(end, length))
			return false;
		end->last += length;
		end->in_order += length;
	} else if (length > 0) {
		if (table->settings.count_segments || !plain_repeat(end, packet->sequence, length))
			return false;
		conn_history_retransmission(table, conn, sender);
	} else if (sequence_distance(packet->sequence, end->last) > 0) {
		return false;
	}
	if (peer->state != TCP_INACTIVE) {
		if (sequence_distance(packet->acknowledgement, peer->acked) > 0)
			peer->acked = packet->acknowledgement;
		if (position > peer->trimmed)
			peer->trimmed = position;
	}
	conn->last = packet->time;
	conn_count(table, conn, sender, packet->ip_length);
	return true;
}
