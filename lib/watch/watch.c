/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

#include "base/memory.h"
#include "base/message.h"

#include <stdlib.h>

#define BIT(kind) (UINT32_C(1) << (kind))

void watch_check(struct watch *watch, struct conn *conn)
{
	struct conn_watch *list = conn_watch_need(watch->table, conn);

	if (list->checked)
		return;
	list->checked = 1;
	conn_watch_raise(watch->table, conn, CONN_EVENT_CHECK, WATCH_BOTH_SIDES);
}

// Only those that watch_check() raised are for both sides.
static void check(struct watch *watch, struct conn *conn, unsigned side)
{
	struct conn_watch *list = conn_watch_get(watch->table, conn);

	if (list != NULL && side == WATCH_BOTH_SIDES)
		list->checked = 0;
	watch_settle(watch, conn, side);
}

// Rules get to know a connection when its first packet is done with, like Zeek's new_connection.
static void begin(struct watch *watch, struct conn *conn)
{
	const struct packet *packet = conn_table_packet(watch->table);
	uint16_t set = watch_set_match(watch, packet);

	if (set == 0)
		return;
	watch_set_hold(watch, set);
	conn_watch_need(watch->table, conn)->set = set & (WATCH_SETS - 1);
	watch_polls_start(watch, conn, &watch->set[set]);
	watch_settle(watch, conn, WATCH_BOTH_SIDES);
}

static void tell_plugins(struct watch *watch, struct conn *conn, const struct conn_event *event)
{
	for (uint32_t i = 0; i < watch->settings.plugin_count; i++) {
		const struct watch_plugin *plugin = &watch->settings.plugins[i];
		struct weir_conn handle = {.watch = watch, .conn = conn, .plugin = (uint16_t)i};
		uint64_t before;

		if (!(plugin->plugin->events & BIT(event->kind)))
			continue;
		before = cycles_now();
		plugin->plugin->event(&handle, (enum weir_event)BIT(event->kind),
				      (enum weir_side)event->side, event->length);
		watch_plugin_called(watch, (uint16_t)i, before);
	}
}

// In no particular order. A hook may take out others, or put notes in front; it cannot put in hooks,
// or one that puts itself in would run forever.
static void run_hooks(struct watch *watch, struct conn *conn)
{
	struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint32_t at;

	list->over = 1;
	while ((at = watch_item_find(watch, conn, WATCH_ITEM_HOOK)) != 0) {
		struct watch_item item = watch->item[at];
		struct weir_conn handle = {.watch = watch, .conn = conn, .plugin = item.plugin};
		uint64_t before = cycles_now();

		watch_item_remove(watch, list, at);
		watch->counters.hooks++;
		item.hook(&handle);
		watch_plugin_called(watch, item.plugin, before);
	}
}

static void handle_event(void *context, struct conn_table *table, const struct conn_event *event)
{
	struct watch *watch = context;
	struct conn *conn = conn_table_at(table, event->slot);

	if (event->kind == CONN_EVENT_CHECK) {
		check(watch, conn, event->side);
		return;
	}
	if (event->kind == CONN_EVENT_NEW && watch->rules != NULL)
		begin(watch, conn);
	if (watch->settings.plugin_count > 0)
		tell_plugins(watch, conn, event);
	if (watch->settings.log_events & BIT(event->kind) || event->wanted)
		watch->settings.sinks.event(watch->settings.sinks.context, event);
	if (event->kind == CONN_EVENT_STATE_REMOVE && conn_watch_get(table, conn) != NULL)
		run_hooks(watch, conn);
}

// At once, not with an event: a packet may be about to be counted, which is the one that a duration
// waits for.
static void handle_due(void *context, struct conn_table *table, struct conn *conn, uint64_t upto)
{
	struct watch *watch = context;

	(void)table;
	watch_polls_run(watch, conn, upto);
	if (upto != TIME_NEVER)
		watch_settle(watch, conn, WATCH_NO_SIDE);
}

static void handle_flipped(void *context, struct conn_table *table, struct conn *conn)
{
	(void)table;
	watch_arm(context, conn);
}

static void handle_packet(void *context, struct conn_table *table, struct conn *conn,
			  const struct packet *packet)
{
	(void)table;
	watch_capture(context, conn, packet);
}

static void handle_released(void *context, struct conn_table *table, struct conn *conn,
			    struct conn_summary *summary)
{
	struct watch *watch = context;
	struct conn_watch *list = conn_watch_get(table, conn);
	const struct watch_sinks *sinks = &watch->settings.sinks;
	uint32_t note;

	// One that its very first packet removed: only then it came to be watched, and hooks with it.
	if (!list->over)
		run_hooks(watch, conn);
	note = watch_item_find(watch, conn, WATCH_ITEM_NOTE);
	if (note != 0 && sinks->note != NULL) {
		summary->noted = true;
		sinks->note(sinks->context, &watch->note[watch->item[note].note]);
	}
	if (sinks->captured != NULL && watch_item_find(watch, conn, WATCH_ITEM_CAPTURE) != 0)
		sinks->captured(sinks->context, summary->uid);
	watch_items_release(watch, list);
	if (list->set != 0)
		watch_set_release(watch, list->set);
}

