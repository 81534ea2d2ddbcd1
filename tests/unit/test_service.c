/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service_fixture.h"

static void status_comes_from_the_program(void **state)
{
	struct serving *serving = *state;
	int client;
	json_t *answer;

	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"status\", \"id\": [1, \"a\"]}");
	answer = hear(client);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_int_equal(json_integer_value(json_object_get(answer, "workers")), WORKERS);
	assert_string_equal(json_string_value(json_array_get(json_object_get(answer, "id"), 1)),
			    "a");
	json_decref(answer);
	close(client);
}

static void what_is_no_request_is_answered_with_what_is_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{"{\"request\": ", "no JSON"},
		{"hello", "no JSON"},
		{"\"hello\"", "no JSON"},
		{"[1]", "no object"},
		{"{}", "no name"},
		{"{\"request\": 1}", "no name"},
		{"{\"request\": \"stats\"}", "did you mean 'status'?"},
		{"{\"request\": \"flurbl\"}", "there are status, conns"},
		{"{\"request\": \"status\", \"request\": \"status\"}", "no JSON"},
		{"{\"request\": \"status\", \"limit\": 1}", "no parameter of status"},
		{"{\"request\": \"conns\", \"limt\": 1}", "did you mean 'limit'?"},
		{"{\"request\": \"conns\", \"limit\": \"many\"}", "whole number"},
		{"{\"request\": \"conns\", \"limit\": -1}", "whole number"},
		{"{\"request\": \"conns\", \"limit\": 0}", "1 to 1000000"},
		{"{\"request\": \"conns\", \"limit\": 1000001}", "1 to 1000000"},
		{"{\"request\": \"conns\", \"sort\": \"byte\"}", "did you mean 'bytes'?"},
		{"{\"request\": \"conns\", \"order\": \"sideways\"}", "descending, ascending"},
		{"{\"request\": \"conns\", \"filter\": \"tcp prot 80\"}", "filter"},
		{"{\"request\": \"show\"}", "uid is missing"},
		{"{\"request\": \"show\", \"uid\": 1}", "the uid of a connection"},
		{"{\"request\": \"show\", \"uid\": \"nonsense\"}", "no uid"},
		{"{\"request\": \"show\", \"uid\": \"C1\"}", "of no connection of this weir"},
		{"{\"request\": \"timeouts\", \"uid\": \"C1\"}", "belong together"},
		{"{\"request\": \"threshold add\", \"pkts\": 1}", "say which"},
		{"{\"request\": \"threshold add\", \"name\": \"a b\", \"pkts\": 1}", "name"},
		{"{\"request\": \"threshold add\", \"name\": \"a\"}", "orig_bytes"},
		{"{\"request\": \"threshold add\", \"name\": \"a\", \"pkts\": 0}", "more than 0"},
		{"{\"request\": \"threshold add\", \"name\": \"a\", \"pkts\": 1, \"actions\": "
		 "[\"sing\"]}",
		 "event, log or capture"},
		{"{\"request\": \"threshold add\", \"name\": \"a\", \"pkts\": 1, \"idle\": true}",
		 "belongs to duration"},
		{"{\"request\": \"threshold add\", \"name\": \"bad\", \"pkts\": 1}", "it is bad"},
		{"{\"request\": \"poll add\", \"name\": \"a\", \"feature\": \"rat\", \"above\": 1, "
		 "\"interval\": 1}",
		 "did you mean 'rate'?"},
		{"{\"request\": \"poll add\", \"name\": \"a\", \"feature\": \"rate\", \"above\": "
		 "1.5, \"interval\": 1}",
		 "whole number"},
		{"{\"request\": \"poll add\", \"name\": \"a\", \"feature\": \"idle\", \"above\": "
		 "1e300, \"interval\": 1}",
		 "number of seconds"},
		{"{\"request\": \"poll add\", \"name\": \"a\", \"feature\": \"rate\", \"above\": "
		 "1, \"interval\": 0}",
		 "interval"},
	};
	struct serving *serving = *state;
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ask(client, wrong[i][0]);
		hear_error(client, wrong[i][1]);
	}
	ask(client, "{\"request\": \"status\"}");
	hear_ok(client);
	close(client);
}

