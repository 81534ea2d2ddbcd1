/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/cycles.h"
#include "base/time.h"
#include "watch/watch.h"

#include <string.h>

// What hangs on one connection, besides rules' thresholds, is a list of items:
//
//   conn_watch.items -> | item | -> | item | -> 0      in a pool, by index; the latest first
enum watch_item_type {
	WATCH_ITEM_THRESHOLD,
	WATCH_ITEM_POLL,
	WATCH_ITEM_HOOK,
	WATCH_ITEM_NOTE,
	WATCH_ITEM_CAPTURE,
};

#define WATCH_NO_PLUGIN UINT16_MAX
#define WATCH_NO_RULE   UINT16_MAX

struct watch_item {
	uint32_t next; // index; 0 ends the list
	uint8_t type;
	uint8_t kind; // of a threshold, as in steps; or the feature of a poll
	uint8_t actions;
	bool repeat;
	uint16_t name;
	uint16_t plugin; // or WATCH_NO_PLUGIN
	uint16_t rule;   // poll: in the connection's set, or WATCH_NO_RULE
	bool gone;       // poll: it ended while polls are being looked through; capture: it is over
	uint8_t spare;
	union {
		weir_threshold_function threshold;
		weir_poll_function poll;
		weir_hook_function hook;
		// Poll by feature: what there was at the last look; capture: see watch_sinks.packet.
		uint64_t count;
	};
	uint64_t value;    // threshold; poll: looks so far, or what the feature is to be above
	uint64_t due;      // poll, ns
	uint64_t interval; // poll, ns
	uint64_t looked;   // poll: time of the last look, ns
	uint32_t note;     // index of its text
	uint32_t spare_too;
};

static_assert(sizeof(struct watch_item) == 64, "an item is a cache line");

// Rules that matched the first packet of some connections.
//
//   set: | rules 8 | connections 4 | next free 2 | generation 2 | a bit for each rule 128 |
struct watch_set {
	struct watch_rules *rules;
	uint32_t users;
	uint16_t next_free; // 0 ends the list
	uint16_t generation;
	uint64_t bits[WATCH_RULE_WORDS];
};

#define WATCH_SETS        4096 // as many as conn_watch.set tells apart; 0: no rules
#define WATCH_SET_BUCKETS 8192
// So many numbers are only for connections that move on: it takes one to give back others.
#define WATCH_SETS_TO_MOVE 16
#define WATCH_GENERATIONS  256
// So many are left to empty by themselves.
#define WATCH_GENERATIONS_ENOUGH 32

// Snapshots of rules that some set still needs.
struct watch_generation {
	struct watch_rules *rules;
	uint32_t sets;
};

struct watch {
	struct conn_table *table;
	struct watch_settings settings;
	struct conn_watcher watcher;
	struct watch_rules *rules;   // for connections to come; NULL: none
	struct watch_rules *late;    // later ones that have no place yet
	uint16_t generation;         // of these
	uint16_t generation_count;   // that are in use
	uint16_t generations_enough; // with more of them, connections move on
	bool moving;
	uint32_t move_slot, move_end; // where, and how far
	uint16_t last_set;
	uint16_t free_set;
	uint16_t fresh_set;
	uint16_t sets_taken;                // that have a number
	uint16_t unused_sets;               // of the rules in force, which no connection has now
	struct watch_set *set;              // [WATCH_SETS]
	uint16_t bucket[WATCH_SET_BUCKETS]; // sets of `rules`, by a hash of their bits
	struct watch_generation generations[WATCH_GENERATIONS];
	struct watch_item *item; // [item_end]
	uint32_t item_free, item_fresh, item_end;
	struct watch_note *note; // [note_end]
	uint32_t note_free, note_fresh, note_end;
	uint32_t slots;         // of the table, which may be gone first
	uint8_t **plugin_state; // of each plugin, [slots] of stamp and state
	struct watch_counters counters;
};

// What a plugin's callback gets.
struct weir_conn {
	struct watch *watch;
	struct conn *conn;
	uint16_t plugin;
};

// A callback of the plugin returned, which began when the processor's clock was `before`.
static inline void watch_plugin_called(struct watch *watch, uint16_t plugin, uint64_t before)
{
	watch->settings.plugins[plugin].calls++;
	watch->settings.plugins[plugin].cycles += cycles_now() - before;
}

#define WATCH_BOTH_SIDES 2
// Of no packet: the input's time passed.
#define WATCH_NO_SIDE 3

// watch.c: has thresholds looked at when the packet or callback at hand is done with. Once, however
// often it is called until then.
void watch_check(struct watch *watch, struct conn *conn);

