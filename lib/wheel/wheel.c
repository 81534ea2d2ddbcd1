/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "wheel/wheel.h"

#include <stdlib.h>
#include <string.h>

#define TICK_SHIFT   20
#define SLOT_SHIFT   13
#define SLOTS        (1u << SLOT_SHIFT)
#define SLOT_MASK    (SLOTS - 1)
#define BITMAP_WORDS (SLOTS / 64)

// Numbers of lists: the slots of both levels, then the two special ones.
#define LIST_FAR    SLOTS
#define LIST_BEYOND (2 * SLOTS)
#define LIST_READY  (2 * SLOTS + 1)
#define LISTS       (2 * SLOTS + 2)

// In wheel_node.previous: this is the first node of the list in the lower bits.
#define FIRST_OF 0x80000000u

struct wheel {
	uint64_t tick; // the running tick; all earlier ones are in `ready` or gone
	uint64_t next_check;
	uint64_t now; // the latest time seen
	uint8_t *nodes;
	size_t stride;
	uint32_t armed;
	uint32_t ready_tail;
	bool exact;
	uint64_t bitmap[2][BITMAP_WORDS]; // which slots of near and far have nodes
	uint32_t head[LISTS];
};

static struct wheel_node *node_at(const struct wheel *wheel, uint32_t index)
{
	return (struct wheel_node *)(wheel->nodes + index * wheel->stride);
}

struct wheel *wheel_create(void *nodes, size_t stride, bool exact)
{
	struct wheel *wheel = calloc(1, sizeof(*wheel));

	if (wheel == NULL)
		return NULL;
	wheel->nodes = nodes;
	wheel->stride = stride;
	wheel->exact = exact;
	wheel->ready_tail = WHEEL_NONE;
	memset(wheel->head, 0xff, sizeof(wheel->head));
	return wheel;
}

void wheel_destroy(struct wheel *wheel)
{
	free(wheel);
}

uint32_t wheel_armed(const struct wheel *wheel)
{
	return wheel->armed;
}

uint64_t wheel_next_check(const struct wheel *wheel)
{
	return wheel->next_check;
}

static void bitmap_set(struct wheel *wheel, uint32_t list)
{
	if (list < LIST_BEYOND)
		wheel->bitmap[list / SLOTS][(list & SLOT_MASK) / 64] |= UINT64_C(1) << (list % 64);
}

static void bitmap_clear(struct wheel *wheel, uint32_t list)
{
	if (list < LIST_BEYOND)
		wheel->bitmap[list / SLOTS][(list & SLOT_MASK) / 64] &= ~(UINT64_C(1)
									  << (list % 64));
}

// The first non-empty slot of a level at or after `from`, or SLOTS.
static uint32_t bitmap_next(const uint64_t *bitmap, uint32_t from)
{
	for (uint32_t word = from / 64; word < BITMAP_WORDS; word++) {
		uint64_t bits = bitmap[word];

		if (word == from / 64)
			bits &= UINT64_MAX << (from % 64);
		if (bits != 0)
			return word * 64 + (uint32_t)__builtin_ctzll(bits);
	}
	return SLOTS;
}

// How many slots after `from` the next non-empty one is, going round; SLOTS when there is none.
static uint32_t bitmap_distance(const uint64_t *bitmap, uint32_t from)
{
	uint32_t slot = bitmap_next(bitmap, from);

	if (slot < SLOTS)
		return slot - from;
	slot = bitmap_next(bitmap, 0);
	return slot < from ? slot + SLOTS - from : SLOTS;
}

static void list_push(struct wheel *wheel, uint32_t list, uint32_t index)
{
	struct wheel_node *node = node_at(wheel, index);
	uint32_t next = wheel->head[list];

	node->next = next;
	node->previous = FIRST_OF | list;
	if (next != WHEEL_NONE)
		node_at(wheel, next)->previous = index;
	else
		bitmap_set(wheel, list);
	wheel->head[list] = index;
	if (list == LIST_READY && next == WHEEL_NONE)
		wheel->ready_tail = index;
}

static void list_insert_after(struct wheel *wheel, uint32_t after, uint32_t index)
{
	struct wheel_node *node = node_at(wheel, index), *before = node_at(wheel, after);

	node->next = before->next;
	node->previous = after;
	if (before->next != WHEEL_NONE)
		node_at(wheel, before->next)->previous = index;
	else
		wheel->ready_tail = index;
	before->next = index;
}

