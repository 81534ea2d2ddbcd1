/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/tcp_usual.h"

#include "conn/conn_history.h"
#include "conn/tcp_plain.h"
#include "conn/tcp_state.h"

// The usual life: SYN, SYN-ACK, ACK, and in the end two FINs and their ACKs, each without payload,
// in its place and acknowledging all that was sent. Every function below is one of these packets:
// what tcp.c and tcp_stream.c come down to for it when nothing is out of the ordinary; or false,
// and nothing was changed. Tests that hardly ever fail are made together, without branches.

// Subscriptions that change nothing here: these events are raised elsewhere.
#define USUAL_EVENTS                                                                               \
	(UINT32_C(1) << CONN_EVENT_NEW | UINT32_C(1) << CONN_EVENT_STATE_REMOVE |                  \
	 UINT32_C(1) << CONN_EVENT_BYTES_THRESHOLD | UINT32_C(1) << CONN_EVENT_PACKETS_THRESHOLD | \
	 UINT32_C(1) << CONN_EVENT_DURATION_THRESHOLD |                                            \
	 UINT32_C(1) << CONN_EVENT_GENERIC_THRESHOLD | UINT32_C(1) << CONN_EVENT_POLL)

// Is the endpoint like `model` in all that is not 0 in `look`? Both are constants.
static inline bool is_like(const struct conn_endpoint *end, struct conn_endpoint look,
			   struct conn_endpoint model)
{
	return (conn_endpoint_word(end) & conn_endpoint_word(&look)) == conn_endpoint_word(&model);
}

#define ANY_STATE 7
// Whatever of this is set, more than the usual happened to the stream.
#define DISTURBED .gave_up = 1, .wrapped = 1, .holes = 1
#define FINISHED  .closed = 1, .ended = 1, .fin = 1

// Nothing is known of it; at most what its peer acknowledged.
static bool is_silent(const struct conn_endpoint *end)
{
	const struct conn_endpoint look = {
		.state = ANY_STATE, .previous = ANY_STATE, .letters = UINT8_MAX, DISTURBED};

	return is_like(end, look, (struct conn_endpoint){0}) & (end->in_order == 0);
}

static bool is_in(const struct conn_endpoint *end, enum tcp_state state)
{
	const struct conn_endpoint look = {.state = ANY_STATE, FINISHED, DISTURBED};

	return is_like(end, look, (struct conn_endpoint){.state = state & 7});
}

// Closed by a FIN, behind which nothing came, with nothing left to wait for.
static bool is_done(const struct conn_endpoint *end)
{
	const struct conn_endpoint look = {.state = ANY_STATE, .tidy = 1, FINISHED, DISTURBED};

	return is_like(end, look, (struct conn_endpoint){.state = TCP_CLOSED, .tidy = 1, FINISHED});
}

// Of the flags in `look` the connection has those in `wanted`.
static bool has_flags(const struct conn *conn, unsigned look, unsigned wanted)
{
	return (conn->key.flags & look) == wanted;
}

// The number comes next in a stream without a hole, and there is one more below 2^32.
static bool is_next(const struct conn_endpoint *end, uint32_t sequence)
{
	return (sequence == end->last) & (sequence != UINT32_MAX) &
	       (end->in_order == sequence - end->start) & ((int32_t)end->in_order > 0);
}

// All that is known of the peer's stream is acknowledged, its FIN included.
static bool acknowledges_all(const struct conn_endpoint *peer, uint32_t ack)
{
	uint32_t position = ack - peer->start;

	return (position == peer->in_order + peer->fin) & ((int32_t)position > 0) &
	       (ack >= peer->start);
}

static void take_ack(struct conn_endpoint *peer, uint32_t ack)
{
	peer->acked = sequence_distance(ack, peer->acked) > 0 ? ack : peer->acked;
	peer->trimmed = peer->in_order > peer->trimmed ? peer->in_order : peer->trimmed;
}

// A side's first SYN or SYN-ACK: its stream begins behind it.
static void begin_stream(struct conn_endpoint *end, uint32_t sequence)
{
	end->start = end->acked = sequence;
	end->last = sequence + 1;
	end->in_order = end->trimmed = 1;
}

static bool track_syn(struct conn_table *table, struct conn *conn, const struct packet *packet,
		      unsigned sender)
{
	struct conn_endpoint *orig = &conn->end[CONN_ORIG];

	if ((sender != CONN_ORIG) | (packet->sequence == UINT32_MAX) |
	    ((conn->packets[CONN_ORIG] | conn->packets[CONN_RESP]) != 0) | !is_silent(orig) |
	    !is_silent(&conn->end[CONN_RESP]) | !has_flags(conn, CONN_SEEN_ORIG | CONN_PARTIAL, 0))
		return false;
	conn_flag_set(conn, CONN_SEEN_ORIG);
	begin_stream(orig, packet->sequence);
	orig->state = TCP_SYN_SENT;
	conn_history_once(table, conn, CONN_ORIG, CONN_LETTER_SYN, 'S');
	conn->last = packet->time;
	conn_timer_set(table, conn, 1, packet->time + table->settings.tcp_attempt_delay);
	return true;
}

