/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_watch.h"

#include "conn/conn_internal.h"

// Above this a counter would stand at 0 between two packets, which is to say that it never counted.
#define LEFT_MOST UINT32_MAX

struct conn_watch *conn_watch_get(const struct conn_table *table, const struct conn *conn)
{
	return conn_cold(table, conn)->watched ? &table->watch[conn - table->conn] : NULL;
}

uint64_t conn_packets(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	const struct conn_watch *watch = conn_watch_get(table, conn);

	if (watch != NULL)
		return watch->packets[side] + conn->packets[side];
	return (uint64_t)conn_rare_look(table, conn)->packets_high[side] << 32 |
	       conn->packets[side];
}

uint64_t conn_ip_bytes(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	const struct conn_watch *watch = conn_watch_get(table, conn);
	const struct conn_extension *extension = conn_extension_get(table, conn);
	uint64_t top = extension != NULL ? extension->ip_bytes_top[side] : 0;

	if (watch != NULL)
		return watch->ip_bytes[side] + conn->ip_bytes[side];
	return top << 48 | (uint64_t)conn_rare_look(table, conn)->ip_bytes_high[side] << 32 |
	       conn->ip_bytes[side];
}

struct conn_watch *conn_watch_need(struct conn_table *table, struct conn *conn)
{
	struct conn_watch *watch = &table->watch[conn_slot(table, conn)];
	struct conn_cold *cold = conn_cold(table, conn);

	if (cold->watched)
		return watch;
	conn_change_begin(table, conn);
	*watch = (struct conn_watch){.due = TIME_NEVER, .inactivity = CONN_INACTIVITY_BY_CLASS};
	for (unsigned side = 0; side < 2; side++) {
		watch->packets[side] = conn_packets(table, conn, side) - conn->packets[side];
		watch->ip_bytes[side] = conn_ip_bytes(table, conn, side) - conn->ip_bytes[side];
	}
	cold->watched = 1;
	conn_change_end(table, conn);
	return watch;
}

static uint32_t stand(uint64_t left)
{
	if (left > LEFT_MOST)
		left = LEFT_MOST;
	return (uint32_t)-left;
}

void conn_watch_arm(struct conn_table *table, struct conn *conn, unsigned side, uint64_t packets,
		    uint64_t ip_bytes)
{
	struct conn_watch *watch = &table->watch[conn_slot(table, conn)];
	uint64_t all_packets = watch->packets[side] + conn->packets[side];
	uint64_t all_bytes = watch->ip_bytes[side] + conn->ip_bytes[side];

	conn_change_begin(table, conn);
	conn->packets[side] = stand(packets);
	watch->packets[side] = all_packets - conn->packets[side];
	conn->ip_bytes[side] = stand(ip_bytes);
	watch->ip_bytes[side] = all_bytes - conn->ip_bytes[side];
	conn_change_end(table, conn);
}

void conn_watch_due(struct conn_table *table, struct conn *conn, uint64_t due)
{
	table->watch[conn_slot(table, conn)].due = due;
	if (due < conn->wheel.due && conn_flag(conn, CONN_LIVE) && !table->over)
		conn_timer_arm(table, conn);
}

void conn_watch_inactivity(struct conn_table *table, struct conn *conn, uint64_t span)
{
	uint64_t most = CONN_INACTIVITY_BY_CLASS - 1;
	uint64_t milliseconds = span / TIME_MILLISECOND + (span % TIME_MILLISECOND != 0);

	conn_watch_need(table, conn)->inactivity = milliseconds < most ? milliseconds : most;
	if (conn_flag(conn, CONN_LIVE) && !table->over)
		conn_timer_arm(table, conn);
}

void conn_watch_packets(struct conn_table *table, struct conn *conn)
{
	conn_watch_need(table, conn);
	conn->end[CONN_ORIG].closer = conn->end[CONN_RESP].closer = 1;
}

struct conn_event *conn_watch_raise(struct conn_table *table, const struct conn *conn,
				    enum conn_event_kind kind, unsigned side)
{
	return conn_event_raise(table, conn, kind, side);
}

uint32_t conn_table_event_room(const struct conn_table *table)
{
	return CONN_EVENTS_A_PACKET - table->events_waiting;
}

void conn_table_inactivity(struct conn_table *table, const struct conn_ports *ports, uint64_t span,
			   const struct conn_port_span *spans, size_t span_count)
{
	struct conn_settings *settings = &table->settings;

	settings->long_lived_tcp = *ports;
	settings->inactivity[CONN_TIMEOUT_TCP_LONG] = span;
	settings->port_spans = spans;
	settings->port_span_count = span_count;
}

void conn_table_subscribe(struct conn_table *table, uint32_t events)
{
	table->settings.events = events;
}

bool conn_table_subscribed(const struct conn_table *table, enum conn_event_kind kind)
{
	return conn_subscribed(table, kind);
}

void conn_table_events_done(struct conn_table *table)
{
	conn_events_done(table);
}

const struct packet *conn_table_packet(const struct conn_table *table)
{
	return table->packet;
}

uint64_t conn_table_clock(const struct conn_table *table)
{
	return table->clock;
}

bool conn_table_is_exact(const struct conn_table *table)
{
	return table->settings.exact_time;
}

uint32_t conn_table_slots(const struct conn_table *table)
{
	return table->slots;
}

uint32_t conn_table_fresh(const struct conn_table *table)
{
	return table->free.fresh;
}

struct conn *conn_table_at(struct conn_table *table, uint32_t slot)
{
	return &table->conn[slot];
}

uint32_t conn_slot_of(const struct conn_table *table, const struct conn *conn)
{
	return conn_slot(table, conn);
}

uint32_t conn_generation(const struct conn_table *table, const struct conn *conn)
{
	return conn_cold(table, conn)->generation;
}

bool conn_is_live(const struct conn *conn)
{
	return conn_flag(conn, CONN_LIVE);
}

uint8_t conn_orig_end(const struct conn *conn)
{
	return conn->key.flags & CONN_ORIG_END;
}

struct uid conn_name_of(const struct conn_table *table, const struct conn *conn)
{
	return conn_uid(table, conn);
}

uint64_t conn_first(const struct conn_table *table, const struct conn *conn)
{
	return conn_cold(table, conn)->first;
}

uint64_t conn_last(const struct conn *conn)
{
	return conn->last;
}

void conn_watch_summarize(const struct conn_table *table, const struct conn *conn,
			  struct conn_summary *summary)
{
	conn_summarize(table, conn, summary);
	if (!conn_flag(conn, CONN_LIVE))
		return;
	// Until then the fields are its timers.
	summary->removed = 0;
	summary->reason = CONN_REASON_COUNT;
}
