/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/prefetch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

// Which slots of a table are free, and which of them is taken next.
//
//   free:  a bit a slot        | 64 slots | 64 slots | ...       those that were used and came back
//   some:  a bit a word of it  | 4096 slots | ...
//   next:  | slot | slot | ...    to be taken, known ahead so that memory can be asked for them
//
// Slots are taken in ascending order, sweeping over all that came back and beginning anew at the
// end. So connections that begin together lie together, whatever the order in which others ended: a
// stack, or a queue, gets them more mixed up with each generation, until each one costs pages and
// cache lines of its own. As long as there are slots that were never used, one in eight of the used
// ones may lie free: fewer would lie far from each other.
//
// One thread.

#define CONN_SLOT_NONE UINT32_MAX
// How many slots ahead of its turn one is known.
#define CONN_SLOTS_AHEAD 4
// A power of two; a word of 64 slots is added when AHEAD are left.
#define CONN_SLOTS_NEXT 128

static_assert(CONN_SLOTS_AHEAD + 64 <= CONN_SLOTS_NEXT, "a word of slots fits behind those ahead");

struct conn_slots {
	uint64_t *free; // [words]
	uint64_t *some; // [words / 64]
	uint32_t total;
	uint32_t fresh;    // slots from here on were never used
	uint32_t returned; // bits in `free`
	uint32_t word;     // where the sweep goes on
	uint32_t first;    // in `next`, a ring
	uint32_t waiting;  // in `next`
	uint32_t next[CONN_SLOTS_NEXT];
};

// Slots 0 to total - 1, all free. 0 or -ENOMEM. Start-up only.
int conn_slots_create(struct conn_slots *slots, uint32_t total);
void conn_slots_destroy(struct conn_slots *slots);

// Puts more of the free slots into `next`, as far as there are any.
void conn_slots_look_ahead(struct conn_slots *slots);

// Is one free?
static inline bool conn_slots_any(const struct conn_slots *slots)
{
	return slots->waiting > 0 || slots->returned > 0 || slots->fresh < slots->total;
}

// Takes one; CONN_SLOT_NONE when there is none. `*ahead`: the one that is taken CONN_SLOTS_AHEAD
// turns later, or CONN_SLOT_NONE.
static inline uint32_t conn_slots_take(struct conn_slots *slots, uint32_t *ahead)
{
	uint32_t slot;

	*ahead = CONN_SLOT_NONE;
	if (slots->waiting <= CONN_SLOTS_AHEAD)
		conn_slots_look_ahead(slots);
	if (slots->waiting == 0)
		return CONN_SLOT_NONE;
	slot = slots->next[slots->first];
	if (slots->waiting > CONN_SLOTS_AHEAD)
		*ahead = slots->next[(slots->first + CONN_SLOTS_AHEAD) % CONN_SLOTS_NEXT];
	slots->first = (slots->first + 1) % CONN_SLOTS_NEXT;
	slots->waiting--;
	return slot;
}

// Asks the memory for what giving it back needs, some slots ahead.
static inline void conn_slots_prefetch(const struct conn_slots *slots, uint32_t slot)
{
	prefetch(&slots->free[slot / 64]);
}

// Gives back one that was taken.
static inline void conn_slots_return(struct conn_slots *slots, uint32_t slot)
{
	uint64_t bit = UINT64_C(1) << slot % 64;

	assert((slots->free[slot / 64] & bit) == 0);
	slots->free[slot / 64] |= bit;
	slots->some[slot / 4096] |= UINT64_C(1) << slot / 64 % 64;
	slots->returned++;
}

// Slots from here on were never taken.
static inline uint32_t conn_slots_fresh(const struct conn_slots *slots)
{
	return slots->fresh;
}
