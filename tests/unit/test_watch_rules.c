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
	assert_string_equal(why, "");
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

// Thirteen filters that each look at a bit of the port: every port has a set of its own.
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
	assert_int_equal(watch_counters(watching->watch)->unset,
			 4199 - (WATCH_SETS - 1 - WATCH_SETS_TO_MOVE));
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

static void turn(struct watching *watching, unsigned count)
{
	while (count-- > 0)
		watch_turn(watching->watch);
}

static void move_all(struct watching *watching)
{
	watch_move_begin(watching->watch);
	turn(watching, 10000);
	assert_false(watching->watch->moving);
}

// Of so many hosts, each from all ports, while there is also a rule for all connections; then there
// is only that rule left.
static void fill_all_sets(struct watching *watching, uint16_t hosts, unsigned turns_between)
{
	char name[8];

	start_with_a_set_for_each_port(watching);
	put_threshold(watching, "all", WATCH_ORIG_PACKETS, 2);
	for (uint16_t from = 1; from <= hosts; from++) {
		for (uint16_t port = 1; port < 4200; port++)
			track_udp(&watching->tracking, from, port, SERVANT, 9000, 0);
	}
	for (unsigned i = 0; i < 13; i++) {
		snprintf(name, sizeof(name), "bit%u", i);
		drop_rule(watching, name, false);
		turn(watching, turns_between);
	}
}

static void assert_new_connections_have_rules(struct watching *watching)
{
	uint64_t unset = watch_counters(watching->watch)->unset;

	for (uint16_t port = 5000; port < 5100; port++) {
		track_udp(&watching->tracking, 1, port, SERVANT, 9000, 0);
		watching->told_count = 0;
		track_udp(&watching->tracking, 1, port, SERVANT, 9000, 0);
		assert_told(watching, "orig_packets 2");
	}
	assert_int_equal(watch_counters(watching->watch)->unset, unset);
}

static void sets_merge_when_rules_are_taken_away(void **state)
{
	struct watching *watching = *state;

	fill_all_sets(watching, 1, 6000);
	assert_new_connections_have_rules(watching);
	move_all(watching);
	assert_int_equal(watching->watch->generation_count, 1);
	assert_int_equal(watching->watch->sets_taken, 1);
	// One that was there before is as far as it was.
	track_udp(&watching->tracking, 1, 77, SERVANT, 9000, 0);
	assert_told(watching, "orig_packets 2");
}

// The numbers that are kept for it are all in use in the middle of a pass: what begins anew then
// would find none.
static void sets_merge_when_rules_change_faster_than_connections_move(void **state)
{
	struct watching *watching = *state;

	fill_all_sets(watching, 2, 3);
	turn(watching, 20000);
	assert_new_connections_have_rules(watching);
	move_all(watching);
	assert_int_equal(watching->watch->generation_count, 1);
	assert_int_equal(watching->watch->sets_taken, 1);
}

static void start_with_connections_of_rules_before(struct watching *watching, uint16_t count)
{
	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 2);
	put_threshold(watching, "b", WATCH_ORIG_PACKETS, 3);
	watching_start(watching);
	for (uint16_t port = 1; port <= count; port++)
		track_udp(&watching->tracking, 1, port, SERVANT, 9000, 0);
	put_threshold(watching, "c", WATCH_ORIG_PACKETS, 4);
}

// To look for a set takes long; so there is one look in a turn.
static void where_no_set_is_free_one_connection_is_tried_in_a_turn(void **state)
{
	struct watching *watching = *state;
	struct watch *watch;

	start_with_connections_of_rules_before(watching, 20);
	watch = watching->watch;
	// As if all were in use.
	watch->sets_taken += WATCH_SETS - 2;
	watch_move_begin(watch);
	for (uint32_t i = 1; i <= 5; i++) {
		turn(watching, 1);
		assert_int_equal(watch->move_slot, i);
	}
	watch->sets_taken -= WATCH_SETS - 2;
	turn(watching, 50);
	move_all(watching);
	assert_int_equal(watch->generation_count, 1);
	assert_int_equal(watch->sets_taken, 1);
}

