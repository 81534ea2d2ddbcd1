/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/monotonic.h"

#include "bus/bus_request.h"
#include "watch/watch_name.h"

#include <errno.h>
#include <string.h>

// A request travels with a number that no other has. The client that waits is found by it, so that
// an answer that comes too late finds nobody.

#define ANSWERS_AT_ONCE 64

static void send_more(struct service *service, struct client *client)
{
	struct service_exchange *exchange = &client->exchange;
	struct bus_requests *ring = service->settings.workers[exchange->worker].requests;

	while (exchange->sent < exchange->count &&
	       bus_request_send(ring, &exchange->request[exchange->sent]))
		exchange->sent++;
}

void exchange_begin(struct service *service, struct client *client)
{
	struct service_exchange *exchange = &client->exchange;

	if (service->settings.workers[exchange->worker].requests == NULL) {
		answer_error(client, "this weir takes no requests about single connections");
		return;
	}
	for (uint32_t i = 0; i < exchange->count; i++)
		exchange->request[i].number = ++service->number;
	exchange->deadline = monotonic_now() + service->answer_time;
	client->doing = CLIENT_EXCHANGE;
	send_more(service, client);
}

void exchange_continue(struct service *service, struct client *client)
{
	struct service_exchange *exchange = &client->exchange;

	send_more(service, client);
	if (monotonic_now() < exchange->deadline)
		return;
	answer_error(client,
		     "worker %u does not answer: it has too much to do, or its input is over; look "
		     "at 'status', and ask again",
		     exchange->worker);
}

static struct client *find(struct service *service, uint64_t number,
			   const struct watch_request **request)
{
	for (uint32_t i = 0; i < service->client_count; i++) {
		struct client *client = service->client[i];
		uint64_t place = number - client->exchange.request[0].number;

		if (client->doing != CLIENT_EXCHANGE || place >= client->exchange.count)
			continue;
		*request = &client->exchange.request[place];
		return client;
	}
	return NULL;
}

static void write_element(struct client *client, const struct watch_request *request,
			  const struct watch_answer *answer)
{
	bool poll = request->request == WATCH_REQUEST_POLL_LIST;
	bool span = poll ? watch_feature_is_span(answer->kind) : watch_kind_is_span(answer->kind);
	const char *word = "?";
	json_t *item;

	if (poll && answer->kind < WATCH_FEATURE_COUNT)
		word = watch_feature_word[answer->kind];
	else if (!poll && answer->kind < WATCH_KIND_COUNT)
		word = watch_kind_word[answer->kind];
	item = json_pack("{s:s,s:o,s:o,s:o}", poll ? "feature" : "kind", word,
			 poll ? "above" : "value", watch_value(span, answer->value), "current",
			 watch_value(span, answer->current), "actions",
			 watch_action_list(answer->actions));
	if (answer->name != 0)
		json_object_set_new(item, "name", json_string(watch_name_text(answer->name)));
	if (poll) {
		json_object_set_new(item, "interval", watch_value(true, answer->interval));
		json_object_set_new(item, "repeat", json_boolean(answer->repeat));
	} else if (answer->kind == WATCH_DURATION) {
		json_object_set_new(item, "idle", json_boolean(answer->idle));
	}
	answer_item(client, item);
	json_decref(item);
	client->exchange.items++;
}

static void complain(struct client *client, const struct watch_request *request, int status)
{
	bool poll = request->request >= WATCH_REQUEST_POLL_ADD &&
		    request->request <= WATCH_REQUEST_POLL_LIST;
	const char *what = poll ? "poll" : "threshold";
	const char *word = poll ? watch_feature_word[request->kind % WATCH_FEATURE_COUNT]
				: watch_kind_word[request->kind % WATCH_KIND_COUNT];

	switch (status) {
	case -ENOENT:
		answer_error(client, "the connection is over, look into conn.log");
		break;
	case -ESRCH:
		answer_error(client,
			     "the connection has no such %s for %s; '%s list' with its uid tells "
			     "which it has",
			     what, word, what);
		break;
	case -EEXIST:
		answer_error(client, "the connection has that %s for %s already", what, word);
		break;
	case -ENOSPC:
		answer_error(client,
			     "the connection has as many thresholds and polls as it may have, 256, "
			     "or the worker has no memory left for another %s",
			     what);
		break;
	default:
		answer_error(client, "the worker could not do it: %s", strerror(-status));
		break;
	}
}

static void finish(struct client *client)
{
	struct service_exchange *exchange = &client->exchange;

	switch (exchange->request[0].request) {
	case WATCH_REQUEST_THRESHOLD_LIST:
	case WATCH_REQUEST_POLL_LIST:
		answer_items(client, exchange->items);
		break;
	case WATCH_REQUEST_THRESHOLD_ADD:
	case WATCH_REQUEST_POLL_ADD:
		answer_ok(client, json_pack("{s:b}", "fired", exchange->fired));
		break;
	default:
		answer_ok(client, NULL);
		break;
	}
}

static void take(struct service *service, const struct watch_answer *answer)
{
	const struct watch_request *request;
	struct client *client = find(service, answer->number, &request);
	struct service_exchange *exchange;

	if (client == NULL)
		return;
	exchange = &client->exchange;
	if (answer->more) {
		write_element(client, request, answer);
		return;
	}
	exchange->fired |= answer->fired;
	if (answer->status < 0 && exchange->status == 0) {
		exchange->status = answer->status;
		exchange->failed = (uint8_t)(request - exchange->request);
	}
	if (++exchange->answered < exchange->count)
		return;
	if (exchange->status < 0)
		complain(client, &exchange->request[exchange->failed], exchange->status);
	else
		finish(client);
}

void exchange_receive(struct service *service, uint32_t worker)
{
	struct bus_requests *ring = service->settings.workers[worker].requests;
	struct watch_answer list[ANSWERS_AT_ONCE];
	size_t count;

	if (ring == NULL)
		return;
	// What one ring holds, so that a worker which fills it again does not keep this thread.
	for (uint32_t taken = 0; taken < BUS_REQUESTS_MOST; taken += (uint32_t)count) {
		count = bus_answer_receive(ring, list, ANSWERS_AT_ONCE);
		for (size_t i = 0; i < count; i++)
			take(service, &list[i]);
		if (count < ANSWERS_AT_ONCE)
			return;
	}
}
