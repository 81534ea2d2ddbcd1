/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

// Connections may live for months, and rules change every day. When too many snapshots of rules are
// kept for old connections, these move on to the one in force, a few in each turn:
//
//   set     rules that were taken away since drop out; the others are in the later snapshot as
//           they were, under other numbers
//   next[]  the next step that is waited for has its value there, too: all below it have fired
//   polls   know their rule by its number
//
// One pass over the table moves all that began before it. Slots that are used meanwhile have later
// rules anyway.
//
// To move needs a number for the new set, while the old one keeps its own until its last connection
// has moved. When all are in use, some are kept for that (WATCH_SETS_TO_MOVE): each takes the place
// of one old set or more, so that they are back when passes are over, if the rules stay the same.

// Lines of memory that nobody has in the cache, two or three for each: about a microsecond; and up
// to 20 where one of these connections has a set of 1023 rules that has to be found (measured).
#define SLOTS_A_TURN 8

// A set, and what became of it: most connections have the same few.
struct moved {
	uint16_t from;
	uint16_t to;
	uint16_t rule[WATCH_RULES_MOST]; // the new number of each, or WATCH_NO_RULE
};

// Returns false when there is no room for the set. What a rule is has the same name, sort and birth
// in both snapshots; not whether it is alive, which may change in the middle of a pass: the set that
// is moved to has to be the same throughout. Both lists of names are in the same order.
static bool move_set(struct watch *watch, uint16_t from, struct moved *moved)
{
	const struct watch_set *set = &watch->set[from];
	const struct watch_rules *before = set->rules, *now = watch->rules;
	uint64_t bits[WATCH_RULE_WORDS] = {0}, any = 0;
	uint32_t at = 0;

	for (uint32_t i = 0; i < before->rule_count; i++) {
		uint32_t old = watch_rules_known_number(before->known[i]), number;
		uint32_t name = before->known[i] >> WATCH_RULE_BITS;

		moved->rule[old] = WATCH_NO_RULE;
		while (at < now->rule_count && now->known[at] >> WATCH_RULE_BITS < name)
			at++;
		if (at == now->rule_count || now->known[at] >> WATCH_RULE_BITS != name)
			continue;
		number = watch_rules_known_number(now->known[at]);
		if (!(set->bits[old / 64] >> (old % 64) & 1) ||
		    now->rule[number].born != before->rule[old].born)
			continue;
		moved->rule[old] = (uint16_t)number;
		bits[number / 64] |= UINT64_C(1) << number % 64;
		any = 1;
	}
	moved->from = from;
	moved->to = any != 0 ? watch_set_find(watch, bits, 0) : 0;
	return any == 0 || moved->to != 0;
}

static void move_steps(const struct watch *watch, struct conn_watch *list)
{
	const struct watch_rules *before = watch->set[list->set].rules, *now = watch->rules;

	for (unsigned kind = 0; kind < WATCH_STEP_KINDS; kind++) {
		uint16_t next = watch_progress(list, kind), to = now->step_count[kind];

		if (next < before->step_count[kind])
			to = watch_rules_step(now, kind, before->step[kind][next].value);
		watch_progress_set(list, kind, to);
	}
}

static void move_polls(struct watch *watch, struct conn_watch *list, const struct moved *moved)
{
	uint32_t at = list->items;

	while (at != 0) {
		struct watch_item *item = &watch->item[at];
		uint32_t next = item->next;

		if (item->type == WATCH_ITEM_POLL && item->rule != WATCH_NO_RULE) {
			uint16_t rule = moved->rule[item->rule];

			if (rule == WATCH_NO_RULE)
				watch_item_remove(watch, list, at);
			else
				item->rule = rule;
		}
		at = next;
	}
}

static void move(struct watch *watch, struct conn_watch *list, const struct moved *moved)
{
	move_steps(watch, list);
	move_polls(watch, list, moved);
	if (moved->to != 0)
		watch_set_hold(watch, moved->to);
	watch_set_release(watch, moved->from);
	list->set = moved->to & (WATCH_SETS - 1);
}

void watch_move_begin(struct watch *watch)
{
	if (watch->moving)
		return;
	watch->moving = true;
	watch->move_slot = 0;
	watch->move_end = conn_table_fresh(watch->table);
}

// A second set is left for the next turn, whether there was room for the first or not.
void watch_move_some(struct watch *watch)
{
	struct moved moved;

	moved.from = 0;
	for (unsigned i = 0; i < SLOTS_A_TURN && watch->move_slot < watch->move_end; i++) {
		struct conn *conn = conn_table_at(watch->table, watch->move_slot);
		struct conn_watch *list = conn_watch_get(watch->table, conn);

		if (list != NULL && list->set != 0 &&
		    watch->set[list->set].generation != watch->generation) {
			if (moved.from != 0 && list->set != moved.from)
				return;
			if (moved.from == 0 && !move_set(watch, list->set, &moved)) {
				watch->move_slot++;
				return;
			}
			move(watch, list, &moved);
		}
		watch->move_slot++;
	}
	if (watch->move_slot < watch->move_end)
		return;
	watch->moving = false;
	if (watch->generation_count > 1 && watch_set_is_short(watch))
		watch_move_begin(watch);
}
