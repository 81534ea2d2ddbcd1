/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

static enum conn_event_kind event_of(const struct watch_cause *cause)
{
	static const uint8_t event[WATCH_STEP_KINDS] = {
		[WATCH_ORIG_BYTES] = CONN_EVENT_BYTES_THRESHOLD,
		[WATCH_RESP_BYTES] = CONN_EVENT_BYTES_THRESHOLD,
		[WATCH_ORIG_PACKETS] = CONN_EVENT_PACKETS_THRESHOLD,
		[WATCH_RESP_PACKETS] = CONN_EVENT_PACKETS_THRESHOLD,
		[WATCH_PACKETS] = CONN_EVENT_GENERIC_THRESHOLD,
		[WATCH_DURATION] = CONN_EVENT_DURATION_THRESHOLD,
		[WATCH_DURATION_IDLE] = CONN_EVENT_DURATION_THRESHOLD,
	};

	return cause->poll ? CONN_EVENT_POLL : event[cause->kind];
}

static void raise_event(struct watch *watch, const struct conn *conn,
			const struct watch_cause *cause)
{
	struct conn_event *event = conn_watch_raise(watch->table, conn, event_of(cause),
						    cause->side);

	event->position = cause->poll ? cause->kind : 0;
	event->length = cause->value;
	event->name = cause->name;
	event->wanted = cause->actions & WATCH_ACTION_EVENT;
}

// The connection as it is now, for a line of its own.
static void record(struct watch *watch, const struct conn *conn, const struct watch_cause *cause)
{
	const struct watch_sinks *sinks = &watch->settings.sinks;
	bool is_idle = !cause->poll && cause->kind == WATCH_DURATION_IDLE;
	struct watch_record record = {
		.time = conn_table_clock(watch->table),
		.value = cause->value,
		.name = cause->name,
		.kind = is_idle ? WATCH_DURATION : cause->kind,
		.poll = cause->poll,
		.side = cause->side,
	};

	conn_watch_summarize(watch->table, conn, &record.conn);
	if (sinks->record != NULL)
		sinks->record(sinks->context, &record);
}

// From now on, beginning with the packet at hand.
static void capture(struct watch *watch, struct conn *conn, const struct watch_cause *cause)
{
	const struct watch_sinks *sinks = &watch->settings.sinks;
	const struct packet *packet = conn_table_packet(watch->table);
	struct watch_item item = {.type = WATCH_ITEM_CAPTURE,
				  .name = cause->name,
				  .plugin = WATCH_NO_PLUGIN,
				  .rule = WATCH_NO_RULE};

	if (sinks->packet == NULL || !conn_is_live(conn) ||
	    watch_item_find(watch, conn, WATCH_ITEM_CAPTURE) != 0 ||
	    watch_item_add(watch, conn, &item) == 0)
		return;
	conn_watch_packets(watch->table, conn);
	if (packet != NULL)
		watch_capture(watch, conn, packet);
}

void watch_capture(struct watch *watch, const struct conn *conn, const struct packet *packet)
{
	const struct watch_sinks *sinks = &watch->settings.sinks;
	uint32_t at = watch_item_find(watch, conn, WATCH_ITEM_CAPTURE);
	struct watch_item *item = &watch->item[at];

	if (at == 0)
		return;
	if (item->gone) {
		watch->counters.uncaptured++;
		return;
	}
	// What nobody writes is not copied: the item stays, so that the capture does not begin anew.
	item->gone = !sinks->packet(sinks->context, watch->table, conn, item->name, packet,
				    &item->count);
	if (item->gone && item->count == 0)
		watch->counters.uncaptured++;
	else
		watch->counters.captured++;
}

void watch_act(struct watch *watch, struct conn *conn, const struct watch_cause *cause)
{
	// Whoever subscribed to the event hears of it, whatever the rule wants.
	if (cause->actions & WATCH_ACTION_EVENT ||
	    conn_table_subscribed(watch->table, event_of(cause)))
		raise_event(watch, conn, cause);
	if (cause->actions & WATCH_ACTION_LOG)
		record(watch, conn, cause);
	if (cause->actions & WATCH_ACTION_CAPTURE)
		capture(watch, conn, cause);
}
