/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service_fixture.h"

#include "service/heap.h"

// Connections of UDP: number i comes i seconds after the first, and the originator has sent 10 * i
// bytes; the even ones to port 53, the others to port 123. They are dealt out to both workers.
#define CONNS 1000

static void open_connections(struct serving *serving, uint32_t count)
{
	for (uint32_t i = 1; i <= count; i++) {
		struct tracking *tracking = &serving->tracking[i % WORKERS];

		tracking->now = START + i * TIME_MILLISECOND;
		track_udp(tracking, i, 4000, 2000000, i % 2 == 0 ? 53 : 123, 10 * i);
	}
}

static uint32_t number_of(const json_t *item)
{
	const char *host = json_string_value(
		json_object_get(json_object_get(item, "item"), "id.orig_h"));
	unsigned a, b, c;

	assert_int_equal(sscanf(host, "10.%u.%u.%u", &a, &b, &c), 3);
	return a << 16 | b << 8 | c;
}

// Hears a listing whose items have these numbers.
static void hear_numbers(int client, uint32_t first, int step, uint32_t count)
{
	json_t *answer;

	for (uint32_t i = 0; i < count; i++) {
		answer = hear(client);
		assert_int_equal(number_of(answer), first + (uint32_t)(step * (int)i));
		json_decref(answer);
	}
	answer = hear(client);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_int_equal(json_integer_value(json_object_get(answer, "count")), count);
	json_decref(answer);
}

static void without_connections_the_listing_is_empty(void **state)
{
	struct serving *serving = *state;
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"conns\"}");
	hear_numbers(client, 0, 0, 0);
	ask(client, "{\"request\": \"conns\", \"sort\": \"none\"}");
	hear_numbers(client, 0, 0, 0);
	close(client);
}

static void the_best_come_first_and_only_as_many_as_wanted(void **state)
{
	struct serving *serving = *state;
	int client;

	open_connections(serving, CONNS);
	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"conns\"}");
	hear_numbers(client, CONNS, -1, 100);
	ask(client, "{\"request\": \"conns\", \"sort\": \"orig_bytes\", \"limit\": 3}");
	hear_numbers(client, CONNS, -1, 3);
	ask(client, "{\"request\": \"conns\", \"sort\": \"bytes\", \"order\": \"ascending\", "
		    "\"limit\": 5}");
	hear_numbers(client, 1, 1, 5);
	ask(client, "{\"request\": \"conns\", \"sort\": \"idle\", \"limit\": 1000000}");
	hear_numbers(client, 1, 1, CONNS);
	ask(client, "{\"request\": \"conns\", \"sort\": \"start\", \"limit\": 1000}");
	hear_numbers(client, CONNS, -1, CONNS);
	close(client);
}

static void unsorted_it_stops_when_it_has_enough(void **state)
{
	struct serving *serving = *state;
	json_t *answer;
	int client;

	open_connections(serving, CONNS);
	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"conns\", \"sort\": \"none\", \"limit\": 7, \"id\": \"x\"}");
	for (int i = 0; i < 7; i++) {
		answer = hear(client);
		assert_non_null(json_object_get(answer, "item"));
		assert_string_equal(json_string_value(json_object_get(answer, "id")), "x");
		json_decref(answer);
	}
	hear_ok(client);
	close(client);
}

static void a_filter_chooses(void **state)
{
	struct serving *serving = *state;
	int client;

	open_connections(serving, CONNS);
	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"conns\", \"filter\": \"port 53\", \"limit\": 1000}");
	hear_numbers(client, CONNS, -2, CONNS / 2);
	ask(client, "{\"request\": \"conns\", \"filter\": \"tcp\"}");
	hear_numbers(client, 0, 0, 0);
	ask(client, "{\"request\": \"conns\", \"filter\": \"src host 10.0.0.7\"}");
	hear_numbers(client, 7, 0, 1);
	close(client);
}

static void one_connection_is_shown(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1], text[128];
	json_t *answer, *conn;
	int client;

	open_connections(serving, 3);
	uid_of_last(&serving->tracking[1], uid);
	serving_start(serving);
	client = connect_to(serving->path);
	snprintf(text, sizeof(text), "{\"request\": \"show\", \"uid\": \"%s\"}", uid);
	ask(client, text);
	answer = hear(client);
	conn = json_object_get(answer, "connection");
	assert_string_equal(json_string_value(json_object_get(conn, "uid")), uid);
	assert_string_equal(json_string_value(json_object_get(conn, "id.orig_h")), "10.0.0.3");
	assert_int_equal(json_integer_value(json_object_get(conn, "id.resp_p")), 123);
	assert_int_equal(json_integer_value(json_object_get(conn, "orig_bytes")), 30);
	assert_string_equal(json_string_value(json_object_get(conn, "conn_state")), "S0");
	json_decref(answer);
	close(client);
}

static void a_connection_that_is_over_is_told_so(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1], text[128];
	int client;

	open_connections(serving, 1);
	uid_of_last(&serving->tracking[1], uid);
	advance(&serving->tracking[1], TIME_HOUR);
	assert_int_equal(conn_table_live(serving->tracking[1].table), 0);
	serving_start(serving);
	client = connect_to(serving->path);
	snprintf(text, sizeof(text), "{\"request\": \"show\", \"uid\": \"%s\"}", uid);
	ask(client, text);
	hear_error(client, "is over");
	close(client);
}

