/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service_fixture.h"

static void open_connection(struct serving *serving, uint32_t worker, char *uid)
{
	struct tracking *tracking = &serving->tracking[worker];

	track_udp(tracking, 1, 4000, 2, 53, 10);
	uid_of_last(tracking, uid);
}

// Puts the uid into a request, which has %s in its place.
static void ask_about(int client, const char *uid, const char *request)
{
	const char *place = strstr(request, "%s");

	say_bytes(client, request, (size_t)(place - request));
	say(client, uid);
	ask(client, place + 2);
}

static void a_threshold_goes_to_the_worker_that_owns_the_connection(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1];
	const struct conn *conn;
	int client;

	open_connection(serving, 1, uid);
	conn = conn_of(&serving->tracking[1]);
	serving_start(serving);
	client = connect_to(serving->path);
	ask_about(client, uid,
		  "{\"request\": \"threshold add\", \"uid\": \"%s\", \"orig_bytes\": 1000, "
		  "\"duration\": 1.5, \"idle\": true, \"actions\": [\"log\", \"capture\"], "
		  "\"name\": \"mine\"}");
	hear_ok(client);
	assert_int_equal(serving->got_count, 2);
	assert_int_equal(got(serving, 0)->request, WATCH_REQUEST_THRESHOLD_ADD);
	assert_int_equal(got(serving, 0)->kind, WATCH_ORIG_BYTES);
	assert_int_equal(got(serving, 0)->value, 1000);
	assert_int_equal(got(serving, 0)->actions, WATCH_ACTION_LOG | WATCH_ACTION_CAPTURE);
	assert_int_equal(got(serving, 0)->slot, conn_slot(serving->tracking[1].table, conn));
	assert_string_equal(watch_name_text(got(serving, 0)->name), "mine");
	assert_int_equal(got(serving, 1)->kind, WATCH_DURATION);
	assert_int_equal(got(serving, 1)->value, 3 * TIME_SECOND / 2);
	assert_true(got(serving, 1)->idle);
	assert_int_not_equal(got(serving, 0)->number, got(serving, 1)->number);
	ask_about(client, uid, "{\"request\": \"threshold del\", \"uid\": \"%s\", \"pkts\": 7}");
	hear_ok(client);
	assert_int_equal(got(serving, 2)->request, WATCH_REQUEST_THRESHOLD_DELETE);
	assert_int_equal(got(serving, 2)->kind, WATCH_PACKETS);
	assert_int_equal(got(serving, 2)->value, 7);
	close(client);
}

static void polls_and_inactivity_go_there_too(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1];
	int client;

	open_connection(serving, 0, uid);
	serving_start(serving);
	client = connect_to(serving->path);
	ask_about(client, uid,
		  "{\"request\": \"poll add\", \"uid\": \"%s\", \"feature\": \"rate\", \"above\": "
		  "1000, \"interval\": 0.25, \"repeat\": true}");
	hear_ok(client);
	assert_int_equal(got(serving, 0)->request, WATCH_REQUEST_POLL_ADD);
	assert_int_equal(got(serving, 0)->kind, WATCH_FEATURE_RATE);
	assert_int_equal(got(serving, 0)->value, 1000);
	assert_int_equal(got(serving, 0)->interval, TIME_SECOND / 4);
	assert_true(got(serving, 0)->repeat);
	assert_int_equal(got(serving, 0)->actions, WATCH_ACTION_EVENT);
	ask_about(client, uid,
		  "{\"request\": \"poll del\", \"uid\": \"%s\", \"feature\": \"idle\", \"above\": "
		  "60}");
	hear_ok(client);
	assert_int_equal(got(serving, 1)->request, WATCH_REQUEST_POLL_DELETE);
	assert_int_equal(got(serving, 1)->kind, WATCH_FEATURE_IDLE);
	assert_int_equal(got(serving, 1)->value, TIME_MINUTE);
	ask_about(client, uid,
		  "{\"request\": \"timeouts\", \"uid\": \"%s\", \"inactivity\": 3600}");
	hear_ok(client);
	assert_int_equal(got(serving, 2)->request, WATCH_REQUEST_INACTIVITY);
	assert_int_equal(got(serving, 2)->value, TIME_HOUR);
	close(client);
}