static void binary_garbage_is_answered_line_by_line(void **state)
{
	struct serving *serving = *state;
	char garbage[1000];
	int client;

	serving_start(serving);
	srandom(1);
	for (int i = 0; i < 200; i++) {
		size_t length = 1 + (size_t)random() % 999;

		for (size_t j = 0; j < length; j++)
			garbage[j] = (char)random();
		// Each of them one line, and not an empty one.
		for (size_t j = 0; j < length; j++)
			garbage[j] = garbage[j] == '\n' ? 'x' : garbage[j];
		garbage[0] = '{';
		client = connect_to(serving->path);
		say_bytes(client, garbage, length);
		say(client, "\n\n  \n{\"request\": \"status\"}\n");
		hear_error(client, "no JSON");
		hear_ok(client);
		close(client);
	}
}

static void deep_nesting_and_a_long_id_are_refused(void **state)
{
	struct serving *serving = *state;
	static char line[60000];
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	memset(line, '[', sizeof(line));
	say_bytes(client, line, sizeof(line));
	say(client, "\n");
	hear_error(client, "no JSON");
	memset(line, 'x', sizeof(line));
	say(client, "{\"request\": \"status\", \"id\": \"");
	say_bytes(client, line, 1000);
	say(client, "\"}\n");
	hear_error(client, "256 bytes");
	close(client);
}

static void a_long_line_is_one_error_and_the_next_one_is_served(void **state)
{
	struct serving *serving = *state;
	static char line[100000];
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 100; i++)
		say_bytes(client, line, sizeof(line));
	say(client, "\n{\"request\": \"status\"}\n");
	hear_error(client, "65535 bytes");
	hear_ok(client);
	// The longest one that is read.
	memset(line, ' ', SERVICE_LINE_MOST);
	memcpy(line, "{\"request\": \"status\"}", 21);
	line[SERVICE_LINE_MOST - 1] = '\n';
	say_bytes(client, line, SERVICE_LINE_MOST);
	hear_ok(client);
	line[SERVICE_LINE_MOST - 1] = ' ';
	line[SERVICE_LINE_MOST] = '\n';
	say_bytes(client, line, SERVICE_LINE_MOST + 1);
	hear_error(client, "65535 bytes");
	say(client, "{\"request\": \"status\"}\n");
	hear_ok(client);
	close(client);
}

static void half_lines_are_put_together(void **state)
{
	static const char text[] = "{\"request\": \"status\"}\n";
	struct serving *serving = *state;
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		say_bytes(client, text + i, 1);
		usleep(500);
	}
	hear_ok(client);
	// The last line of all needs no end.
	say_bytes(client, text, sizeof(text) - 2);
	shutdown(client, SHUT_WR);
	hear_ok(client);
	hear_nothing_more(client);
	close(client);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct serving *serving = *state;
	char text[128];
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "{\"request\": \"%s\", \"id\": %d}",
			 i % 2 == 0 ? "status" : "poll list", i);
		ask(client, text);
	}
	for (int i = 0; i < 1000; i++) {
		for (int line = 0; line < (i % 2 == 0 ? 1 : 3); line++) {
			json_t *answer = hear(client);

			assert_int_equal(json_integer_value(json_object_get(answer, "id")), i);
			json_decref(answer);
		}
	}
	close(client);
}

static void two_hundred_clients_are_served_at_once(void **state)
{
	struct serving *serving = *state;
	int client[200];

	serving_start(serving);
	for (int i = 0; i < 200; i++)
		client[i] = connect_to(serving->path);
	for (int i = 0; i < 200; i++)
		ask(client[i], "{\"request\": \"status\"}");
	for (int i = 199; i >= 0; i--)
		hear_ok(client[i]);
	for (int i = 0; i < 200; i++)
		close(client[i]);
}

static void one_client_too_many_is_told_so(void **state)
{
	struct serving *serving = *state;
	int client[SERVICE_CLIENTS_MOST], more;

	serving_start(serving);
	for (int i = 0; i < SERVICE_CLIENTS_MOST; i++)
		client[i] = connect_to(serving->path);
	more = connect_to(serving->path);
	hear_error(more, "256 clients");
	hear_nothing_more(more);
	close(more);
	// There is room again as soon as one is done.
	close(client[7]);
	usleep(20000);
	client[7] = connect_to(serving->path);
	ask(client[7], "{\"request\": \"status\"}");
	hear_ok(client[7]);
	for (int i = 0; i < SERVICE_CLIENTS_MOST; i++)
		close(client[i]);
}

