/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "requests.h"

#include "base/message.h"
#include "base/monotonic.h"
#include "base/time.h"
#include "bus/counters.h"
#include "change.h"
#include "conn/conn_table.h"
#include "watch/watch_book.h"
#include "weir/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH_SIZE 4096

// What was counted at some moment, to tell rates.
struct sample {
	uint64_t time; // ns, monotonic
	uint64_t packets;
	uint64_t bytes;
	uint64_t connections;
};

struct requests {
	struct requests_settings settings;
	struct service *service;
	char path[PATH_SIZE];
	struct sample start;
	struct sample last; // at least a second before the next one
	double packet_rate, byte_rate, connection_rate;
};

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)(value <= INT64_MAX ? value : INT64_MAX));
}

static json_t *span(uint64_t value)
{
	return json_real((double)value / (double)TIME_SECOND);
}

struct sums {
	struct capture_counters capture;
	uint64_t live, waiting, created;
	uint64_t handoff_full, events_lost, records_lost;
};

static void add_up(const struct requests_settings *settings, struct sums *sums)
{
	*sums = (struct sums){0};
	if (settings->input != NULL)
		sums->capture = *settings->input;
	for (uint32_t i = 0; i < settings->worker_count; i++) {
		const struct worker_counters *worker = settings->view[i].counters;

		sums->capture.received += worker->capture.received;
		sums->capture.bytes += worker->capture.bytes;
		sums->capture.verdict[PACKET_TRACK] += worker->capture.verdict[PACKET_TRACK];
		sums->live += conn_table_live(settings->workers[i].table);
		sums->waiting += conn_table_waiting(settings->workers[i].table);
		sums->created += settings->view[i].conn->created;
		sums->handoff_full += worker->handoff_full;
		sums->events_lost += worker->events_lost;
		sums->records_lost += worker->records_lost;
	}
}

// Rates are those between the last two moments that somebody asked, a second apart at least.
static void note_rates(struct requests *requests, const struct sums *sums)
{
	struct sample next = {monotonic_now(), sums->capture.received, sums->capture.bytes,
			      sums->created};
	const struct sample *last = &requests->last;
	double seconds = (double)(next.time - last->time) / (double)TIME_SECOND;

	if (seconds < 1)
		return;
	requests->packet_rate = (double)(next.packets - last->packets) / seconds;
	requests->byte_rate = (double)(next.bytes - last->bytes) / seconds;
	requests->connection_rate = (double)(next.connections - last->connections) / seconds;
	requests->last = next;
}

static json_t *worker_status(const struct requests_settings *settings, uint32_t index)
{
	const struct worker_counters *worker = settings->view[index].counters;
	const struct conn_counters *conn = settings->view[index].conn;
	const struct conn_table *table = settings->workers[index].table;

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "tracked",
			 number(conn->packets), "live", number(conn_table_live(table)), "waiting",
			 number(conn_table_waiting(table)), "created", number(conn->created),
			 "evicted", number(conn->evicted), "refused", number(conn->refused),
			 "handed_out", number(worker->handed_out), "handed_in",
			 number(worker->handed_in), "channel_full", number(worker->channel_full),
			 "longest_turn", span(worker->longest_turn));
}

static json_t *rules_status(const struct requests_settings *settings)
{
	uint64_t count[2] = {0, 0};
	size_t rules;
	const struct watch_rule_settings *rule = watch_book_rules(settings->book, &rules);

	for (size_t i = 0; i < rules; i++)
		count[rule[i].poll]++;
	return json_pack("{s:o,s:o}", "thresholds", number(count[0]), "polls", number(count[1]));
}

static json_t *status(void *context)
{
	struct requests *requests = context;
	const struct requests_settings *settings = &requests->settings;
	json_t *workers = json_array();
	struct sums sums;

	add_up(settings, &sums);
	note_rates(requests, &sums);
	for (uint32_t i = 0; i < settings->worker_count; i++)
		json_array_append_new(workers, worker_status(settings, i));
	return json_pack(
		"{s:s,s:o,s:{s:o,s:o,s:o,s:o,s:o},s:{s:o,s:o,s:o,s:o,s:o,s:o},s:{s:f,s:f,s:f},s:o,"
		"s:o}",
		"version", WEIR_VERSION, "uptime", span(monotonic_now() - requests->start.time),
		"packets", "received", number(sums.capture.received), "bytes",
		number(sums.capture.bytes), "tracked", number(sums.capture.verdict[PACKET_TRACK]),
		"missed",
		number(settings->missed != NULL ? settings->missed(settings->context) : 0),
		"lost_between_workers", number(sums.handoff_full), "connections", "live",
		number(sums.live), "waiting", number(sums.waiting), "created", number(sums.created),
		"logged", number(control_logged(settings->control)), "events_lost",
		number(sums.events_lost), "records_lost", number(sums.records_lost), "per_second",
		"packets", requests->packet_rate, "bytes", requests->byte_rate, "connections",
		requests->connection_rate, "rules", rules_status(settings), "workers", workers);
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
		.status = status,
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
	requests->start.time = requests->last.time = monotonic_now();
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
