/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch_fixture.h"

static void a_snapshot_in_force_has_its_worker(void **state)
{
	struct watching *watching = *state;
	struct watch_rules *rules;

	watching_start(watching);
	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 5);
	rules = atomic_load(watch_book_published(watching->book));
	assert_int_equal(atomic_load(&rules->users), 1);
	assert_int_equal(watch_book_kept(watching->book), 2);
}

// The worker leaves a snapshot when the last connection with its rules is gone, not before.
static void a_snapshot_stays_as_long_as_a_connection_needs_it(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 3);
	watching_start(watching);
	from_client(watching, 28);
	put_threshold(watching, "b", WATCH_ORIG_PACKETS, 2);
	put_threshold(watching, "c", WATCH_ORIG_PACKETS, 2);
	from_client(watching, 28);
	from_client(watching, 28);
	assert_told(watching, "orig_packets 3");
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_int_equal(finish_all(&watching->tracking), 1);
	put_threshold(watching, "d", WATCH_ORIG_PACKETS, 2);
	// What is taken away is freed with the next change.
	put_threshold(watching, "e", WATCH_ORIG_PACKETS, 2);
	assert_true(watch_book_kept(watching->book) <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, watching_create, watching_destroy)
		TEST(a_snapshot_in_force_has_its_worker),
		TEST(a_snapshot_stays_as_long_as_a_connection_needs_it),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
