/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "wheel/wheel.h"

#include "base/prefetch.h"

#include <stdlib.h>
#include <string.h>

#define TICK_SHIFT 20
// A round is what a slot of `far` covers, in ticks.
#define ROUND_SHIFT 13
#define ROUND       (1u << ROUND_SHIFT)
#define ROUND_MASK  (ROUND - 1)
// `near` has two rounds, so that there is time for a whole one to spread the slot of the next.
#define NEAR_SLOTS (2 * ROUND)
#define NEAR_MASK  (NEAR_SLOTS - 1)
#define FAR_SLOTS  8192u
#define FAR_MASK   (FAR_SLOTS - 1)
#define SLOTS      (NEAR_SLOTS + FAR_SLOTS)
// With each look at the wheel that many entries of a far slot are spread, and for each tick that
// passed a 4096th part of all there are: in half a round, all of them. After a leap of time it is
// not made up for at once.
#define SPREAD_LEAST 64
#define SPREAD_MOST  1024
#define SPREAD_SHIFT (ROUND_SHIFT - 1)

// Numbers of lists: the slots of both levels, then the two special ones.
#define LIST_FAR    NEAR_SLOTS
#define LIST_BEYOND SLOTS
#define LIST_READY  (SLOTS + 1)
#define LISTS       (SLOTS + 2)

// What is done for every connection, several times: in one piece, and short. What is seldom stays
// out of it.
#define WHEEL_INLINE static inline __attribute__((always_inline))
#define WHEEL_SELDOM static __attribute__((noinline))

// In wheel_node.previous: this is the first node of the list in the lower bits.
#define FIRST_OF 0x80000000u

struct wheel {
	uint64_t tick;      // the running tick; all earlier ones are in `ready` or gone
	uint64_t spread_at; // the tick up to which a far slot was spread
	uint64_t next_check;
	uint64_t now; // the latest time seen
	uint8_t *nodes;
	size_t stride;
	uint32_t armed;
	uint32_t ready_tail;
	bool exact;
	uint64_t bitmap[SLOTS / 64];       // which slots of near and far have nodes
	uint64_t summary[SLOTS / 64 / 64]; // which words of the bitmap are not 0
	uint32_t head[LISTS];
};

WHEEL_INLINE struct wheel_node *node_at(const struct wheel *wheel, uint32_t index)
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

WHEEL_SELDOM void bitmap_set(struct wheel *wheel, uint32_t list)
{
	uint32_t word = list / 64;

	if (list >= SLOTS)
		return;
	wheel->bitmap[word] |= UINT64_C(1) << (list % 64);
	wheel->summary[word / 64] |= UINT64_C(1) << (word % 64);
}

WHEEL_SELDOM void bitmap_clear(struct wheel *wheel, uint32_t list)
{
	uint32_t word = list / 64;

	if (list >= SLOTS)
		return;
	wheel->bitmap[word] &= ~(UINT64_C(1) << (list % 64));
	if (wheel->bitmap[word] == 0)
		wheel->summary[word / 64] &= ~(UINT64_C(1) << (word % 64));
}

// The first set bit at or after `from`, or `end`; both within `bits`.
static uint32_t first_set(const uint64_t *bits, uint32_t from, uint32_t end)
{
	for (uint32_t word = from / 64; word * 64 < end; word++) {
		uint64_t left = bits[word];

		if (word == from / 64)
			left &= UINT64_MAX << (from % 64);
		if (left != 0)
			return word * 64 + (uint32_t)__builtin_ctzll(left);
	}
	return end;
}

