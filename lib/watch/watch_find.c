/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_rules.h"

// How workers find something in a snapshot; it was made by watch_rules.c, on the control side.

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
