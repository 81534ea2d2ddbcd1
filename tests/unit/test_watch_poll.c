/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch_fixture.h"

// spec-conn 7.2; the functions of plugins stand for Zeek's callbacks.

static uint64_t looks[16];
static uint64_t look_times[16];
static uint32_t look_count;
static int64_t answer_next;
static uint32_t looks_wanted;

static int64_t look(struct weir_conn *conn, uint64_t count)
{
	assert_true(look_count < 16);
	looks[look_count] = count;
	look_times[look_count++] = weir_conn_now(conn);
	return look_count < looks_wanted ? answer_next : -1;
}

static void poll_all(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	(void)event;
	(void)side;
	(void)value;
	assert_true(weir_conn_poll(conn, look, 0, answer_next));
}

static const struct weir_plugin poller = {.events = WEIR_NEW_CONNECTION, .event = poll_all};
static struct watch_plugin plugins[1];

static void watching_start_polls(struct watching *watching, int64_t interval, uint32_t wanted)
{
	plugins[0] = (struct watch_plugin){.plugin = &poller};
	watching->settings.plugins = plugins;
	watching->settings.plugin_count = 1;
	look_count = 0;
	answer_next = interval;
	looks_wanted = wanted;
	watching_start(watching);
}

static struct watch_rule_settings poll_rule(const char *name, enum watch_feature feature,
					    uint64_t above, uint64_t interval, bool repeat)
{
	return (struct watch_rule_settings){.name = name,
					    .actions = WATCH_ACTION_EVENT,
					    .poll = true,
					    .feature = feature,
					    .above = above,
					    .interval = interval,
					    .repeat = repeat};
}

static int add_poll(struct watching *watching, enum watch_feature feature, uint64_t above,
		    uint64_t interval, bool repeat)
{
	return ask(watching, (struct watch_request){.request = WATCH_REQUEST_POLL_ADD,
						    .kind = (uint8_t)feature,
						    .value = above,
						    .interval = interval,
						    .repeat = repeat,
						    .actions = WATCH_ACTION_EVENT});
}

// Zeek's test of polling: six calls within 1.155 s, at intervals of 0.2 s.
static void looks_come_at_their_interval_and_count(void **state)
{
	struct watching *watching = *state;

	watching_start_polls(watching, 200 * TIME_MILLISECOND, 16);
	from_client(watching, 28);
	for (int i = 0; i < 1155; i++) {
		advance(&watching->tracking, TIME_MILLISECOND);
		from_client(watching, 28);
	}
	assert_int_equal(look_count, 5);
	while (conn_table_drain(watching->tracking.table, SIZE_MAX) > 0)
		;
	// And once more at the end.
	assert_int_equal(look_count, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(looks[i], i);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(look_times[i], START + (i + 1) * 200 * TIME_MILLISECOND);
}

static void a_negative_answer_ends_them(void **state)
{
	struct watching *watching = *state;

	watching_start_polls(watching, TIME_SECOND, 2);
	from_client(watching, 28);
	for (int i = 0; i < 20; i++)
		advance(&watching->tracking, TIME_SECOND);
	assert_int_equal(look_count, 2);
	assert_items_kept(watching);
	assert_int_equal(
		conn_watch_get(watching->tracking.table, conn_of(&watching->tracking))->due,
		TIME_NEVER);
}

static void they_end_with_their_connection(void **state)
{
	struct watching *watching = *state;

	watching_start_polls(watching, TIME_SECOND, 16);
	watching->tracking.settings.inactivity[CONN_TIMEOUT_UDP] = 0;
	from_client(watching, 28);
	conn_watch_inactivity(watching->tracking.table, conn_of(&watching->tracking),
			      2500 * TIME_MILLISECOND);
	advance(&watching->tracking, 2 * TIME_SECOND);
	advance(&watching->tracking, TIME_SECOND);
	assert_int_equal(conn_table_live(watching->tracking.table), 0);
	assert_int_equal(finish_all(&watching->tracking), 1);
	assert_items_kept(watching);
	advance(&watching->tracking, 10 * TIME_SECOND);
	assert_int_equal(look_count, 1);
}

// In a trace time jumps: a look whose turn comes after the connection's end is none.
static void a_look_after_the_end_is_none(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	add_poll(watching, WATCH_FEATURE_PACKETS, 0, TIME_SECOND, false);
	add_poll(watching, WATCH_FEATURE_ORIG_PACKETS, 0, 2 * TIME_MINUTE, false);
	advance(&watching->tracking, TIME_HOUR);
	assert_told(watching, "poll 1");
	assert_int_equal(conn_table_live(watching->tracking.table), 0);
}

static void an_interval_of_nothing_is_the_next_time(void **state)
{
	struct watching *watching = *state;

	watching_start_polls(watching, 0, 16);
	from_client(watching, 28);
	advance(&watching->tracking, 0);
	assert_int_equal(look_count, 0);
	for (uint32_t i = 1; i <= 5; i++) {
		advance(&watching->tracking, 1);
		assert_int_equal(look_count, i);
	}
}

// However small the interval is, and however many packets come.
static void live_there_is_one_look_a_millisecond_at_most(void **state)
{
	struct watching *watching = *state;

	watching->tracking.settings.exact_time = false;
	watching_start(watching);
	from_client(watching, 28);
	add_poll(watching, WATCH_FEATURE_PACKETS, UINT64_MAX, 1, true);
	for (int i = 0; i < 1000; i++) {
		advance(&watching->tracking, 10 * TIME_MICROSECOND);
		from_client(watching, 28);
	}
	assert_in_range(watch_counters(watching->watch)->polls, 5, 10);
}

// Zeek runs so many timers a packet: a look is one of them, not two.
static void a_look_is_one_timer(void **state)
{
	struct watching *watching = *state;
	size_t timers = 0;

	watching_start(watching);
	from_client(watching, 28);
	add_poll(watching, WATCH_FEATURE_PACKETS, UINT64_MAX, TIME_SECOND, true);
	for (int i = 0; i < 10; i++) {
		watching->tracking.now += TIME_SECOND;
		timers += conn_table_advance(watching->tracking.table, watching->tracking.now,
					     SIZE_MAX);
	}
	assert_int_equal(timers, 10);
}

static void one_that_found_what_it_looks_for_is_over(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = poll_rule("a", WATCH_FEATURE_ORIG_BYTES, 99, TIME_SECOND,
						    false);

	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 99);
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "");
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "poll 127");
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "");
	assert_items_kept(watching);
}

