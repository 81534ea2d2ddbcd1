/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch_fixture.h"

static const struct watch_request list_thresholds = {.request = WATCH_REQUEST_THRESHOLD_LIST};
static const struct watch_request list_polls = {.request = WATCH_REQUEST_POLL_LIST};

static void a_connection_that_is_over_is_not_found(void **state)
{
	struct watching *watching = *state;
	struct conn *conn;

	watching_start(watching);
	from_client(watching, 28);
	conn = conn_of(&watching->tracking);
	assert_int_equal(ask_about(watching, conn, list_thresholds), 0);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_int_equal(ask_about(watching, conn, list_thresholds), -ENOENT);
	finish_all(&watching->tracking);
	assert_int_equal(ask_about(watching, conn, list_thresholds), -ENOENT);
}

// The uid of an earlier connection in the same slot.
static void another_use_of_the_slot_is_not_meant(void **state)
{
	struct watching *watching = *state;
	struct watch_request request = {.number = 1, .request = WATCH_REQUEST_INACTIVITY};

	watching_start(watching);
	from_client(watching, 28);
	request.slot = conn_slot_of(watching->tracking.table, conn_of(&watching->tracking));
	request.generation = conn_generation(watching->tracking.table,
					     conn_of(&watching->tracking)) +
			     1;
	watch_serve(watching->watch, &request, keep_answer, watching);
	assert_int_equal(last_answer(watching)->status, -ENOENT);
	// Only 24 bits of it are in a uid.
	request.generation += 0xffffff;
	watch_serve(watching->watch, &request, keep_answer, watching);
	assert_int_equal(last_answer(watching)->status, 0);
}

static void a_slot_that_never_was_is_not_found(void **state)
{
	struct watching *watching = *state;
	struct watch_request request = {.number = 1};

	watching_start(watching);
	for (int i = 0; i < 3; i++) {
		request.slot = i == 0   ? 0
			       : i == 1 ? conn_table_slots(watching->tracking.table)
					: UINT32_MAX;
		watch_serve(watching->watch, &request, keep_answer, watching);
		assert_int_equal(last_answer(watching)->status, -ENOENT);
	}
}

static void what_is_no_request_is_refused(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	for (unsigned request = 0; request < 256; request++) {
		for (unsigned kind = 0; kind < 256; kind += 5) {
			int status = ask(watching,
					 (struct watch_request){.request = (uint8_t)request,
								.kind = (uint8_t)kind,
								.value = 7,
								.actions = 0xff,
								.idle = kind & 1,
								.interval = TIME_SECOND});

			if (request > WATCH_REQUEST_INACTIVITY)
				assert_int_equal(status, -EINVAL);
		}
	}
	assert_items_kept(watching);
}

static void a_list_shows_what_waits_and_how_far_it_is(void **state)
{
	struct watching *watching = *state;
	const struct watch_answer *answer = watching->answer;

	put_threshold(watching, "rule", WATCH_RESP_BYTES, 500);
	put_threshold(watching, "gone", WATCH_RESP_BYTES, 10);
	put_threshold(watching, "idle", WATCH_DURATION_IDLE, TIME_HOUR);
	watching_start(watching);
	from_client(watching, 28);
	from_server(watching, 100);
	advance(&watching->tracking, 3);
	set_threshold(watching, WATCH_ORIG_PACKETS, 9);
	assert_int_equal(ask(watching, list_thresholds), 0);
	assert_int_equal(watching->answer_count, 4);
	assert_int_equal(answer[0].kind, WATCH_ORIG_PACKETS);
	assert_int_equal(answer[0].value, 9);
	assert_int_equal(answer[0].current, 1);
	assert_string_equal(watch_name_text(answer[0].name), "asked");
	assert_int_equal(answer[1].kind, WATCH_RESP_BYTES);
	assert_int_equal(answer[1].value, 500);
	assert_int_equal(answer[1].current, 100);
	assert_string_equal(watch_name_text(answer[1].name), "rule");
	assert_int_equal(answer[2].kind, WATCH_DURATION);
	assert_true(answer[2].idle);
	assert_int_equal(answer[2].current, 3);
}

static void a_list_has_an_end(void **state)
{
	struct watching *watching = *state;
	static char names[600][8];

	watching_start(watching);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		put_threshold(watching, names[i], WATCH_ORIG_PACKETS, 100 + i);
	}
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_PACKETS, 50);
	assert_int_equal(ask(watching, list_thresholds), 0);
	assert_int_equal(watching->answer_count, 257);
}

static void polls_are_listed_with_what_they_look_at(void **state)
{
	struct watching *watching = *state;
	const struct watch_answer *answer = watching->answer;

	watching_start(watching);
	from_client(watching, 28);
	ask(watching, (struct watch_request){.request = WATCH_REQUEST_POLL_ADD,
					     .kind = WATCH_FEATURE_BYTES,
					     .value = 1000,
					     .interval = TIME_SECOND,
					     .repeat = true});
	from_server(watching, 100);
	assert_int_equal(ask(watching, list_polls), 0);
	assert_int_equal(watching->answer_count, 2);
	assert_int_equal(answer[0].kind, WATCH_FEATURE_BYTES);
	assert_int_equal(answer[0].value, 1000);
	assert_int_equal(answer[0].interval, TIME_SECOND);
	assert_int_equal(answer[0].current, 128);
	assert_true(answer[0].repeat);
	assert_int_equal(ask(watching, list_thresholds), 0);
	assert_int_equal(watching->answer_count, 1);
}

static void an_inactivity_time_is_the_connections_own(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(ask(watching, (struct watch_request){.request = WATCH_REQUEST_INACTIVITY,
							      .value = 2 * TIME_SECOND}),
			 0);
	track_udp(&watching->tracking, 7, 5000, SERVANT, 9000, 0);
	advance(&watching->tracking, 2 * TIME_SECOND);
	assert_int_equal(conn_table_live(watching->tracking.table), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, watching_create, watching_destroy)
		TEST(a_connection_that_is_over_is_not_found),
		TEST(another_use_of_the_slot_is_not_meant),
		TEST(a_slot_that_never_was_is_not_found),
		TEST(what_is_no_request_is_refused),
		TEST(a_list_shows_what_waits_and_how_far_it_is),
		TEST(a_list_has_an_end),
		TEST(polls_are_listed_with_what_they_look_at),
		TEST(an_inactivity_time_is_the_connections_own),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
