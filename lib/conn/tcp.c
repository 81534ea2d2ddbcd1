/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

#include "conn/content.h"
#include "conn/tcp_plain.h"
#include "conn/tcp_state.h"
#include "conn/tcp_stream.h"

// One TCP packet, in the order of spec-conn 3.2.

bool tcp_reuses(const struct conn *conn, const struct packet *packet)
{
	const struct conn_endpoint *orig = &conn->end[CONN_ORIG], *resp = &conn->end[CONN_RESP];
	uint32_t reference = orig->start;

	if (__builtin_expect(!(packet->tcp_flags & PACKET_TCP_SYN), 1))
		return false;
	if (packet->transport == PACKET_TRANSPORT_SHORT_HEADER)
		return false;
	if (packet->tcp_flags & PACKET_TCP_ACK) {
		// Without anything from the originator, this is not the answer to a SYN of the old
		// connection.
		if (orig->state != TCP_INACTIVE)
			return false;
		reference = resp->start;
	}
	if (orig->closed || resp->closed)
		return true;
	if (packet->sequence == reference)
		return false;
	// The SYN that its own SYN-ACK overtook.
	return !(orig->state == TCP_SYN_ACK_SENT && !(packet->tcp_flags & PACKET_TCP_ACK) &&
		 conn_side(conn, packet) == CONN_RESP && packet->sequence == resp->start);
}

static void mark_partial(struct conn *conn, uint8_t flags, unsigned sender)
{
	bool syn = flags & PACKET_TCP_SYN;

	if (sender == CONN_ORIG && !conn_flag(conn, CONN_SEEN_ORIG)) {
		conn_flag_set(conn, CONN_SEEN_ORIG);
		conn_flag_clear(conn, CONN_PARTIAL);
		if (!syn || flags & PACKET_TCP_ACK)
			conn_flag_set(conn, CONN_PARTIAL);
	} else if (sender == CONN_RESP && !conn_flag(conn, CONN_SEEN_RESP)) {
		conn_flag_set(conn, CONN_SEEN_RESP);
		if (!syn)
			conn_flag_set(conn, CONN_PARTIAL);
	}
}

// Bytes of sequence space that the packet takes. Payload of a RST is no part of the stream.
static uint32_t segment_length(const struct packet *packet)
{
	uint32_t length = packet->tcp_flags & PACKET_TCP_RST ? 0 : packet->payload_length;

	return length + !!(packet->tcp_flags & PACKET_TCP_SYN) +
	       !!(packet->tcp_flags & PACKET_TCP_FIN);
}

static void set_start(struct conn_table *table, struct conn *conn, unsigned side, uint32_t start,
		      uint32_t last)
{
	struct conn_endpoint *end = &conn->end[side];

	struct conn_cold *cold = conn_cold(table, conn);

	end->start = end->acked = start;
	end->last = last;
	// The SYN may have had the last number before the wrap.
	end->wrapped = last < start;
	cold->last_wraps[side] = last < start;
	if (cold->rare)
		conn_rare(table, conn)->acked_wraps[side] = 0;
}

// spec-conn 2.2: where the sender's numbers begin, and when a repeated SYN moves that.
static void start_sender(struct conn_table *table, struct conn *conn, const struct packet *packet,
			 unsigned sender)
{
	struct conn_endpoint *end = &conn->end[sender];
	bool syn = packet->tcp_flags & PACKET_TCP_SYN;
	uint32_t sequence = packet->sequence, after = sequence + segment_length(packet);

	switch ((enum tcp_state)end->state) {
	case TCP_INACTIVE:
		if (end->in_order == 0)
			end->in_order = end->trimmed = 1;
		if (syn)
			set_start(table, conn, sender, sequence, after);
		else
			set_start(table, conn, sender, sequence - 1, sequence);
		break;
	case TCP_SYN_SENT:
	case TCP_SYN_ACK_SENT:
		if (syn && sequence != end->start)
			set_start(table, conn, sender, sequence, sequence);
		break;
	case TCP_PARTIAL:
	case TCP_ESTABLISHED:
		if (__builtin_expect(!syn, 1))
			break;
		if (sequence != end->start)
			set_start(table, conn, sender, sequence, sequence);
		else if (!end->wrapped)
			// Zeek counts segments anew after a repeated SYN, so that their copies are
			// no retransmissions.
			end->last = sequence;
		break;
	case TCP_RESET:
		// The RST that set the numbers may have been forged.
		if (syn && end->previous == TCP_INACTIVE)
			set_start(table, conn, sender, sequence, after);
		break;
	case TCP_CLOSED:
		break;
	}
}

