/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn_fixture.h"

#include "bus/bus_request.h"
#include "service/service_internal.h"
#include "watch/watch_name.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// A service over two tables, and a thread that answers for both of their workers.

#define WORKERS 2

static conn_reclaim_function serving_reclaim; // of the tables

struct serving {
	struct tracking tracking[WORKERS];
	struct bus_requests *requests[WORKERS];
	struct service_worker worker[WORKERS];
	struct service_settings settings;
	struct service *service;
	char directory[64];
	char path[96];
	pthread_t thread;
	bool answering;
	atomic_bool stop;
	// What the stub of a worker got last, and what it is to answer.
	struct watch_request got[8];
	atomic_uint got_count;
	atomic_int status;
	atomic_uint elements;
	atomic_bool silent;
	// What the program was asked.
	atomic_uint reloads;
	atomic_bool reload_fails;
	atomic_uint applied; // which reload was the last
	atomic_uint changes; // of the next two lines
	struct watch_rule_settings rule;
	char rule_name[64], rule_filter[128], deleted[64];
};

static inline json_t *serving_status(void *context)
{
	return json_pack("{s:s,s:i}", "version", "1", "workers", WORKERS);
}

// Changes are prepared as long as this is set. `serving_dropped` counts those that are gone.
static atomic_bool serving_prepares;
static atomic_uint serving_dropped;

struct serving_change {
	struct service_change change;
	struct serving *serving;
	struct watch_rule_settings rule; // with texts of its own; without a name: a reload
	uint32_t number;
};

static inline int serving_prepare(struct service_change *change, char *why, size_t size)
{
	const char *filter = ((struct serving_change *)change)->rule.expression;

	while (serving_prepares)
		usleep(500);
	if (filter == NULL || strcmp(filter, "nonsense") != 0)
		return 0;
	snprintf(why, size, "it is nonsense");
	return -EINVAL;
}

static inline int serving_apply(struct service_change *change, char *why, size_t size)
{
	struct serving_change *wanted = (struct serving_change *)change;
	struct serving *serving = wanted->serving;

	if (wanted->rule.name == NULL) {
		serving->applied = wanted->number;
		return 0;
	}
	if (strcmp(wanted->rule.name, "taken") == 0) {
		snprintf(why, size, "there is one already");
		return -EEXIST;
	}
	serving->rule = wanted->rule;
	snprintf(serving->rule_name, sizeof(serving->rule_name), "%s", wanted->rule.name);
	snprintf(serving->rule_filter, sizeof(serving->rule_filter), "%s", wanted->rule.expression);
	serving->changes++;
	return 0;
}

static inline void serving_drop(struct service_change *change)
{
	struct serving_change *wanted = (struct serving_change *)change;

	free((char *)wanted->rule.name);
	free((char *)wanted->rule.expression);
	free(wanted);
	serving_dropped++;
}

static inline struct serving_change *serving_change(struct serving *serving)
{
	struct serving_change *wanted = calloc(1, sizeof(*wanted));

	assert_non_null(wanted);
	wanted->change = (struct service_change){serving_prepare, serving_apply, serving_drop};
	wanted->serving = serving;
	return wanted;
}

static inline struct service_change *serving_reload(void *context, char *why, size_t size)
{
	struct serving *serving = context;
	struct serving_change *wanted;

	serving->reloads++;
	if (serving->reload_fails) {
		snprintf(why, size, "weir.ini:3: nonsense");
		return NULL;
	}
	wanted = serving_change(serving);
	wanted->number = serving->reloads;
	return &wanted->change;
}

static inline struct service_change *serving_rule_add(void *context,
						      const struct watch_rule_settings *rule,
						      char *why, size_t size)
{
	struct serving_change *wanted;

	if (strcmp(rule->name, "bad") == 0) {
		snprintf(why, size, "it is bad");
		return NULL;
	}
	wanted = serving_change(context);
	wanted->rule = *rule;
	wanted->rule.name = strdup(rule->name);
	wanted->rule.expression = strdup(rule->expression);
	return &wanted->change;
}

static inline int serving_rule_delete(void *context, bool poll, const char *name, char *why,
				      size_t size)
{
	struct serving *serving = context;

	snprintf(serving->deleted, sizeof(serving->deleted), "%s %s", poll ? "poll" : "threshold",
		 name);
	serving->changes++;
	return 0;
}

static inline json_t *serving_rule_list(void *context, bool poll)
{
	return json_pack("[{s:s},{s:s}]", "name", poll ? "p1" : "t1", "name", poll ? "p2" : "t2");
}

static inline json_t *serving_timeouts(void *context)
{
	return json_pack("{s:f}", "tcp_inactivity_timeout", 300.0);
}

static inline void answer_like_a_worker(struct serving *serving, uint32_t worker)
{
	struct watch_request request;

	if (serving->silent || bus_request_receive(serving->requests[worker], &request, 1) == 0)
		return;
	serving->got[serving->got_count % 8] = request;
	serving->got_count++;
	for (uint32_t i = 0; i < serving->elements; i++) {
		struct watch_answer element = {.number = request.number,
					       .value = 10 * i,
					       .current = i,
					       .actions = WATCH_ACTION_LOG,
					       .more = true};

		while (!bus_answer_send(serving->requests[worker], &element) && !serving->stop)
			usleep(100);
	}
	bus_answer_send(serving->requests[worker],
			&(struct watch_answer){.number = request.number,
					       .status = serving->status,
					       .fired = request.value == 1});
}

