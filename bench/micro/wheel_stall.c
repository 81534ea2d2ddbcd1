/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "wheel.h"

#include "bench.h"
#include "round.h"

#include "base/memory.h"
#include "conn/conn.h"

#include <stdio.h>
#include <string.h>

// How the poll loop uses the wheel (lib/worker/port_loop.c): it comes by every so often, and takes
// at most so many.
#define STEP          UINT64_C(50000)
#define TIMERS_A_TURN 128
#define SECOND        UINT64_C(1000000000)
// What is due is far away when it is armed; the steps that count begin some seconds before, since
// the wheel prepares ahead.
#define START      UINT64_C(1760000000000000000)
#define DUE        (START + 3600 * SECOND)
#define FIRST_STEP (DUE - 10 * SECOND)
#define STEPS      ((uint32_t)(12 * SECOND / STEP))
// A step that is long every time is the wheel's; one that is long once is the machine's.
#define PASSES  3
#define NO_STEP UINT32_MAX

struct stall {
	struct conn *conn;
	uint32_t timers;
	uint32_t *least; // [STEPS], cycles, of all passes
	uint32_t longest_once;
	uint32_t popped;           // in the step that is watched
	struct wheel_node *before; // [timers]: the nodes before that step
};

// So many steps of time; returns how many timers ran. The step `watch` is looked at more closely.
static uint32_t steps(struct stall *stall, struct wheel *wheel, uint32_t watch)
{
	uint32_t ran = 0;

	for (uint32_t step = 0; step < STEPS; step++) {
		uint64_t now = FIRST_STEP + step * STEP, begin, spent;
		uint32_t count = 0, index;

		for (uint32_t i = 0; step == watch && i < stall->timers; i++)
			stall->before[i] = stall->conn[i].wheel;
		begin = bench_cycles();
		while (count < TIMERS_A_TURN && (index = wheel_pop(wheel, now)) != WHEEL_NONE) {
			stall->conn[index].last++;
			count++;
		}
		spent = bench_cycles() - begin;
		ran += count;
		if (spent > UINT32_MAX)
			spent = UINT32_MAX;
		if (spent < stall->least[step])
			stall->least[step] = (uint32_t)spent;
		if (spent > stall->longest_once)
			stall->longest_once = (uint32_t)spent;
		if (step == watch) {
			stall->popped = count;
			return ran;
		}
	}
	return ran;
}

// From arming until all of them ran, or until the step that is watched. Returns 0 or -1.
static int pass(struct stall *stall, uint32_t timers, uint32_t watch)
{
	struct wheel *wheel = wheel_create(&stall->conn->wheel, sizeof(*stall->conn), false);
	uint64_t seed = 1;
	uint32_t ran;

	if (wheel == NULL)
		return -1;
	wheel_pop(wheel, START);
	for (uint32_t i = 0; i < stall->timers; i++)
		wheel_node_clear(&stall->conn[i].wheel);
	for (uint32_t i = 0; i < timers; i++)
		wheel_arm(wheel, i, DUE + random_next(&seed) % SECOND);
	for (uint64_t now = START; now < FIRST_STEP; now += SECOND)
		wheel_pop(wheel, now);
	ran = steps(stall, wheel, watch);
	wheel_destroy(wheel);
	if (watch == NO_STEP && ran != timers) {
		fprintf(stderr, "weir: %u of %u timers ran\n", ran, timers);
		return -1;
	}
	return 0;
}

// Returns the longest step, by its shortest pass, or NO_STEP.
static uint32_t passes(struct stall *stall, uint32_t timers)
{
	uint32_t longest = 0;

	memset(stall->least, 0xff, STEPS * sizeof(*stall->least));
	stall->longest_once = 0;
	for (int i = 0; i < PASSES; i++) {
		if (pass(stall, timers, NO_STEP) < 0)
			return NO_STEP;
	}
	for (uint32_t step = 0; step < STEPS; step++) {
		if (stall->least[step] > stall->least[longest])
			longest = step;
	}
	return longest;
}

static double microseconds(uint32_t cycles)
{
	return (double)cycles / bench_cycles_a_nanosecond() / 1000;
}

// How many nodes the step `watch` put elsewhere, those that ran included.
static uint32_t moved(struct stall *stall, uint32_t watch)
{
	uint32_t count = 0;

	if (pass(stall, stall->timers, watch) < 0)
		return 0;
	for (uint32_t i = 0; i < stall->timers; i++)
		count += memcmp(&stall->before[i], &stall->conn[i].wheel,
				sizeof(stall->before[i])) != 0;
	return count;
}

static int measure(struct stall *stall)
{
	uint32_t longest = passes(stall, 0);

	if (longest == NO_STEP)
		return -1;
	bench_report("wheel.stall empty", stall->timers, microseconds(stall->least[longest]), "us");
	bench_report("wheel.stall-once empty", stall->timers, microseconds(stall->longest_once),
		     "us");
	longest = passes(stall, stall->timers);
	if (longest == NO_STEP)
		return -1;
	bench_report("wheel.stall weir", stall->timers, microseconds(stall->least[longest]), "us");
	bench_report("wheel.stall-once weir", stall->timers, microseconds(stall->longest_once),
		     "us");
	bench_report("wheel.stall-nodes weir", stall->timers, moved(stall, longest), "nodes");
	printf("# the longest step begins %.3f s from when the first is due, and runs %u timers\n",
	       ((double)FIRST_STEP - (double)DUE + (double)longest * (double)STEP) / 1e9,
	       stall->popped);
	return 0;
}

int wheel_stall(uint32_t timers)
{
	struct stall stall = {.timers = timers};
	int result = -1;

	stall.conn = memory_map(timers * sizeof(*stall.conn), true);
	stall.before = memory_map(timers * sizeof(*stall.before), true);
	stall.least = memory_map(STEPS * sizeof(*stall.least), true);
	if (stall.conn != NULL && stall.before != NULL && stall.least != NULL)
		result = measure(&stall);
	else
		fprintf(stderr, "no memory for %u timers\n", timers);
	memory_unmap(stall.least, STEPS * sizeof(*stall.least));
	memory_unmap(stall.before, timers * sizeof(*stall.before));
	memory_unmap(stall.conn, timers * sizeof(*stall.conn));
	return result;
}
