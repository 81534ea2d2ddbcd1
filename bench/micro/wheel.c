/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// wheel: what arming, arming again, cancelling and running a timer cost in weir's timing wheel and
// in rte_timer, and what a look costs when nothing is due; then how long a single step of weir's
// can take.

#include "wheel.h"

#include "bench.h"
#include "environment.h"
#include "round.h"

#include <stdio.h>

#define BATCH 16384

enum operation { ARM, REARM, CANCEL, RUN, POLL, OPERATIONS };

static const char *const operation_name[OPERATIONS] = {"arm", "rearm", "cancel", "run", "poll"};

static const struct wheel_contender *const contender[] = {&wheel_weir, &wheel_rte_timer};

#define CONTENDERS (sizeof(contender) / sizeof(contender[0]))

static uint32_t timer[BATCH];
static uint64_t spans[BATCH];
static double cycles[OPERATIONS][CONTENDERS][BENCH_ROUNDS];

// Different timers, far from each other in memory and in time.
static void choose(uint32_t timers, size_t count, uint64_t *seed)
{
	uint64_t start = random_next(seed) % timers;

	for (size_t i = 0; i < count; i++) {
		timer[i] = (uint32_t)((start + i * 611953) % timers);
		// Nothing becomes due before it is asked to.
		spans[i] = WHEEL_MINUTE + random_next(seed) % WHEEL_MINUTE;
	}
}

// In order of time, which rte_timer takes quickly; a later look does not see in which order they
// came.
static void fill(const struct wheel_contender *one, uint32_t timers)
{
	for (uint32_t i = 0; i < timers; i++) {
		uint32_t index = wheel_index(i, timers);
		uint64_t span = WHEEL_MINUTE + i * (WHEEL_MINUTE / timers);

		one->arm(&index, &span, 1);
	}
}

static void measure_change(uint32_t timers, int round, uint64_t *seed)
{
	size_t count = timers / 4 < BATCH ? timers / 4 : BATCH;

	choose(timers, count, seed);
	for (size_t c = 0; c < CONTENDERS; c++) {
		uint64_t begin = bench_begin();

		contender[c]->arm(timer, spans, count);
		cycles[REARM][c][round] = bench_each(begin, count);
	}
	choose(timers, count, seed);
	for (size_t c = 0; c < CONTENDERS; c++) {
		uint64_t begin = bench_begin();

		contender[c]->cancel(timer, count);
		cycles[CANCEL][c][round] = bench_each(begin, count);
		begin = bench_begin();
		contender[c]->arm(timer, spans, count);
		cycles[ARM][c][round] = bench_each(begin, count);
	}
}

static int measure_run(uint32_t timers, int round)
{
	for (size_t c = 0; c < CONTENDERS; c++) {
		contender[c]->destroy();
		if (contender[c]->create(timers) < 0)
			return -1;
		cycles[RUN][c][round] = contender[c]->run(timers, timers / 32);
	}
	return 0;
}

static int measure(uint32_t timers)
{
	// A round of many takes a second.
	int runs = timers > 100000 ? 3 : BENCH_ROUNDS;
	uint64_t seed = timers;

	for (size_t c = 0; c < CONTENDERS; c++) {
		if (contender[c]->create(timers) < 0)
			return -1;
		fill(contender[c], timers);
	}
	for (int round = 0; round < BENCH_ROUNDS; round++)
		measure_change(timers, round, &seed);
	for (size_t c = 0; c < CONTENDERS; c++) {
		for (int round = 0; round < BENCH_ROUNDS; round++)
			cycles[POLL][c][round] = contender[c]->poll();
	}
	for (int round = 0; round < runs; round++) {
		if (measure_run(timers, round) < 0)
			return -1;
	}
	for (int operation = 0; operation < OPERATIONS; operation++) {
		for (size_t c = 0; c < CONTENDERS; c++) {
			int rounds = operation == RUN ? runs : BENCH_ROUNDS;
			char name[64];

			snprintf(name, sizeof(name), "wheel.%s %s", operation_name[operation],
				 contender[c]->name);
			bench_report(name, timers,
				     bench_median(cycles[operation][c], (size_t)rounds), "cycles");
		}
	}
	for (size_t c = 0; c < CONTENDERS; c++)
		contender[c]->destroy();
	return 0;
}

int main(void)
{
	if (bench_eal_start() < 0)
		return 1;
	bench_cycles_a_nanosecond();
	for (uint32_t timers = 10000; timers <= 1000000; timers *= 10) {
		if (measure(timers) < 0)
			return 1;
	}
	return wheel_stall(1000000) < 0;
}
