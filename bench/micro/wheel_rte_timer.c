/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "wheel.h"

#include "round.h"

#include "base/memory.h"

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_timer.h>

#include <assert.h>
#include <stdio.h>

struct record {
	struct rte_timer timer;
	uint64_t last;
} __attribute__((aligned(64)));

static_assert(sizeof(struct record) == 128, "as large as weir's");

static struct record *record;
static uint32_t records, expired;

static int create(uint32_t timers)
{
	records = timers;
	record = memory_map((size_t)timers * sizeof(*record), true);
	if (record == NULL || rte_timer_subsystem_init() < 0) {
		fprintf(stderr, "no memory for %u timers of rte_timer\n", timers);
		return -1;
	}
	for (uint32_t i = 0; i < timers; i++)
		rte_timer_init(&record[i].timer);
	return 0;
}

static void destroy(void)
{
	rte_timer_subsystem_finalize();
	memory_unmap(record, (size_t)records * sizeof(*record));
}

static void expire(struct rte_timer *timer, void *argument)
{
	struct record *at = argument;

	at->last++;
	expired++;
}

static void arm_one(uint32_t index, uint64_t cycles)
{
	rte_timer_reset(&record[index].timer, cycles, SINGLE, rte_lcore_id(), expire,
			&record[index]);
}

static void arm(const uint32_t *index, const uint64_t *spans, size_t count)
{
	double rate = bench_cycles_a_nanosecond();

	for (size_t i = 0; i < count; i++)
		arm_one(index[i], (uint64_t)((double)spans[i] * rate));
}

static void cancel(const uint32_t *index, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rte_timer_stop(&record[index[i]].timer);
}

// These timers know no time but the machine's. Nothing in them depends on how far apart they are,
// only on how many are due in a step; so a microsecond each, instead of the minute.
static double run(uint32_t timers, uint32_t steps)
{
	uint64_t window = rte_get_tsc_hz() / 1000000 * timers;
	uint64_t start, begin, next, clock, spent = 0, done = 0;

	begin = bench_begin();
	for (int i = 0; i < 1000; i++)
		clock = bench_begin();
	clock = (clock - begin) / 1000;
	// Arming in order takes less than a microsecond each; only then should the first be due.
	start = rte_rdtsc() + window + rte_get_tsc_hz() / 10;
	for (uint32_t i = 0; i < timers; i++)
		arm_one(wheel_index(i, timers), start + i * (window / timers) - rte_rdtsc());
	next = start;
	expired = 0;
	while (expired < timers) {
		next += window / steps;
		while (rte_rdtsc() < next)
			;
		begin = bench_begin();
		rte_timer_manage();
		spent += bench_begin() - begin;
		done++;
	}
	spent -= done * clock < spent ? done * clock : spent;
	return (double)spent * bench_cycles_a_nanosecond() / timers;
}

static double poll(void)
{
	enum { LOOKS = 1000000 };
	uint64_t begin = bench_begin();

	for (uint32_t i = 0; i < LOOKS; i++)
		rte_timer_manage();
	return bench_each(begin, LOOKS);
}

const struct wheel_contender wheel_rte_timer = {
	.name = "rte_timer",
	.create = create,
	.destroy = destroy,
	.arm = arm,
	.cancel = cancel,
	.run = run,
	.poll = poll,
};