static void what_a_worker_refuses_is_told(void **state)
{
	static const struct {
		int status;
		const char *part;
	} refusal[] = {{-ENOENT, "is over"},
		       {-ESRCH, "no such threshold for orig_bytes"},
		       {-EEXIST, "already"},
		       {-ENOSPC, "no memory"}};
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1];
	int client;

	open_connection(serving, 0, uid);
	serving_start(serving);
	client = connect_to(serving->path);
	for (size_t i = 0; i < 4; i++) {
		serving->status = refusal[i].status;
		ask_about(client, uid,
			  "{\"request\": \"threshold add\", \"uid\": \"%s\", \"orig_bytes\": 5}");
		hear_error(client, refusal[i].part);
	}
	close(client);
}

static void a_connection_that_is_past_it_already_is_told(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1];
	json_t *answer;
	int client;

	open_connection(serving, 0, uid);
	serving_start(serving);
	client = connect_to(serving->path);
	ask_about(client, uid, "{\"request\": \"threshold add\", \"uid\": \"%s\", \"pkts\": 1}");
	answer = hear(client);
	assert_true(json_is_true(json_object_get(answer, "fired")));
	json_decref(answer);
	close(client);
}

static void a_list_comes_element_by_element(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1];
	int client;

	open_connection(serving, 1, uid);
	serving->elements = 3000;
	serving_start(serving);
	client = connect_to(serving->path);
	ask_about(client, uid, "{\"request\": \"threshold list\", \"uid\": \"%s\", \"id\": 9}");
	for (int i = 0; i < 3000; i++) {
		json_t *answer = hear(client), *item = json_object_get(answer, "item");

		assert_int_equal(json_integer_value(json_object_get(item, "value")), 10 * i);
		assert_int_equal(json_integer_value(json_object_get(item, "current")), i);
		assert_int_equal(json_integer_value(json_object_get(answer, "id")), 9);
		json_decref(answer);
	}
	hear_ok(client);
	close(client);
}

static void a_worker_that_does_not_answer_is_an_error_and_its_late_answer_nobodys(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1];
	int client, other;

	open_connection(serving, 0, uid);
	serving->silent = true;
	serving->service->answer_time = TIME_SECOND / 5;
	serving_start(serving);
	client = connect_to(serving->path);
	other = connect_to(serving->path);
	ask_about(client, uid, "{\"request\": \"threshold list\", \"uid\": \"%s\"}");
	ask(other, "{\"request\": \"status\"}");
	hear_ok(other);
	hear_error(client, "does not answer");
	// The answer to that comes while another one is waited for.
	serving->silent = false;
	serving->elements = 1;
	usleep(50000);
	serving->elements = 0;
	ask_about(client, uid, "{\"request\": \"poll list\", \"uid\": \"%s\"}");
	hear_ok(client);
	close(client);
	close(other);
}

static void requests_wait_for_room_in_the_ring(void **state)
{
	struct serving *serving = *state;
	char uid[UID_TEXT_SIZE + 1];
	int client;

	open_connection(serving, 0, uid);
	serving->silent = true;
	serving_start(serving);
	while (bus_request_send(serving->requests[0], &(struct watch_request){.number = 0}))
		;
	client = connect_to(serving->path);
	ask_about(client, uid, "{\"request\": \"threshold list\", \"uid\": \"%s\"}");
	usleep(50000);
	serving->silent = false;
	hear_ok(client);
	close(client);
}

static void two_hundred_clients_ask_workers_at_once(void **state)
{
	struct serving *serving = *state;
	char uid[2][UID_TEXT_SIZE + 1];
	int client[200];

	open_connection(serving, 0, uid[0]);
	open_connection(serving, 1, uid[1]);
	serving->elements = 5;
	serving_start(serving);
	for (int i = 0; i < 200; i++) {
		client[i] = connect_to(serving->path);
		ask_about(client[i], uid[i % 2],
			  "{\"request\": \"threshold list\", \"uid\": \"%s\"}");
		// Some do not wait for the answer.
		if (i % 5 == 0)
			close(client[i]);
	}
	for (int i = 0; i < 200; i++) {
		if (i % 5 == 0)
			continue;
		for (int j = 0; j < 5; j++)
			json_decref(hear(client[i]));
		hear_ok(client[i]);
		close(client[i]);
	}
}

