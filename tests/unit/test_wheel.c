/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "wheel/wheel.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RECORDS 300
#define TICK    (UINT64_C(1) << 20)
// The first level of the wheel covers this much, then a slot of the second level is spread.
#define ROUND (TICK << 13)
#define START (UINT64_C(1700000000) * TIME_SECOND)

struct record {
	uint64_t before;
	struct wheel_node node;
	uint64_t behind[3];
};

struct test {
	struct wheel *wheel;
	bool exact;
	uint64_t now;
	struct record record[RECORDS];
	uint64_t due[RECORDS]; // the model: when each record should come up
};

static int create(void **state, bool exact)
{
	struct test *test = calloc(1, sizeof(*test));

	test->exact = exact;
	test->now = START;
	for (int i = 0; i < RECORDS; i++) {
		wheel_node_clear(&test->record[i].node);
		test->due[i] = WHEEL_NEVER;
	}
	test->wheel = wheel_create(&test->record[0].node, sizeof(test->record[0]), exact);
	assert_int_equal(wheel_pop(test->wheel, START), WHEEL_NONE);
	*state = test;
	return 0;
}

static int create_exact(void **state)
{
	return create(state, true);
}

static int create_coarse(void **state)
{
	return create(state, false);
}

static int destroy(void **state)
{
	struct test *test = *state;

	wheel_destroy(test->wheel);
	free(test);
	return 0;
}

static void arm(struct test *test, uint32_t index, uint64_t due)
{
	wheel_arm(test->wheel, index, due);
	test->due[index] = due;
	assert_int_equal(test->record[index].node.due, due);
}

static uint64_t earliest(const struct test *test)
{
	uint64_t due = WHEEL_NEVER;

	for (int i = 0; i < RECORDS; i++)
		due = test->due[i] < due ? test->due[i] : due;
	return due;
}

static uint32_t armed(const struct test *test)
{
	uint32_t count = 0;

	for (int i = 0; i < RECORDS; i++)
		count += test->due[i] != WHEEL_NEVER;
	return count;
}

// Asks once and compares with the model. False when nothing came up.
static bool pop(struct test *test)
{
	uint64_t due = earliest(test);
	uint32_t index;

	if (test->now < wheel_next_check(test->wheel))
		assert_true(due > test->now || (!test->exact && due + 2 * TICK > test->now));
	index = wheel_pop(test->wheel, test->now);
	if (index == WHEEL_NONE) {
		// What is not exact may be up to two ticks behind.
		assert_true(due > test->now || (!test->exact && due + 2 * TICK > test->now));
		return false;
	}
	assert_true(index < RECORDS);
	assert_true(test->due[index] <= test->now);
	if (test->exact)
		assert_int_equal(test->due[index], due);
	assert_int_equal(test->record[index].node.due, WHEEL_NEVER);
	test->due[index] = WHEEL_NEVER;
	assert_int_equal(wheel_armed(test->wheel), armed(test));
	return true;
}

static void pop_until(struct test *test, uint64_t now)
{
	test->now = now;
	while (pop(test))
		;
}