// `ready` is kept in order of time when that was asked for. What comes late mostly belongs at the
// end; where somebody arranged that it does not, order gives way after some steps, or else each of a
// million nodes would walk over the others. All there is due within a tick.
#define READY_STEPS_MOST 4096

static void ready_insert(struct wheel *wheel, uint32_t index)
{
	uint64_t due = node_at(wheel, index)->due;
	uint32_t after = wheel->ready_tail, first = wheel->head[LIST_READY];

	if (wheel->exact && first != WHEEL_NONE && node_at(wheel, first)->due >= due)
		after = WHEEL_NONE;
	for (int step = 0; step < READY_STEPS_MOST && wheel->exact && after != WHEEL_NONE &&
			   node_at(wheel, after)->due > due;
	     step++) {
		uint32_t previous = node_at(wheel, after)->previous;

		after = previous & FIRST_OF ? WHEEL_NONE : previous;
	}
	if (after == WHEEL_NONE)
		list_push(wheel, LIST_READY, index);
	else
		list_insert_after(wheel, after, index);
}

static void place(struct wheel *wheel, uint32_t index)
{
	uint64_t tick = node_at(wheel, index)->due >> TICK_SHIFT;

	if (tick <= wheel->tick) {
		ready_insert(wheel, index);
		return;
	}
	if (tick - wheel->tick < SLOTS)
		list_push(wheel, (uint32_t)(tick & SLOT_MASK), index);
	else if ((tick >> SLOT_SHIFT) - (wheel->tick >> SLOT_SHIFT) < SLOTS)
		list_push(wheel, LIST_FAR + (uint32_t)(tick >> SLOT_SHIFT & SLOT_MASK), index);
	else
		list_push(wheel, LIST_BEYOND, index);
}

static void unlink_node(struct wheel *wheel, uint32_t index)
{
	struct wheel_node *node = node_at(wheel, index);

	if (node->next != WHEEL_NONE)
		node_at(wheel, node->next)->previous = node->previous;
	else if (wheel->ready_tail == index)
		wheel->ready_tail = node->previous & FIRST_OF ? WHEEL_NONE : node->previous;
	if (node->previous & FIRST_OF) {
		uint32_t list = node->previous & ~FIRST_OF;

		wheel->head[list] = node->next;
		if (node->next == WHEEL_NONE)
			bitmap_clear(wheel, list);
	} else {
		node_at(wheel, node->previous)->next = node->next;
	}
	wheel_node_clear(node);
	wheel->armed--;
}

// Where the next look is worth while: at the first ready node, else when the next tick begins.
static void update_next_check(struct wheel *wheel)
{
	uint32_t first = wheel->head[LIST_READY];

	if (first != WHEEL_NONE)
		wheel->next_check = wheel->exact ? node_at(wheel, first)->due : 0;
	else
		wheel->next_check = (wheel->tick + 1) << TICK_SHIFT;
}

void wheel_cancel(struct wheel *wheel, uint32_t index)
{
	if (node_at(wheel, index)->due != WHEEL_NEVER)
		unlink_node(wheel, index);
}

void wheel_arm(struct wheel *wheel, uint32_t index, uint64_t due)
{
	struct wheel_node *node = node_at(wheel, index);

	wheel_cancel(wheel, index);
	if (due == WHEEL_NEVER)
		return;
	node->due = due;
	wheel->armed++;
	place(wheel, index);
	if (due < wheel->next_check)
		wheel->next_check = due;
}

// Merges two lists that are in order of time, linked by `next` only.
static uint32_t merge(struct wheel *wheel, uint32_t a, uint32_t b)
{
	uint32_t head = WHEEL_NONE, *link = &head;

	while (a != WHEEL_NONE && b != WHEEL_NONE) {
		uint32_t *smaller = node_at(wheel, b)->due < node_at(wheel, a)->due ? &b : &a;

		*link = *smaller;
		link = &node_at(wheel, *link)->next;
		*smaller = *link;
	}
	*link = a != WHEEL_NONE ? a : b;
	return head;
}

// Sorts by time: bottom-up, a list of 2^i nodes waits in run[i].
static uint32_t sort(struct wheel *wheel, uint32_t list)
{
	uint32_t run[32], result = WHEEL_NONE;

	memset(run, 0xff, sizeof(run));
	while (list != WHEEL_NONE) {
		uint32_t one = list;
		int i = 0;

		list = node_at(wheel, one)->next;
		node_at(wheel, one)->next = WHEEL_NONE;
		for (; run[i] != WHEEL_NONE && i < 31; i++) {
			one = merge(wheel, run[i], one);
			run[i] = WHEEL_NONE;
		}
		run[i] = one;
	}
	for (int i = 0; i < 32; i++)
		result = merge(wheel, run[i], result);
	return result;
}

