/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "wheel.h"

#include "round.h"

#include "base/memory.h"
#include "conn/conn.h"

#include <stdio.h>

// The same start as a daemon that came up today: time counts from 1970.
#define START UINT64_C(1760000000000000000)

static struct conn *conn;
static struct wheel *wheel;
static uint32_t conns;
static uint64_t now;

static int create(uint32_t timers)
{
	conns = timers;
	now = START;
	conn = memory_map((size_t)timers * sizeof(*conn), true);
	wheel = conn != NULL ? wheel_create(&conn->wheel, sizeof(*conn), false) : NULL;
	if (wheel == NULL) {
		fprintf(stderr, "no memory for %u timers\n", timers);
		return -1;
	}
	for (uint32_t i = 0; i < timers; i++)
		wheel_node_clear(&conn[i].wheel);
	wheel_pop(wheel, now);
	return 0;
}

static void destroy(void)
{
	wheel_destroy(wheel);
	memory_unmap(conn, (size_t)conns * sizeof(*conn));
}

static void arm(const uint32_t *index, const uint64_t *spans, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wheel_arm(wheel, index[i], now + spans[i]);
}

static void cancel(const uint32_t *index, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wheel_cancel(wheel, index[i]);
}

static double run(uint32_t timers, uint32_t steps)
{
	uint64_t begin, end = now + 2 * WHEEL_MINUTE;
	uint32_t done = 0;

	for (uint32_t i = 0; i < timers; i++)
		wheel_arm(wheel, wheel_index(i, timers), now + i * (WHEEL_MINUTE / timers));
	begin = bench_begin();
	while (done < timers) {
		uint32_t index;

		now += WHEEL_MINUTE / steps;
		while ((index = wheel_pop(wheel, now)) != WHEEL_NONE) {
			conn[index].last++;
			done++;
		}
		if (now > end) {
			fprintf(stderr, "weir: timers got lost\n");
			exit(1);
		}
	}
	return bench_each(begin, timers);
}

static double poll(void)
{
	enum { LOOKS = 1000000 };
	uint64_t begin = bench_begin();

	for (uint32_t i = 0; i < LOOKS; i++)
		wheel_pop(wheel, now += 1000);
	return bench_each(begin, LOOKS);
}

const struct wheel_contender wheel_weir = {
	.name = "weir",
	.create = create,
	.destroy = destroy,
	.arm = arm,
	.cancel = cancel,
	.run = run,
	.poll = poll,
};
