/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

#include <errno.h>

// Thresholds (spec-conn 7.1). Of each kind the smallest value that has not fired is the one that is
// waited for; several that one packet crosses fire one after the other: first the smallest of each
// kind, then the next of each.

#define NONE UINT64_MAX

// The order within a packet is that of Zeek's ConnSize analyzer. What counts a side is looked at
// when a packet of that side was counted, the rest always.
static const struct {
	uint8_t kind;
	uint8_t side;
} order[WATCH_STEP_KINDS] = {
	{WATCH_PACKETS, WATCH_BOTH_SIDES},       {WATCH_ORIG_BYTES, CONN_ORIG},
	{WATCH_ORIG_PACKETS, CONN_ORIG},         {WATCH_RESP_BYTES, CONN_RESP},
	{WATCH_RESP_PACKETS, CONN_RESP},         {WATCH_DURATION, WATCH_BOTH_SIDES},
	{WATCH_DURATION_IDLE, WATCH_BOTH_SIDES},
};

uint16_t watch_progress(const struct conn_watch *list, unsigned kind)
{
	return kind < 6 ? list->next[kind] : (uint16_t)list->next_idle;
}

void watch_progress_set(struct conn_watch *list, unsigned kind, uint16_t index)
{
	if (kind < 6)
		list->next[kind] = index;
	else
		list->next_idle = index & 0x7ff;
}

static bool is_duration(unsigned kind)
{
	return kind == WATCH_DURATION || kind == WATCH_DURATION_IDLE;
}

static uint64_t age(const struct watch *watch, const struct conn *conn)
{
	uint64_t now = conn_table_clock(watch->table), first = conn_first(watch->table, conn);

	return now > first ? now - first : 0;
}

uint64_t watch_count(const struct watch *watch, const struct conn *conn, unsigned kind)
{
	const struct conn_table *table = watch->table;

	switch (kind) {
	case WATCH_ORIG_BYTES:
		return conn_ip_bytes(table, conn, CONN_ORIG);
	case WATCH_RESP_BYTES:
		return conn_ip_bytes(table, conn, CONN_RESP);
	case WATCH_ORIG_PACKETS:
		return conn_packets(table, conn, CONN_ORIG);
	case WATCH_RESP_PACKETS:
		return conn_packets(table, conn, CONN_RESP);
	case WATCH_PACKETS:
		return conn_packets(table, conn, CONN_ORIG) + conn_packets(table, conn, CONN_RESP);
	default:
		return age(watch, conn);
	}
}

static bool is_crossed(unsigned kind, uint64_t value, uint64_t count)
{
	return is_duration(kind) ? count > value : count >= value;
}

bool watch_step_next(const struct watch *watch, const struct conn_watch *list, unsigned kind,
		     uint16_t *index)
{
	const struct watch_set *set = &watch->set[list->set];

	if (list->set == 0)
		return false;
	while (*index < set->rules->step_count[kind]) {
		if (watch_set_has(set, set->rules->step[kind][*index].rule))
			return true;
		(*index)++;
	}
	return false;
}

// The smallest value of a kind that has not fired.
static uint64_t next_value(const struct watch *watch, struct conn_watch *list, unsigned kind)
{
	uint16_t index = watch_progress(list, kind);
	uint64_t value = NONE;

	if (watch_step_next(watch, list, kind, &index))
		value = watch->set[list->set].rules->step[kind][index].value;
	watch_progress_set(list, kind, index);
	for (uint32_t at = list->items; at != 0; at = watch->item[at].next) {
		const struct watch_item *item = &watch->item[at];

		if (item->type == WATCH_ITEM_THRESHOLD && item->kind == kind && item->value < value)
			value = item->value;
	}
	return value;
}

// Each that fires raises one event, and a CONN_EVENT_CHECK may have to come after it, or be raised
// by what is called.
#define ROOM 3

static bool has_room(const struct watch *watch)
{
	return conn_table_event_room(watch->table) >= ROOM;
}

static void fire(struct watch *watch, struct conn *conn, struct watch_cause *cause)
{
	watch->counters.thresholds++;
	watch_act(watch, conn, cause);
}

