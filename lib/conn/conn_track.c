/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

#include "base/prefetch.h"

#include "conn/content.h"
#include "conn/datagram.h"
#include "conn/tcp_plain.h"
#include "conn/tcp_usual.h"

#define NO_LIMIT SIZE_MAX

// How many packets ahead of its use a record is asked for: long enough for it to arrive, short
// enough that it is not pushed out again.
#define RECORD_AHEAD 12
// And its cold part, where it is needed.
#define COLD_AHEAD 6
// Records that are asked for one after the other. A request for a line in another page holds up what
// comes after it until the page is found in the tables; a few in a row have their pages looked for
// at the same time. Where pages are small, or the table has many millions, that is a quarter of a
// packet's cost; with more in a row there is less to do meanwhile.
#define GROUP        4
#define RECORDS_KEPT 16

static_assert(RECORD_AHEAD + GROUP <= RECORDS_KEPT, "none is overwritten before its turn");

static enum conn_timeout first_timeout(const struct packet *packet)
{
	switch (packet->key.protocol) {
	case PACKET_TCP:
		return CONN_TIMEOUT_TCP_HANDSHAKE;
	case PACKET_UDP:
		return CONN_TIMEOUT_UDP;
	case PACKET_ICMP:
	case PACKET_ICMPV6:
		return CONN_TIMEOUT_ICMP;
	default:
		return CONN_TIMEOUT_OTHER;
	}
}

static void keep_link(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	struct conn_extension *extension = conn_extension_need(table, conn);

	if (extension == NULL)
		return;
	memcpy(extension->vlan, packet->vlan, sizeof(extension->vlan));
	if (!packet->has_mac)
		return;
	// A frame names its destination first.
	memcpy(extension->mac[CONN_ORIG], packet->mac[1], sizeof(packet->mac[1]));
	memcpy(extension->mac[CONN_RESP], packet->mac[0], sizeof(packet->mac[0]));
}

static struct conn *conn_open(struct conn_table *table, const struct packet *packet)
{
	struct conn *conn = conn_create(table, packet);

	if (conn == NULL) {
		table->counters.refused++;
		return NULL;
	}
	conn_timeout_set(conn, first_timeout(packet));
	if (packet->key.protocol != PACKET_TCP)
		datagram_start(conn);
	if (packet->stack != 0)
		conn_tunnel_start(table, conn, packet);
	if (table->settings.keep_link)
		keep_link(table, conn, packet);
	if (conn_flips_at_creation(&table->settings, packet))
		conn_flip(table, conn);
	if (packet->key.protocol == PACKET_TCP && content_has_port(conn_port(conn, CONN_RESP)))
		conn->end[CONN_ORIG].watched = conn->end[CONN_RESP].watched = 1;
	conn_timers_start(table, conn);
	conn_event(table, conn, CONN_EVENT_NEW);
	return conn;
}

// The packet's connection, if it has one. `likely` is the record that the index pointed to a moment
// ago; since then it may have been removed, and another one made, and it never need have been the
// packet's.
static inline __attribute__((always_inline)) struct conn *find_live(struct conn_table *table,
								    const struct packet *packet,
								    struct conn *likely)
{
	struct conn *conn = likely;

	if (__builtin_expect(
		    !(conn_flag(conn, CONN_LIVE) & packet_key_equal(&conn->key, &packet->key)), 0))
		conn = conn_index_find(table, packet);
	if (__builtin_expect(conn == NULL, 0))
		return NULL;
	conn_at(table, conn);
	// The wheel may be a tick behind; a packet never extends a connection whose time is over.
	// With exact time only what was held back is late, and that is meant to wait.
	if (__builtin_expect(conn->wheel.due <= table->clock, 0) && !table->settings.exact_time &&
	    !conn_timers_run(table, conn))
		return NULL;
	return conn;
}