static inline void *work(void *argument)
{
	struct serving *serving = argument;

	while (!serving->stop) {
		for (uint32_t i = 0; i < WORKERS; i++)
			answer_like_a_worker(serving, i);
		usleep(100);
	}
	return NULL;
}

static inline int serving_create(void **state)
{
	struct serving *serving = calloc(1, sizeof(*serving));

	snprintf(serving->directory, sizeof(serving->directory), "/tmp/weir-service-XXXXXX");
	assert_non_null(mkdtemp(serving->directory));
	snprintf(serving->path, sizeof(serving->path), "%s/weir.sock", serving->directory);
	for (uint32_t i = 0; i < WORKERS; i++) {
		serving->tracking[i].settings = settings_default();
		serving->tracking[i].settings.maximum = 4096;
		serving->tracking[i].settings.worker = (uint8_t)i;
		tracking_start(&serving->tracking[i], serving_reclaim);
		serving->requests[i] = bus_requests_create();
		assert_non_null(serving->requests[i]);
		serving->worker[i] = (struct service_worker){
			.table = serving->tracking[i].table,
			.requests = serving->requests[i],
		};
	}
	serving->settings = (struct service_settings){
		.path = serving->path,
		.mode = 0600,
		.listing_rest = 8,
		.workers = serving->worker,
		.worker_count = WORKERS,
		.uid_key = serving->tracking[0].settings.uid_key,
		.status = serving_status,
		.reload = serving_reload,
		.rule_add = serving_rule_add,
		.rule_delete = serving_rule_delete,
		.rule_list = serving_rule_list,
		.timeouts = serving_timeouts,
		.context = serving,
	};
	serving->service = service_create(&serving->settings);
	assert_non_null(serving->service);
	*state = serving;
	return 0;
}

// Begins to answer; tables are not written to from then on.
static inline void serving_start(struct serving *serving)
{
	assert_int_equal(service_start(serving->service), 0);
	assert_int_equal(pthread_create(&serving->thread, NULL, work, serving), 0);
	serving->answering = true;
}

static inline int serving_destroy(void **state)
{
	struct serving *serving = *state;

	service_stop(serving->service);
	service_destroy(serving->service);
	serving->stop = true;
	if (serving->answering)
		pthread_join(serving->thread, NULL);
	for (uint32_t i = 0; i < WORKERS; i++) {
		conn_table_destroy(serving->tracking[i].table);
		bus_requests_destroy(serving->requests[i]);
	}
	assert_int_equal(rmdir(serving->directory), 0);
	free(serving);
	return 0;
}

static inline int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 20};
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(descriptor >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return descriptor;
}

static inline void say_bytes(int descriptor, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(descriptor, text, length, MSG_NOSIGNAL);

		assert_true(sent > 0);
		text += sent;
		length -= (size_t)sent;
	}
}

static inline void say(int descriptor, const char *text)
{
	say_bytes(descriptor, text, strlen(text));
}

// One line, without its end; false at the end of what is sent.
static inline bool hear_line(int descriptor, char *line, size_t size)
{
	size_t length = 0;

	for (;;) {
		// Looked at first, so that nothing of the next line is taken.
		ssize_t got = recv(descriptor, line + length, size - length, MSG_PEEK);
		const char *end = got > 0 ? memchr(line + length, '\n', (size_t)got) : NULL;

		if (got <= 0)
			return false;
		if (end != NULL)
			got = end + 1 - (line + length);
		assert_int_equal(recv(descriptor, line + length, (size_t)got, 0), got);
		length += (size_t)got;
		if (end != NULL)
			break;
	}
	line[length - 1] = '\0';
	return true;
}

static inline json_t *hear(int descriptor)
{
	static _Thread_local char line[65536];
	json_t *answer;

	assert_true(hear_line(descriptor, line, sizeof(line)));
	answer = json_loads(line, 0, NULL);
	assert_true(json_is_object(answer));
	return answer;
}

static inline void hear_nothing_more(int descriptor)
{
	char byte;
	ssize_t got = recv(descriptor, &byte, 1, 0);

	assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
}

static inline void hear_ok(int descriptor)
{
	json_t *answer = hear(descriptor);

	if (!json_is_true(json_object_get(answer, "ok")))
		print_error("%s\n", json_dumps(answer, 0));
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

// An error that says so, too.
static inline void hear_error(int descriptor, const char *part)
{
	json_t *answer = hear(descriptor);
	const char *error = json_string_value(json_object_get(answer, "error"));

	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_non_null(error);
	if (strstr(error, part) == NULL)
		print_error("'%s' is not in: %s\n", part, error);
	assert_non_null(strstr(error, part));
	json_decref(answer);
}

static inline void ask(int descriptor, const char *text)
{
	say(descriptor, text);
	say(descriptor, "\n");
}

// What a worker got as its request number `index`.
static inline const struct watch_request *got(struct serving *serving, uint32_t index)
{
	assert_true(serving->got_count > index);
	return &serving->got[index];
}

// The uid of the connection that the packet made last belongs to.
static inline void uid_of_last(struct tracking *tracking, char *text)
{
	struct uid uid = conn_uid(tracking->table, conn_of(tracking));

	text[uid_format(uid, text)] = '\0';
}
