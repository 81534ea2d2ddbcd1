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

static void the_last_snapshot_is_left_when_the_last_connection_is(void **state)
{
	struct watching *watching = *state;
	struct watch_rules *rules;

	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 3);
	watching_start(watching);
	rules = atomic_load(watch_book_published(watching->book));
	from_client(watching, 28);
	put_threshold(watching, "b", WATCH_ORIG_PACKETS, 2);
	assert_int_equal(atomic_load(&rules->users), 1);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_int_equal(atomic_load(&rules->users), 1);
	finish_all(&watching->tracking);
	assert_int_equal(atomic_load(&rules->users), 0);
}

static void new_rules_are_for_connections_to_come(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 1);
	from_client(watching, 28);
	assert_told(watching, "");
	track_udp(&watching->tracking, 7, 5000, SERVANT, 9000, 0);
	assert_told(watching, "orig_packets 1");
}

static void a_rule_that_is_deleted_does_nothing_more_for_any(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 2);
	put_threshold(watching, "b", WATCH_ORIG_PACKETS, 3);
	watching_start(watching);
	from_client(watching, 28);
	drop_rule(watching, "a", false);
	from_client(watching, 28);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_packets 3");
}

static void a_rule_that_stays_as_it_was_goes_on(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rules[2] = {{.name = "a", .actions = WATCH_ACTION_EVENT},
					       {.name = "b", .actions = WATCH_ACTION_EVENT}};
	char why[128];

	rules[0].value[WATCH_ORIG_PACKETS] = 2;
	rules[1].value[WATCH_ORIG_PACKETS] = 3;
	assert_int_equal(watch_book_replace(watching->book, rules, 2, NULL, why, sizeof(why)), 0);
	watching_start(watching);
	from_client(watching, 28);
	// The other one becomes another one: it is not what these connections had.
	rules[1].value[WATCH_ORIG_PACKETS] = 4;
	assert_int_equal(watch_book_replace(watching->book, rules, 2, NULL, why, sizeof(why)), 0);
	watch_turn(watching->watch);
	for (int i = 0; i < 5; i++)
		from_client(watching, 28);
	assert_told(watching, "orig_packets 2");
}

static void the_same_rules_again_are_no_change(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {.name = "a", .value = {[WATCH_PACKETS] = 5}};
	struct watch_rules *before;
	char why[128];

	assert_int_equal(watch_book_replace(watching->book, &rule, 1, NULL, why, sizeof(why)), 0);
	before = atomic_load(watch_book_published(watching->book));
	assert_int_equal(watch_book_replace(watching->book, &rule, 1, NULL, why, sizeof(why)), 0);
	assert_ptr_equal(atomic_load(watch_book_published(watching->book)), before);
	assert_int_equal(watch_book_replace(watching->book, NULL, 0, NULL, why, sizeof(why)), 0);
	assert_ptr_not_equal(atomic_load(watch_book_published(watching->book)), before);
}

static void a_name_is_given_once_for_each_sort(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {.name = "a", .value = {[WATCH_PACKETS] = 5}};
	char why[256];
	size_t count;

	assert_int_equal(watch_book_add(watching->book, &rule, why, sizeof(why)), 0);
	assert_int_equal(watch_book_add(watching->book, &rule, why, sizeof(why)), -EEXIST);
	rule.poll = true;
	assert_int_equal(watch_book_add(watching->book, &rule, why, sizeof(why)), 0);
	assert_int_equal(watch_book_delete(watching->book, "b", true, why, sizeof(why)), -ENOENT);
	assert_int_equal(watch_book_delete(watching->book, "a", true, why, sizeof(why)), 0);
	assert_string_equal(watch_book_rules(watching->book, &count)[0].name, "a");
	assert_int_equal(count, 1);
}

static void too_many_rules_or_a_wrong_filter_change_nothing(void **state)
{
	struct watching *watching = *state;
	static struct watch_rule_settings rules[WATCH_RULES_MOST + 1];
	struct watch_rules *before = atomic_load(watch_book_published(watching->book));
	char why[256];

	for (size_t i = 0; i <= WATCH_RULES_MOST; i++)
		rules[i] = (struct watch_rule_settings){.name = "a"};
	assert_int_equal(watch_book_replace(watching->book, rules, WATCH_RULES_MOST + 1, NULL, why,
					    sizeof(why)),
			 -E2BIG);
	rules[0].expression = "host host";
	assert_int_equal(watch_book_replace(watching->book, rules, 1, NULL, why, sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "[threshold a]"));
	assert_ptr_equal(atomic_load(watch_book_published(watching->book)), before);
}