static __attribute__((noinline)) bool reuses(struct conn_table *table, struct conn *conn,
					     const struct packet *packet)
{
	if (!tcp_reuses(conn, packet))
		return false;
	conn_event(table, conn, CONN_EVENT_REUSED);
	conn_remove(table, conn, CONN_REASON_REUSED);
	return true;
}

static void track_datagram(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	switch (packet->key.protocol) {
	case PACKET_UDP:
		udp_track(table, conn, packet);
		break;
	case PACKET_ICMP:
	case PACKET_ICMPV6:
		icmp_track(table, conn, packet);
		break;
	default:
		other_track(table, conn, packet);
		break;
	}
}

static inline __attribute__((always_inline)) struct conn *track(struct conn_table *table,
								const struct packet *packet,
								struct conn *likely)
{
	struct conn *conn = find_live(table, packet, likely);
	bool tcp = packet->key.protocol == PACKET_TCP;

	if (__builtin_expect(conn != NULL, 1)) {
		if (tcp && packet->tcp_flags & PACKET_TCP_SYN && reuses(table, conn, packet))
			conn = NULL;
		else if (conn_is_looked_at(conn, packet))
			conn_look_closer(table, conn, packet);
	}
	if (__builtin_expect(conn == NULL, 0)) {
		conn = conn_open(table, packet);
		if (conn == NULL)
			return NULL;
	}
	table->counters.packets++;
	if (!tcp)
		track_datagram(table, conn, packet);
	else if (!tcp_plain_track(table, conn, packet) && !tcp_usual_track(table, conn, packet))
		tcp_track(table, conn, packet);
	return conn;
}

// Tells whoever wants to open tunnels about one; `conn` is NULL when it was not tracked here.
static void carry(struct conn_table *table, struct conn *conn, const struct packet *packet,
		  bool ours)
{
	const struct conn_settings *settings = &table->settings;
	enum packet_tunnel kind = PACKET_TUNNEL_NONE;
	struct uid uid = {0};

	if (settings->carrier == NULL)
		return;
	if (conn != NULL) {
		kind = conn_tunnel_carried(table, conn, packet);
		uid = conn_uid(table, conn);
	}
	settings->carrier(settings->carrier_context, packet, ours, kind, uid);
}

static inline bool is_ours(const struct packet *packet, uint8_t worker)
{
	return (packet->verdict == PACKET_TRACK) & (packet->owner == worker);
}

// The record that a packet will probably need: see conn_index_likely(). NULL: the packet is not for
// us.
static inline struct conn *prefetch_record(struct conn_table *table, const struct packet *packet,
					   uint8_t worker)
{
	struct conn *conn;

	if (__builtin_expect(!is_ours(packet, worker), 0))
		return NULL;
	conn = conn_index_likely(table, packet);
	conn_prefetch_hot(conn);
	return conn;
}

// When the record is there: does its packet need the cold part, for a letter, the handshake or the
// end? A packet that only moves positions and counts does not. That is for chance to decide, so
// there is a mask in place of a branch: for those it is the record once more.
static inline void prefetch_cold(struct conn_table *table, const struct packet *packet,
				 const struct conn *conn)
{
	uint8_t letter = packet->payload_length > 0 ? CONN_LETTER_DATA : CONN_LETTER_ACK;
	uintptr_t near = (uintptr_t)conn, cold, link, needed;
	bool control, seen;

	if (__builtin_expect(conn == NULL, 0))
		return;
	control = (packet->key.protocol == PACKET_TCP) &
		  ((packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_FIN | PACKET_TCP_RST)) != 0);
	seen = conn->end[conn_side(conn, packet)].letters & letter;
	needed = -(uintptr_t)(!seen | control);
	cold = (uintptr_t)conn_cold(table, conn);
	link = (uintptr_t)&table->link[conn_slot(table, conn)];
	prefetch((const void *)(near ^ ((near ^ cold) & needed)));
	prefetch((const void *)(near ^ ((near ^ link) & needed)));
}

void conn_track_prepare(const struct conn_table *table, const struct packet *packet)
{
	conn_index_prefetch(table, packet->hash);
}

