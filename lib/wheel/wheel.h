/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A hierarchical timing wheel whose entries lie in an array of the caller's records.
//
//     near: 16384 slots of one tick (2^20 ns, about 1 ms): two rounds of 8.6 s; where entries are run from
//     far:  8192 slots of a round each, the next 19.5 h; a slot is spread over `near` during the round before its own, a
//           few entries with each look, so that no look takes long
//     beyond: one list for what is later still, looked through once every 19.5 h
//     ready: what was armed for a time that has passed; of an exact wheel all that is due within the tick that is running
//
//     slot -> node <-> node <-> node        links are indexes into the records; a node knows its slot when it is the first
//
// Arming and cancelling are O(1). One thread owns a wheel and its nodes.
struct wheel_node {
	uint32_t next;
	uint32_t previous; // or the slot, marked, when the node is the first of its list
	uint64_t due;      // ns; readable by the owner at any time, WHEEL_NEVER when not armed
};

#define WHEEL_NEVER UINT64_MAX
#define WHEEL_NONE  UINT32_MAX

struct wheel;

// `nodes` is the first node of an array of records that are `stride` bytes apart; fewer than 2^31
// of them. With `exact`, wheel_pop() gives nodes in order of time and to the nanosecond, at the
// price of sorting each tick: for input from files. (Where thousands are armed for times that have
// passed already, one of them may come after others that are later, by less than a tick.) Without,
// nodes come up to one tick late: for live input, where the work of one call must stay bounded.
// NULL without memory.
struct wheel *wheel_create(void *nodes, size_t stride, bool exact);
void wheel_destroy(struct wheel *wheel);

// Makes `index` come up at `due`. A node that is armed already is moved.
void wheel_arm(struct wheel *wheel, uint32_t index, uint64_t due);

// Takes a node out, if it is armed.
void wheel_cancel(struct wheel *wheel, uint32_t index);

// Marks the node of a fresh record as not armed.
static inline void wheel_node_clear(struct wheel_node *node)
{
	node->next = node->previous = WHEEL_NONE;
	node->due = WHEEL_NEVER;
}

// The next node that is due at `now`, disarmed, or WHEEL_NONE. Time never runs backwards: an
// earlier `now` counts as the latest one seen.
uint32_t wheel_pop(struct wheel *wheel, uint64_t now);

// What wheel_pop() will probably give next, so that its record can be asked for ahead; WHEEL_NONE
// when that is not known.
uint32_t wheel_peek(const struct wheel *wheel);

// Exact wheels only: the times of the first `most` nodes that are due at `now`, in the order in
// which wheel_pop() will give them. Returns how many there are.
size_t wheel_due(struct wheel *wheel, uint64_t now, uint64_t *times, size_t most);

// Before this time wheel_pop() has nothing to give, so that the caller need not ask.
uint64_t wheel_next_check(const struct wheel *wheel);

// Nodes that are armed.
uint32_t wheel_armed(const struct wheel *wheel);
