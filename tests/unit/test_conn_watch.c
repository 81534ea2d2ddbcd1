/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch_fixture.h"

static void own_inactivity(struct watching *watching, uint64_t span)
{
	conn_watch_inactivity(watching->tracking.table, conn_of(&watching->tracking), span);
}

static uint32_t live_after(struct watching *watching, uint64_t span)
{
	advance(&watching->tracking, span);
	return conn_table_live(watching->tracking.table);
}

static void a_shorter_inactivity_time_ends_it_sooner(void **state)
{
	struct watching *watching = *state;
	struct conn_summary summary;

	watching_start(watching);
	from_client(watching, 28);
	own_inactivity(watching, 10 * TIME_SECOND);
	assert_int_equal(live_after(watching, 10 * TIME_SECOND - 1), 1);
	assert_int_equal(live_after(watching, 1), 0);
	assert_finished(&watching->tracking, &summary);
	assert_int_equal(summary.reason, CONN_REASON_INACTIVE);
}

static void a_longer_one_lets_it_live(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	own_inactivity(watching, TIME_HOUR);
	assert_int_equal(live_after(watching, TIME_HOUR - 1), 1);
	assert_int_equal(live_after(watching, 1), 0);
}

static void none_lets_it_live_forever(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	own_inactivity(watching, 0);
	assert_int_equal(live_after(watching, 1000 * TIME_DAY), 1);
}

static void the_longest_is_longer_than_anything(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	own_inactivity(watching, UINT64_MAX);
	assert_int_equal(live_after(watching, 3650 * TIME_DAY), 1);
}

static void it_counts_from_the_last_packet(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 30 * TIME_SECOND);
	own_inactivity(watching, 40 * TIME_SECOND);
	assert_int_equal(live_after(watching, 9 * TIME_SECOND), 1);
	from_server(watching, 28);
	assert_int_equal(live_after(watching, 40 * TIME_SECOND - 1), 1);
	assert_int_equal(live_after(watching, 1), 0);
}

static void one_that_is_over_already_ends_it_at_once(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 30 * TIME_SECOND);
	own_inactivity(watching, TIME_SECOND);
	assert_int_equal(conn_table_live(watching->tracking.table), 1);
	assert_int_equal(live_after(watching, 0), 0);
}

static void parts_of_a_millisecond_count_as_one(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	own_inactivity(watching, 1);
	assert_int_equal(live_after(watching, TIME_MILLISECOND - 1), 1);
	assert_int_equal(live_after(watching, 1), 0);
}

// TCP's class changes when it is established; what was given to the connection stays.
static void it_outlasts_a_change_of_class(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	track_tcp(&watching->tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	own_inactivity(watching, 10 * TIME_MINUTE);
	track_tcp(&watching->tracking, SERVER(1), 1, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101, 0);
	track_tcp(&watching->tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 0);
	assert_int_equal(live_after(watching, 6 * TIME_MINUTE), 1);
	assert_int_equal(live_after(watching, 4 * TIME_MINUTE), 0);
}

static void a_deadline_moves_no_other_timer(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	conn_watch_need(watching->tracking.table, conn_of(&watching->tracking));
	conn_watch_due(watching->tracking.table, conn_of(&watching->tracking), START + 1);
	assert_int_equal(live_after(watching, TIME_MINUTE - 1), 1);
	assert_int_equal(live_after(watching, 1), 0);
}

static void counters_are_the_same_watched_or_not(void **state)
{
	struct watching *watching = *state;
	struct conn_table *table;
	struct conn_summary before = {0}, after = {0};

	watching_start(watching);
	from_client(watching, 300);
	from_server(watching, 400);
	table = watching->tracking.table;
	conn_watch_summarize(table, conn_of(&watching->tracking), &before);
	conn_watch_need(table, conn_of(&watching->tracking));
	for (unsigned side = 0; side < 2; side++)
		conn_watch_arm(table, conn_of(&watching->tracking), side, side + 1, UINT64_MAX);
	conn_watch_summarize(table, conn_of(&watching->tracking), &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

static int hooks_run;

static void other_hook(struct weir_conn *conn)
{
	(void)conn;
	hooks_run += 100;
}

static void hook(struct weir_conn *conn)
{
	hooks_run++;
	weir_conn_hook(conn, hook);
	weir_conn_unhook(conn, other_hook);
	weir_conn_note(conn, "seen", "yes");
}

static void hook_all(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	(void)event;
	(void)side;
	(void)value;
	assert_true(weir_conn_hook(conn, other_hook));
	assert_true(weir_conn_hook(conn, hook));
	assert_false(weir_conn_hook(conn, hook));
}

static const struct weir_plugin hooker = {.events = WEIR_NEW_CONNECTION, .event = hook_all};
static struct watch_plugin plugins[1];

static void start_hooks(struct watching *watching)
{
	plugins[0] = (struct watch_plugin){.plugin = &hooker};
	watching->settings.plugins = plugins;
	watching->settings.plugin_count = 1;
	hooks_run = 0;
	watching_start(watching);
}

static void a_hook_that_registers_itself_again_runs_once(void **state)
{
	struct watching *watching = *state;
	struct conn_summary summary;

	start_hooks(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_int_equal(hooks_run, 1);
	assert_finished(&watching->tracking, &summary);
	assert_int_equal(hooks_run, 1);
	assert_true(summary.noted);
	assert_items_kept(watching);
}

// When the event of its beginning is passed on, it is over already.
static void hooks_of_one_that_its_first_packet_ended_run(void **state)
{
	struct watching *watching = *state;
	struct conn_summary summary;

	watching->tracking.settings.tcp_close_delay = 0;
	start_hooks(watching);
	track_tcp(&watching->tracking, 1, SERVER(1), PACKET_TCP_RST, 100, 0, 0);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_finished(&watching->tracking, &summary);
	assert_int_equal(hooks_run, 1);
	assert_true(summary.noted);
	assert_int_equal(watching->note_count, 1);
	assert_items_kept(watching);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, watching_create, watching_destroy)
		TEST(a_shorter_inactivity_time_ends_it_sooner),
		TEST(a_longer_one_lets_it_live),
		TEST(none_lets_it_live_forever),
		TEST(the_longest_is_longer_than_anything),
		TEST(it_counts_from_the_last_packet),
		TEST(one_that_is_over_already_ends_it_at_once),
		TEST(parts_of_a_millisecond_count_as_one),
		TEST(it_outlasts_a_change_of_class),
		TEST(a_deadline_moves_no_other_timer),
		TEST(counters_are_the_same_watched_or_not),
		TEST(a_hook_that_registers_itself_again_runs_once),
		TEST(hooks_of_one_that_its_first_packet_ended_run),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
