/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service_fixture.h"

// Rules and reloads that take long to prepare.

#define ADD "{\"request\": \"threshold add\", \"pkts\": 1, \"name\": "

static int begin_slow(struct serving *serving, const char *request)
{
	int client;

	serving_prepares = true;
	serving_dropped = 0;
	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, request);
	return client;
}

static void wait_for(const atomic_uint *count, uint32_t wanted)
{
	for (int i = 0; i < 10000 && *count != wanted; i++)
		usleep(1000);
	assert_int_equal(*count, wanted);
}

static void others_are_served(struct serving *serving)
{
	int other = connect_to(serving->path);

	ask(other, "{\"request\": \"status\"}");
	hear_ok(other);
	close(other);
}

static void a_rule_that_takes_long_holds_nobody_up(void **state)
{
	struct serving *serving = *state;
	int client = begin_slow(serving, ADD "\"slow\", \"filter\": \"host far-away\"}");

	others_are_served(serving);
	assert_int_equal(serving->changes, 0);
	serving_prepares = false;
	hear_ok(client);
	assert_int_equal(serving->changes, 1);
	assert_string_equal(serving->rule_filter, "host far-away");
	close(client);
}

static void a_filter_that_turns_out_wrong_is_an_error(void **state)
{
	struct serving *serving = *state;
	int client = begin_slow(serving, ADD "\"slow\", \"filter\": \"nonsense\"}");

	serving_prepares = false;
	hear_error(client, "the rule 'slow' was not added: it is nonsense");
	ask(client, ADD "\"taken\"}");
	hear_error(client, "the rule 'taken' was not added: there is one already");
	assert_int_equal(serving->changes, 0);
	assert_int_equal(serving_dropped, 2);
	close(client);
}

static void requests_behind_it_are_answered_after_it(void **state)
{
	struct serving *serving = *state;
	int client = begin_slow(serving, ADD "\"slow\", \"id\": 1}\n"
					     "{\"request\": \"nonsense\", \"id\": 2}");

	serving_prepares = false;
	hear_ok(client);
	hear_error(client, "nonsense");
	close(client);
}

static void a_rule_of_a_client_that_went_is_added_nevertheless(void **state)
{
	struct serving *serving = *state;
	int client = begin_slow(serving, ADD "\"slow\"}");

	others_are_served(serving);
	close(client);
	others_are_served(serving);
	serving_prepares = false;
	wait_for(&serving->changes, 1);
	wait_for(&serving_dropped, 1);
}

static void clients_that_do_not_wait_for_the_answer_lose_nothing(void **state)
{
	struct serving *serving = *state;

	serving_start(serving);
	for (int i = 0; i < 200; i++) {
		int client = connect_to(serving->path);

		ask(client, ADD "\"quick\"}");
		close(client);
	}
	wait_for(&serving->changes, 200);
}

static void reloads_wait_for_each_other(void **state)
{
	struct serving *serving = *state;
	int first = begin_slow(serving, "{\"request\": \"reload\"}"), second;

	wait_for(&serving->reloads, 1);
	second = connect_to(serving->path);
	ask(second, "{\"request\": \"reload\"}");
	service_ask_reload(serving->service);
	others_are_served(serving);
	assert_int_equal(serving->reloads, 1);
	serving_prepares = false;
	hear_ok(first);
	hear_ok(second);
	wait_for(&serving->applied, 3);
	assert_int_equal(serving->reloads, 3);
	close(first);
	close(second);
}

static void a_reload_whose_client_went_is_done_nevertheless(void **state)
{
	struct serving *serving = *state;
	int first = begin_slow(serving, "{\"request\": \"reload\"}"), second, third;

	wait_for(&serving->reloads, 1);
	second = connect_to(serving->path);
	ask(second, "{\"request\": \"reload\"}");
	third = connect_to(serving->path);
	ask(third, "{\"request\": \"reload\"}");
	others_are_served(serving);
	close(first);
	close(second);
	others_are_served(serving);
	assert_int_equal(serving->reloads, 1);
	serving_prepares = false;
	hear_ok(third);
	wait_for(&serving->applied, 3);
	close(third);
}

static void the_service_ends_without_waiting_for_it(void **state)
{
	struct serving *serving = *state;
	int client = begin_slow(serving, ADD "\"slow\"}");

	service_ask_reload(serving->service);
	wait_for(&serving->reloads, 1);
	service_stop(serving->service);
	service_destroy(serving->service);
	serving->service = NULL;
	assert_int_equal(serving_dropped, 0);
	serving_prepares = false;
	wait_for(&serving_dropped, 2);
	assert_int_equal(serving->changes + serving->applied, 0);
	close(client);
}

static void more_at_once_than_there_are_threads_for_is_an_error(void **state)
{
	struct serving *serving = *state;
	int client[65];

	client[0] = begin_slow(serving, ADD "\"slow\"}");
	others_are_served(serving);
	for (int i = 1; i <= 64; i++) {
		client[i] = connect_to(serving->path);
		ask(client[i], ADD "\"slow\"}");
		others_are_served(serving);
	}
	hear_error(client[64], "too many filters are being compiled");
	// There is always a thread for a reload.
	service_ask_reload(serving->service);
	wait_for(&serving->reloads, 1);
	serving_prepares = false;
	wait_for(&serving->applied, 1);
	for (int i = 0; i < 64; i++)
		hear_ok(client[i]);
	for (int i = 0; i <= 64; i++)
		close(client[i]);
}

static void without_a_socket_a_signal_reloads_as_well(void **state)
{
	struct serving *serving = *state;
	struct service *service;

	serving->settings.path = NULL;
	service = service_create(&serving->settings);
	assert_non_null(service);
	assert_int_equal(service_start(service), 0);
	service_ask_reload(service);
	wait_for(&serving->applied, 1);
	service_stop(service);
	service_destroy(service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, serving_create, serving_destroy)
		TEST(a_rule_that_takes_long_holds_nobody_up),
		TEST(a_filter_that_turns_out_wrong_is_an_error),
		TEST(requests_behind_it_are_answered_after_it),
		TEST(a_rule_of_a_client_that_went_is_added_nevertheless),
		TEST(clients_that_do_not_wait_for_the_answer_lose_nothing),
		TEST(reloads_wait_for_each_other),
		TEST(a_reload_whose_client_went_is_done_nevertheless),
		TEST(the_service_ends_without_waiting_for_it),
		TEST(more_at_once_than_there_are_threads_for_is_an_error),
		TEST(without_a_socket_a_signal_reloads_as_well),
	};

	return cmocka_run_group_tests_name("service_change", tests, NULL, NULL);
}