static uint32_t list_take(struct wheel *wheel, uint32_t list)
{
	uint32_t head = wheel->head[list];

	wheel->head[list] = WHEEL_NONE;
	bitmap_clear(wheel, list);
	return head;
}

// Everything in the slot of the running tick goes to the end of `ready`: it is later than all that
// is there.
static void run_slot(struct wheel *wheel)
{
	uint32_t at = list_take(wheel, (uint32_t)(wheel->tick & SLOT_MASK));

	if (wheel->exact)
		at = sort(wheel, at);
	while (at != WHEEL_NONE) {
		uint32_t next = node_at(wheel, at)->next;

		if (wheel->ready_tail == WHEEL_NONE)
			list_push(wheel, LIST_READY, at);
		else
			list_insert_after(wheel, wheel->ready_tail, at);
		at = next;
	}
}

// What is due in the running tick joins its slot, which is run, and sorted, next.
static void spread(struct wheel *wheel, uint32_t list)
{
	uint32_t at = list_take(wheel, list);

	while (at != WHEEL_NONE) {
		const struct wheel_node *node = node_at(wheel, at);
		uint32_t next = node->next;

		if (node->due >> TICK_SHIFT == wheel->tick)
			list_push(wheel, (uint32_t)(wheel->tick & SLOT_MASK), at);
		else
			place(wheel, at);
		at = next;
	}
}

// Begins a tick that is a multiple of SLOTS.
static void run_boundary(struct wheel *wheel)
{
	uint32_t slot = (uint32_t)(wheel->tick >> SLOT_SHIFT & SLOT_MASK);

	if (slot == 0)
		spread(wheel, LIST_BEYOND);
	spread(wheel, LIST_FAR + slot);
}

// Moves the running tick to `target`, over empty stretches in one step.
static void advance(struct wheel *wheel, uint64_t target)
{
	while (wheel->tick < target) {
		uint64_t boundary = (wheel->tick | SLOT_MASK) + 1, next;
		uint32_t near, far;

		if (wheel->armed == 0) {
			wheel->tick = target;
			return;
		}
		near = bitmap_distance(wheel->bitmap[0], (uint32_t)(wheel->tick + 1) & SLOT_MASK);
		next = near < SLOTS ? wheel->tick + 1 + near : UINT64_MAX;
		far = bitmap_distance(wheel->bitmap[1],
				      (uint32_t)(boundary >> SLOT_SHIFT) & SLOT_MASK);
		if (wheel->head[LIST_BEYOND] != WHEEL_NONE) {
			uint32_t round = SLOTS - (uint32_t)(boundary >> SLOT_SHIFT & SLOT_MASK);

			far = far < round % SLOTS ? far : round % SLOTS;
		}
		if (far < SLOTS && boundary + ((uint64_t)far << SLOT_SHIFT) <= next)
			next = boundary + ((uint64_t)far << SLOT_SHIFT);
		if (next > target) {
			wheel->tick = target;
			return;
		}
		wheel->tick = next;
		if ((next & SLOT_MASK) == 0)
			run_boundary(wheel);
		run_slot(wheel);
	}
}

// Everything that is due at `now` is in the ready list after this. Returns the latest time seen.
static uint64_t make_ready(struct wheel *wheel, uint64_t now)
{
	uint64_t target;

	if (now > wheel->now)
		wheel->now = now;
	target = wheel->now >> TICK_SHIFT;
	// Without order in the ready list, only ticks that are over may enter it.
	if (!wheel->exact && target > 0)
		target--;
	if (target > wheel->tick)
		advance(wheel, target);
	return wheel->now;
}

size_t wheel_due(struct wheel *wheel, uint64_t now, uint64_t *times, size_t most)
{
	uint32_t at;
	size_t count = 0;

	now = make_ready(wheel, now);
	for (at = wheel->head[LIST_READY]; at != WHEEL_NONE && count < most;
	     at = node_at(wheel, at)->next) {
		if (node_at(wheel, at)->due > now)
			break;
		times[count++] = node_at(wheel, at)->due;
	}
	return count;
}

uint32_t wheel_pop(struct wheel *wheel, uint64_t now)
{
	uint32_t first;

	now = make_ready(wheel, now);
	first = wheel->head[LIST_READY];
	if (first != WHEEL_NONE && node_at(wheel, first)->due <= now) {
		unlink_node(wheel, first);
		return first;
	}
	update_next_check(wheel);
	return WHEEL_NONE;
}