// The first non-empty list at or after `from`, or `end`; each level begins and ends with a word of
// the summary.
static uint32_t bitmap_next(const struct wheel *wheel, uint32_t from, uint32_t end)
{
	uint64_t here = wheel->bitmap[from / 64] & UINT64_MAX << (from % 64);
	uint32_t word;

	if (here != 0)
		return (from & ~63u) + (uint32_t)__builtin_ctzll(here);
	if (from / 64 + 1 >= end / 64)
		return end;
	word = first_set(wheel->summary, from / 64 + 1, end / 64);
	if (word == end / 64)
		return end;
	return word * 64 + (uint32_t)__builtin_ctzll(wheel->bitmap[word]);
}

// How many slots after `from` the next non-empty one of the level [begin, end) is, going round; as
// many as the level has when there is none.
static uint32_t bitmap_distance(const struct wheel *wheel, uint32_t begin, uint32_t end,
				uint32_t from)
{
	uint32_t slot = bitmap_next(wheel, from, end);

	if (slot < end)
		return slot - from;
	slot = bitmap_next(wheel, begin, end);
	return slot < from ? slot + (end - begin) - from : end - begin;
}

WHEEL_INLINE void list_push(struct wheel *wheel, uint32_t list, uint32_t index,
			    struct wheel_node *node)
{
	uint32_t next = wheel->head[list];

	wheel->head[list] = index;
	node->next = next;
	node->previous = FIRST_OF | list;
	if (__builtin_expect(next != WHEEL_NONE, 1))
		node_at(wheel, next)->previous = index;
	else
		bitmap_set(wheel, list);
}

static void ready_push(struct wheel *wheel, uint32_t index)
{
	if (wheel->head[LIST_READY] == WHEEL_NONE)
		wheel->ready_tail = index;
	list_push(wheel, LIST_READY, index, node_at(wheel, index));
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
// end; where somebody arranged that it does not, order gives way after some steps, or else each of
// a million nodes would walk over the others. All there is due within a tick.
#define READY_STEPS_MOST 4096

WHEEL_SELDOM void ready_insert(struct wheel *wheel, uint32_t index)
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
		ready_push(wheel, index);
	else
		list_insert_after(wheel, after, index);
}

WHEEL_INLINE void place(struct wheel *wheel, uint32_t index, struct wheel_node *node)
{
	uint64_t tick = node->due >> TICK_SHIFT, rounds;
	uint32_t list = (uint32_t)(tick & NEAR_MASK);

	if (__builtin_expect(tick <= wheel->tick, 0)) {
		ready_insert(wheel, index);
		return;
	}
	rounds = (tick >> ROUND_SHIFT) - (wheel->tick >> ROUND_SHIFT);
	if (rounds > 1)
		list = rounds < FAR_SLOTS ? LIST_FAR + (uint32_t)(tick >> ROUND_SHIFT & FAR_MASK)
					  : LIST_BEYOND;
	list_push(wheel, list, index, node);
}

// The last node of a list is taken out. Only of `ready` is it known which one that is.
WHEEL_INLINE void forget_last(struct wheel *wheel, uint32_t index, uint32_t previous)
{
	if (wheel->ready_tail == index)
		wheel->ready_tail = previous & FIRST_OF ? WHEEL_NONE : previous;
}

// The first node of `list` is taken out.
WHEEL_INLINE void unlink_first(struct wheel *wheel, uint32_t list, uint32_t index,
			       const struct wheel_node *node)
{
	uint32_t next = node->next;

	wheel->head[list] = next;
	if (__builtin_expect(next != WHEEL_NONE, 1)) {
		node_at(wheel, next)->previous = node->previous;
	} else {
		bitmap_clear(wheel, list);
		forget_last(wheel, index, node->previous);
	}
}

