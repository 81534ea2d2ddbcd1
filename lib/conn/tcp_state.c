/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/tcp_state.h"

#include "conn/tcp_stream.h"

static bool is_opening(uint8_t state)
{
	return state == TCP_INACTIVE || state == TCP_SYN_SENT || state == TCP_SYN_ACK_SENT;
}

static void enter(struct conn_table *table, struct conn *conn, unsigned side, enum tcp_state state)
{
	struct conn_endpoint *end = &conn->end[side];

	if (end->state == state)
		return;
	if (!is_opening(state) && is_opening(conn->end[side ^ 1].state) &&
	    conn_timeout_class(conn) == CONN_TIMEOUT_TCP_HANDSHAKE)
		conn_timer_switch(table, conn, CONN_TIMEOUT_TCP);
	end->previous = end->state & 7;
	end->state = state & 7;
}

// Ports with a time of their own are few, and connections to them too.
static void give_own_span(struct conn_table *table, struct conn *conn, uint16_t port)
{
	const struct conn_settings *settings = &table->settings;

	for (size_t i = 0; i < settings->port_span_count; i++) {
		const struct conn_port_span *own = &settings->port_spans[i];

		if (port >= own->first && port <= own->last)
			conn_watch_inactivity(table, conn, own->span);
	}
}

// Interactive services get their long inactivity time here, and nowhere else (spec-conn 7.3).
static void established(struct conn_table *table, struct conn *conn)
{
	const struct conn_settings *settings = &table->settings;
	uint16_t orig = conn_port(conn, CONN_ORIG), port = conn_port(conn, CONN_RESP);

	if (conn->end[CONN_ORIG].state == TCP_INACTIVE &&
	    !conn_ports_contain(&settings->likely_server_tcp, port) &&
	    conn_ports_contain(&settings->likely_server_tcp, orig))
		port = orig;
	if (conn_ports_contain(&settings->long_lived_tcp, port)) {
		conn_timer_switch(table, conn, CONN_TIMEOUT_TCP_LONG);
		give_own_span(table, conn, port);
	}
	conn_event(table, conn, CONN_EVENT_ESTABLISHED);
}

static void syn_from_inactive_orig(struct conn_table *table, struct conn *conn,
				   const struct packet *packet, unsigned sender)
{
	enter(table, conn, sender,
	      packet->tcp_flags & PACKET_TCP_ACK ? TCP_SYN_ACK_SENT : TCP_SYN_SENT);
	conn_timer_set(table, conn, 1, packet->time + table->settings.tcp_attempt_delay);
}

// Microseconds from the first packet to the latest, at least 1. 0, which stands for unknown, when
// time ran back.
static uint32_t microseconds(const struct conn_table *table, const struct conn *conn)
{
	uint64_t first = conn_cold(table, conn)->first, span;

	if (conn->last < first)
		return 0;
	span = (conn->last - first) / TIME_MICROSECOND;
	return span == 0 ? 1 : span < UINT32_MAX ? (uint32_t)span : UINT32_MAX;
}

// Does the packet acknowledge the SYN that `end` sent, with or without the data in it?
static bool answers(const struct conn_endpoint *end, const struct packet *packet)
{
	uint32_t acknowledged = packet->acknowledgement - end->start;

	return packet->tcp_flags & PACKET_TCP_ACK && acknowledged > 0 &&
	       acknowledged <= end->last - end->start;
}

// How long the handshake took, each way. Where a SYN or its answer was sent twice nobody knows
// which one was answered (Karn and Partridge, 1987), so only a handshake of single packets is
// timed.
static void time_syn_ack(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	if (conn_packets(table, conn, CONN_ORIG) == 1 &&
	    conn_packets(table, conn, CONN_RESP) == 0 && answers(&conn->end[CONN_ORIG], packet))
		conn_cold(table, conn)->round_trip[CONN_ORIG] = microseconds(table, conn);
}

void tcp_state_time_answer(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	struct conn_cold *cold = conn_cold(table, conn);
	uint32_t there = cold->round_trip[CONN_ORIG], all = microseconds(table, conn);

	if (there == 0 || conn_packets(table, conn, CONN_ORIG) != 1 ||
	    conn_packets(table, conn, CONN_RESP) != 1 || !answers(&conn->end[CONN_RESP], packet) ||
	    all < there)
		return;
	cold->round_trip[CONN_RESP] = all > there ? all - there : 1;
}

void tcp_state_open(struct conn_table *table, struct conn *conn, const struct packet *packet,
		    unsigned sender)
{
	if (conn->end[sender ^ 1].state == TCP_SYN_SENT) {
		enter(table, conn, sender ^ 1, TCP_ESTABLISHED);
		time_syn_ack(table, conn, packet);
	}
	enter(table, conn, sender, TCP_ESTABLISHED);
	if (conn->end[sender ^ 1].state != TCP_PARTIAL)
		established(table, conn);
}