// A SYN, FIN or RST is recorded again when it is at another place than the one recorded last.
static void record_again(struct conn_table *table, struct conn *conn, unsigned side,
			 enum conn_letter mask, char letter, uint32_t *place, uint32_t position)
{
	if (!conn_history_once(table, conn, side, mask, letter) && *place != position)
		conn_history_add(table, conn, side, letter);
	*place = position;
}

static void record_control(struct conn_table *table, struct conn *conn, const struct packet *packet,
			   unsigned side, uint32_t position)
{
	struct conn_cold *cold = conn_cold(table, conn);
	uint8_t flags = packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_FIN | PACKET_TCP_RST);
	struct conn_extension *extension = conn_extension_get(table, conn);
	uint32_t syn_position = extension != NULL ? extension->syn_position[side] : 0;

	switch (flags) {
	case PACKET_TCP_SYN:
		record_again(table, conn, side, CONN_LETTER_SYN,
			     packet->tcp_flags & PACKET_TCP_ACK ? 'H' : 'S', &syn_position,
			     position);
		// A SYN is at 0, except where a side was closed before.
		if (position != 0)
			extension = conn_extension_need(table, conn);
		if (extension != NULL)
			extension->syn_position[side] = position;
		break;
	case PACKET_TCP_FIN:
		record_again(table, conn, side, CONN_LETTER_FIN, 'F', &cold->fin_position[side],
			     position + packet->payload_length);
		break;
	case PACKET_TCP_RST:
		record_again(table, conn, side, CONN_LETTER_RST, 'R',
			     &conn_rare(table, conn)->rst_position[side], position);
		break;
	default:
		conn_history_once(table, conn, side, CONN_LETTER_MIXED,
				  flags & PACKET_TCP_FIN && flags & PACKET_TCP_RST ? 'I' : 'Q');
		break;
	}
}

// A lone SYN-ACK, and now traffic: who sent the SYN-ACK is the responder after all (spec-conn 1.4).
// True when that was so.
static bool flips_after_syn_ack(struct conn_table *table, struct conn *conn)
{
	// Asked of the hot part first, which is nearly always enough.
	if (!tcp_lone_syn(conn) || !conn_history_is(table, conn, 'H'))
		return false;
	conn_flip(table, conn);
	conn_history_replace(table, conn, "^h");
	conn_flag_set(conn, CONN_SEEN_ORIG);
	return true;
}

// Returns the sender's side, which a flip changes.
static unsigned record(struct conn_table *table, struct conn *conn, const struct packet *packet,
		       unsigned sender, uint32_t position)
{
	bool control = packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_FIN | PACKET_TCP_RST);

	if (control) {
		record_control(table, conn, packet, sender, position);
	} else if (packet->payload_length > 0 || packet->tcp_flags & PACKET_TCP_ACK) {
		enum conn_letter mask = packet->payload_length > 0 ? CONN_LETTER_DATA
								   : CONN_LETTER_ACK;

		if (__builtin_expect(conn->end[sender].letters & mask, 1))
			return sender;
		if (flips_after_syn_ack(table, conn))
			sender ^= 1;
		conn_history_once(table, conn, sender, mask, mask == CONN_LETTER_DATA ? 'D' : 'A');
	}
	return sender;
}

static void record_zero_window(struct conn_table *table, struct conn *conn,
			       const struct packet *packet, unsigned sender)
{
	if (__builtin_expect(packet->window != 0, 1) || packet->tcp_flags & PACKET_TCP_RST ||
	    conn->end[sender ^ 1].state == TCP_CLOSED || conn->end[sender].state == TCP_RESET)
		return;
	conn_history_scaled(table, conn, sender, CONN_ZERO_WINDOW, 'W');
}

