/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_rules.h"

// How workers find something in a snapshot; it was made by watch_rules.c, on the control side.

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
	return rules->known[first] & ((1 << WATCH_RULE_BITS) - 1);
}

uint16_t watch_rules_step(const struct watch_rules *rules, unsigned kind, uint64_t value)
{
	uint16_t first = 0, count = rules->step_count[kind];

	while (count > 0) {
		uint16_t half = count / 2;

		if (rules->step[kind][first + half].value < value) {
			first += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return first;
}