// The SYN-ACK overtook the SYN: the two change places (spec-conn 1.4).
static unsigned syn_from_inactive_resp(struct conn_table *table, struct conn *conn,
				       const struct packet *packet, unsigned sender)
{
	if (!(packet->tcp_flags & PACKET_TCP_ACK) &&
	    conn->end[sender ^ 1].state == TCP_SYN_ACK_SENT &&
	    packet->sequence == conn->end[sender].start) {
		conn_flip(table, conn);
		sender ^= 1;
		enter(table, conn, sender ^ 1, TCP_ESTABLISHED);
	}
	tcp_state_open(table, conn, packet, sender);
	return sender;
}

static void rst_from_inactive(struct conn_table *table, struct conn *conn, unsigned sender,
			      bool from_orig, struct tcp_close *close)
{
	uint8_t peer = conn->end[sender ^ 1].state;
	bool rejected = from_orig ? peer == TCP_ESTABLISHED
				  : peer == TCP_SYN_SENT || peer == TCP_SYN_ACK_SENT;

	enter(table, conn, sender, TCP_RESET);
	if (rejected)
		conn_event(table, conn, CONN_EVENT_REJECTED);
	*close = (struct tcp_close){.wanted = true, .finish = !rejected};
}

static void other_from_inactive(struct conn_table *table, struct conn *conn,
				const struct packet *packet, unsigned sender, bool from_orig)
{
	uint8_t peer = conn->end[sender ^ 1].state;

	// Some servers acknowledge a SYN before they answer it.
	if (!from_orig && packet->payload_length == 0 && conn->end[CONN_ORIG].state == TCP_SYN_SENT)
		return;
	if (packet->tcp_flags & PACKET_TCP_ACK && peer == TCP_ESTABLISHED) {
		// Only the SYN is missing.
		enter(table, conn, sender, TCP_ESTABLISHED);
		conn_flag_clear(conn, CONN_PARTIAL);
		return;
	}
	enter(table, conn, sender, TCP_PARTIAL);
	if (peer == TCP_PARTIAL)
		conn_event(table, conn, CONN_EVENT_PARTIAL);
}

// The connection was reset; from now on nothing more is expected of it.
static void reset(struct conn_table *table, struct conn *conn)
{
	conn_flag_clear(conn, CONN_EVENTS_ACTIVE);
	conn_event(table, conn, CONN_EVENT_RESET);
}

static unsigned from_inactive(struct conn_table *table, struct conn *conn,
			      const struct packet *packet, unsigned sender, bool from_orig,
			      struct tcp_close *close)
{
	uint8_t flags = packet->tcp_flags;

	if (flags & PACKET_TCP_SYN) {
		if (from_orig)
			syn_from_inactive_orig(table, conn, packet, sender);
		else
			sender = syn_from_inactive_resp(table, conn, packet, sender);
	}
	if (flags & PACKET_TCP_FIN) {
		enter(table, conn, sender, TCP_CLOSED);
		*close = (struct tcp_close){.wanted = true, .finish = true};
	}
	if (flags & PACKET_TCP_RST)
		rst_from_inactive(table, conn, sender, from_orig, close);
	if (conn->end[sender].state == TCP_INACTIVE)
		other_from_inactive(table, conn, packet, sender, from_orig);
	return sender;
}

static void from_opening(struct conn_table *table, struct conn *conn, uint8_t flags,
			 unsigned sender, struct tcp_close *close)
{
	if (flags & PACKET_TCP_FIN) {
		enter(table, conn, sender, TCP_CLOSED);
		*close = (struct tcp_close){.wanted = true, .finish = true};
	}
	if (flags & PACKET_TCP_RST) {
		enter(table, conn, sender, TCP_RESET);
		reset(table, conn);
		close->wanted = true;
	}
}

static void from_established(struct conn_table *table, struct conn *conn, uint8_t flags,
			     unsigned sender, struct tcp_close *close)
{
	struct conn_endpoint *peer = &conn->end[sender ^ 1];

	if (flags & PACKET_TCP_SYN && !(flags & PACKET_TCP_ACK) &&
	    conn->end[sender].state == TCP_PARTIAL && peer->state == TCP_INACTIVE)
		enter(table, conn, sender, TCP_SYN_SENT);
	if (flags & PACKET_TCP_FIN && !(flags & PACKET_TCP_RST)) {
		enter(table, conn, sender, TCP_CLOSED);
		*close = (struct tcp_close){.wanted = true, .finish = true};
		// A RST after the peer's own FIN meant no harm after all.
		if (peer->state == TCP_RESET && peer->previous == TCP_CLOSED)
			enter(table, conn, sender ^ 1, TCP_CLOSED);
	}
	if (flags & PACKET_TCP_RST) {
		enter(table, conn, sender, TCP_RESET);
		if (peer->state != TCP_RESET || peer->previous != TCP_ESTABLISHED)
			reset(table, conn);
		close->wanted = true;
	}
}

