/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

// The timers of the benches are due within a minute.
#define WHEEL_MINUTE UINT64_C(60000000000)

// Timers of one kind. Each is part of a record of 128 bytes; `index` says which.
struct wheel_contender {
	const char *name;

	// Room for `timers` of them, none armed. Returns 0 or -1.
	int (*create)(uint32_t timers);
	void (*destroy)(void);

	// Timer index[i] becomes due `spans[i]` ns from now, whether it is armed or not.
	void (*arm)(const uint32_t *index, const uint64_t *spans, size_t count);

	void (*cancel)(const uint32_t *index, size_t count);

	// Of none that is armed: arms all `timers`, and runs them in about `steps` equal steps.
	// Returns cycles a timer, without the arming.
	double (*run)(uint32_t timers, uint32_t steps);

	// Looks for what is due where nothing is, again and again, at most a second ahead; returns
	// cycles a look.
	double (*poll)(void);
};

// The timer that is due as number `at`. Neighbours in time are far from each other in memory, as
// those of connections are. The number of timers is a power of ten, so that the stride meets all of
// them.
static inline uint32_t wheel_index(uint64_t at, uint32_t timers)
{
	return (uint32_t)(at * 2654435761 % timers);
}

extern const struct wheel_contender wheel_weir;
extern const struct wheel_contender wheel_rte_timer;

// wheel_stall.c: prints the longest single step when `timers` are due within one second.
int wheel_stall(uint32_t timers);