static void fire_steps(struct watch *watch, struct conn *conn, struct conn_watch *list,
		       unsigned kind, uint64_t value, uint8_t side)
{
	uint16_t index = watch_progress(list, kind);

	while (watch_step_next(watch, list, kind, &index)) {
		const struct watch_rules *rules = watch->set[list->set].rules;
		const struct watch_step *step = &rules->step[kind][index];
		const struct watch_rule *rule = &rules->rule[step->rule];

		if (step->value != value || !has_room(watch))
			break;
		watch_progress_set(list, kind, ++index);
		fire(watch, conn,
		     &(struct watch_cause){.value = value,
					   .name = rule->name,
					   .kind = (uint8_t)kind,
					   .actions = rule->actions,
					   .side = side});
	}
}

static uint32_t find_threshold(const struct watch *watch, const struct conn_watch *list,
			       unsigned kind, uint64_t value)
{
	uint32_t at = list->items;

	while (at != 0 && (watch->item[at].type != WATCH_ITEM_THRESHOLD ||
			   watch->item[at].kind != kind || watch->item[at].value != value))
		at = watch->item[at].next;
	return at;
}

static void call(struct watch *watch, struct conn *conn, const struct watch_item *item,
		 uint8_t side)
{
	struct weir_conn handle = {.watch = watch, .conn = conn, .plugin = item->plugin};
	uint64_t before = cycles_now();

	item->threshold(&handle, (enum weir_threshold)item->kind, item->value,
			(enum weir_side)side);
	watch_plugin_called(watch, item->plugin, before);
}

// What is called may set others, so that each is taken out first and the list begun anew.
static void fire_items(struct watch *watch, struct conn *conn, struct conn_watch *list,
		       unsigned kind, uint64_t value, uint8_t side)
{
	uint32_t index;

	while (has_room(watch) && (index = find_threshold(watch, list, kind, value)) != 0) {
		struct watch_item item = watch->item[index];

		watch_item_remove(watch, list, index);
		fire(watch, conn,
		     &(struct watch_cause){.value = value,
					   .name = item.name,
					   .kind = (uint8_t)kind,
					   .actions = item.actions,
					   .side = side});
		if (item.plugin != WATCH_NO_PLUGIN && item.threshold != NULL)
			call(watch, conn, &item, side);
	}
}

// The smallest of each kind, if it was crossed. Returns whether any was.
static bool fire_smallest(struct watch *watch, struct conn *conn, struct conn_watch *list,
			  unsigned side)
{
	bool any = false;

	for (unsigned i = 0; i < WATCH_STEP_KINDS && has_room(watch); i++) {
		unsigned kind = order[i].kind, of = order[i].side;
		uint64_t value;

		if (side != WATCH_BOTH_SIDES && of != WATCH_BOTH_SIDES && of != side)
			continue;
		if (side == WATCH_NO_SIDE && kind != WATCH_DURATION_IDLE)
			continue;
		value = next_value(watch, list, kind);
		if (value == NONE || !is_crossed(kind, value, watch_count(watch, conn, kind)))
			continue;
		// A duration that fires while it is set is the originator's (spec-conn 7.1).
		if (of == WATCH_BOTH_SIDES)
			of = side == CONN_RESP ? CONN_RESP : CONN_ORIG;
		fire_steps(watch, conn, list, kind, value, (uint8_t)of);
		fire_items(watch, conn, list, kind, value, (uint8_t)of);
		any = true;
	}
	return any;
}