// Where the stream ends, for the reassembler; in a FIN without other flags the same place that
// history compares.
static void note_fin(struct conn_table *table, struct conn *conn, const struct packet *packet,
		     unsigned sender, uint64_t position)
{
	conn_cold(table, conn)->fin_position[sender] = (uint32_t)(position +
								  segment_length(packet) - 1);
	conn->end[sender].fin = 1;
}

// spec-conn 2.2, K: the highest acknowledgement. Not believed in a RST.
static void move_acked(struct conn_table *table, struct conn *conn, unsigned side, uint32_t ack)
{
	struct conn_endpoint *end = &conn->end[side];
	int32_t distance = sequence_distance(ack, end->acked);

	if (distance <= 0 || (ack == 0 && distance > TCP_JUMP_MOST))
		return;
	if (__builtin_expect(ack < end->acked, 0)) {
		conn_rare(table, conn)->acked_wraps[side]++;
		end->wrapped = 1;
	}
	end->acked = ack;
}

// The first packet of the originator with an ACK.
static void note_first_ack(struct conn_table *table, struct conn *conn, const struct packet *packet,
			   unsigned sender)
{
	uint8_t state = conn->end[CONN_ORIG].state;

	if (__builtin_expect(sender != CONN_ORIG || conn_flag(conn, CONN_ANSWERED), 1))
		return;
	if (state != TCP_SYN_SENT && state != TCP_ESTABLISHED)
		return;
	conn_flag_set(conn, CONN_ANSWERED);
	tcp_state_time_answer(table, conn, packet);
	conn_event(table, conn, CONN_EVENT_FIRST_ACK);
}

// Returns the position that is acknowledged, or 0 when it means nothing.
static uint64_t take_ack(struct conn_table *table, struct conn *conn, const struct packet *packet,
			 unsigned sender)
{
	unsigned side = sender ^ 1;
	struct conn_endpoint *peer = &conn->end[side];
	uint32_t ack = packet->acknowledgement;
	bool before_start;
	uint64_t position;

	if (peer->state == TCP_INACTIVE) {
		// All that is known of the peer; redone with each ACK until it speaks itself.
		if (peer->in_order == 0)
			peer->in_order = peer->trimmed = 1;
		set_start(table, conn, side, ack - 1, ack - 1);
	}
	position = sequence_relative(peer, ack, peer->acked, acked_wraps(table, conn, side),
				     &before_start);
	if (before_start)
		return 0;
	if (peer->state != TCP_INACTIVE && !(packet->tcp_flags & PACKET_TCP_RST))
		move_acked(table, conn, side, ack);
	return position;
}

// T stands for more than retransmissions (spec-conn 2.5); whoever wants to count those wants
// neither keep-alives nor payload outside the stream.
static void note_retransmission(struct conn_table *table, struct conn *conn,
				const struct packet *packet, unsigned sender)
{
	const struct conn_endpoint *end = &conn->end[sender];
	// A keep-alive repeats a byte that is acknowledged already (RFC 9293, 3.8.4); one that is
	// not may well be a keystroke that got lost.
	bool probe = packet->payload_length == 1 && packet->sequence + 1 == end->last &&
		     sequence_distance(end->acked, end->last) >= 0;
	struct conn_extension *extension;

	conn_history_retransmission(table, conn, sender);
	if (!table->settings.count_segments ||
	    (!probe && !(packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_RST))))
		return;
	extension = conn_extension_need(table, conn);
	if (extension != NULL)
		extension->excused[sender]++;
}

static void set_last(struct conn_table *table, struct conn *conn, unsigned side, uint32_t last)
{
	struct conn_endpoint *end = &conn->end[side];

	if (__builtin_expect(last < end->last, 0)) {
		conn_cold(table, conn)->last_wraps[side]++;
		end->wrapped = 1;
	}
	end->last = last;
}

// spec-conn 2.2, L: one past the last segment. A segment with payload that does not move it is a
// retransmission.
static void move_last(struct conn_table *table, struct conn *conn, const struct packet *packet,
		      unsigned sender)
{
	struct conn_endpoint *end = &conn->end[sender];
	uint32_t after = packet->sequence + segment_length(packet);
	int32_t distance = sequence_distance(after, end->last);
	uint8_t flags = packet->tcp_flags;
	bool move = false;

	if (flags & (PACKET_TCP_SYN | PACKET_TCP_RST) &&
	    (distance > TCP_JUMP_MOST || distance < -TCP_JUMP_MOST))
		return;
	if (flags & PACKET_TCP_FIN && end->last == end->start + 1)
		move = true;
	else if (end->state == TCP_RESET)
		return;
	else
		move = distance > 0;
	if (move)
		set_last(table, conn, sender, after);
	else if (packet->payload_length > 0)
		note_retransmission(table, conn, packet, sender);
}