// Or one number that is kept for those that move would not do for a set.
static void a_rule_that_goes_in_the_middle_of_a_pass_makes_no_second_set(void **state)
{
	struct watching *watching = *state;
	struct watch *watch;
	char why[128];

	start_with_connections_of_rules_before(watching, 20);
	watch = watching->watch;
	// So many that other rules wait for the pass to end.
	watch->sets_taken += WATCH_SETS - 10;
	watch_move_begin(watch);
	turn(watching, 1);
	assert_int_equal(watch_book_delete(watching->book, "a", false, why, sizeof(why)), 0);
	turn(watching, 3);
	watch->sets_taken -= WATCH_SETS - 10;
	assert_int_equal(watch->sets_taken, 1);
	assert_int_equal(watch->generation_count, 1);
	move_all(watching);
	for (int i = 0; i < 2; i++)
		track_udp(&watching->tracking, 1, 1, SERVANT, 9000, 0);
	assert_told(watching, "orig_packets 3");
	track_udp(&watching->tracking, 1, 20, SERVANT, 9000, 0);
	track_udp(&watching->tracking, 1, 20, SERVANT, 9000, 0);
	assert_told(watching, "orig_packets 3");
}

// As often as `count`: other rules that no packet ever reaches, one as it was and one changed, a
// connection that has them, and so many turns.
static void grow_old(struct watching *watching, uint16_t count, unsigned turns)
{
	struct watch_rule_settings rules[2] = {{.name = "keep"}, {.name = "change"}};
	char why[128];

	rules[0].value[WATCH_ORIG_PACKETS] = 1000000;
	for (uint16_t i = 0; i < count; i++) {
		rules[1].value[WATCH_ORIG_PACKETS] = 1000000 + i;
		assert_int_equal(
			watch_book_replace(watching->book, rules, 2, NULL, why, sizeof(why)), 0);
		turn(watching, 1);
		track_udp(&watching->tracking, 1, i + 1, SERVANT, 9000, 0);
		turn(watching, turns);
	}
}

// Connections that never end keep no rules of long ago.
static void connections_of_old_rules_move_on_to_new_ones(void **state)
{
	struct watching *watching = *state;

	watching->tracking.settings.maximum = 1000;
	watching_start(watching);
	grow_old(watching, 900, 9);
	assert_int_equal(watch_counters(watching->watch)->rules_late, 0);
	assert_in_range(watch_book_kept(watching->book), 2, WATCH_GENERATIONS);
	turn(watching, 1000);
	watch_move_begin(watching->watch);
	turn(watching, 1000);
	assert_int_equal(watching->watch->generation_count, 1);
	put_threshold(watching, "last", WATCH_ORIG_PACKETS, 1);
	turn(watching, 1000);
	put_threshold(watching, "really", WATCH_ORIG_PACKETS, 1);
	assert_in_range(watch_book_kept(watching->book), 1, 3);
}

// What fired does not fire again, what did not does so at its value, what was taken away never.
static void one_that_moved_on_is_as_far_as_it_was(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 2);
	put_threshold(watching, "b", WATCH_ORIG_PACKETS, 3);
	put_threshold(watching, "c", WATCH_ORIG_PACKETS, 4);
	put_threshold(watching, "d", WATCH_ORIG_PACKETS, 5);
	watching_start(watching);
	from_client(watching, 28);
	from_client(watching, 28);
	assert_told(watching, "orig_packets 2");
	drop_rule(watching, "a", false);
	drop_rule(watching, "c", false);
	put_threshold(watching, "c", WATCH_ORIG_PACKETS, 4);
	put_threshold(watching, "e", WATCH_ORIG_PACKETS, 6);
	move_all(watching);
	assert_int_equal(watching->watch->generation_count, 1);
	from_client(watching, 28);
	assert_told(watching, "orig_packets 3");
	from_client(watching, 28);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_packets 5");
	from_client(watching, 28);
	assert_told(watching, "");
}

