/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump/dump_internal.h"

#include "base/monotonic.h"
#include "base/time.h"

#include <time.h>

// The thread looks after rings by itself, because a worker must not stop to wake it: a few times a
// second while nobody wants captures, and each few milliseconds while somebody does; what comes
// meanwhile has to find room in the ring. While workers wait for it there is no long nap.
#define NAP_SHORTEST (4 * TIME_MILLISECOND)
#define NAP_LONGEST  (128 * TIME_MILLISECOND)

// Not more than the ring holds, so that busy workers do not keep others' packets waiting. Returns
// how many elements there were.
static uint32_t drain(struct dump *dump, struct dump_ring *ring)
{
	const struct dump_element *element;
	uint32_t taken = 0;

	while (taken < dump->settings.ring_packets && (element = dump_ring_look(ring)) != NULL) {
		dump_files_take(dump, element);
		dump_ring_release(ring);
		taken++;
	}
	if (taken > 0 && !ring->populated) {
		dump_ring_populate(ring);
		ring->populated = true;
	}
	return taken;
}

static uint32_t make_round(struct dump *dump)
{
	uint32_t taken = 0;

	dump->now = monotonic_now();
	for (uint32_t i = 0; i < dump->settings.workers; i++)
		taken += drain(dump, dump->ring[i]);
	dump_files_flush(dump);
	return taken;
}

// Returns whether the thread is to go on.
static bool nap(struct dump *dump, uint64_t span)
{
	uint64_t end = monotonic_now() + span;
	struct timespec until = {(time_t)(end / TIME_SECOND), (long)(end % TIME_SECOND)};
	bool stopping;
	int result = 0;

	pthread_mutex_lock(&dump->lock);
	while (!dump->stopping && result == 0)
		result = pthread_cond_timedwait(&dump->wake, &dump->lock, &until);
	stopping = dump->stopping;
	pthread_mutex_unlock(&dump->lock);
	return !stopping;
}

// What workers could not say before they ended.
static void take_waiting(struct dump *dump, struct dump_ring *ring)
{
	for (uint32_t i = 0; i < ring->waiting_count; i++)
		dump_files_take(dump, &ring->waiting[i]);
	ring->waiting_count = 0;
}

void *dump_thread(void *argument)
{
	struct dump *dump = argument;
	uint64_t longest = dump->settings.wait ? NAP_SHORTEST : NAP_LONGEST;
	uint64_t span = longest;

	while (nap(dump, span)) {
		uint32_t taken = make_round(dump);

		if (taken > 0)
			span = NAP_SHORTEST;
		else if (span < longest)
			span *= 2;
		// Rings that were that full would not wait for the end of a nap.
		while (taken > dump->settings.ring_packets / 2)
			taken = make_round(dump);
	}
	while (make_round(dump) > 0)
		;
	for (uint32_t i = 0; i < dump->settings.workers; i++)
		take_waiting(dump, dump->ring[i]);
	dump_files_finish(dump);
	return NULL;
}
