/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_history.h"
#include "conn/tcp_sequence.h"

// The plain packet. Once a connection is open, most TCP packets carry no flag but ACK (and PSH),
// come next in their stream or repeat what was there, acknowledge what was sent, and so tell it
// nothing new but positions and counts. All that tcp.c does for them comes down to what stands
// here; where any doubt is left, tcp.c does it. A unit test sends packets of all kinds both ways
// and compares.
//
// What does not depend on the packet is found out whenever another one was at work, and kept as one
// bit a side.

// The flags that tell what kind of packet it is.
#define PLAIN_CONTROL (PACKET_TCP_FIN | PACKET_TCP_SYN | PACKET_TCP_RST | PACKET_TCP_ACK)

// Nothing is closing, reassembly goes on without a hole, no number passed 2^32.
static inline bool plain_flags(uint32_t word)
{
	const struct conn_endpoint never = {
		.closed = 1, .ended = 1, .fin = 1, .gave_up = 1, .wrapped = 1, .holes = 1};

	return (word & conn_endpoint_word(&never)) == 0;
}

static inline bool plain_state(const struct conn_endpoint *end)
{
	static_assert(TCP_ESTABLISHED == TCP_PARTIAL + 1, "tested as a range");
	return end->state - (unsigned)TCP_PARTIAL <= 1;
}

// The stream has no hole, and its numbers stay below 2^31 from its start, and below 2^32: what was
// there before a second SYN-ACK moved the start may reach beyond. Plain packets of both sides leave
// it so.
static inline bool plain_stream(const struct conn_endpoint *end)
{
	return plain_state(end) & (end->in_order == end->last - end->start) &
	       ((int32_t)end->in_order >= 0) & (end->last >= end->start) &
	       (end->acked - end->start <= end->in_order) & (end->trimmed <= end->in_order);
}

// Can the next packet of `sender` be plain? Its first packet, the originator's first ACK, and the
// one after which a connection is no longer half-open are not.
static inline bool plain_sender(const struct conn *conn, unsigned sender)
{
	const struct conn_endpoint *end = &conn->end[sender], *peer = &conn->end[sender ^ 1];

	if (!plain_stream(end) ||
	    !conn_flag(conn, sender == CONN_ORIG ? CONN_SEEN_ORIG : CONN_SEEN_RESP))
		return false;
	if (!conn_flag(conn, CONN_ANSWERED) && sender == CONN_ORIG && end->state == TCP_ESTABLISHED)
		return false;
	return peer->state == TCP_INACTIVE ||
	       (!conn_flag(conn, CONN_HALF_OPEN) && plain_stream(peer));
}

// Two bits a side that tcp_usual.c asks for, so that it need not look into the cold line and the
// extension: is there a hole, and is the FIN where the stream ends?
static inline void plain_note(const struct conn_table *table, struct conn *conn)
{
	struct conn_endpoint *end = conn->end;

	if (__builtin_expect(conn_flag(conn, CONN_EXTENDED), 0)) {
		const struct conn_extension *extension = conn_extension_get(table, conn);

		end[CONN_ORIG].holes = extension->range[CONN_ORIG] != CONN_NO_EXTENSION;
		end[CONN_RESP].holes = extension->range[CONN_RESP] != CONN_NO_EXTENSION;
	}
	for (unsigned side = 0; side < 2; side++)
		end[side].tidy = end[side].fin &&
				 end[side].last - end[side].start == end[side].in_order + 1 &&
				 conn_cold(table, conn)->fin_position[side] == end[side].in_order;
}

// To be called after tcp.c changed the connection. Of the usual packets only the originator's
// answer makes a side plain; a SYN is too early, and a FIN and its ACKs too late.
static inline void tcp_plain_prepare(const struct conn_table *table, struct conn *conn)
{
	struct conn_endpoint *end = conn->end;
	bool plain;

	plain_note(table, conn);
	plain = plain_flags(conn_endpoint_word(&end[0]) | conn_endpoint_word(&end[1]));
	end[CONN_ORIG].plain = plain && plain_sender(conn, CONN_ORIG);
	end[CONN_RESP].plain = plain && plain_sender(conn, CONN_RESP);
}

