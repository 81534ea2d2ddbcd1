/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/time.h"
#include "bus/counters.h"
#include "conn/conn_reader.h"

#include <urcu/urcu-qsbr.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t service_packet_time(const struct service *service, uint32_t worker)
{
	const struct worker_counters *counters = service->settings.workers[worker].counters;
	uint64_t time = counters != NULL
				? atomic_load_explicit(&counters->time, memory_order_relaxed)
				: 0;
	struct timespec now;

	if (time != 0)
		return time;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool service_find(struct service *service, struct client *client, const json_t *request,
		  struct service_place *place)
{
	const struct service_settings *settings = &service->settings;
	const char *text = parameter_text(request, "uid", "");
	struct uid uid;
	uint8_t worker;

	if (uid_parse(text, strlen(text), &uid) < 0) {
		answer_error(client,
			     "'%.60s' is no uid; one is a C and up to 17 letters and "
			     "digits, as in conn.log",
			     text);
		return false;
	}
	uid_open(&settings->uid_key, uid, &worker, &place->slot, &place->generation);
	place->worker = worker;
	if (uid.salt == settings->uid_key.salt && worker < settings->worker_count)
		return true;
	answer_error(client, "%s is the uid of no connection of this weir, since it was started",
		     text);
	return false;
}

// Waits a little for a worker that was taken off its CPU while it changed just this connection.
static enum conn_read find(struct service *service, const struct service_place *place,
			   struct conn_summary *summary, uint64_t *inactivity)
{
	struct conn_reader *reader = service->reader[place->worker];
	enum conn_read found = CONN_READ_BUSY;

	for (int i = 0; i < 50 && found == CONN_READ_BUSY; i++) {
		if (i > 0)
			usleep(1000);
		urcu_qsbr_thread_online();
		found = conn_reader_find(reader, place->slot, place->generation, summary);
		if (found == CONN_READ_FOUND)
			*inactivity = conn_reader_inactivity(reader);
		urcu_qsbr_thread_offline();
	}
	return found;
}

void serve_show(struct service *service, struct client *client, const json_t *request)
{
	static const struct parameter parameter[] = {{"uid", PARAMETER_UID, true}};
	struct conn_summary summary;
	struct service_place place;
	char text[RECORD_TEXT_SIZE];
	json_t *conn;
	enum conn_read found;
	uint64_t inactivity = 0;

	if (!parameter_check(client, request, "show", parameter, 1) ||
	    !service_find(service, client, request, &place))
		return;
	found = find(service, &place, &summary, &inactivity);
	if (found == CONN_READ_BUSY) {
		answer_error(client,
			     "show: worker %u does not get on, the connection cannot be "
			     "read; ask again",
			     place.worker);
		return;
	}
	if (found == CONN_READ_NONE) {
		answer_error(client, "no connection %s lives; it is over, look into conn.log",
			     parameter_text(request, "uid", ""));
		return;
	}
	conn = json_loadb(text,
			  record_format(&summary, service_packet_time(service, place.worker), text),
			  0, NULL);
	json_object_set_new(conn, "inactivity",
			    json_real((double)inactivity / (double)TIME_SECOND));
	answer_ok(client, json_pack("{s:o*}", "connection", conn));
}
