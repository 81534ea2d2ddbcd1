/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "bus/bus_request.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void requests_and_answers_keep_their_order(void **state)
{
	struct bus_requests *requests = bus_requests_create();
	struct watch_request request[8];
	struct watch_answer answer[8];

	assert_non_null(requests);
	assert_int_equal(bus_request_receive(requests, request, 8), 0);
	assert_int_equal(bus_answer_receive(requests, answer, 8), 0);
	for (uint64_t i = 0; i < 5; i++) {
		assert_true(bus_request_send(requests, &(struct watch_request){.number = i}));
		assert_true(bus_answer_send(requests, &(struct watch_answer){.number = 100 + i}));
	}
	assert_int_equal(bus_request_receive(requests, request, 8), 5);
	assert_int_equal(bus_answer_receive(requests, answer, 8), 5);
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(request[i].number, i);
		assert_int_equal(answer[i].number, 100 + i);
	}
	bus_requests_destroy(requests);
}

static void a_full_ring_takes_no_more(void **state)
{
	struct bus_requests *requests = bus_requests_create();
	struct watch_request request = {0};
	uint32_t sent = 0;

	assert_non_null(requests);
	while (sent <= BUS_REQUESTS_MOST && bus_request_send(requests, &request))
		sent++;
	assert_in_range(sent, BUS_REQUESTS_MOST - 1, BUS_REQUESTS_MOST);
	assert_int_equal(bus_request_receive(requests, &request, 1), 1);
	assert_true(bus_request_send(requests, &request));
	bus_requests_destroy(requests);
	bus_requests_destroy(NULL);
}

static void *answer_all(void *argument)
{
	struct bus_requests *requests = argument;
	struct watch_request list[32];
	uint64_t expected = 0;

	while (expected < 100000) {
		size_t count = bus_request_receive(requests, list, 32);

		if (count == 0)
			sched_yield();
		for (size_t i = 0; i < count; i++, expected++) {
			struct watch_answer answer = {.number = list[i].number,
						      .value = list[i].value};

			assert_int_equal(list[i].number, expected);
			while (!bus_answer_send(requests, &answer))
				sched_yield();
		}
	}
	return NULL;
}

static void two_threads_lose_nothing(void **state)
{
	struct bus_requests *requests = bus_requests_create();
	uint64_t sent = 0, answered = 0;
	pthread_t worker;

	assert_non_null(requests);
	assert_int_equal(pthread_create(&worker, NULL, answer_all, requests), 0);
	while (answered < 100000) {
		struct watch_request request = {.number = sent, .value = ~sent};
		struct watch_answer list[32];
		size_t count;

		if (sent < 100000 && bus_request_send(requests, &request))
			sent++;
		count = bus_answer_receive(requests, list, 32);
		for (size_t i = 0; i < count; i++, answered++) {
			assert_int_equal(list[i].number, answered);
			assert_int_equal(list[i].value, ~answered);
		}
	}
	pthread_join(worker, NULL);
	bus_requests_destroy(requests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_and_answers_keep_their_order),
		cmocka_unit_test(a_full_ring_takes_no_more),
		cmocka_unit_test(two_threads_lose_nothing),
	};

	return cmocka_run_group_tests_name("bus_request", tests, NULL, NULL);
}
