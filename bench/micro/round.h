/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "bench.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

// Contenders take turns, round after round, and the median of a contender's rounds counts: on a
// shared machine single rounds differ by a fifth.
#define BENCH_ROUNDS 7

static inline uint64_t bench_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// Cycles of the time-stamp counter in a nanosecond. The first call takes 50 ms.
static inline double bench_cycles_a_nanosecond(void)
{
	static double rate;
	uint64_t time = bench_clock(CLOCK_MONOTONIC), cycles = bench_cycles(), passed;

	if (rate > 0)
		return rate;
	do
		passed = bench_clock(CLOCK_MONOTONIC) - time;
	while (passed < 50000000);
	return rate = (double)(bench_cycles() - cycles) / (double)passed;
}

// Time that this thread really ran, in ns: what other programs on the machine take away does not
// count. It costs a system call, so it is for batches that take a millisecond or longer.
static inline uint64_t bench_begin(void)
{
	return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}

// Cycles for each of `count` operations since bench_begin().
static inline double bench_each(uint64_t begin, size_t count)
{
	uint64_t spent = bench_clock(CLOCK_THREAD_CPUTIME_ID) - begin;

	return (double)spent * bench_cycles_a_nanosecond() / (double)count;
}

static inline int bench_compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

// Of `count` values, which it leaves in order.
static inline double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), bench_compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}