// Takes a node out of its list; what it says of itself stays.
WHEEL_INLINE void unlink_node(struct wheel *wheel, uint32_t index, const struct wheel_node *node)
{
	uint32_t next = node->next, previous = node->previous;

	if (previous & FIRST_OF) {
		unlink_first(wheel, previous & ~FIRST_OF, index, node);
		return;
	}
	node_at(wheel, previous)->next = next;
	if (__builtin_expect(next != WHEEL_NONE, 1))
		node_at(wheel, next)->previous = previous;
	else
		forget_last(wheel, index, previous);
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

WHEEL_INLINE void disarm(struct wheel *wheel, uint32_t index, struct wheel_node *node)
{
	unlink_node(wheel, index, node);
	wheel_node_clear(node);
	wheel->armed--;
}

void wheel_cancel(struct wheel *wheel, uint32_t index)
{
	struct wheel_node *node = node_at(wheel, index);

	if (node->due != WHEEL_NEVER)
		disarm(wheel, index, node);
}

void wheel_arm(struct wheel *wheel, uint32_t index, uint64_t due)
{
	struct wheel_node *node = node_at(wheel, index);

	if (__builtin_expect(due == WHEEL_NEVER, 0)) {
		wheel_cancel(wheel, index);
		return;
	}
	if (node->due != WHEEL_NEVER)
		unlink_node(wheel, index, node);
	else
		wheel->armed++;
	node->due = due;
	place(wheel, index, node);
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
static void sort_slot(struct wheel *wheel)
{
	uint32_t at = sort(wheel, list_take(wheel, (uint32_t)(wheel->tick & NEAR_MASK)));

	while (at != WHEEL_NONE) {
		uint32_t next = node_at(wheel, at)->next;

		if (wheel->ready_tail == WHEEL_NONE)
			ready_push(wheel, at);
		else
			list_insert_after(wheel, wheel->ready_tail, at);
		at = next;
	}
}

// Places up to `most` nodes of a list anew, now that their time is nearer. What is due in the
// running tick joins its slot, which comes next.
static void spread(struct wheel *wheel, uint32_t list, uint32_t most)
{
	uint32_t at = wheel->head[list], count;

	if (at == WHEEL_NONE)
		return;
	wheel->head[list] = WHEEL_NONE;
	bitmap_clear(wheel, list);
	for (count = 0; at != WHEEL_NONE && count < most; count++) {
		const struct wheel_node *node = node_at(wheel, at);
		uint32_t next = node->next;

		if (next != WHEEL_NONE)
			prefetch(node_at(wheel, next));
		if (node->due >> TICK_SHIFT == wheel->tick)
			list_push(wheel, (uint32_t)(wheel->tick & NEAR_MASK), at,
				  node_at(wheel, at));
		else
			place(wheel, at, node_at(wheel, at));
		at = next;
	}
	if (at == WHEEL_NONE)
		return;
	wheel->head[list] = at;
	node_at(wheel, at)->previous = FIRST_OF | list;
	bitmap_set(wheel, list);
}

static uint32_t far_list(uint64_t round)
{
	return LIST_FAR + (uint32_t)(round & FAR_MASK);
}

// Begins a tick that is a multiple of ROUND. All of this round is in `near` by now, or comes there;
// the slot of the next one has time until that begins.
static void begin_round(struct wheel *wheel)
{
	uint64_t round = wheel->tick >> ROUND_SHIFT;

	spread(wheel, far_list(round), UINT32_MAX);
	// What lies beyond may belong to any round from the next on.
	if ((round & FAR_MASK) == 0)
		spread(wheel, LIST_BEYOND, UINT32_MAX);
	if (wheel->exact)
		spread(wheel, far_list(round + 1), UINT32_MAX);
}

// The next tick after the running one at which there is anything to do.
static uint64_t next_event(const struct wheel *wheel)
{
	uint64_t tick = wheel->tick + 1, round = (wheel->tick >> ROUND_SHIFT) + 1, next, boundary;
	uint32_t near, far;

	// The usual case: time moved by a tick or a few.
	near = (uint32_t)(tick & NEAR_MASK);
	if (wheel->bitmap[near / 64] >> (near % 64) & 1)
		return tick;
	near = bitmap_distance(wheel, 0, NEAR_SLOTS, near);
	next = near < NEAR_SLOTS ? tick + near : UINT64_MAX;
	far = bitmap_distance(wheel, LIST_FAR, LIST_FAR + FAR_SLOTS, far_list(round));
	// A slot is begun to be spread one round before its own, or is at work already.
	boundary = far == FAR_SLOTS ? UINT64_MAX : (round + (far > 0 ? far - 1 : 0)) << ROUND_SHIFT;
	next = boundary < next ? boundary : next;
	if (wheel->head[LIST_BEYOND] == WHEEL_NONE)
		return next;
	// Looked through when the slots of `far` begin anew.
	boundary = ((round + FAR_MASK) & ~(uint64_t)FAR_MASK) << ROUND_SHIFT;
	return boundary < next ? boundary : next;
}

// Moves the running tick to the next one that has anything, but not beyond `target`.
static void step(struct wheel *wheel, uint64_t target)
{
	uint64_t next = wheel->armed > 0 ? next_event(wheel) : UINT64_MAX;

	wheel->tick = next < target ? next : target;
	if (next <= target && (next & ROUND_MASK) == 0)
		begin_round(wheel);
}

// Everything that is due at `now` is in the ready list after this. Returns the latest time seen.
static uint64_t make_ready(struct wheel *wheel, uint64_t now)
{
	uint64_t target;

	if (now > wheel->now)
		wheel->now = now;
	target = wheel->now >> TICK_SHIFT;
	while (wheel->tick < target) {
		step(wheel, target);
		sort_slot(wheel);
	}
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

WHEEL_INLINE uint32_t take_first(struct wheel *wheel, uint32_t list)
{
	uint32_t first = wheel->head[list];

	if (first != WHEEL_NONE)
		disarm(wheel, first, node_at(wheel, first));
	return first;
}

static uint32_t pop_exact(struct wheel *wheel, uint64_t now)
{
	uint32_t first;

	now = make_ready(wheel, now);
	first = wheel->head[LIST_READY];
	if (first != WHEEL_NONE && node_at(wheel, first)->due <= now)
		return take_first(wheel, LIST_READY);
	update_next_check(wheel);
	return WHEEL_NONE;
}

static void spread_some(struct wheel *wheel)
{
	uint64_t ticks = wheel->tick - wheel->spread_at;
	uint64_t most = SPREAD_LEAST + (ticks * wheel->armed >> SPREAD_SHIFT);

	wheel->spread_at = wheel->tick;
	spread(wheel, far_list((wheel->tick >> ROUND_SHIFT) + 1),
	       most < SPREAD_MOST ? (uint32_t)most : SPREAD_MOST);
}

// Without order within a tick, nodes are taken right out of the slots of ticks that are over.
static uint32_t pop_coarse(struct wheel *wheel, uint64_t now)
{
	uint64_t target;

	if (now > wheel->now)
		wheel->now = now;
	target = wheel->now >> TICK_SHIFT;
	target = target > 0 ? target - 1 : 0;
	for (;;) {
		uint32_t first = take_first(wheel, LIST_READY);

		if (first == WHEEL_NONE)
			first = take_first(wheel, (uint32_t)(wheel->tick & NEAR_MASK));
		if (first != WHEEL_NONE)
			return first;
		if (wheel->tick >= target)
			break;
		step(wheel, target);
		// Also while the caller is behind, or else there would be much left when the round
		// begins.
		spread_some(wheel);
	}
	spread_some(wheel);
	update_next_check(wheel);
	return WHEEL_NONE;
}

uint32_t wheel_pop(struct wheel *wheel, uint64_t now)
{
	return wheel->exact ? pop_exact(wheel, now) : pop_coarse(wheel, now);
}

uint32_t wheel_peek(const struct wheel *wheel)
{
	uint32_t first = wheel->head[LIST_READY];

	return first != WHEEL_NONE ? first : wheel->head[wheel->tick & NEAR_MASK];
}