static void with_repeat_it_goes_on(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = poll_rule("a", WATCH_FEATURE_PACKETS, 0, TIME_SECOND,
						    true);

	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, TIME_SECOND);
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "poll 1, poll 1");
}

static void assert_feature(struct watching *watching, enum watch_feature feature, uint64_t value)
{
	char text[64];

	from_client(watching, 100);
	assert_int_equal(add_poll(watching, feature, value - 1, TIME_SECOND, false), 0);
	watching->tracking.now += TIME_SECOND / 2;
	from_client(watching, 200);
	from_server(watching, 400);
	advance(&watching->tracking, TIME_SECOND / 2);
	snprintf(text, sizeof(text), "poll %ju", (uintmax_t)value);
	assert_told(watching, text);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	finish_all(&watching->tracking);
}

static void each_feature_is_what_its_name_says(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	assert_feature(watching, WATCH_FEATURE_ORIG_BYTES, 300);
	assert_feature(watching, WATCH_FEATURE_RESP_BYTES, 400);
	assert_feature(watching, WATCH_FEATURE_BYTES, 700);
	assert_feature(watching, WATCH_FEATURE_ORIG_PACKETS, 2);
	assert_feature(watching, WATCH_FEATURE_RESP_PACKETS, 1);
	assert_feature(watching, WATCH_FEATURE_PACKETS, 3);
	assert_feature(watching, WATCH_FEATURE_RATE, 600);
	assert_feature(watching, WATCH_FEATURE_PACKET_RATE, 2);
	assert_feature(watching, WATCH_FEATURE_DURATION, TIME_SECOND);
	assert_feature(watching, WATCH_FEATURE_IDLE, TIME_SECOND / 2);
}

// More than 2^64 bytes a second cannot be said.
static void a_rate_that_is_too_high_to_say_is_the_highest(void **state)
{
	struct watching *watching = *state;
	struct conn_watch *list;

	watching_start(watching);
	from_client(watching, 28);
	add_poll(watching, WATCH_FEATURE_RATE, UINT64_MAX - 1, 1, false);
	list = conn_watch_get(watching->tracking.table, conn_of(&watching->tracking));
	list->ip_bytes[CONN_ORIG] += UINT64_C(1) << 60;
	advance(&watching->tracking, 1);
	assert_told(watching, "poll 18446744073709551615");
}

