/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_slots.h"

#include "base/memory.h"

#include <errno.h>
#include <stddef.h>

// As long as there are others, one in so many of the slots that were ever in use may lie free
// before the sweep takes any.
#define SWEEP 8

static uint32_t word_count(const struct conn_slots *slots)
{
	return (slots->total + 63) / 64;
}

static uint32_t group_count(const struct conn_slots *slots)
{
	return (word_count(slots) + 63) / 64;
}

int conn_slots_create(struct conn_slots *slots, uint32_t total)
{
	*slots = (struct conn_slots){.total = total};
	slots->free = memory_map(word_count(slots) * sizeof(*slots->free), false);
	slots->some = memory_map(group_count(slots) * sizeof(*slots->some), false);
	if (slots->free != NULL && slots->some != NULL)
		return 0;
	conn_slots_destroy(slots);
	return -ENOMEM;
}

void conn_slots_destroy(struct conn_slots *slots)
{
	memory_unmap(slots->some, group_count(slots) * sizeof(*slots->some));
	memory_unmap(slots->free, word_count(slots) * sizeof(*slots->free));
	slots->free = slots->some = NULL;
}

static void append(struct conn_slots *slots, uint32_t slot)
{
	slots->next[(slots->first + slots->waiting++) % CONN_SLOTS_NEXT] = slot;
}

// The first word at or after `word` that has a slot, or the first of all. One has.
static uint32_t next_word(const struct conn_slots *slots, uint32_t word)
{
	uint32_t groups = group_count(slots), group = word / 64;
	uint64_t bits;

	if (group >= groups)
		group = word = 0;
	bits = slots->some[group] & UINT64_MAX << word % 64;
	while (bits == 0) {
		group = group + 1 < groups ? group + 1 : 0;
		bits = slots->some[group];
	}
	return group * 64 + (uint32_t)__builtin_ctzll(bits);
}

static void append_returned(struct conn_slots *slots)
{
	uint32_t word = next_word(slots, slots->word);
	uint64_t bits = slots->free[word];

	slots->free[word] = 0;
	slots->some[word / 64] &= ~(UINT64_C(1) << word % 64);
	slots->word = word + 1;
	for (; bits != 0; bits &= bits - 1) {
		append(slots, word * 64 + (uint32_t)__builtin_ctzll(bits));
		slots->returned--;
	}
}

static void append_fresh(struct conn_slots *slots)
{
	for (uint32_t i = 0; i < 64 && slots->fresh < slots->total; i++)
		append(slots, slots->fresh++);
}

void conn_slots_look_ahead(struct conn_slots *slots)
{
	while (slots->waiting <= CONN_SLOTS_AHEAD) {
		if (slots->returned <= slots->fresh / SWEEP && slots->fresh < slots->total)
			append_fresh(slots);
		else if (slots->returned > 0)
			append_returned(slots);
		else
			return;
	}
}