// The first moment at which a connection is older than that.
static uint64_t deadline(const struct watch *watch, const struct conn *conn, uint64_t value)
{
	uint64_t first = conn_first(watch->table, conn);

	return value < TIME_NEVER - 1 - first ? first + value + 1 : TIME_NEVER;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

// How much more until the value is reached; what is past it already is looked at with the next
// packet.
static uint64_t left(uint64_t value, uint64_t count)
{
	if (value == NONE)
		return NONE;
	return value > count ? value - count : 1;
}

// A duration that waits for a packet: the next one, when its time has come. Until then the wheel
// waits; but in a trace, where Zeek's timers are counted, this must not look like one.
static uint64_t wait_for_packet(const struct watch *watch, const struct conn *conn,
				struct conn_watch *list, uint64_t *due)
{
	uint64_t value = next_value(watch, list, WATCH_DURATION);

	if (value == NONE)
		return NONE;
	if (conn_table_is_exact(watch->table) || age(watch, conn) > value)
		return 1;
	*due = least(*due, deadline(watch, conn, value));
	return NONE;
}

void watch_arm(struct watch *watch, struct conn *conn)
{
	struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint64_t due, idle, packets, both;

	if (list == NULL || !conn_is_live(conn))
		return;
	due = watch_polls_due(watch, list);
	idle = next_value(watch, list, WATCH_DURATION_IDLE);
	if (idle != NONE)
		due = least(due, deadline(watch, conn, idle));
	packets = wait_for_packet(watch, conn, list, &due);
	// Whoever has half of what is left to both cannot have all of it without being asked.
	both = left(next_value(watch, list, WATCH_PACKETS),
		    watch_count(watch, conn, WATCH_PACKETS));
	if (both != NONE)
		packets = least(packets, (both + 1) / 2);
	for (unsigned side = 0; side < 2; side++) {
		unsigned bytes_kind = side == CONN_ORIG ? WATCH_ORIG_BYTES : WATCH_RESP_BYTES;
		unsigned kind = side == CONN_ORIG ? WATCH_ORIG_PACKETS : WATCH_RESP_PACKETS;

		conn_watch_arm(watch->table, conn, side,
			       least(packets, left(next_value(watch, list, kind),
						   watch_count(watch, conn, kind))),
			       left(next_value(watch, list, bytes_kind),
				    watch_count(watch, conn, bytes_kind)));
	}
	conn_watch_due(watch->table, conn, due);
}

static void leave_rest(struct watch *watch, struct conn *conn, unsigned side)
{
	if (side == WATCH_BOTH_SIDES)
		watch_check(watch, conn);
	else
		conn_watch_raise(watch->table, conn, CONN_EVENT_CHECK, side);
}

void watch_settle(struct watch *watch, struct conn *conn, unsigned side)
{
	struct conn_watch *list = conn_watch_get(watch->table, conn);

	if (list == NULL)
		return;
	while (fire_smallest(watch, conn, list, side))
		;
	if (!has_room(watch))
		leave_rest(watch, conn, side);
	watch_arm(watch, conn);
}

// The one that somebody set: a plugin, or a request.
static uint32_t find_own(const struct watch *watch, const struct conn *conn, uint16_t plugin,
			 uint8_t kind, uint64_t value)
{
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint32_t at = list != NULL ? list->items : 0;

	for (; at != 0; at = watch->item[at].next) {
		const struct watch_item *item = &watch->item[at];

		if (item->type == WATCH_ITEM_THRESHOLD && item->kind == kind &&
		    item->value == value && item->plugin == plugin)
			break;
	}
	return at;
}

bool watch_threshold_has(const struct watch *watch, const struct conn *conn, uint16_t plugin,
			 uint8_t kind, uint64_t value)
{
	return find_own(watch, conn, plugin, kind, value) != 0;
}

int watch_threshold_add(struct watch *watch, struct conn *conn, const struct watch_item *item)
{
	if (!conn_is_live(conn))
		return -ENOENT;
	if (watch_threshold_has(watch, conn, item->plugin, item->kind, item->value))
		return -EEXIST;
	if (watch_item_add(watch, conn, item) == 0)
		return -ENOSPC;
	watch_check(watch, conn);
	return 0;
}

bool watch_threshold_delete(struct watch *watch, struct conn *conn, uint16_t plugin, uint8_t kind,
			    uint64_t value)
{
	uint32_t at = find_own(watch, conn, plugin, kind, value);

	if (at == 0)
		return false;
	watch_item_remove(watch, conn_watch_get(watch->table, conn), at);
	return true;
}