static void from_closed(struct conn_table *table, struct conn *conn, const struct packet *packet,
			unsigned sender, struct tcp_close *close)
{
	if (!(packet->tcp_flags & PACKET_TCP_RST) || conn->end[sender ^ 1].state == TCP_CLOSED)
		return;
	enter(table, conn, sender, TCP_RESET);
	if (conn_subscribed(table, CONN_EVENT_RESET))
		conn_timer_set_event(table, conn, CONN_DUE_RESET,
				     packet->time + table->settings.tcp_reset_delay);
	close->wanted = !conn->end[sender].closed;
}

unsigned tcp_state_update(struct conn_table *table, struct conn *conn, const struct packet *packet,
			  unsigned sender, bool from_orig, struct tcp_close *close)
{
	switch ((enum tcp_state)conn->end[sender].state) {
	case TCP_INACTIVE:
		return from_inactive(table, conn, packet, sender, from_orig, close);
	case TCP_SYN_SENT:
	case TCP_SYN_ACK_SENT:
		from_opening(table, conn, packet->tcp_flags, sender, close);
		break;
	case TCP_PARTIAL:
	case TCP_ESTABLISHED:
		from_established(table, conn, packet->tcp_flags, sender, close);
		break;
	case TCP_CLOSED:
		from_closed(table, conn, packet, sender, close);
		break;
	case TCP_RESET:
		break;
	}
	return sender;
}

// The connection waits for stragglers, then it is removed. Whatever else was armed is void.
static void start_close_delay(struct conn_table *table, struct conn *conn)
{
	struct conn_cold *cold = conn_cold(table, conn);

	if (conn_flag(conn, CONN_HALF_OPEN)) {
		conn_flag_clear(conn, CONN_HALF_OPEN);
		conn_list_remove(table, &table->half_open, conn);
	}
	if (!conn_flag(conn, CONN_CLOSING))
		conn_list_append(table, &table->closing, conn);
	conn_flag_set(conn, CONN_CLOSING);
	cold->due[1] = TIME_NEVER;
	conn_timer_cancel_events(table, conn);
	conn_timer_set(table, conn, 0, conn->last + table->settings.tcp_close_delay);
}

static void close_complete(struct conn_table *table, struct conn *conn, unsigned side, bool finish)
{
	bool alone = conn->end[side ^ 1].state == TCP_INACTIVE;

	if (conn->end[side].previous != TCP_INACTIVE || !alone) {
		if (finish || conn_flag(conn, CONN_FINISH_WANTED)) {
			conn_flag_clear(conn, CONN_EVENTS_ACTIVE);
			conn_event(table, conn,
				   alone ? CONN_EVENT_HALF_FINISHED : CONN_EVENT_FINISHED);
		}
		conn_flag_clear(conn, CONN_FINISH_WANTED);
	}
	start_close_delay(table, conn);
}

void tcp_state_closed(struct conn_table *table, struct conn *conn, unsigned side, bool finish)
{
	struct conn_endpoint *end = &conn->end[side], *peer = &conn->end[side ^ 1];

	end->closed = 1;
	if (end->state == TCP_RESET || peer->closed || peer->state == TCP_INACTIVE)
		close_complete(table, conn, side, finish);
	else if (end->previous != TCP_INACTIVE)
		conn_timer_set(table, conn, 1, conn->last + table->settings.tcp_session_timer);
	else if (conn_subscribed(table, CONN_EVENT_PARTIAL_CLOSE))
		conn_timer_set_event(table, conn, CONN_DUE_PARTIAL_CLOSE,
				     conn->last + table->settings.tcp_partial_close_delay);
}

void tcp_state_close(struct conn_table *table, struct conn *conn, unsigned side, bool finish)
{
	if (tcp_stream_pending(table, conn, side)) {
		conn_flag_set(conn, CONN_CLOSE_DEFERRED);
		if (finish)
			conn_flag_set(conn, CONN_FINISH_WANTED);
		return;
	}
	conn_flag_clear(conn, CONN_CLOSE_DEFERRED);
	if (!conn->end[side].closed)
		tcp_state_closed(table, conn, side, finish);
}

static void check_end(struct conn_table *table, struct conn *conn, unsigned side)
{
	struct conn_endpoint *end = &conn->end[side];

	if (end->ended || (!end->fin && end->state != TCP_CLOSED && end->state != TCP_RESET) ||
	    tcp_stream_pending(table, conn, side))
		return;
	end->ended = 1;
	if (conn_subscribed(table, CONN_EVENT_EOF))
		conn_event_raise(table, conn, CONN_EVENT_EOF, side);
	if (conn_flag(conn, CONN_CLOSE_DEFERRED))
		tcp_state_close(table, conn, side, false);
}

void tcp_state_check_end(struct conn_table *table, struct conn *conn, unsigned sender)
{
	// The acknowledgement is looked at before the payload, so the peer's stream ends first.
	check_end(table, conn, sender ^ 1);
	check_end(table, conn, sender);
}