// The three-way handshake is over when the originator speaks again after an answer: not among the
// first to be evicted any more.
static void check_half_open(struct conn_table *table, struct conn *conn,
			    const struct packet *packet, unsigned sender)
{
	if (__builtin_expect(!conn_flag(conn, CONN_HALF_OPEN), 1))
		return;
	if (packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_RST) ||
	    conn->end[sender ^ 1].state == TCP_INACTIVE)
		return;
	conn_flag_clear(conn, CONN_HALF_OPEN);
	conn_list_remove(table, &table->half_open, conn);
}

static bool is_accepted(struct conn_table *table, struct conn *conn, const struct packet *packet,
			unsigned sender)
{
	if (__builtin_expect(packet->transport == PACKET_TRANSPORT_OK, 1))
		return true;
	if (packet->transport == PACKET_TRANSPORT_BAD_CHECKSUM) {
		table->counters.bad_checksum++;
		conn_history_scaled(table, conn, sender, CONN_BAD_CHECKSUM, 'C');
	} else {
		table->counters.bad_header++;
	}
	return false;
}

// True when the messages in it exchanged the roles.
static inline __attribute__((always_inline)) bool take_data(struct conn_table *table,
							    struct conn *conn,
							    const struct packet *packet,
							    unsigned sender, uint64_t position)
{
	bool syn = packet->tcp_flags & PACKET_TCP_SYN;
	uint32_t fresh = tcp_stream_data(table, conn, sender, position + syn,
					 packet->payload_length);

	if (__builtin_expect(!conn->end[sender].watched || fresh == 0, 1))
		return false;
	return content_read(table, conn, sender, packet->payload + (packet->payload_length - fresh),
			    fresh);
}

void tcp_track(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	unsigned sender = conn_side(conn, packet), seen_as = sender;
	uint8_t flags = packet->tcp_flags;
	struct tcp_close close = {0};
	bool before_start;
	uint64_t position, acknowledged = 0;

	if (!is_accepted(table, conn, packet, sender)) {
		conn_changed(table, conn);
		return;
	}
	mark_partial(conn, flags, sender);
	start_sender(table, conn, packet, sender);
	position = sequence_relative(&conn->end[sender], packet->sequence, conn->end[sender].last,
				     last_wraps(table, conn, sender), &before_start);
	sender = record(table, conn, packet, sender, (uint32_t)position);
	record_zero_window(table, conn, packet, sender);
	if (!conn->end[0].closed || !conn->end[1].closed)
		conn->last = packet->time;
	if (flags & PACKET_TCP_SYN)
		conn_event(table, conn, CONN_EVENT_SYN_PACKET);
	if (flags & PACKET_TCP_FIN)
		note_fin(table, conn, packet, sender, position);
	if (flags & PACKET_TCP_ACK) {
		note_first_ack(table, conn, packet, sender);
		acknowledged = take_ack(table, conn, packet, sender);
	}
	move_last(table, conn, packet, sender);
	sender = tcp_state_update(table, conn, packet, sender, seen_as == CONN_ORIG, &close);
	// After the transition, so that a gap is judged by the states that this packet leads to.
	if (acknowledged > 0)
		tcp_stream_acked(table, conn, sender ^ 1, acknowledged);
	if (packet->payload_length > 0 && !(flags & PACKET_TCP_RST) && !before_start &&
	    packet->payload_captured >= packet->payload_length)
		sender ^= take_data(table, conn, packet, sender, position);
	if (__builtin_expect(conn->end[0].state >= TCP_CLOSED || conn->end[1].state >= TCP_CLOSED,
			     0))
		tcp_state_check_end(table, conn, sender);
	if (close.wanted)
		tcp_state_close(table, conn, sender, close.finish);
	conn_count(table, conn, sender, packet->ip_length);
	check_half_open(table, conn, packet, sender);
	tcp_plain_prepare(table, conn);
}