static void rules_in_another_order_are_found(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rules[3] = {
		{.name = "a", .actions = WATCH_ACTION_EVENT},
		{.name = "b", .actions = WATCH_ACTION_EVENT},
		{.name = "a", .actions = WATCH_ACTION_EVENT, .poll = true}};
	struct watch_rule_settings turned[3];
	char why[128];

	rules[0].value[WATCH_ORIG_PACKETS] = 2;
	rules[1].value[WATCH_ORIG_PACKETS] = 3;
	rules[2].feature = WATCH_FEATURE_PACKETS;
	rules[2].interval = TIME_SECOND;
	rules[2].above = 2;
	assert_int_equal(watch_book_replace(watching->book, rules, 3, NULL, why, sizeof(why)), 0);
	watching_start(watching);
	from_client(watching, 28);
	for (int i = 0; i < 3; i++)
		turned[i] = rules[2 - i];
	assert_int_equal(watch_book_replace(watching->book, turned, 3, NULL, why, sizeof(why)), 0);
	turn(watching, 1);
	move_all(watching);
	for (int i = 0; i < 3; i++)
		from_client(watching, 28);
	assert_told(watching, "orig_packets 2, orig_packets 3");
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "poll 4");
}

static void without_any_rule_left_there_is_no_set(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {.name = "p",
					   .poll = true,
					   .actions = WATCH_ACTION_EVENT,
					   .repeat = true,
					   .feature = WATCH_FEATURE_PACKETS,
					   .interval = TIME_SECOND};
	const struct conn_watch *list;

	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	drop_rule(watching, "p", true);
	move_all(watching);
	list = conn_watch_get(watching->tracking.table, conn_of(&watching->tracking));
	assert_int_equal(list->set, 0);
	assert_int_equal(list->items, 0);
	assert_int_equal(watching->watch->generation_count, 1);
	advance(&watching->tracking, 2 * TIME_SECOND);
	assert_told(watching, "");
	assert_items_kept(watching);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_int_equal(finish_all(&watching->tracking), 1);
}

// A pass takes its time; rules that come faster wait until it is through.
static void new_rules_wait_while_too_many_old_ones_are_needed(void **state)
{
	struct watching *watching = *state;

	watching->tracking.settings.maximum = 20000;
	watching_start(watching);
	for (uint16_t i = 0; i < 10000; i++)
		track_udp(&watching->tracking, 2, i, SERVANT, 9000, 0);
	grow_old(watching, 400, 0);
	assert_int_equal(watch_counters(watching->watch)->rules_late, 400 - WATCH_GENERATIONS);
	turn(watching, 20000);
	put_threshold(watching, "last", WATCH_ORIG_PACKETS, 1);
	from_client(watching, 28);
	assert_told(watching, "orig_packets 1");
	turn(watching, 20000);
	put_threshold(watching, "really", WATCH_ORIG_PACKETS, 1000000);
	assert_in_range(watch_book_kept(watching->book), 1, 150);
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
		TEST(sets_merge_when_rules_are_taken_away),
		TEST(sets_merge_when_rules_change_faster_than_connections_move),
		TEST(where_no_set_is_free_one_connection_is_tried_in_a_turn),
		TEST(a_rule_that_goes_in_the_middle_of_a_pass_makes_no_second_set),
		TEST(connections_of_old_rules_move_on_to_new_ones),
		TEST(one_that_moved_on_is_as_far_as_it_was),
		TEST(rules_in_another_order_are_found),
		TEST(without_any_rule_left_there_is_no_set),
		TEST(new_rules_wait_while_too_many_old_ones_are_needed),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
