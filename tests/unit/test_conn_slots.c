/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

// More than two groups of 4096, and no multiple of anything.
#define TOTAL 9001

struct test {
	struct conn_slots slots;
	bool taken[TOTAL];
	uint32_t count; // of those
};

static int set_up(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	*state = test;
	return conn_slots_create(&test->slots, TOTAL);
}

static int tear_down(void **state)
{
	struct test *test = *state;

	conn_slots_destroy(&test->slots);
	free(test);
	return 0;
}

static uint32_t take(struct test *test)
{
	uint32_t ahead, slot = conn_slots_take(&test->slots, &ahead);

	if (slot == CONN_SLOT_NONE)
		return slot;
	assert_true(slot < TOTAL);
	assert_false(test->taken[slot]);
	test->taken[slot] = true;
	test->count++;
	return slot;
}

static void give_back(struct test *test, uint32_t slot)
{
	assert_true(test->taken[slot]);
	test->taken[slot] = false;
	test->count--;
	conn_slots_return(&test->slots, slot);
}

static void take_many(struct test *test, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		assert_int_not_equal(take(test), CONN_SLOT_NONE);
}

static void each_slot_is_taken_once(void **state)
{
	struct test *test = *state;

	take_many(test, TOTAL);
	assert_false(conn_slots_any(&test->slots));
	assert_int_equal(take(test), CONN_SLOT_NONE);
}

static void the_last_one_that_came_back_is_found(void **state)
{
	static const uint32_t slots[] = {0, 63, 64, 4095, 4096, 8191, 8192, TOTAL - 1};
	struct test *test = *state;

	take_many(test, TOTAL);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		give_back(test, slots[i]);
		assert_true(conn_slots_any(&test->slots));
		assert_int_equal(take(test), slots[i]);
		assert_int_equal(take(test), CONN_SLOT_NONE);
	}
}

static void what_came_back_in_any_order_is_taken_in_ascending_order(void **state)
{
	struct test *test = *state;

	take_many(test, TOTAL);
	// 4001 and TOTAL have no common divisor.
	for (uint32_t i = 0; i < TOTAL / 2; i++)
		give_back(test, i * 4001 % TOTAL);
	for (uint32_t last = take(test), slot; (slot = take(test)) != CONN_SLOT_NONE; last = slot)
		assert_true(slot > last);
	assert_int_equal(test->count, TOTAL);
}

static void a_sweep_goes_on_where_it_was(void **state)
{
	struct test *test = *state;

	take_many(test, TOTAL);
	for (uint32_t slot = 1000; slot < 3000; slot++)
		give_back(test, slot);
	for (uint32_t slot = 1000; slot < 2000; slot++)
		assert_int_equal(take(test), slot);
	// Behind it, and for the next round.
	for (uint32_t slot = 0; slot < 500; slot++)
		give_back(test, slot);
	for (uint32_t slot = 2000; slot < 3000; slot++)
		assert_int_equal(take(test), slot);
	assert_int_equal(take(test), 0);
}

static void one_that_comes_is_known_ahead(void **state)
{
	struct test *test = *state;
	uint32_t ahead[CONN_SLOTS_AHEAD + 300];

	for (uint32_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
		uint32_t slot = conn_slots_take(&test->slots, &ahead[i]);

		assert_int_not_equal(ahead[i], CONN_SLOT_NONE);
		if (i >= CONN_SLOTS_AHEAD)
			assert_int_equal(slot, ahead[i - CONN_SLOTS_AHEAD]);
	}
}

// Memory that was never touched is taken for as long as the rest is nearly full only.
static void a_few_connections_at_a_time_use_few_slots(void **state)
{
	struct test *test = *state;
	uint32_t most = 0;

	for (int i = 0; i < 100000; i++) {
		uint32_t slot = take(test);

		most = slot > most ? slot : most;
		give_back(test, slot);
	}
	assert_true(most < 256);
}

static uint32_t highest_of(struct test *test, uint32_t count)
{
	uint32_t highest = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = take(test);

		highest = slot > highest ? slot : highest;
	}
	return highest;
}

static void fresh_slots_are_taken_while_less_than_an_eighth_of_the_others_is_free(void **state)
{
	struct test *test = *state;
	uint32_t used;

	take_many(test, 4096);
	used = conn_slots_fresh(&test->slots);
	// The ones that were looked ahead to come first.
	for (uint32_t slot = 0; slot < used / 16; slot++)
		give_back(test, slot);
	assert_true(highest_of(test, used - 4096 + 64) >= used);
	for (uint32_t slot = 1024; slot < 3072; slot++)
		give_back(test, slot);
	used = conn_slots_fresh(&test->slots);
	assert_true(highest_of(test, 1500) < used);
}

static void a_sweep_ends_where_the_last_group_does(void **state)
{
	struct conn_slots slots;
	uint32_t ahead;

	assert_int_equal(conn_slots_create(&slots, 8192), 0);
	while (conn_slots_take(&slots, &ahead) != CONN_SLOT_NONE)
		;
	for (uint32_t i = 0; i < 3; i++) {
		conn_slots_return(&slots, 8191);
		assert_int_equal(conn_slots_take(&slots, &ahead), 8191);
		conn_slots_return(&slots, 5);
		assert_int_equal(conn_slots_take(&slots, &ahead), 5);
	}
	conn_slots_destroy(&slots);
	(void)state;
}

static void slots_come_and_go_by_chance(void **state)
{
	struct test *test = *state;
	uint32_t random = 1;

	for (int i = 0; i < 1000000; i++) {
		bool full = test->count == TOTAL;
		uint32_t slot;

		random = random * 1664525 + 1013904223;
		slot = (random >> 8) % TOTAL;
		// Fuller and emptier by turns.
		if (test->taken[slot] && (i >> 15) % 3 == 0)
			give_back(test, slot);
		else
			assert_int_equal(take(test) == CONN_SLOT_NONE, full);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_slot_is_taken_once),
		TEST(the_last_one_that_came_back_is_found),
		TEST(what_came_back_in_any_order_is_taken_in_ascending_order),
		TEST(a_sweep_goes_on_where_it_was),
		TEST(one_that_comes_is_known_ahead),
		TEST(a_few_connections_at_a_time_use_few_slots),
		TEST(fresh_slots_are_taken_while_less_than_an_eighth_of_the_others_is_free),
		TEST(a_sweep_ends_where_the_last_group_does),
		TEST(slots_come_and_go_by_chance),
	};

	return cmocka_run_group_tests_name("conn_slots", tests, NULL, NULL);
}