static void a_poll_is_added_once(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(add_poll(watching, WATCH_FEATURE_PACKETS, 5, TIME_SECOND, true), 0);
	assert_int_equal(add_poll(watching, WATCH_FEATURE_PACKETS, 5, TIME_MINUTE, true), -EEXIST);
	assert_int_equal(add_poll(watching, WATCH_FEATURE_PACKETS, 6, TIME_SECOND, true), 0);
}

static void a_poll_that_is_deleted_looks_no_more(void **state)
{
	struct watching *watching = *state;
	struct watch_request request = {.request = WATCH_REQUEST_POLL_DELETE,
					.kind = WATCH_FEATURE_PACKETS};

	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(ask(watching, request), -ESRCH);
	add_poll(watching, WATCH_FEATURE_PACKETS, 0, TIME_SECOND, true);
	assert_int_equal(ask(watching, request), 0);
	assert_int_equal(ask(watching, request), -ESRCH);
	advance(&watching->tracking, 2 * TIME_SECOND);
	assert_told(watching, "");
	assert_items_kept(watching);
}

// A rule's poll is not a request's to delete, nor in the way of one.
static void a_rules_poll_is_the_rules(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = poll_rule("a", WATCH_FEATURE_PACKETS, 0, TIME_SECOND,
						    true);

	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(ask(watching, (struct watch_request){.request = WATCH_REQUEST_POLL_DELETE,
							      .kind = WATCH_FEATURE_PACKETS}),
			 -ESRCH);
	assert_int_equal(add_poll(watching, WATCH_FEATURE_PACKETS, 0, TIME_SECOND, true), 0);
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "poll 1, poll 1");
}

static void a_rule_that_was_taken_away_polls_no_more(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = poll_rule("a", WATCH_FEATURE_PACKETS, 0, TIME_SECOND,
						    true);

	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "poll 1");
	drop_rule(watching, "a", true);
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "");
	assert_items_kept(watching);
}

// Setting a poll is no reason for a duration to fire that waits for a packet.
static void a_poll_sets_off_nothing_else(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_DURATION, TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 3 * TIME_SECOND);
	add_poll(watching, WATCH_FEATURE_PACKETS, 0, TIME_SECOND, true);
	assert_told(watching, "");
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "poll 1");
}

static int64_t look_and_set(struct weir_conn *conn, uint64_t count)
{
	weir_conn_inactivity(conn, 3600 * (int64_t)TIME_SECOND);
	weir_conn_threshold_set(conn, WEIR_ORIG_BYTES, 1000 + count, NULL);
	weir_conn_poll(conn, look, 0, 1);
	look_count++;
	return 1;
}

static void poll_and_set(struct weir_conn *conn, enum weir_event event, enum weir_side side,
			 uint64_t value)
{
	(void)event;
	(void)side;
	(void)value;
	assert_true(weir_conn_poll(conn, look_and_set, 0, TIME_HOUR));
}

// Whatever it does.
static void at_the_end_each_looks_once(void **state)
{
	static const struct weir_plugin plugin = {.events = WEIR_NEW_CONNECTION,
						  .event = poll_and_set};
	struct watching *watching = *state;

	watching_start_polls(watching, TIME_HOUR, 16);
	plugins[0].plugin = &plugin;
	from_client(watching, 28);
	for (int i = 0; i < 1000 && conn_table_drain(watching->tracking.table, 1) > 0; i++)
		;
	assert_int_equal(conn_table_live(watching->tracking.table), 0);
	assert_int_equal(look_count, 1);
}

// Far more than wait for a packet or timer to be done with: the first are passed on meanwhile.
static void however_many_find_something_at_once_all_are_told_in_order(void **state)
{
	struct watching *watching = *state;

	watching->settings.log_events = UINT32_C(1) << CONN_EVENT_STATE_REMOVE;
	watching_start(watching);
	from_client(watching, 28);
	for (unsigned i = 0; i < WATCH_ITEMS_MOST; i++)
		add_poll(watching, WATCH_FEATURE_DURATION, i, TIME_SECOND, true);
	advance(&watching->tracking, TIME_SECOND);
	assert_int_equal(watching->told_count, WATCH_ITEMS_MOST);
	for (unsigned i = 0; i < WATCH_ITEMS_MOST; i++) {
		assert_int_equal(watching->told[i].kind, CONN_EVENT_POLL);
		assert_int_equal(watching->told[i].length, TIME_SECOND);
	}
	watching->told_count = 0;
	for (int i = 0; i < 1000 && conn_table_drain(watching->tracking.table, 1) > 0; i++)
		;
	// Each looks once more, before its connection is over.
	assert_int_equal(watching->told_count, WATCH_ITEMS_MOST + 1);
	assert_int_equal(watching->told[WATCH_ITEMS_MOST].kind, CONN_EVENT_STATE_REMOVE);
}