static void nothing_comes_up_of_an_empty_wheel(void **state)
{
	struct test *test = *state;

	assert_int_equal(wheel_pop(test->wheel, 0), WHEEL_NONE);
	assert_int_equal(wheel_pop(test->wheel, START + 1000 * TIME_DAY), WHEEL_NONE);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void entries_come_up_in_order_of_time(void **state)
{
	static const uint32_t offset[] = {500, 100, 900, 300, 200, 700};
	static const uint32_t order[] = {1, 4, 3, 0, 5, 2};
	struct test *test = *state;

	for (uint32_t i = 0; i < 6; i++)
		arm(test, i, START + offset[i] * TIME_MICROSECOND);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(wheel_pop(test->wheel, START + TIME_SECOND), order[i]);
	assert_int_equal(wheel_pop(test->wheel, START + TIME_SECOND), WHEEL_NONE);
}

static void an_exact_entry_comes_up_at_its_nanosecond(void **state)
{
	static const uint64_t spans[] = {0,     1,         1000,           TICK - 1,
					 TICK,  TICK + 1,  TIME_SECOND,    ROUND - 1,
					 ROUND, ROUND + 1, 20 * TIME_HOUR, 3650 * TIME_DAY};
	struct test *test = *state;

	for (unsigned i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		uint64_t due = test->now + spans[i];

		arm(test, 1, due);
		if (spans[i] > 0)
			assert_int_equal(wheel_pop(test->wheel, due - 1), WHEEL_NONE);
		assert_int_equal(wheel_pop(test->wheel, due), 1);
		test->now = due;
	}
}

static void an_entry_in_the_past_comes_up_at_once(void **state)
{
	struct test *test = *state;

	arm(test, 3, START - 500 * TIME_DAY);
	arm(test, 4, 0);
	assert_true(wheel_next_check(test->wheel) <= START);
	pop_until(test, START);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void entries_of_equal_time_all_come_up(void **state)
{
	struct test *test = *state;

	for (uint32_t i = 0; i < RECORDS; i++)
		arm(test, i, START + TIME_SECOND);
	assert_int_equal(wheel_armed(test->wheel), RECORDS);
	pop_until(test, START + TIME_SECOND + 2 * TICK);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void a_cancelled_entry_never_comes_up(void **state)
{
	struct test *test = *state;

	// First, middle and last of one slot.
	for (uint32_t i = 0; i < 5; i++)
		arm(test, i, START + TIME_SECOND);
	for (uint32_t i = 0; i < 5; i += 2) {
		wheel_cancel(test->wheel, i);
		test->due[i] = WHEEL_NEVER;
		assert_int_equal(test->record[i].node.due, WHEEL_NEVER);
	}
	assert_int_equal(wheel_armed(test->wheel), 2);
	pop_until(test, START + TIME_MINUTE);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void cancelling_what_is_not_armed_does_nothing(void **state)
{
	struct test *test = *state;

	wheel_cancel(test->wheel, 7);
	arm(test, 7, START + 1);
	wheel_cancel(test->wheel, 7);
	wheel_cancel(test->wheel, 7);
	assert_int_equal(wheel_armed(test->wheel), 0);
	assert_int_equal(wheel_pop(test->wheel, START + TIME_DAY), WHEEL_NONE);
}

static void arming_for_never_cancels(void **state)
{
	struct test *test = *state;

	arm(test, 7, START + 1);
	arm(test, 7, WHEEL_NEVER);
	assert_int_equal(wheel_armed(test->wheel), 0);
	assert_int_equal(wheel_pop(test->wheel, START + TIME_DAY), WHEEL_NONE);
}

static void an_entry_can_be_moved_to_an_earlier_time(void **state)
{
	struct test *test = *state;

	arm(test, 7, START + 20 * TIME_HOUR);
	arm(test, 7, START + TIME_MINUTE);
	arm(test, 7, START + TIME_SECOND);
	assert_int_equal(wheel_armed(test->wheel), 1);
	pop_until(test, START + TIME_SECOND + 2 * TICK);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void an_entry_can_be_moved_to_a_later_time(void **state)
{
	struct test *test = *state;

	arm(test, 7, START + TIME_SECOND);
	arm(test, 7, START + TIME_MINUTE);
	arm(test, 7, START + 100 * TIME_HOUR);
	pop_until(test, START + 100 * TIME_HOUR - 1);
	assert_int_equal(wheel_armed(test->wheel), 1);
	pop_until(test, START + 100 * TIME_HOUR + 2 * TICK);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void far_entries_come_up_when_time_moves_in_small_steps(void **state)
{
	struct test *test = *state;

	arm(test, 0, START + 20 * TIME_HOUR);
	arm(test, 1, START + 50 * TIME_HOUR);
	arm(test, 2, START + 20 * TIME_HOUR + 1);
	arm(test, 3, START + 3650 * TIME_DAY);
	for (uint64_t now = START; now < START + 60 * TIME_HOUR; now += 777 * TIME_MILLISECOND)
		pop_until(test, now);
	assert_int_equal(wheel_armed(test->wheel), 1);
	for (uint64_t now = START; now < START + 3651 * TIME_DAY; now += TIME_HOUR)
		pop_until(test, now < test->now ? test->now : now);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void far_entries_come_up_after_one_long_step(void **state)
{
	struct test *test = *state;

	for (uint32_t i = 0; i < RECORDS; i++)
		arm(test, i, START + i * 7919 * TIME_MINUTE);
	pop_until(test, START + 3650 * TIME_DAY);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void time_may_begin_long_after_zero(void **state)
{
	struct test *test = *state;
	struct wheel *wheel = wheel_create(&test->record[0].node, sizeof(test->record[0]), true);

	// Armed before anybody told the wheel what time it is.
	wheel_arm(wheel, 0, START + 60 * TIME_SECOND);
	wheel_arm(wheel, 1, START + 5 * TIME_SECOND);
	assert_int_equal(wheel_pop(wheel, START), WHEEL_NONE);
	assert_int_equal(wheel_pop(wheel, START + 5 * TIME_SECOND), 1);
	assert_int_equal(wheel_pop(wheel, START + 60 * TIME_SECOND), 0);
	wheel_destroy(wheel);
}

static void a_step_of_a_hundred_years_is_no_trouble(void **state)
{
	struct test *test = *state;

	arm(test, 0, START + TIME_SECOND);
	arm(test, 1, START + 36500 * TIME_DAY + TIME_SECOND);
	pop_until(test, START + 36500 * TIME_DAY);
	assert_int_equal(wheel_armed(test->wheel), 1);
	pop_until(test, START + 36501 * TIME_DAY);
	assert_int_equal(wheel_armed(test->wheel), 0);
	pop_until(test, UINT64_MAX - TIME_DAY);
	arm(test, 2, test->now + TIME_SECOND);
	pop_until(test, test->now + TIME_MINUTE);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

// Where a round of the first level begins, a slot of the second level joins entries that were there
// before.
static void entries_of_both_levels_meet_in_order(void **state)
{
	struct test *test = *state;
	uint64_t boundary = (START / ROUND + 10) * ROUND;

	arm(test, 0, boundary + 500);
	pop_until(test, boundary - TIME_SECOND);
	arm(test, 1, boundary + 100);
	pop_until(test, boundary + 200);
	assert_int_equal(wheel_armed(test->wheel), 1);
	pop_until(test, boundary + 1000 + (test->exact ? 0 : 2 * TICK));
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void an_earlier_now_counts_as_the_latest_one(void **state)
{
	struct test *test = *state;

	arm(test, 0, START + 1000);
	arm(test, 1, START + 2000);
	assert_int_equal(wheel_pop(test->wheel, START + 5000), 0);
	assert_int_equal(wheel_pop(test->wheel, START), 1);
}

static void next_check_lies_before_the_next_entry(void **state)
{
	struct test *test = *state;

	arm(test, 0, START + TIME_HOUR);
	for (uint64_t now = START; now < START + TIME_HOUR; now += 333 * TIME_MILLISECOND) {
		pop_until(test, now);
		assert_true(wheel_next_check(test->wheel) <= START + TIME_HOUR);
	}
	arm(test, 1, test->now + 5);
	assert_true(wheel_next_check(test->wheel) <= test->now + 5);
}

// With nothing due within the running tick, the caller is let off until the next one begins.
static void next_check_of_an_exact_wheel_lies_ahead(void **state)
{
	struct test *test = *state;

	arm(test, 0, START + TIME_HOUR);
	for (uint64_t now = START; now < START + TIME_SECOND; now += 333 * TIME_MICROSECOND) {
		pop_until(test, now);
		assert_true(wheel_next_check(test->wheel) > now);
	}
}

static uint64_t random64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
}

// From nanoseconds to years, all orders of magnitude alike.
static uint64_t random_span(void)
{
	return random64() >> (random() % 54 + 10);
}

static uint64_t random_due(const struct test *test)
{
	uint64_t boundary = (test->now / ROUND + 1 + (uint64_t)random() % 3) * ROUND;

	switch (random() % 4) {
	case 0:
		return boundary + (uint64_t)random() % (4 * TICK) - 2 * TICK;
	case 1:
		return test->now - random_span() % TIME_DAY;
	default:
		return test->now + random_span();
	}
}

static void random_use_agrees_with_a_sorted_list(void **state)
{
	struct test *test = *state;

	srandom(5);
	for (int i = 0; i < 100000; i++) {
		uint32_t index = (uint32_t)random() % RECORDS;

		switch (random() % 8) {
		case 0:
		case 1:
		case 2:
		case 3:
			arm(test, index, random_due(test));
			break;
		case 4:
			wheel_cancel(test->wheel, index);
			test->due[index] = WHEEL_NEVER;
			break;
		case 5:
			pop(test);
			break;
		case 6:
			pop_until(test, test->now + random_span() %
							    (i % 100 == 0 ? TIME_DAY : 40 * TICK));
			break;
		case 7:
			// To just where the next one is due.
			if (earliest(test) > test->now && earliest(test) < test->now + TIME_HOUR)
				pop_until(test, earliest(test) - (uint64_t)random() % 2);
			break;
		}
		assert_int_equal(wheel_armed(test->wheel), armed(test));
	}
	pop_until(test, UINT64_MAX / 2);
	assert_int_equal(wheel_armed(test->wheel), 0);
}

static void the_rest_of_a_record_is_left_alone(void **state)
{
	struct test *test = *state;

	for (uint32_t i = 0; i < RECORDS; i++)
		arm(test, i, START + i * TICK / 3);
	pop_until(test, START + RECORDS * TICK);
	for (uint32_t i = 0; i < RECORDS; i++) {
		assert_int_equal(test->record[i].before, 0);
		assert_int_equal(test->record[i].behind[0], 0);
	}
}

#define EXACT(name)                                                                                \
	{                                                                                          \
#name " (exact)", name, create_exact, destroy, NULL                                \
	}
#define COARSE(name)                                                                               \
	{                                                                                          \
#name " (coarse)", name, create_coarse, destroy, NULL                              \
	}
#define BOTH(name) EXACT(name), COARSE(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(nothing_comes_up_of_an_empty_wheel),
		EXACT(entries_come_up_in_order_of_time),
		EXACT(an_exact_entry_comes_up_at_its_nanosecond),
		BOTH(an_entry_in_the_past_comes_up_at_once),
		BOTH(entries_of_equal_time_all_come_up),
		BOTH(a_cancelled_entry_never_comes_up),
		BOTH(cancelling_what_is_not_armed_does_nothing),
		BOTH(arming_for_never_cancels),
		BOTH(an_entry_can_be_moved_to_an_earlier_time),
		BOTH(an_entry_can_be_moved_to_a_later_time),
		BOTH(far_entries_come_up_when_time_moves_in_small_steps),
		BOTH(far_entries_come_up_after_one_long_step),
		EXACT(time_may_begin_long_after_zero),
		BOTH(a_step_of_a_hundred_years_is_no_trouble),
		EXACT(entries_of_both_levels_meet_in_order),
		EXACT(an_earlier_now_counts_as_the_latest_one),
		BOTH(next_check_lies_before_the_next_entry),
		EXACT(next_check_of_an_exact_wheel_lies_ahead),
		BOTH(random_use_agrees_with_a_sorted_list),
		BOTH(the_rest_of_a_record_is_left_alone),
	};

	return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
