/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/worker_internal.h"

#include "base/message.h"
#include "bus/bus_request.h"
#include "dump/dump_ring.h"
#include "filter/filter.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Where what happens to watched connections goes, and where requests come from.

// Requests carried out in a turn: a few, so that no burst waits for long.
#define REQUESTS_A_TURN 8
// Answers that are kept for lack of room; then no more requests are taken. One request has fewer.
#define ANSWERS_KEPT 512

// There is no room. Packets do not wait, so that what is to be sent is lost then; but the packets of
// a file can, and at the end there are none any more: then the control core takes what comes,
// however long its log needs.
static bool wait_for_room(const struct worker *worker)
{
	if (!worker->waits && !worker->finishing)
		return false;
	urcu_qsbr_quiescent_state();
	usleep(100);
	return true;
}

static void send_event(void *context, const struct conn_event *event)
{
	struct worker *worker = context;

	while (!bus_channel_send_event(worker->settings.channel, event)) {
		if (!wait_for_room(worker)) {
			worker->counters.events_lost++;
			return;
		}
	}
}

static void send_record(void *context, const struct watch_record *record)
{
	struct worker *worker = context;

	while (!bus_channel_send_record(worker->settings.channel, record)) {
		if (!wait_for_room(worker)) {
			worker->counters.records_lost++;
			return;
		}
	}
}

static void send_note(void *context, const struct watch_note *note)
{
	struct worker *worker = context;

	bus_channel_send_note(worker->settings.channel, note);
}

// The frame as filters see it: of a packet in a tunnel the inner one, and one where the headers of a
// datagram that was put together are made up.
static bool capture_packet(void *context, const struct conn_table *table, const struct conn *conn,
			   uint16_t name, const struct packet *packet, uint64_t *given)
{
	struct worker *worker = context;
	uint8_t frame[DUMP_PACKET_MOST];
	struct filter_scratch scratch;
	struct dump_packet dump;

	if (worker->settings.captures == NULL ||
	    (*given == 0 && !dump_accepts(worker->settings.captures)))
		return false;
	filter_prepare(&scratch, packet);
	dump = (struct dump_packet){
		.data = frame,
		.key = &packet->key,
		.time = packet->time,
		.uid = conn_name_of(table, conn),
		.rule = name,
		.originator = conn_orig_end(conn),
		.from_originator = packet->sender == conn_orig_end(conn),
	};
	dump.captured = (uint32_t)filter_frame(&scratch, frame, sizeof(frame), &dump.length);
	dump_put(worker->settings.captures, &dump);
	*given += dump.captured + 1;
	return *given < worker->settings.capture_bytes;
}

static void capture_ended(void *context, struct uid uid)
{
	struct worker *worker = context;

	if (worker->settings.captures != NULL)
		dump_end(worker->settings.captures, uid);
}

int worker_create_table(struct worker *worker, conn_reclaim_function reclaim)
{
	struct watch_settings settings = worker->settings.watch;

	settings.connections = worker->settings.conn.maximum;
	settings.sinks = (struct watch_sinks){
		.event = send_event,
		.record = send_record,
		.note = send_note,
		.packet = capture_packet,
		.captured = capture_ended,
		.context = worker,
	};
	worker->answers = calloc(ANSWERS_KEPT, sizeof(*worker->answers));
	worker->watch = watch_create(&settings);
	if (worker->watch == NULL)
		return -ENOMEM;
	if (worker->answers == NULL) {
		message_error("no memory for worker %u", worker->settings.index);
		return -ENOMEM;
	}
	worker->settings.conn.watcher = watch_watcher(worker->watch);
	worker->table = conn_table_create(&worker->settings.conn, reclaim);
	if (worker->table == NULL)
		return -ENOMEM;
	return watch_attach(worker->watch, worker->table);
}

static void answer(void *context, const struct watch_answer *answer)
{
	struct worker *worker = context;

	if (worker->answer_count == 0 && bus_answer_send(worker->settings.requests, answer))
		return;
	// A list that is too long for what is kept ends early, with its last answer.
	if (worker->answer_count == ANSWERS_KEPT)
		worker->answer_count--;
	worker->answers[worker->answer_count++] = *answer;
}

static void send_kept(struct worker *worker)
{
	uint32_t sent = 0;

	while (sent < worker->answer_count &&
	       bus_answer_send(worker->settings.requests, &worker->answers[sent]))
		sent++;
	worker->answer_count -= sent;
	memmove(worker->answers, worker->answers + sent,
		worker->answer_count * sizeof(*worker->answers));
}

void worker_serve(struct worker *worker)
{
	struct watch_request request;

	watch_turn(worker->watch);
	if (worker->settings.requests == NULL)
		return;
	if (__builtin_expect(worker->answer_count > 0, 0)) {
		send_kept(worker);
		if (worker->answer_count > 0)
			return;
	}
	// As long as nothing is kept, there is room for all that a request may have to say.
	for (int done = 0; done < REQUESTS_A_TURN && worker->answer_count == 0; done++) {
		if (bus_request_receive(worker->settings.requests, &request, 1) == 0)
			return;
		watch_serve(worker->watch, &request, answer, worker);
	}
}
