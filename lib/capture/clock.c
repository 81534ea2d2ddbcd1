/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/clock.h"

#include <rte_cycles.h>
#include <rte_pause.h>

#include <time.h>

static uint64_t kernel_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * TIME_SECOND + (uint64_t)now.tv_nsec;
}

static void publish(struct capture_clock *clock, uint64_t tsc, uint64_t time, uint64_t scale)
{
	unsigned sequence = atomic_load_explicit(&clock->sequence, memory_order_relaxed);

	atomic_store_explicit(&clock->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&clock->tsc, tsc, memory_order_relaxed);
	atomic_store_explicit(&clock->time, time, memory_order_relaxed);
	atomic_store_explicit(&clock->scale, scale, memory_order_relaxed);
	atomic_store_explicit(&clock->sequence, sequence + 2, memory_order_release);
}

static uint64_t convert(uint64_t counts, uint64_t scale)
{
	return (uint64_t)((unsigned __int128)counts * scale >> 32);
}

void clock_start(struct capture_clock *clock)
{
	uint64_t scale = (uint64_t)(((unsigned __int128)TIME_SECOND << 32) / rte_get_tsc_hz());

	publish(clock, rte_rdtsc(), kernel_time(), scale);
}

void clock_adjust(struct capture_clock *clock)
{
	uint64_t base = atomic_load_explicit(&clock->tsc, memory_order_relaxed);
	uint64_t time = atomic_load_explicit(&clock->time, memory_order_relaxed);
	uint64_t scale = atomic_load_explicit(&clock->scale, memory_order_relaxed);
	uint64_t now = rte_rdtsc(), kernel = kernel_time();
	uint64_t ours = time + convert(now - base, scale);
	int64_t ahead = (int64_t)(ours - kernel);

	// A step of the system's clock is followed at once; drift is worn off within ten seconds,
	// so that time does not jump from one packet to the next.
	if (ahead > (int64_t)TIME_SECOND || ahead < -(int64_t)TIME_SECOND)
		ours = kernel;
	else
		ours -= (uint64_t)(ahead / 10);
	publish(clock, now, ours, scale);
}

uint64_t clock_now(const struct capture_clock *clock)
{
	for (;;) {
		unsigned sequence = atomic_load_explicit(&clock->sequence, memory_order_acquire);
		uint64_t tsc = atomic_load_explicit(&clock->tsc, memory_order_relaxed);
		uint64_t time = atomic_load_explicit(&clock->time, memory_order_relaxed);
		uint64_t scale = atomic_load_explicit(&clock->scale, memory_order_relaxed);
		uint64_t now = rte_rdtsc();

		atomic_thread_fence(memory_order_acquire);
		if (!(sequence & 1) &&
		    atomic_load_explicit(&clock->sequence, memory_order_relaxed) == sequence)
			// Another core's counter may be a hair behind the one that published.
			return now > tsc ? time + convert(now - tsc, scale) : time;
		rte_pause();
	}
}