static void rules_are_the_programs(void **state)
{
	struct serving *serving = *state;
	json_t *answer;
	int client;

	serving_start(serving);
	client = connect_to(serving->path);
	ask(client, "{\"request\": \"threshold add\", \"name\": \"big\", \"filter\": \"tcp\", "
		    "\"resp_bytes\": 5000000000, \"duration\": 60, \"idle\": true}");
	hear_ok(client);
	assert_int_equal(serving->changes, 1);
	assert_string_equal(serving->rule_name, "big");
	assert_string_equal(serving->rule_filter, "tcp");
	assert_int_equal(serving->rule.value[WATCH_RESP_BYTES], 5000000000);
	assert_int_equal(serving->rule.value[WATCH_DURATION], TIME_MINUTE);
	assert_int_equal(serving->rule.value[WATCH_PACKETS], 0);
	assert_true(serving->rule.idle);
	ask(client, "{\"request\": \"poll add\", \"name\": \"p\", \"feature\": \"duration\", "
		    "\"above\": 0.5, \"interval\": 2, \"actions\": [\"capture\"]}");
	hear_ok(client);
	assert_int_equal(serving->changes, 2);
	assert_true(serving->rule.poll);
	assert_int_equal(serving->rule.above, TIME_SECOND / 2);
	assert_int_equal(serving->rule.interval, 2 * TIME_SECOND);
	assert_int_equal(serving->rule.actions, WATCH_ACTION_CAPTURE);
	ask(client, "{\"request\": \"threshold del\", \"name\": \"big\"}");
	hear_ok(client);
	assert_int_equal(serving->changes, 3);
	assert_string_equal(serving->deleted, "threshold big");
	ask(client, "{\"request\": \"poll list\"}");
	answer = hear(client);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "item"), "name")), "p1");
	json_decref(answer);
	json_decref(hear(client));
	hear_ok(client);
	ask(client, "{\"request\": \"timeouts\"}");
	answer = hear(client);
	assert_non_null(
		json_object_get(json_object_get(answer, "timeouts"), "tcp_inactivity_timeout"));
	json_decref(answer);
	close(client);
}

static void the_socket_has_its_mode_and_a_second_service_is_refused(void **state)
{
	struct serving *serving = *state;
	struct stat status;

	assert_int_equal(stat(serving->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_null(service_create(&serving->settings));
	// The first one goes on.
	assert_int_equal(stat(serving->path, &status), 0);
}

static void a_socket_that_was_left_is_replaced_and_a_file_is_not(void **state)
{
	struct serving *serving = *state;
	struct service_settings settings = serving->settings;
	struct service *service;
	char path[128], long_path[200];
	int descriptor;
	FILE *file;

	snprintf(path, sizeof(path), "%s/other", serving->directory);
	settings.path = path;
	descriptor = service_listen(path, 0600);
	assert_true(descriptor >= 0);
	close(descriptor);
	service = service_create(&settings);
	assert_non_null(service);
	service_destroy(service);
	assert_int_equal(access(path, F_OK), -1);
	file = fopen(path, "w");
	fclose(file);
	assert_null(service_create(&settings));
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	settings.path = long_path;
	assert_null(service_create(&settings));
	settings.path = "/nowhere/at/all";
	assert_null(service_create(&settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, serving_create, serving_destroy)
		TEST(a_threshold_goes_to_the_worker_that_owns_the_connection),
		TEST(polls_and_inactivity_go_there_too),
		TEST(what_a_worker_refuses_is_told),
		TEST(a_connection_that_is_past_it_already_is_told),
		TEST(a_list_comes_element_by_element),
		TEST(a_worker_that_does_not_answer_is_an_error_and_its_late_answer_nobodys),
		TEST(requests_wait_for_room_in_the_ring),
		TEST(two_hundred_clients_ask_workers_at_once),
		TEST(rules_are_the_programs),
		TEST(the_socket_has_its_mode_and_a_second_service_is_refused),
		TEST(a_socket_that_was_left_is_replaced_and_a_file_is_not),
	};

	return cmocka_run_group_tests_name("service_watch", tests, NULL, NULL);
}
