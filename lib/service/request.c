/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include <stdlib.h>
#include <string.h>

typedef void (*serve_function)(struct service *service, struct client *client,
			       const json_t *request);

static void serve_status(struct service *service, struct client *client, const json_t *request)
{
	const struct service_settings *settings = &service->settings;
	json_t *status;

	if (!parameter_check(client, request, "status", NULL, 0))
		return;
	status = settings->status != NULL ? settings->status(settings->context) : json_object();
	if (status == NULL)
		answer_error(client, "status: no memory for the answer");
	else
		answer_ok(client, status);
}

static const struct {
	const char *name;
	serve_function serve;
} kind[] = {
	{"status", serve_status},
	{"conns", serve_conns},
	{"show", serve_show},
	{"threshold add", serve_threshold_add},
	{"threshold del", serve_threshold_delete},
	{"threshold list", serve_threshold_list},
	{"poll add", serve_poll_add},
	{"poll del", serve_poll_delete},
	{"poll list", serve_poll_list},
	{"timeouts", serve_timeouts},
	{"reload", serve_reload},
};

#define KIND_COUNT (sizeof(kind) / sizeof(kind[0]))

static void complain_kind(struct client *client, const char *name)
{
	const char *names[KIND_COUNT];
	char hint[512];

	for (size_t i = 0; i < KIND_COUNT; i++)
		names[i] = kind[i].name;
	if (name == NULL) {
		answer_error(client, "the request has no name: it is to have a text \"request\", "
				     "such as {\"request\": \"status\"}");
		return;
	}
	parameter_suggest(name, names, KIND_COUNT, hint, sizeof(hint));
	answer_error(client, "'%.60s' is no request; %s", name, hint);
}

// Keeps the number or text by which the client knows the answer.
static bool take_id(struct client *client, const json_t *request)
{
	const json_t *id = json_object_get(request, "id");

	if (id == NULL)
		return true;
	client->id = json_dumps(id, JSON_COMPACT | JSON_ENCODE_ANY);
	if (client->id != NULL && strlen(client->id) <= SERVICE_ID_MOST)
		return true;
	free(client->id);
	client->id = NULL;
	answer_error(client, "the id has more than %d bytes; a number is enough, such as \"id\": 1",
		     SERVICE_ID_MOST);
	return false;
}

static void serve(struct service *service, struct client *client, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "request"));

	if (!take_id(client, request))
		return;
	for (size_t i = 0; name != NULL && i < KIND_COUNT; i++) {
		if (strcmp(name, kind[i].name) == 0) {
			kind[i].serve(service, client, request);
			return;
		}
	}
	complain_kind(client, name);
}

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	}
	return true;
}

void request_serve(struct service *service, struct client *client, const char *line, size_t length)
{
	json_error_t error;
	json_t *request;

	if (is_blank(line, length))
		return;
	request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	if (request == NULL)
		answer_error(client,
			     "the line is no JSON, at its byte %d: %.160s; a request is one line, "
			     "such as {\"request\": \"status\"}",
			     error.position, error.text);
	else if (!json_is_object(request))
		answer_error(client, "the line is no object; a request is one line, such as "
				     "{\"request\": \"status\"}");
	else
		serve(service, client, request);
	json_decref(request);
}
