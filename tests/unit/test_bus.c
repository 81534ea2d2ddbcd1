/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "bus/bus.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void an_empty_ring_gives_nothing(void **state)
{
	struct bus_ring *ring = bus_ring_create(sizeof(uint64_t), 8);
	uint64_t got[4];

	assert_non_null(ring);
	assert_int_equal(bus_ring_take(ring, got, 4), 0);
	assert_int_equal(bus_ring_put(ring, got, 0), 0);
	assert_int_equal(bus_ring_take(ring, got, 4), 0);
	bus_ring_destroy(ring);
}

static void a_full_ring_takes_no_more(void **state)
{
	struct bus_ring *ring = bus_ring_create(sizeof(uint64_t), 8);
	uint64_t value[16] = {0}, got;
	size_t put = bus_ring_put(ring, value, 16);

	assert_in_range(put, 7, 8);
	assert_int_equal(bus_ring_put(ring, value, 1), 0);
	assert_int_equal(bus_ring_take(ring, &got, 1), 1);
	assert_int_equal(bus_ring_put(ring, value, 16), 1);
	bus_ring_destroy(ring);
}

static void elements_come_out_in_the_order_they_went_in(void **state)
{
	struct bus_ring *ring = bus_ring_create(12, 16);
	uint32_t in = 0, out = 0;

	srandom(7);
	while (out < 100000) {
		uint32_t element[16][3], count = (uint32_t)random() % 16;
		size_t moved;

		for (uint32_t i = 0; i < count; i++) {
			for (uint32_t j = 0; j < 3; j++)
				element[i][j] = (in + i) * 3 + j;
		}
		in += (uint32_t)bus_ring_put(ring, element, count);
		moved = bus_ring_take(ring, element, (size_t)random() % 16);
		for (size_t i = 0; i < moved; i++, out++) {
			for (uint32_t j = 0; j < 3; j++)
				assert_int_equal(element[i][j], out * 3 + j);
		}
	}
	bus_ring_destroy(ring);
}

static struct conn_summary summary_of(uint64_t number)
{
	struct conn_summary summary;

	memset(&summary, (int)(number & 0xff), sizeof(summary));
	summary.time = number;
	return summary;
}

// From the first member to the last.
static void assert_same(const struct conn_summary *a, const struct conn_summary *b)
{
	assert_int_equal(a->time, b->time);
	assert_memory_equal(&a->duration, &b->duration,
			    offsetof(struct conn_summary, vlan) -
				    offsetof(struct conn_summary, duration));
	assert_memory_equal(a->history, b->history, sizeof(a->history));
	assert_memory_equal(a->parent, b->parent, sizeof(a->parent));
}

static bool send(struct bus_channel *channel, const struct conn_summary *summary)
{
	size_t room;
	struct conn_summary *place = bus_channel_reserve(channel, 1, &room);

	if (place == NULL)
		return false;
	assert_int_equal(room, 1);
	*place = *summary;
	bus_channel_commit(channel, 1);
	return true;
}

// Copies what can be seen at once, which ends where the ring's memory ends, and then the rest.
static size_t receive(struct bus_channel *channel, struct conn_summary *summaries, size_t most)
{
	const struct conn_summary *found;
	size_t received = 0, count;

	while ((found = bus_channel_look(channel, most - received, &count)) != NULL) {
		memcpy(summaries + received, found, count * sizeof(*found));
		bus_channel_release(channel, count);
		received += count;
	}
	return received;
}

static void a_channel_hands_connections_over_whole(void **state)
{
	struct bus_channel *channel = bus_channel_create(16);
	struct conn_summary sent, got[16];
	uint64_t count = 0;

	assert_non_null(channel);
	for (sent = summary_of(0); send(channel, &sent); sent = summary_of(++count))
		;
	assert_in_range(count, 15, 16);
	assert_int_equal(receive(channel, got, 4), 4);
	assert_int_equal(receive(channel, got + 4, 12), count - 4);
	for (uint64_t i = 0; i < count; i++) {
		sent = summary_of(i);
		assert_same(&got[i], &sent);
	}
	assert_int_equal(receive(channel, got, 16), 0);
	bus_channel_destroy(channel);
}

static void only_what_is_committed_is_sent(void **state)
{
	struct bus_channel *channel = bus_channel_create(16);
	struct conn_summary *place, got[16];
	size_t room;

	place = bus_channel_reserve(channel, 8, &room);
	assert_int_equal(room, 8);
	for (uint64_t i = 0; i < 8; i++)
		place[i] = summary_of(i);
	assert_int_equal(receive(channel, got, 16), 0);
	bus_channel_commit(channel, 3);
	assert_int_equal(receive(channel, got, 16), 3);
	assert_int_equal(got[2].time, 2);
	// The others were never sent: their places come again.
	assert_ptr_equal(bus_channel_reserve(channel, 1, &room), place + 3);
	bus_channel_commit(channel, 0);
	assert_int_equal(receive(channel, got, 16), 0);
	bus_channel_destroy(channel);
}

static void places_are_in_a_row_and_never_more_than_are_free(void **state)
{
	struct bus_channel *channel = bus_channel_create(16);
	struct conn_summary *first, got[16];
	size_t room, sent = 0;

	first = bus_channel_reserve(channel, 10, &room);
	assert_int_equal(room, 10);
	bus_channel_commit(channel, 10);
	assert_int_equal(receive(channel, got, 16), 10);
	// Up to the end of the memory, then from its beginning, until the ring is full.
	assert_ptr_equal(bus_channel_reserve(channel, 16, &room), first + 10);
	assert_int_equal(room, 6);
	bus_channel_commit(channel, room);
	sent += room;
	assert_ptr_equal(bus_channel_reserve(channel, 16, &room), first);
	bus_channel_commit(channel, room);
	sent += room;
	assert_in_range(sent, 15, 16);
	assert_null(bus_channel_reserve(channel, 16, &room));
	assert_int_equal(room, 0);
	assert_int_equal(receive(channel, got, 16), sent);
	bus_channel_destroy(channel);
}

static void *send_many(void *argument)
{
	for (uint64_t i = 0; i < 100000; i++) {
		struct conn_summary summary = summary_of(i);

		while (!send(argument, &summary))
			sched_yield();
	}
	return NULL;
}

static void two_threads_lose_nothing(void **state)
{
	struct bus_channel *channel = bus_channel_create(64);
	uint64_t expected = 0;
	pthread_t sender;

	assert_int_equal(pthread_create(&sender, NULL, send_many, channel), 0);
	while (expected < 100000) {
		struct conn_summary got[32];
		size_t count = receive(channel, got, 32);

		if (count == 0)
			sched_yield();
		for (size_t i = 0; i < count; i++, expected++) {
			struct conn_summary summary = summary_of(expected);

			assert_same(&got[i], &summary);
		}
	}
	pthread_join(sender, NULL);
	bus_channel_destroy(channel);
}

static void nothing_can_be_destroyed(void **state)
{
	bus_ring_destroy(NULL);
	bus_channel_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ring_gives_nothing),
		cmocka_unit_test(a_full_ring_takes_no_more),
		cmocka_unit_test(elements_come_out_in_the_order_they_went_in),
		cmocka_unit_test(a_channel_hands_connections_over_whole),
		cmocka_unit_test(only_what_is_committed_is_sent),
		cmocka_unit_test(places_are_in_a_row_and_never_more_than_are_free),
		cmocka_unit_test(two_threads_lose_nothing),
		cmocka_unit_test(nothing_can_be_destroyed),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
