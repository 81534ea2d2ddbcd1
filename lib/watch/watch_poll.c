/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

#include <errno.h>

// Polls (spec-conn 7.2). Each has its next look in its item; the earliest of a connection's is among
// the deadlines that its entry in the wheel waits for. Unlike Zeek's they end with their connection:
// another one between the same two ends is not theirs to look at.

#define SPAN_MOST (3650 * TIME_DAY)

static uint64_t per_second(uint64_t count, uint64_t span)
{
	unsigned __int128 rate;

	if (span == 0)
		return 0;
	rate = (unsigned __int128)count * TIME_SECOND / span;
	return rate < UINT64_MAX ? (uint64_t)rate : UINT64_MAX;
}

static uint64_t sum_bytes(const struct watch *watch, const struct conn *conn)
{
	return conn_ip_bytes(watch->table, conn, CONN_ORIG) +
	       conn_ip_bytes(watch->table, conn, CONN_RESP);
}

static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

// What a rate counts.
static uint64_t base_count(const struct watch *watch, const struct conn *conn, uint8_t feature)
{
	return feature == WATCH_FEATURE_PACKET_RATE ? watch_count(watch, conn, WATCH_PACKETS)
						    : sum_bytes(watch, conn);
}

uint64_t watch_feature_now(const struct watch *watch, const struct conn *conn,
			   const struct watch_item *item)
{
	uint64_t now = conn_table_clock(watch->table);

	switch ((enum watch_feature)item->kind) {
	case WATCH_FEATURE_ORIG_BYTES:
		return watch_count(watch, conn, WATCH_ORIG_BYTES);
	case WATCH_FEATURE_RESP_BYTES:
		return watch_count(watch, conn, WATCH_RESP_BYTES);
	case WATCH_FEATURE_BYTES:
		return sum_bytes(watch, conn);
	case WATCH_FEATURE_ORIG_PACKETS:
		return watch_count(watch, conn, WATCH_ORIG_PACKETS);
	case WATCH_FEATURE_RESP_PACKETS:
		return watch_count(watch, conn, WATCH_RESP_PACKETS);
	case WATCH_FEATURE_PACKETS:
		return watch_count(watch, conn, WATCH_PACKETS);
	case WATCH_FEATURE_RATE:
	case WATCH_FEATURE_PACKET_RATE:
		return per_second(base_count(watch, conn, item->kind) - item->count,
				  since(now, item->looked));
	case WATCH_FEATURE_DURATION:
		return since(now, conn_first(watch->table, conn));
	case WATCH_FEATURE_IDLE:
		return since(now, conn_last(conn));
	case WATCH_FEATURE_COUNT:
		break;
	}
	return 0;
}

uint64_t watch_polls_due(const struct watch *watch, const struct conn_watch *list)
{
	uint64_t due = TIME_NEVER;

	for (uint32_t at = list->items; at != 0; at = watch->item[at].next) {
		const struct watch_item *item = &watch->item[at];

		if (item->type == WATCH_ITEM_POLL && !item->gone && item->due < due)
			due = item->due;
	}
	return due;
}

// Live, so that no packet waits for looks that nobody can have use for.
#define LEAST_SPAN TIME_MILLISECOND

// At once means as soon as time has passed.
static uint64_t next_look(const struct watch *watch, uint64_t span)
{
	uint64_t least = conn_table_is_exact(watch->table) ? 1 : LEAST_SPAN;

	if (span < least)
		span = least;
	return conn_table_clock(watch->table) + (span < SPAN_MOST ? span : SPAN_MOST);
}

int watch_poll_add(struct watch *watch, struct conn *conn, struct watch_item *item)
{
	uint64_t now = conn_table_clock(watch->table);
	const struct conn_watch *list;

	if (!conn_is_live(conn))
		return -ENOENT;
	item->type = WATCH_ITEM_POLL;
	item->due = next_look(watch, item->interval);
	item->looked = now;
	if (item->plugin == WATCH_NO_PLUGIN)
		item->count = base_count(watch, conn, item->kind);
	if (watch_item_add(watch, conn, item) == 0)
		return -ENOSPC;
	list = conn_watch_get(watch->table, conn);
	conn_watch_due(watch->table, conn, list->due < item->due ? list->due : item->due);
	return 0;
}

void watch_polls_start(struct watch *watch, struct conn *conn, const struct watch_set *set)
{
	const struct watch_rules *rules = set->rules;

	for (uint32_t i = 0; i < rules->rule_count && rules->polls; i++) {
		const struct watch_rule *rule = &rules->rule[i];

		if (rule->poll && watch_set_has(set, (uint16_t)i))
			watch_poll_add(watch, conn,
				       &(struct watch_item){.kind = rule->feature,
							    .actions = rule->actions,
							    .repeat = rule->repeat,
							    .name = rule->name,
							    .plugin = WATCH_NO_PLUGIN,
							    .rule = (uint16_t)i,
							    .value = rule->above,
							    .interval = rule->interval});
	}
}

// Looks at a feature. Returns false when the poll is over.
static bool look_feature(struct watch *watch, struct conn *conn, uint32_t index)
{
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	struct watch_item *item = &watch->item[index];
	uint64_t now = conn_table_clock(watch->table);
	uint64_t value = watch_feature_now(watch, conn, item);
	struct watch_cause cause = {.value = value,
				    .name = item->name,
				    .kind = item->kind,
				    .actions = item->actions,
				    .poll = true};
	bool repeat = item->repeat;

	if (item->rule != WATCH_NO_RULE && !watch_set_has(&watch->set[list->set], item->rule))
		return false;
	item->count = base_count(watch, conn, item->kind);
	item->looked = now;
	item->due = next_look(watch, item->interval);
	if (value <= item->value)
		return true;
	watch_act(watch, conn, &cause);
	return repeat;
}

// The same for a plugin's.
static bool look_function(struct watch *watch, struct conn *conn, uint32_t index)
{
	struct watch_item item = watch->item[index];
	struct weir_conn handle = {.watch = watch, .conn = conn, .plugin = item.plugin};
	uint64_t before = cycles_now();
	int64_t next = item.poll(&handle, item.value);

	watch_plugin_called(watch, item.plugin, before);
	watch->item[index].value = item.value + 1;
	if (next < 0)
		return false;
	watch->item[index].due = next_look(watch, (uint64_t)next);
	return true;
}

static void remove_gone(struct watch *watch, struct conn_watch *list)
{
	uint32_t at = list->items;

	while (at != 0) {
		uint32_t next = watch->item[at].next;

		if (watch->item[at].type == WATCH_ITEM_POLL && watch->item[at].gone)
			watch_item_remove(watch, list, at);
		at = next;
	}
}

// What is called may put items in front of the list, and takes none out but thresholds and hooks:
// these do not run now, so that the walk asks for its place anew after each call.
//
// Unlike thresholds, looks ask for no room for their events: where that is out, the oldest event is
// passed on at once, and none is lost. Whoever gets it does no more than what is called here may do,
// while looks that are put off would be told after the end of their connection.
void watch_polls_run(struct watch *watch, struct conn *conn, uint64_t upto)
{
	struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint32_t at = list->items;
	bool gone = false;

	while (at != 0) {
		struct watch_item *item = &watch->item[at];

		if (item->type == WATCH_ITEM_POLL && !item->gone && item->due <= upto) {
			watch->counters.polls++;
			if (!(item->plugin == WATCH_NO_PLUGIN ? look_feature(watch, conn, at)
							      : look_function(watch, conn, at)))
				gone = watch->item[at].gone = true;
		}
		at = watch->item[at].next;
	}
	if (gone)
		remove_gone(watch, list);
}