struct watch *watch_create(const struct watch_settings *settings)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		goto no_memory;
	watch->settings = *settings;
	watch->watcher = (struct conn_watcher){
		.event = handle_event,
		.due = handle_due,
		.flipped = handle_flipped,
		.packet = handle_packet,
		.released = handle_released,
		.context = watch,
	};
	watch->fresh_set = 1;
	watch->generations_enough = WATCH_GENERATIONS_ENOUGH;
	watch->set = memory_map(WATCH_SETS * sizeof(*watch->set), false);
	watch->plugin_state = calloc(settings->plugin_count + 1, sizeof(*watch->plugin_state));
	if (watch->set == NULL || watch->plugin_state == NULL ||
	    watch_pools_create(watch, settings->connections) < 0)
		goto no_memory;
	return watch;

no_memory:
	message_error("no memory to watch %u connections: lower [connections] maximum",
		      settings->connections);
	watch_destroy(watch);
	return NULL;
}

// Each state begins with a stamp: the use of the slot that it belongs to.
static size_t state_size(const struct watch *watch, uint32_t plugin)
{
	return sizeof(uint64_t) + ((watch->settings.plugins[plugin].plugin->conn_state + 7) & ~7u);
}

void watch_destroy(struct watch *watch)
{
	if (watch == NULL)
		return;
	for (uint32_t i = 0; watch->plugin_state != NULL && i < watch->settings.plugin_count; i++)
		memory_unmap(watch->plugin_state[i], watch->slots * state_size(watch, i));
	free(watch->plugin_state);
	watch_pools_destroy(watch);
	memory_unmap(watch->set, WATCH_SETS * sizeof(*watch->set));
	free(watch);
}

const struct conn_watcher *watch_watcher(const struct watch *watch)
{
	return &watch->watcher;
}

// All that somebody here wants to hear of.
static void subscribe(struct watch *watch)
{
	uint32_t events = watch->settings.log_events;

	for (uint32_t i = 0; i < watch->settings.plugin_count; i++)
		events |= watch->settings.plugins[i].plugin->events;
	if (watch->rules != NULL && watch->rules->rule_count > 0)
		events |= BIT(CONN_EVENT_NEW);
	conn_table_subscribe(watch->table, events);
}

int watch_attach(struct watch *watch, struct conn_table *table)
{
	watch->table = table;
	watch->slots = conn_table_slots(table);
	for (uint32_t i = 0; i < watch->settings.plugin_count; i++) {
		if (watch->settings.plugins[i].plugin->conn_state == 0)
			continue;
		watch->plugin_state[i] = memory_map(watch->slots * state_size(watch, i), false);
		if (watch->plugin_state[i] == NULL) {
			message_error("no memory for the states of a plugin's connections");
			return -1;
		}
	}
	watch_turn(watch);
	subscribe(watch);
	return 0;
}

void *watch_plugin_state(struct watch *watch, const struct conn *conn, uint16_t plugin)
{
	size_t size = state_size(watch, plugin);
	uint64_t stamp, now = (uint64_t)conn_generation(watch->table, conn) + 1;
	uint8_t *state;

	if (watch->plugin_state[plugin] == NULL)
		return NULL;
	state = watch->plugin_state[plugin] + size * conn_slot_of(watch->table, conn);
	memcpy(&stamp, state, sizeof(stamp));
	if (stamp != now) {
		memset(state, 0, size);
		memcpy(state, &now, sizeof(now));
	}
	return state + sizeof(now);
}

void watch_turn(struct watch *watch)
{
	struct watch_rules *rules;

	if (watch->settings.rules == NULL)
		return;
	rules = atomic_load_explicit(watch->settings.rules, memory_order_acquire);
	if (__builtin_expect(watch->moving, 0))
		watch_move_some(watch);
	if (__builtin_expect(rules == watch->rules, 1))
		return;
	watch_set_rules(watch, rules);
	if (watch->rules == rules && rules->inactivity != NULL)
		conn_table_inactivity(watch->table, &rules->inactivity->ports,
				      rules->inactivity->span, rules->inactivity->port_span,
				      rules->inactivity->port_span_count);
	subscribe(watch);
}

void watch_finish(struct watch *watch, unsigned worker)
{
	for (uint32_t i = 0; i < watch->settings.plugin_count; i++) {
		const struct watch_plugin *plugin = &watch->settings.plugins[i];

		if (plugin->plugin->worker_finish != NULL)
			plugin->plugin->worker_finish(worker, plugin->state);
	}
}

const struct watch_counters *watch_counters(const struct watch *watch)
{
	return &watch->counters;
}
