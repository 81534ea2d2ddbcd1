/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

// Events wait until the packet or timer that raised them is done with: Zeek's handlers see the
// connection as it is then, so that a later exchange of roles shows in an earlier event.

static struct conn_event *waiting(struct conn_table *table, uint32_t index)
{
	return &table->event[(table->events_first + index) % CONN_EVENTS_A_PACKET];
}

// Passes the oldest on. Whoever gets it may raise others.
static void pass_on(struct conn_table *table)
{
	const struct conn_settings *settings = &table->settings;
	struct conn_event event = *waiting(table, 0);

	table->events_first = (table->events_first + 1) % CONN_EVENTS_A_PACKET;
	table->events_waiting--;
	if (settings->watcher != NULL)
		settings->watcher->event(settings->watcher->context, table, &event);
	else
		settings->event(settings->event_context, &event);
}

struct conn_event *conn_event_raise(struct conn_table *table, const struct conn *conn,
				    enum conn_event_kind kind, unsigned side)
{
	unsigned orig_end = conn->key.flags & CONN_ORIG_END;
	struct conn_event *event;

	while (table->events_waiting == CONN_EVENTS_A_PACKET)
		pass_on(table);
	event = waiting(table, table->events_waiting++);
	*event = (struct conn_event){
		.time = table->clock,
		.address = {conn->key.address[orig_end], conn->key.address[orig_end ^ 1]},
		.port = {conn->key.port[orig_end], conn->key.port[orig_end ^ 1]},
		.protocol = conn->key.protocol,
		.kind = (uint8_t)kind,
		.side = (uint8_t)side,
		.uid = conn_uid(table, conn),
		.slot = conn_slot(table, conn),
	};
	return event;
}

void conn_event_removed(struct conn_table *table, const struct conn *conn, enum conn_reason reason)
{
	struct conn_event *event = conn_event_raise(table, conn, CONN_EVENT_STATE_REMOVE,
						    CONN_ORIG);

	event->state = (uint8_t)conn_state_of(table, conn);
	event->reason = (uint8_t)reason;
	event->history_length = conn_history_copy(table, conn, event->history);
}

void conn_event_gap(struct conn_table *table, const struct conn *conn, unsigned side,
		    uint64_t position, uint64_t length)
{
	struct conn_event *event = conn_event_raise(table, conn, CONN_EVENT_CONTENT_GAP, side);

	event->position = position;
	event->length = length;
}

void conn_event_flipped(struct conn_table *table, const struct conn *conn)
{
	for (uint32_t i = 0; i < table->events_waiting; i++) {
		struct conn_event *event = waiting(table, i);
		struct address address = event->address[0];
		uint16_t port = event->port[0];

		// A slot is not used for two connections within one packet.
		if (event->slot != conn_slot(table, conn))
			continue;
		event->address[0] = event->address[1];
		event->address[1] = address;
		event->port[0] = event->port[1];
		event->port[1] = port;
	}
	conn_event(table, conn, CONN_EVENT_FLIPPED);
}

void conn_event_flush(struct conn_table *table)
{
	while (table->events_waiting > 0)
		pass_on(table);
}