static void a_capture_by_a_look_begins_with_the_next_packet(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = poll_rule("a", WATCH_FEATURE_PACKETS, 0, TIME_SECOND,
						    false);

	rule.actions = WATCH_ACTION_CAPTURE;
	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, TIME_SECOND);
	assert_int_equal(watching->captured_count, 0);
	from_client(watching, 28);
	assert_int_equal(watching->captured_count, 1);
}

static void each_connection_of_a_full_table_has_room_for_three(void **state)
{
	struct watching *watching = *state;
	static const char *const name[3] = {"a", "b", "c"};

	for (int i = 0; i < 3; i++)
		put_rule(watching, &(struct watch_rule_settings){
					   .name = name[i], .poll = true, .interval = TIME_MINUTE});
	watching->tracking.settings.maximum = 40000;
	watching_start(watching);
	for (uint16_t port = 0; port < 40000; port++)
		track_udp(&watching->tracking, 1, port, SERVANT, 9000, 0);
	assert_int_equal(watch_counters(watching->watch)->short_of, 0);
	assert_int_equal(watching->watch->item_fresh - 1, 3 * 40000);
}

// There are four for each connection that may be, and 65,536 besides.
static void without_room_for_more_they_are_refused_and_counted(void **state)
{
	struct watching *watching = *state;
	struct watch_request request = {.request = WATCH_REQUEST_POLL_ADD, .interval = TIME_DAY};
	uint64_t refused = 0;
	uint32_t most;

	watching->tracking.settings.maximum = 1024;
	watching_start(watching);
	most = watching->watch->item_end - 1;
	for (uint32_t i = 0; i < most + 3; i++) {
		if (i % WATCH_ITEMS_MOST == 0)
			track_udp(&watching->tracking, 1, (uint16_t)(i / WATCH_ITEMS_MOST), SERVANT,
				  9000, 0);
		request.value = i;
		refused += ask(watching, request) == -ENOSPC;
	}
	assert_int_equal(refused, 3);
	assert_int_equal(watch_counters(watching->watch)->short_of, 3);
	// What goes makes room.
	track_udp(&watching->tracking, 1, (uint16_t)((most - 1) / WATCH_ITEMS_MOST), SERVANT, 9000,
		  0);
	request.request = WATCH_REQUEST_POLL_DELETE;
	request.value = most - 1;
	assert_int_equal(ask(watching, request), 0);
	request.request = WATCH_REQUEST_POLL_ADD;
	assert_int_equal(ask(watching, request), 0);
	assert_items_kept(watching);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, watching_create, watching_destroy)
		TEST(looks_come_at_their_interval_and_count),
		TEST(a_negative_answer_ends_them),
		TEST(they_end_with_their_connection),
		TEST(a_look_after_the_end_is_none),
		TEST(an_interval_of_nothing_is_the_next_time),
		TEST(live_there_is_one_look_a_millisecond_at_most),
		TEST(a_look_is_one_timer),
		TEST(one_that_found_what_it_looks_for_is_over),
		TEST(with_repeat_it_goes_on),
		TEST(each_feature_is_what_its_name_says),
		TEST(a_rate_that_is_too_high_to_say_is_the_highest),
		TEST(a_poll_is_added_once),
		TEST(a_poll_that_is_deleted_looks_no_more),
		TEST(a_rules_poll_is_the_rules),
		TEST(a_rule_that_was_taken_away_polls_no_more),
		TEST(a_poll_sets_off_nothing_else),
		TEST(at_the_end_each_looks_once),
		TEST(a_capture_by_a_look_begins_with_the_next_packet),
		TEST(each_connection_of_a_full_table_has_room_for_three),
		TEST(without_room_for_more_they_are_refused_and_counted),
		TEST(however_many_find_something_at_once_all_are_told_in_order),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
