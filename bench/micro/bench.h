/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "../random.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

// What the microbenches share. Each prints its results as lines that bench/run reads:
//
//   NAME <tab> X <tab> VALUE <tab> UNIT
//
// NAME says what was measured and with what, as in "table.hit weir"; X is where on the series'
// axis, such as the number of entries, 0 for none. Lines that begin with # are remarks.

static inline void bench_report(const char *name, uint64_t x, double value, const char *unit)
{
	printf("%s\t%llu\t%.4g\t%s\n", name, (unsigned long long)x, value, unit);
	fflush(stdout);
}

// The processor's time-stamp counter where there is one; it counts at a fixed rate.
static inline uint64_t bench_cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t count;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
	return count;
#else
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
#endif
}