static bool track_syn_ack(struct conn_table *table, struct conn *conn, const struct packet *packet,
			  unsigned sender)
{
	struct conn_endpoint *orig = &conn->end[CONN_ORIG], *resp = &conn->end[CONN_RESP];

	if ((sender != CONN_RESP) | (packet->sequence == UINT32_MAX) | !is_in(orig, TCP_SYN_SENT) |
	    (orig->letters != CONN_LETTER_SYN) | (orig->last - orig->start != 1) |
	    (orig->acked != orig->start) | (orig->in_order != 1) |
	    (packet->acknowledgement != orig->last) | !is_silent(resp) |
	    !has_flags(conn, CONN_SEEN_RESP, 0))
		return false;
	conn_flag_set(conn, CONN_SEEN_RESP);
	begin_stream(resp, packet->sequence);
	conn_history_once(table, conn, CONN_RESP, CONN_LETTER_SYN, 'H');
	orig->acked = packet->acknowledgement;
	conn->last = packet->time;
	tcp_state_open(table, conn, packet, CONN_RESP);
	return true;
}

// The originator's answer to the SYN-ACK.
static bool track_answer(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	struct conn_endpoint *orig = &conn->end[CONN_ORIG], *resp = &conn->end[CONN_RESP];

	if (!is_in(orig, TCP_ESTABLISHED) | !is_in(resp, TCP_ESTABLISHED) |
	    (orig->letters != CONN_LETTER_SYN) | (resp->letters == 0) |
	    !has_flags(conn, CONN_HALF_OPEN | CONN_SEEN_ORIG, CONN_HALF_OPEN | CONN_SEEN_ORIG) |
	    !is_next(orig, packet->sequence) | (packet->acknowledgement != resp->last) |
	    (resp->last - resp->start != 1) | (resp->acked != resp->start) | (resp->in_order != 1))
		return false;
	conn_history_once(table, conn, CONN_ORIG, CONN_LETTER_ACK, 'A');
	conn->last = packet->time;
	conn_flag_set(conn, CONN_ANSWERED);
	tcp_state_time_answer(table, conn, packet);
	resp->acked = packet->acknowledgement;
	conn_flag_clear(conn, CONN_HALF_OPEN);
	conn_list_remove(table, &table->half_open, conn);
	tcp_plain_prepare(table, conn);
	return true;
}

// Its first packets are behind `sender`, and no close waits.
static bool is_under_way(const struct conn *conn, unsigned sender)
{
	const unsigned not = CONN_HALF_OPEN | CONN_CLOSE_DEFERRED | CONN_FINISH_WANTED;
	unsigned seen = sender == CONN_ORIG ? CONN_SEEN_ORIG | CONN_ANSWERED : CONN_SEEN_RESP;

	return has_flags(conn, not | seen, seen);
}

static bool track_fin(struct conn_table *table, struct conn *conn, const struct packet *packet,
		      unsigned sender)
{
	struct conn_endpoint *end = &conn->end[sender], *peer = &conn->end[sender ^ 1];

	if (!is_in(end, TCP_ESTABLISHED) | !is_under_way(conn, sender) |
	    !is_next(end, packet->sequence) | !acknowledges_all(peer, packet->acknowledgement) |
	    ((end->letters & CONN_LETTER_FIN) != 0) | !has_flags(conn, CONN_CLOSING, 0))
		return false;
	if (!(peer->fin ? is_done(peer) : is_in(peer, TCP_ESTABLISHED)))
		return false;
	conn_history_once(table, conn, sender, CONN_LETTER_FIN, 'F');
	conn_cold(table, conn)->fin_position[sender] = end->in_order;
	conn->last = packet->time;
	take_ack(peer, packet->acknowledgement);
	end->last++;
	end->fin = end->ended = end->tidy = 1;
	end->previous = TCP_ESTABLISHED;
	end->state = TCP_CLOSED;
	end->plain = peer->plain = 0;
	tcp_state_closed(table, conn, sender, true);
	return true;
}

// Nothing but an acknowledgement of the peer's FIN.
static bool track_fin_ack(struct conn_table *table, struct conn *conn, const struct packet *packet,
			  unsigned sender)
{
	struct conn_endpoint *end = &conn->end[sender], *peer = &conn->end[sender ^ 1];

	if ((packet->sequence != end->last) | !is_under_way(conn, sender) |
	    !acknowledges_all(peer, packet->acknowledgement) | !is_done(peer))
		return false;
	if (end->fin) {
		if (!is_done(end))
			return false;
	} else {
		if (!is_in(end, TCP_ESTABLISHED))
			return false;
		conn->last = packet->time;
	}
	conn_history_once(table, conn, sender, CONN_LETTER_ACK, 'A');
	take_ack(peer, packet->acknowledgement);
	return true;
}

bool tcp_usual_track(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	unsigned sender = conn_side(conn, packet);
	bool usual = false;

	if ((packet->payload_length != 0) | (packet->window == 0) |
	    (packet->transport != PACKET_TRANSPORT_OK) |
	    ((table->settings.events & ~USUAL_EVENTS) != 0))
		return false;
	switch (packet->tcp_flags & PLAIN_CONTROL) {
	case PACKET_TCP_SYN:
		usual = track_syn(table, conn, packet, sender);
		break;
	case PACKET_TCP_SYN | PACKET_TCP_ACK:
		usual = track_syn_ack(table, conn, packet, sender);
		break;
	case PACKET_TCP_FIN | PACKET_TCP_ACK:
		usual = track_fin(table, conn, packet, sender);
		break;
	case PACKET_TCP_ACK:
		if (conn->end[sender ^ 1].fin)
			usual = track_fin_ack(table, conn, packet, sender);
		else if (sender == CONN_ORIG && !conn_flag(conn, CONN_ANSWERED))
			usual = track_answer(table, conn, packet);
		break;
	}
	if (usual)
		conn_count(table, conn, sender, packet->ip_length);
	return usual;
}