static void the_client_that_is_idle_for_longest_makes_room(void **state)
{
	struct serving *serving = *state;
	int client[SERVICE_CLIENTS_MOST], more;

	// However slowly the test goes.
	serving->service->idle_time = TIME_MILLISECOND;
	serving_start(serving);
	for (int i = 0; i < SERVICE_CLIENTS_MOST; i++) {
		client[i] = connect_to(serving->path);
		ask(client[i], "{\"request\": \"status\"}");
		hear_ok(client[i]);
	}
	usleep(2000);
	// The first two have just been served, the third is it.
	ask(client[0], "{\"request\": \"timeouts\"}");
	hear_ok(client[0]);
	ask(client[1], "{\"request\": \"status\"}");
	hear_ok(client[1]);
	more = connect_to(serving->path);
	ask(more, "{\"request\": \"status\"}");
	hear_ok(more);
	hear_error(client[2], "others need the place");
	hear_nothing_more(client[2]);
	for (int i = 0; i < SERVICE_CLIENTS_MOST; i++) {
		if (i == 2)
			continue;
		ask(client[i], "{\"request\": \"status\"}");
		hear_ok(client[i]);
	}
	for (int i = 0; i < SERVICE_CLIENTS_MOST; i++)
		close(client[i]);
	close(more);
}

static void a_client_that_never_reads_is_closed_and_holds_nobody_up(void **state)
{
	struct serving *serving = *state;
	int silent, other;
	char buffer[4096];

	serving->service->write_time = TIME_SECOND / 2;
	serving_start(serving);
	silent = connect_to(serving->path);
	// More answers than the socket takes, until nothing is read of them any more either.
	for (int stuck = 0; stuck < 100;) {
		static const char text[] = "{\"request\": \"flurbl\"}\n";

		if (send(silent, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
			stuck = 0;
		else if (stuck++ < 100)
			usleep(1000);
	}
	other = connect_to(serving->path);
	for (int i = 0; i < 20; i++) {
		ask(other, "{\"request\": \"status\"}");
		hear_ok(other);
	}
	usleep(1200000);
	while (recv(silent, buffer, sizeof(buffer), 0) > 0)
		;
	hear_nothing_more(silent);
	close(silent);
	ask(other, "{\"request\": \"status\"}");
	hear_ok(other);
	close(other);
}

static void a_client_may_go_at_any_time(void **state)
{
	struct serving *serving = *state;
	int client;

	serving_start(serving);
	for (int i = 0; i < 500; i++) {
		client = connect_to(serving->path);
		ask(client, i % 3 == 0   ? "{\"request\": \"conns\", \"sort\": \"none\"}"
			    : i % 3 == 1 ? "{\"request\": \"threshold list\"}"
					 : "{\"request\": \"sta");
		if (i % 2 == 0)
			usleep(200);
		close(client);
	}
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"status\"}");
	hear_ok(client);
	close(client);
}

static void reload_is_asked_for_by_a_client_and_by_a_signal(void **state)
{
	struct serving *serving = *state;
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"reload\"}");
	hear_ok(client);
	assert_int_equal(serving->reloads, 1);
	service_ask_reload(serving->service);
	for (int i = 0; i < 1000 && serving->reloads < 2; i++)
		usleep(1000);
	assert_int_equal(serving->reloads, 2);
	serving->reload_fails = true;
	ask(client, "{\"request\": \"reload\"}");
	hear_error(client, "weir.ini:3: nonsense");
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, serving_create, serving_destroy)
		TEST(status_comes_from_the_program),
		TEST(what_is_no_request_is_answered_with_what_is_wrong),
		TEST(binary_garbage_is_answered_line_by_line),
		TEST(deep_nesting_and_a_long_id_are_refused),
		TEST(a_long_line_is_one_error_and_the_next_one_is_served),
		TEST(half_lines_are_put_together),
		TEST(pipelined_requests_are_answered_in_order),
		TEST(two_hundred_clients_are_served_at_once),
		TEST(one_client_too_many_is_told_so),
		TEST(the_client_that_is_idle_for_longest_makes_room),
		TEST(a_client_that_never_reads_is_closed_and_holds_nobody_up),
		TEST(a_client_may_go_at_any_time),
		TEST(reload_is_asked_for_by_a_client_and_by_a_signal),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
