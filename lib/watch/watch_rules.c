/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_rules.h"

#include "watch/watch_name.h"

#include <stdlib.h>

static int compare_steps(const void *left, const void *right)
{
	const struct watch_step *a = left, *b = right;

	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static int make_steps(struct watch_rules *rules, const struct watch_rule_settings *settings)
{
	for (unsigned kind = 0; kind < WATCH_STEP_KINDS; kind++) {
		rules->step[kind] = calloc(rules->rule_count + 1, sizeof(*rules->step[kind]));
		if (rules->step[kind] == NULL)
			return -1;
	}
	for (uint32_t i = 0; i < rules->rule_count; i++) {
		for (unsigned kind = 0; kind < WATCH_KIND_COUNT && !settings[i].poll; kind++) {
			unsigned to = watch_step_kind((uint8_t)kind, settings[i].idle);

			if (settings[i].value[kind] == 0)
				continue;
			rules->step[to][rules->step_count[to]++] = (struct watch_step){
				.value = settings[i].value[kind], .rule = (uint16_t)i};
		}
	}
	for (unsigned kind = 0; kind < WATCH_STEP_KINDS; kind++)
		qsort(rules->step[kind], rules->step_count[kind], sizeof(struct watch_step),
		      compare_steps);
	return 0;
}

// Rules with the same filter share it, so that it runs once for a connection.
static uint16_t add_filter(struct watch_rules *rules, const struct filter *filter)
{
	if (filter == NULL)
		return WATCH_NO_FILTER;
	rules->filtered = true;
	for (uint32_t i = 0; i < rules->filter_count; i++) {
		if (rules->filter[i] == filter)
			return (uint16_t)i;
	}
	rules->filter[rules->filter_count] = filter;
	return (uint16_t)rules->filter_count++;
}

static void add_rule(struct watch_rules *rules, struct watch_rule *rule,
		     const struct watch_rule_settings *settings, const struct filter *filter)
{
	rule->filter = add_filter(rules, filter);
	rule->name = watch_name_number(settings->name);
	rule->actions = settings->actions;
	rule->poll = settings->poll;
	rule->feature = settings->feature;
	rule->repeat = settings->repeat;
	rule->interval = settings->interval;
	rule->above = settings->above;
	atomic_init(&rule->dead, false);
	rules->polls |= settings->poll;
}

static int compare_known(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static int make_known(struct watch_rules *rules)
{
	rules->known = calloc(rules->rule_count + 1, sizeof(*rules->known));
	if (rules->known == NULL)
		return -1;
	for (uint32_t i = 0; i < rules->rule_count; i++)
		rules->known[i] = watch_rules_known(rules->rule[i].name, rules->rule[i].poll, i);
	qsort(rules->known, rules->rule_count, sizeof(*rules->known), compare_known);
	return 0;
}

struct watch_rules *watch_rules_create(const struct watch_rule_settings *settings,
				       struct filter *const *filters, size_t count)
{
	struct watch_rules *rules = calloc(1, sizeof(*rules));

	if (rules == NULL || count > WATCH_RULES_MOST)
		goto failed;
	rules->rule_count = (uint32_t)count;
	rules->rule = calloc(count + 1, sizeof(*rules->rule));
	rules->filter = calloc(count + 1, sizeof(const struct filter *));
	if (rules->rule == NULL || rules->filter == NULL || make_steps(rules, settings) < 0)
		goto failed;
	for (size_t i = 0; i < count; i++)
		add_rule(rules, &rules->rule[i], &settings[i], filters[i]);
	if (make_known(rules) < 0)
		goto failed;
	return rules;

failed:
	watch_rules_destroy(rules);
	return NULL;
}

void watch_rules_destroy(struct watch_rules *rules)
{
	if (rules == NULL)
		return;
	for (unsigned kind = 0; kind < WATCH_STEP_KINDS; kind++)
		free(rules->step[kind]);
	free(rules->known);
	free(rules->filter);
	free(rules->rule);
	free(rules);
}

uint32_t watch_rules_find(const struct watch_rules *rules, uint16_t name, bool poll)
{
	uint32_t first = 0, count = rules->rule_count, wanted = watch_rules_known(name, poll, 0);

	while (count > 0) {
		uint32_t half = count / 2;

		if (rules->known[first + half] < wanted) {
			first += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	if (first == rules->rule_count ||
	    rules->known[first] >> WATCH_RULE_BITS != wanted >> WATCH_RULE_BITS)
		return rules->rule_count;
	return watch_rules_known_number(rules->known[first]);
}

void watch_rules_bury(struct watch_rules *rules, uint32_t rule)
{
	atomic_store_explicit(&rules->rule[rule].dead, true, memory_order_relaxed);
}
