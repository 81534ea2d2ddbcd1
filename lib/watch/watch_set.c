/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

#include "filter/filter.h"

// Most connections match the same few sets of rules, so that the last one is tried first. Sets of
// the rules in force stay even while no connection has them, until others need their place; older
// ones go with their last connection.

// All sets are looked through when there is no place for another one; not for less than these.
#define UNUSED_WORTH_IT 256

bool watch_set_has(const struct watch_set *set, uint16_t rule)
{
	return set->bits[rule / 64] >> (rule % 64) & 1 &&
	       !atomic_load_explicit(&set->rules->rule[rule].dead, memory_order_relaxed);
}

static uint32_t words(const struct watch_rules *rules)
{
	return (rules->rule_count + 63) / 64;
}

static bool is_same(const struct watch_set *set, const struct watch_rules *rules,
		    const uint64_t *bits)
{
	return set->rules == rules && memcmp(set->bits, bits, words(rules) * sizeof(*bits)) == 0;
}

static uint32_t bucket_of(const struct watch_rules *rules, const uint64_t *bits)
{
	uint64_t hash = 0;

	for (uint32_t i = 0; i < words(rules); i++)
		hash = (hash ^ bits[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(hash >> 40) % WATCH_SET_BUCKETS;
}

static uint32_t sets_left(const struct watch *watch)
{
	return WATCH_SETS - 1u - watch->sets_taken;
}

static uint16_t take_set(struct watch *watch, uint32_t others)
{
	uint16_t number = watch->free_set;

	if (sets_left(watch) <= others)
		return 0;
	if (number != 0)
		watch->free_set = watch->set[number].next_free;
	else
		number = watch->fresh_set++;
	watch->sets_taken++;
	return number;
}

bool watch_set_is_short(const struct watch *watch)
{
	return sets_left(watch) < WATCH_SETS_TO_MOVE;
}

// The snapshot may be freed once no worker needs it any more.
static void leave_generation(struct watch *watch, struct watch_generation *generation)
{
	atomic_fetch_sub_explicit(&generation->rules->users, 1, memory_order_release);
	generation->rules = NULL;
	watch->generation_count--;
}

static void free_set(struct watch *watch, uint16_t number)
{
	struct watch_set *set = &watch->set[number];
	struct watch_generation *generation = &watch->generations[set->generation];

	set->rules = NULL;
	set->next_free = watch->free_set;
	watch->free_set = number;
	watch->sets_taken--;
	if (--generation->sets == 0 && set->generation != watch->generation)
		leave_generation(watch, generation);
}

// The bucket of a set, or the empty one where it belongs. There are more buckets than sets, so that
// the search ends.
static uint32_t find_bucket(const struct watch *watch, const uint64_t *bits)
{
	const struct watch_rules *rules = watch->rules;
	uint32_t at = bucket_of(rules, bits);

	while (watch->bucket[at] != 0 && !is_same(&watch->set[watch->bucket[at]], rules, bits))
		at = (at + 1) % WATCH_SET_BUCKETS;
	return at;
}

// Gives back those that nobody has.
static void sweep(struct watch *watch)
{
	memset(watch->bucket, 0, sizeof(watch->bucket));
	watch->last_set = 0;
	for (uint16_t number = 1; number < watch->fresh_set; number++) {
		struct watch_set *set = &watch->set[number];

		if (set->rules == NULL || set->generation != watch->generation)
			continue;
		if (set->users == 0)
			free_set(watch, number);
		else
			watch->bucket[find_bucket(watch, set->bits)] = number;
	}
	watch->unused_sets = 0;
}

uint16_t watch_set_find(struct watch *watch, const uint64_t *bits, uint32_t others)
{
	struct watch_rules *rules = watch->rules;
	uint32_t at = find_bucket(watch, bits);
	uint16_t number;

	if (watch->bucket[at] != 0)
		return watch->bucket[at];
	number = take_set(watch, others);
	if (number == 0 && watch->unused_sets >= UNUSED_WORTH_IT) {
		sweep(watch);
		at = find_bucket(watch, bits);
		number = take_set(watch, others);
	}
	if (number == 0) {
		if (watch->generation_count > 1)
			watch_move_begin(watch);
		return 0;
	}
	watch->unused_sets++;
	watch->set[number] = (struct watch_set){.rules = rules, .generation = watch->generation};
	memcpy(watch->set[number].bits, bits, words(rules) * sizeof(*bits));
	watch->generations[watch->generation].sets++;
	watch->bucket[at] = number;
	return number;
}

// Runs each filter once.
static void run_filters(const struct watch_rules *rules, const struct packet *packet, bool *matches)
{
	struct filter_scratch scratch;

	filter_prepare(&scratch, packet);
	for (uint32_t i = 0; i < rules->filter_count; i++)
		matches[i] = filter_run(rules->filter[i], &scratch);
}

uint16_t watch_set_match(struct watch *watch, const struct packet *packet)
{
	const struct watch_rules *rules = watch->rules;
	uint64_t bits[WATCH_RULE_WORDS] = {0}, any = 0;
	bool matches[WATCH_RULES_MOST];

	if (rules == NULL || rules->rule_count == 0)
		return 0;
	if (rules->filtered) {
		if (packet == NULL)
			return 0;
		run_filters(rules, packet, matches);
	} else if (watch->last_set != 0) {
		return watch->last_set;
	}
	for (uint32_t i = 0; i < rules->rule_count; i++) {
		uint16_t filter = rules->rule[i].filter;

		if (filter == WATCH_NO_FILTER || matches[filter]) {
			bits[i / 64] |= UINT64_C(1) << i % 64;
			any = 1;
		}
	}
	if (any == 0)
		return 0;
	if (watch->last_set == 0 || !is_same(&watch->set[watch->last_set], rules, bits))
		watch->last_set = watch_set_find(watch, bits, WATCH_SETS_TO_MOVE);
	watch->counters.unset += watch->last_set == 0;
	return watch->last_set;
}

void watch_set_hold(struct watch *watch, uint16_t set)
{
	if (watch->set[set].users++ == 0)
		watch->unused_sets--;
}

void watch_set_release(struct watch *watch, uint16_t number)
{
	struct watch_set *set = &watch->set[number];

	if (--set->users > 0)
		return;
	if (set->generation != watch->generation)
		free_set(watch, number);
	else
		watch->unused_sets++;
}

static uint16_t find_generation(const struct watch *watch)
{
	uint16_t generation = 0;

	while (generation < WATCH_GENERATIONS && watch->generations[generation].rules != NULL)
		generation++;
	return generation;
}

void watch_set_rules(struct watch *watch, struct watch_rules *rules)
{
	uint16_t before = watch->generation, generation = find_generation(watch);

	if (generation == WATCH_GENERATIONS || (watch->moving && watch_set_is_short(watch))) {
		watch->counters.rules_late += watch->late != rules;
		watch->late = rules;
		watch_move_begin(watch);
		return;
	}
	watch->late = NULL;
	watch->generation_count++;
	atomic_fetch_add_explicit(&rules->users, 1, memory_order_relaxed);
	watch->rules = rules;
	watch->generation = generation;
	watch->generations[generation].rules = rules;
	watch->last_set = watch->unused_sets = 0;
	memset(watch->bucket, 0, sizeof(watch->bucket));
	// The first rules of all have nothing to take the place of.
	if (before == generation)
		return;
	for (uint16_t number = 1; number < watch->fresh_set; number++) {
		struct watch_set *set = &watch->set[number];

		if (set->rules != NULL && set->generation == before && set->users == 0)
			free_set(watch, number);
	}
	if (watch->generations[before].rules != NULL && watch->generations[before].sets == 0)
		leave_generation(watch, &watch->generations[before]);
	// Without a number left, the next connections would have no rules.
	if (watch->generation_count > watch->generations_enough ||
	    sets_left(watch) <= WATCH_SETS_TO_MOVE)
		watch_move_begin(watch);
}