// A peer of which only the acknowledgements tell: this one tells the same as the last.
static inline bool plain_silent(const struct conn_endpoint *peer, uint32_t position)
{
	return position == 1 && peer->last == peer->start && peer->acked == peer->start &&
	       peer->in_order == 1;
}

// The next payload, if any, where no limit of tcp_stream.c comes near.
static inline bool plain_next(const struct conn_endpoint *end, uint32_t length)
{
	uint32_t after = end->last + length, sent = end->in_order + length;

	return (after >= length) & ((int32_t)sent >= 0) &
	       ((end->acked - end->start > 1) | (sent <= TCP_NEVER_ACKED_MOST)) &
	       (sent - end->trimmed <= TCP_UNACKED_MOST);
}

// Nothing, or payload that all was there before.
static inline bool plain_repeat(const struct conn_endpoint *end, uint32_t sequence, uint32_t length)
{
	uint32_t position = sequence - end->start;

	if (length == 0)
		return sequence_distance(sequence, end->last) <= 0;
	return (int32_t)position >= 0 && position + length <= end->in_order &&
	       sequence_distance(sequence + length, end->last) <= 0;
}

// Was there a SYN or SYN-ACK, and nothing else? After a SYN-ACK the next packet exchanges the roles.
static inline bool tcp_lone_syn(const struct conn *conn)
{
	return conn->end[CONN_ORIG].letters == CONN_LETTER_SYN && conn->end[CONN_RESP].letters == 0;
}

// Tracks the packet if it is plain; false when it is not, and nothing was changed. Tests that
// hardly ever fail are made together, without branches.
static inline bool tcp_plain_track(struct conn_table *table, struct conn *conn,
				   const struct packet *packet)
{
	unsigned sender = conn_side(conn, packet);
	struct conn_endpoint *end = &conn->end[sender], *peer = &conn->end[sender ^ 1];
	uint32_t length = packet->payload_length, ack = packet->acknowledgement;
	uint32_t position = ack - peer->start;
	uint8_t letter = length > 0 ? CONN_LETTER_DATA : CONN_LETTER_ACK;
	bool next = packet->sequence == end->last, spoke = plain_state(peer);

	if (!((packet->tcp_flags & PLAIN_CONTROL) == PACKET_TCP_ACK) | (packet->window == 0) |
	    (packet->transport != PACKET_TRANSPORT_OK) | (packet->payload_captured < length) |
	    !end->plain | ((length > 0) & end->watched))
		return false;
	if (!(__builtin_expect(spoke, 1) ? position <= peer->in_order
					 : plain_silent(peer, position)))
		return false;
	if (__builtin_expect(!next, 0)) {
		if ((length > 0 && table->settings.count_segments) ||
		    !plain_repeat(end, packet->sequence, length))
			return false;
	} else if (!plain_next(end, length)) {
		return false;
	}
	// The first payload of a side, or its first ACK.
	if (__builtin_expect(!(end->letters & letter), 0)) {
		if (tcp_lone_syn(conn))
			return false;
		conn_history_once(table, conn, sender, letter, length > 0 ? 'D' : 'A');
	}
	if (__builtin_expect(next, 1)) {
		end->last += length;
		end->in_order += length;
	} else if (length > 0) {
		conn_history_retransmission(table, conn, sender);
	}
	if (__builtin_expect(spoke, 1)) {
		peer->acked = sequence_distance(ack, peer->acked) > 0 ? ack : peer->acked;
		peer->trimmed = position > peer->trimmed ? position : peer->trimmed;
	}
	conn->last = packet->time;
	conn_count(table, conn, sender, packet->ip_length);
	return true;
}