// Runs what is due before a packet of a file; returns how many timers more may run after it
// (spec-conn 5.1). With several workers the limit counts only where time made a step: there they
// agree on what is first among all, and go on doing so until nothing is held back.
static size_t run_timers_before(struct conn_table *table, const struct packet *packet)
{
	const struct conn_settings *settings = &table->settings;
	size_t limit = settings->timers_a_packet > 0 ? settings->timers_a_packet : NO_LIMIT;

	if (settings->agree != NULL && (packet->step || table->held_back)) {
		struct conn_turn turn;

		settings->agree(settings->agree_context, table, &turn);
		conn_table_advance(table, table->clock, turn.before);
		table->held_back = turn.more;
		return turn.after;
	}
	if (table->clock < table->next_check)
		return 0;
	if (settings->agree != NULL)
		limit = NO_LIMIT;
	return conn_table_advance(table, table->clock, limit) == limit ? limit : 0;
}

// `likely` is NULL when the packet is not for us.
static inline __attribute__((always_inline)) void track_or_leave(struct conn_table *table,
								 const struct packet *packet,
								 struct conn *likely)
{
	if (__builtin_expect(likely != NULL, 1)) {
		struct conn *conn = track(table, packet, likely);

		if (__builtin_expect(table->events_waiting > 0, 0)) {
			table->packet = packet;
			conn_event_flush(table);
			table->packet = NULL;
		}
		if (__builtin_expect(packet->may_carry, 0))
			carry(table, conn, packet, true);
	} else if (packet->verdict == PACKET_TRACK && packet->may_carry) {
		carry(table, NULL, packet, false);
	}
}

// Input from files: timers run before each packet, to the nanosecond.
static void track_exactly(struct conn_table *table, const struct packet *packet,
			  struct conn *likely)
{
	size_t after = run_timers_before(table, packet);

	track_or_leave(table, packet, likely);
	if (__builtin_expect(after > 0, 0))
		conn_table_advance(table, table->clock, after);
}

static __attribute__((noinline)) void track_one(struct conn_table *table,
						const struct packet *packet, struct conn *likely)
{
	table->clock = packet->time > table->clock ? packet->time : table->clock;
	if (table->settings.exact_time)
		track_exactly(table, packet, likely);
	else
		track_or_leave(table, packet, likely);
}

// Asks for the records of some packets; `likely` has them by the packets' place in the burst.
static inline __attribute__((always_inline)) void ask_records(struct conn_table *table,
							      const struct packet *packets,
							      size_t from, size_t to,
							      uint8_t worker, struct conn **likely)
{
	for (size_t at = from; at < to; at++)
		likely[at % RECORDS_KEPT] = prefetch_record(table, &packets[at], worker);
}

void conn_track(struct conn_table *table, const struct packet *packets, size_t count,
		uint8_t worker)
{
	size_t at = 0, filled = count < RECORD_AHEAD ? count : RECORD_AHEAD;
	struct conn *likely[RECORDS_KEPT];

	ask_records(table, packets, 0, filled, worker, likely);
	for (; at + RECORD_AHEAD + GROUP <= count; at += GROUP) {
		ask_records(table, packets, at + RECORD_AHEAD, at + RECORD_AHEAD + GROUP, worker,
			    likely);
#pragma GCC unroll 4
		for (size_t i = at; i < at + GROUP; i++) {
			prefetch_cold(table, &packets[i + COLD_AHEAD],
				      likely[(i + COLD_AHEAD) % RECORDS_KEPT]);
			track_one(table, &packets[i], likely[i % RECORDS_KEPT]);
		}
	}
	ask_records(table, packets, at + filled, count, worker, likely);
	for (; at < count; at++) {
		if (at + COLD_AHEAD < count)
			prefetch_cold(table, &packets[at + COLD_AHEAD],
				      likely[(at + COLD_AHEAD) % RECORDS_KEPT]);
		track_one(table, &packets[at], likely[at % RECORDS_KEPT]);
	}
	conn_at(table, NULL);
}