// The plugin's state of a connection; NULL when it has none.
void *watch_plugin_state(struct watch *watch, const struct conn *conn, uint16_t plugin);

// What plugins and requests may hang on one connection: whatever is crossed or due walks over it.
// Polls of rules come on top of that, WATCH_RULES_MOST at most.
#define WATCH_ITEMS_MOST 256

// watch_item.c: a new item in front of the connection's list; 0, counted, when there is no room.
uint32_t watch_item_add(struct watch *watch, struct conn *conn, const struct watch_item *item);
// Takes one out of the list and gives it back.
void watch_item_remove(struct watch *watch, struct conn_watch *list, uint32_t index);
// The first item of the connection of that type; 0: none.
uint32_t watch_item_find(const struct watch *watch, const struct conn *conn,
			 enum watch_item_type type);
void watch_items_release(struct watch *watch, struct conn_watch *list);
uint32_t watch_note_take(struct watch *watch);
int watch_pools_create(struct watch *watch, uint32_t connections);
void watch_pools_destroy(struct watch *watch);

// watch_set.c: the set of rules that match the packet that began a connection; 0: none does.
uint16_t watch_set_match(struct watch *watch, const struct packet *packet);
void watch_set_hold(struct watch *watch, uint16_t set);
void watch_set_release(struct watch *watch, uint16_t set);
void watch_set_rules(struct watch *watch, struct watch_rules *rules);
// The set of the rules in force with these bits, made if there is none and so many numbers stay free
// for others; 0: no room, connections begin to move on.
uint16_t watch_set_find(struct watch *watch, const uint64_t *bits, uint32_t others);
// Has the pass that moves connections on taken numbers that were kept for it? As long as it has, no
// other rules may come, or it would need as many once more.
bool watch_set_is_short(const struct watch *watch);
// Is the rule in the set, and alive?
bool watch_set_has(const struct watch_set *set, uint16_t rule);

// watch_move.c: begins to move connections on to the rules in force, if it has not begun yet.
void watch_move_begin(struct watch *watch);
// A few of them.
void watch_move_some(struct watch *watch);

// watch_threshold.c: fires what was crossed, of `side` or WATCH_BOTH_SIDES, and waits for the next.
// Where that is more than events have room for, the rest is left for a CONN_EVENT_CHECK.
void watch_settle(struct watch *watch, struct conn *conn, unsigned side);
// Has the connection's counters and deadlines wait for whatever comes next.
void watch_arm(struct watch *watch, struct conn *conn);
// 0; -ENOENT: it is over; -EEXIST: there is one of that plugin, kind and value; -ENOSPC.
int watch_threshold_add(struct watch *watch, struct conn *conn, const struct watch_item *item);
bool watch_threshold_delete(struct watch *watch, struct conn *conn, uint16_t plugin, uint8_t kind,
			    uint64_t value);
// Is it still waited for?
bool watch_threshold_has(const struct watch *watch, const struct conn *conn, uint16_t plugin,
			 uint8_t kind, uint64_t value);
uint64_t watch_count(const struct watch *watch, const struct conn *conn, unsigned kind);
// The next threshold of that kind by a rule, from its `index` on; false when there is none.
bool watch_step_next(const struct watch *watch, const struct conn_watch *list, unsigned kind,
		     uint16_t *index);
uint16_t watch_progress(const struct conn_watch *list, unsigned kind);
void watch_progress_set(struct conn_watch *list, unsigned kind, uint16_t index);

// watch_action.c: what a rule or request wants when it fires.
struct watch_cause {
	uint64_t value;
	uint16_t name;
	uint8_t kind; // of a threshold, as in steps; or the feature of a poll
	uint8_t actions;
	bool poll;
	uint8_t side;
};
void watch_act(struct watch *watch, struct conn *conn, const struct watch_cause *cause);
// A packet of a connection that may be captured.
void watch_capture(struct watch *watch, const struct conn *conn, const struct packet *packet);

// watch_poll.c
void watch_polls_start(struct watch *watch, struct conn *conn, const struct watch_set *set);
int watch_poll_add(struct watch *watch, struct conn *conn, struct watch_item *item);
// Those that are due up to that time; TIME_NEVER: all, once more.
void watch_polls_run(struct watch *watch, struct conn *conn, uint64_t upto);
// The earliest look, TIME_NEVER when there is none.
uint64_t watch_polls_due(const struct watch *watch, const struct conn_watch *list);
uint64_t watch_feature_now(const struct watch *watch, const struct conn *conn,
			   const struct watch_item *item);