static void a_filter_chooses_connections(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {
		.name = "a", .expression = "src host 10.0.0.7", .actions = WATCH_ACTION_EVENT};

	rule.value[WATCH_PACKETS] = 1;
	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	assert_null(conn_watch_get(watching->tracking.table, conn_of(&watching->tracking)));
	track_udp(&watching->tracking, 7, 5000, SERVANT, 9000, 0);
	assert_told(watching, "packets 1");
}

// Sixteen filters that each look at a bit of the port: every port has a set of its own.
static void start_with_a_set_for_each_port(struct watching *watching)
{
	static struct watch_rule_settings rules[13];
	static char names[13][8], filters[13][64];
	char why[256];

	for (unsigned i = 0; i < 13; i++) {
		snprintf(names[i], sizeof(names[i]), "bit%u", i);
		snprintf(filters[i], sizeof(filters[i]), "udp[0:2] & %u != 0", 1 << i);
		rules[i] = (struct watch_rule_settings){
			.name = names[i], .expression = filters[i], .actions = WATCH_ACTION_EVENT};
		rules[i].value[WATCH_PACKETS] = 2;
	}
	assert_int_equal(watch_book_replace(watching->book, rules, 13, NULL, why, sizeof(why)), 0);
	watching->tracking.settings.maximum = 10000;
	watching_start(watching);
}

static void connections_beyond_the_last_set_have_no_rules(void **state)
{
	struct watching *watching = *state;

	start_with_a_set_for_each_port(watching);
	for (uint16_t port = 1; port < 4200; port++)
		track_udp(&watching->tracking, 1, port, SERVANT, 9000, 0);
	assert_int_equal(watch_counters(watching->watch)->unset, 4199 - (WATCH_SETS - 1));
	track_udp(&watching->tracking, 1, 3, SERVANT, 9000, 0);
	assert_told(watching, "packets 2, packets 2");
	track_udp(&watching->tracking, 1, 4199, SERVANT, 9000, 0);
	assert_told(watching, "");
}

static void sets_that_nobody_has_any_more_are_used_again(void **state)
{
	struct watching *watching = *state;

	start_with_a_set_for_each_port(watching);
	for (uint16_t port = 1; port < 8000; port++) {
		track_udp(&watching->tracking, 1, port, SERVANT, 9000, 0);
		if (port % 1000 == 0) {
			advance(&watching->tracking, 10 * TIME_MINUTE);
			finish_all(&watching->tracking);
		}
	}
	assert_int_equal(watch_counters(watching->watch)->unset, 0);
	track_udp(&watching->tracking, 1, 7999, SERVANT, 9000, 0);
	assert_int_equal(watching->told_count, __builtin_popcount(7999));
}

// Each connection keeps the rules of its time; there is room for so many times.
static void new_rules_wait_while_too_many_old_ones_are_needed(void **state)
{
	struct watching *watching = *state;
	static char names[400][8];

	watching->tracking.settings.maximum = 1000;
	watching_start(watching);
	for (uint16_t i = 0; i < 400; i++) {
		snprintf(names[i], sizeof(names[i]), "g%u", i);
		put_threshold(watching, names[i], WATCH_ORIG_PACKETS, 1000000);
		track_udp(&watching->tracking, 1, i + 1, SERVANT, 9000, 0);
	}
	assert_true(watch_counters(watching->watch)->rules_late > 0);
	assert_in_range(watch_book_kept(watching->book), 256, 258);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_int_equal(finish_all(&watching->tracking), 400);
	watch_turn(watching->watch);
	put_threshold(watching, "last", WATCH_ORIG_PACKETS, 1);
	from_client(watching, 28);
	assert_told(watching, "orig_packets 1");
	put_threshold(watching, "really", WATCH_ORIG_PACKETS, 1000000);
	assert_in_range(watch_book_kept(watching->book), 1, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, watching_create, watching_destroy)
		TEST(a_snapshot_in_force_has_its_worker),
		TEST(a_snapshot_stays_as_long_as_a_connection_needs_it),
		TEST(the_last_snapshot_is_left_when_the_last_connection_is),
		TEST(new_rules_are_for_connections_to_come),
		TEST(a_rule_that_is_deleted_does_nothing_more_for_any),
		TEST(a_rule_that_stays_as_it_was_goes_on),
		TEST(the_same_rules_again_are_no_change),
		TEST(a_name_is_given_once_for_each_sort),
		TEST(too_many_rules_or_a_wrong_filter_change_nothing),
		TEST(a_filter_chooses_connections),
		TEST(connections_beyond_the_last_set_have_no_rules),
		TEST(sets_that_nobody_has_any_more_are_used_again),
		TEST(new_rules_wait_while_too_many_old_ones_are_needed),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
