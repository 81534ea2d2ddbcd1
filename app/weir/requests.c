/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "requests.h"

#include "base/message.h"
#include "base/time.h"
#include "change.h"
#include "status.h"
#include "watch/watch_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4096

struct requests {
	struct requests_settings settings;
	struct service *service;
	char path[PATH_SIZE];
	struct status status;
};

static json_t *span(uint64_t value)
{
	return json_real((double)value / (double)TIME_SECOND);
}

static json_t *tell_status(void *context)
{
	struct requests *requests = context;

	return status_make(&requests->status, &requests->settings);
}

static struct service_change *read_again(void *context, char *why, size_t size)
{
	const struct requests *requests = context;

	return reload_begin(requests->settings.options, requests->settings.book, why, size);
}

static struct service_change *rule_add(void *context, const struct watch_rule_settings *rule,
				       char *why, size_t size)
{
	const struct requests *requests = context;

	return rule_add_begin(requests->settings.book, rule, why, size);
}

static int rule_delete(void *context, bool poll, const char *name, char *why, size_t size)
{
	const struct requests *requests = context;

	return watch_book_delete(requests->settings.book, name, poll, why, size);
}

static json_t *rule_list(void *context, bool poll)
{
	const struct requests *requests = context;
	json_t *list = json_array();
	size_t count;
	const struct watch_rule_settings *rule = watch_book_rules(requests->settings.book, &count);

	for (size_t i = 0; i < count; i++) {
		if (rule[i].poll == poll)
			json_array_append_new(list, service_rule(&rule[i]));
	}
	return list;
}

// As they are now: a reload may have changed them.
static void add_inactivity(const struct requests *requests, json_t *object)
{
	const struct watch_inactivity *now = watch_book_inactivity(requests->settings.book);
	char name[64];

	if (now == NULL)
		return;
	json_object_set_new(object, "inactivity.tcp_ports_timeout", span(now->span));
	for (size_t i = 0; i < now->port_span_count; i++) {
		snprintf(name, sizeof(name), "inactivity.tcp_ports.%u-%u", now->port_span[i].first,
			 now->port_span[i].last);
		json_object_set_new(object, name, span(now->port_span[i].span));
	}
	for (size_t i = 0; i < now->service_count; i++) {
		snprintf(name, sizeof(name), "inactivity.services.%s", now->service[i].name);
		json_object_set_new(object, name, span(now->service[i].span));
	}
}

static json_t *timeouts(void *context)
{
	const struct requests *requests = context;
	const struct config *config = requests->settings.options->config;
	json_t *object = json_object();

#define TIMEOUT(name) json_object_set_new(object, "timeouts." #name, span(config->timeouts.name))
	TIMEOUT(tcp_attempt_delay);
	TIMEOUT(tcp_SYN_timeout);
	TIMEOUT(tcp_session_timer);
	TIMEOUT(tcp_connection_linger);
	TIMEOUT(tcp_close_delay);
	TIMEOUT(tcp_handshake_inactivity_timeout);
	TIMEOUT(tcp_inactivity_timeout);
	TIMEOUT(udp_inactivity_timeout);
	TIMEOUT(icmp_inactivity_timeout);
	TIMEOUT(unknown_ip_inactivity_timeout);
	TIMEOUT(dns_session_timeout);
	TIMEOUT(frag_timeout);
	TIMEOUT(tcp_reset_delay);
	TIMEOUT(tcp_partial_close_delay);
	TIMEOUT(connection_status_update_interval);
#undef TIMEOUT
	add_inactivity(requests, object);
	return object;
}

bool requests_wanted(const struct config *config, bool live)
{
	const char *wanted = config->control.socket;

	return strcmp(wanted, "none") != 0 && (live || strcmp(wanted, "auto") != 0);
}

// Where the socket is. Weir's own choice is where only one weir can be: the folder that systemd
// made for it, else that of its logs.
static void choose_path(const struct config *config, char path[PATH_SIZE])
{
	const char *wanted = config->control.socket;
	const char *folder = getenv("RUNTIME_DIRECTORY");

	if (folder == NULL || *folder == '\0')
		folder = config->log.directory;
	if (strcmp(wanted, "auto") != 0)
		snprintf(path, PATH_SIZE, "%s", wanted);
	else
		snprintf(path, PATH_SIZE, "%s/weir.sock", folder);
}

static struct service *open_service(struct requests *requests, const char *path)
{
	const struct requests_settings *settings = &requests->settings;
	struct service_settings service = {
		.path = path,
		.mode = settings->options->config->control.mode,
		.listing_rest = settings->options->config->control.listing_rest,
		.workers = settings->workers,
		.worker_count = settings->worker_count,
		.uid_key = settings->uid_key,
		.status = tell_status,
		.reload = read_again,
		.rule_add = rule_add,
		.rule_delete = rule_delete,
		.rule_list = rule_list,
		.timeouts = timeouts,
		.context = requests,
	};

	return service_create(&service);
}

struct requests *requests_create(const struct requests_settings *settings)
{
	const struct config *config = settings->options->config;
	struct requests *requests = calloc(1, sizeof(*requests));

	if (requests == NULL) {
		message_error("no memory for answering requests");
		return NULL;
	}
	requests->settings = *settings;
	status_start(&requests->status);
	if (requests_wanted(config, settings->live)) {
		choose_path(config, requests->path);
		requests->service = open_service(requests, requests->path);
		if (requests->service != NULL)
			return requests;
		if (strcmp(config->control.socket, "auto") != 0)
			goto failed;
		message_warning("weir goes on without answering requests");
	}
	requests->service = open_service(requests, NULL);
	if (requests->service != NULL)
		return requests;

failed:
	free(requests);
	return NULL;
}

int requests_start(struct requests *requests)
{
	return service_start(requests->service);
}

void requests_stop(struct requests *requests)
{
	if (requests != NULL)
		service_stop(requests->service);
}

void requests_destroy(struct requests *requests)
{
	if (requests == NULL)
		return;
	service_destroy(requests->service);
	free(requests);
}

void requests_ask_reload(struct requests *requests)
{
	service_ask_reload(requests->service);
}