static void many_listings_at_once_do_not_hold_up_the_rest(void **state)
{
	struct serving *serving = *state;
	int client[50], other;

	open_connections(serving, CONNS);
	serving_start(serving);
	for (int i = 0; i < 50; i++) {
		client[i] = connect_to(serving->path);
		ask(client[i], "{\"request\": \"conns\", \"limit\": 300}");
	}
	other = connect_to(serving->path);
	for (int i = 0; i < 10; i++) {
		ask(other, "{\"request\": \"status\"}");
		hear_ok(other);
	}
	for (int i = 0; i < 50; i++) {
		hear_numbers(client[i], CONNS, -1, 300);
		close(client[i]);
	}
	close(other);
}

static void a_listing_ends_with_its_client(void **state)
{
	struct serving *serving = *state;
	int client;

	open_connections(serving, CONNS);
	serving_start(serving);
	for (int i = 0; i < 50; i++) {
		json_t *answer;

		client = connect_to(serving->path);
		ask(client, "{\"request\": \"conns\", \"limit\": 1000}");
		answer = hear(client);
		assert_non_null(json_object_get(answer, "item"));
		json_decref(answer);
		close(client);
	}
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"status\"}");
	hear_ok(client);
	close(client);
	service_stop(serving->service);
	assert_int_equal(serving->service->listing_items, 0);
}

// While its first lines are read, all of them end.
static void a_sorted_listing_has_what_was_there_when_it_was_made(void **state)
{
	struct serving *serving = *state;
	int client;
	json_t *first;

	open_connections(serving, 4000);
	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"conns\", \"limit\": 4000, \"sort\": \"bytes\"}");
	first = hear(client);
	assert_int_equal(number_of(first), 4000);
	json_decref(first);
	for (unsigned i = 0; i < WORKERS; i++) {
		advance(&serving->tracking[i], 10 * TIME_MINUTE);
		assert_int_equal(finish_all(&serving->tracking[i]), 2000);
	}
	for (uint32_t number = 3999; number > 0; number--) {
		json_t *item = hear(client);

		assert_int_equal(number_of(item), number);
		json_decref(item);
	}
	hear_ok(client);
	close(client);
	service_stop(serving->service);
	assert_int_equal(serving->service->listing_kept, 0);
}

// All together keep so many; a longer one has what is still there when it is written.
static void listings_that_are_too_long_to_keep_are_served(void **state)
{
	struct serving *serving = *state;
	int client[20];

	open_connections(serving, CONNS);
	serving_start(serving);
	for (int i = 0; i < 20; i++) {
		client[i] = connect_to(serving->path);
		ask(client[i], "{\"request\": \"conns\", \"limit\": 10000}");
	}
	for (int i = 0; i < 20; i++) {
		hear_numbers(client[i], CONNS, -1, CONNS);
		ask(client[i], "{\"request\": \"conns\", \"limit\": 10001}");
		hear_numbers(client[i], CONNS, -1, CONNS);
		close(client[i]);
	}
}

static void a_listing_that_nobody_reads_is_not_made_further(void **state)
{
	struct serving *serving = *state;
	int client;

	open_connections(serving, 4000);
	serving_start(serving);
	client = connect_to(serving->path);
	for (int i = 0; i < 100; i++)
		ask(client, "{\"request\": \"conns\", \"limit\": 4000, \"sort\": \"bytes\"}");
	usleep(300000);
	service_stop(serving->service);
	assert_int_equal(serving->service->client_count, 1);
	assert_in_range(serving->service->client[0]->output.room, 1, 2 * SERVICE_OUTPUT_ENOUGH);
	close(client);
}

static void a_heap_gives_its_entries_in_order(void **state)
{
	struct heap_entry entry[1000], taken;
	uint64_t before = 0;

	srandom(9);
	for (size_t i = 0; i < 1000; i++)
		entry[i] = (struct heap_entry){.key = (uint64_t)random() % 500};
	heap_build(entry, 1000);
	for (size_t count = 1000; count > 0;) {
		count = heap_take(entry, count, &taken);
		assert_true(taken.key >= before);
		before = taken.key;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, serving_create, serving_destroy)
		TEST(without_connections_the_listing_is_empty),
		TEST(the_best_come_first_and_only_as_many_as_wanted),
		TEST(unsorted_it_stops_when_it_has_enough),
		TEST(a_filter_chooses),
		TEST(one_connection_is_shown),
		TEST(a_connection_that_is_over_is_told_so),
		TEST(many_listings_at_once_do_not_hold_up_the_rest),
		TEST(a_listing_ends_with_its_client),
		TEST(a_sorted_listing_has_what_was_there_when_it_was_made),
		TEST(listings_that_are_too_long_to_keep_are_served),
		TEST(a_listing_that_nobody_reads_is_not_made_further),
		cmocka_unit_test(a_heap_gives_its_entries_in_order),
	};

	return cmocka_run_group_tests_name("service_conns", tests, NULL, NULL);
}
