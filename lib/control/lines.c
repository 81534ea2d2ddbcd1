/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "control/control_internal.h"

#include "base/message.h"
#include "log/log_conn.h"
#include "log/log_event.h"
#include "log/log_watch.h"

#include <inttypes.h>

// What workers send becomes lines of logs.

// Connections taken from a worker before the next one has its turn; events and records likewise.
#define TAKE         32
#define TAKE_RECORDS 8
// How many connections before its turn one is fetched.
#define AHEAD 3

void control_logs_start(struct control *control)
{
	const struct control_settings *settings = &control->settings;

	control->connections = (struct control_log){
		.file = "conn.log", .what = "connections", .stream = settings->conn_log};
	control->events = (struct control_log){.file = "events.log",
					       .what = "events",
					       .stream = settings->event_log,
					       .open = log_event_open};
	control->records = (struct control_log){.file = "watch.log",
						.what = "lines of watch.log",
						.stream = settings->watch_log,
						.open = log_watch_open};
}

void control_retry_logs(struct control *control)
{
	control->events.refused = control->records.refused = false;
}

void control_count_lost(struct control *control)
{
	struct control_log *logs[] = {&control->connections, &control->events, &control->records};

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		uint64_t lost = logs[i]->stream != NULL ? log_stream_lost_lines(logs[i]->stream)
							: 0;

		logs[i]->logged -= lost;
		logs[i]->unlogged += lost;
	}
}

uint64_t control_logged(const struct control *control)
{
	return control->connections.logged;
}

uint64_t control_unlogged(const struct control *control)
{
	return control->connections.unlogged;
}

static bool complain(const struct control_log *log)
{
	if (log->unlogged > 0)
		message_error("%" PRIu64 " %s could not be logged: the log's disk is full, or too "
			      "slow; make room, or give it time, and run again",
			      log->unlogged, log->what);
	if (log->unopened > 0)
		message_error("%" PRIu64 " %s could not be logged: %s could not be opened, see "
			      "the message about that",
			      log->unopened, log->what, log->file);
	return log->unlogged > 0 || log->unopened > 0;
}

bool control_complain_unlogged(const struct control *control)
{
	bool any = complain(&control->connections);

	any |= complain(&control->events);
	any |= complain(&control->records);
	return any;
}

// A rule or plugin may want a log that nobody wanted at the start. One that cannot be opened keeps
// nothing else from being logged: it is told once, and tried again with the next SIGHUP.
static bool is_open(struct control *control, struct control_log *log, uint64_t now)
{
	if (log->stream == NULL && !log->refused) {
		log->stream = log->open(control->settings.writer, now);
		log->refused = log->stream == NULL;
	}
	if (log->stream == NULL)
		log->unopened++;
	return log->stream != NULL;
}

static void hear_of(struct control *control, uint64_t time)
{
	if (time > control->log_time)
		control->log_time = time;
}

static void write_line(struct control *control, const struct conn_summary *summary, uint64_t now)
{
	hear_of(control, summary->removed);
	while (!log_conn_write(control->connections.stream, summary, now)) {
		if (!control_wait_for_log(control)) {
			control->connections.unlogged++;
			return;
		}
	}
	control->connections.logged++;
}

// Its note is taken in any case: the next one belongs to another connection.
static void write_noted(struct control *control, const struct control_worker *worker,
			const struct conn_summary *summary, uint64_t now)
{
	struct log_conn_noted noted = {.conn = *summary};

	noted.conn.noted = bus_channel_receive_note(worker->channel, &noted.note);
	write_line(control, &noted.conn, now);
}

static void write_event(struct control *control, const struct conn_event *event, uint64_t now)
{
	hear_of(control, event->time);
	if (!is_open(control, &control->events, now))
		return;
	while (!log_event_write(control->events.stream, event, now)) {
		if (!control_wait_for_log(control)) {
			control->events.unlogged++;
			return;
		}
	}
	control->events.logged++;
}

static void write_record(struct control *control, const struct watch_record *record, uint64_t now)
{
	hear_of(control, record->time);
	if (!is_open(control, &control->records, now))
		return;
	while (!log_watch_write(control->records.stream, record, now)) {
		if (!control_wait_for_log(control)) {
			control->records.unlogged++;
			return;
		}
	}
	control->records.logged++;
}

// What a line is made of lies in the worker's cache: to be asked for in good time.
static void fetch(const struct conn_summary *summary)
{
	__builtin_prefetch(&summary->time);
	__builtin_prefetch(&summary->ip_bytes);
	__builtin_prefetch(&summary->history);
}

static size_t take_connections(struct control *control, const struct control_worker *worker,
			       uint64_t now)
{
	size_t count;
	const struct conn_summary *summaries = bus_channel_look(worker->channel, TAKE, &count);

	if (summaries == NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		// Beyond the last one there is nothing yet, or what is to be fetched next time.
		if (i + AHEAD < count)
			fetch(&summaries[i + AHEAD]);
		if (__builtin_expect(summaries[i].noted, 0))
			write_noted(control, worker, &summaries[i], now);
		else
			write_line(control, &summaries[i], now);
	}
	bus_channel_release(worker->channel, count);
	return count;
}

static size_t take_events(struct control *control, const struct control_worker *worker,
			  uint64_t now)
{
	struct conn_event events[TAKE];
	size_t count = bus_channel_receive_events(worker->channel, events, TAKE);

	for (size_t i = 0; i < count; i++)
		write_event(control, &events[i], now);
	return count;
}

static size_t take_records(struct control *control, const struct control_worker *worker,
			   uint64_t now)
{
	struct watch_record records[TAKE_RECORDS];
	size_t count = bus_channel_receive_records(worker->channel, records, TAKE_RECORDS);

	for (size_t i = 0; i < count; i++)
		write_record(control, &records[i], now);
	return count;
}

size_t control_take(struct control *control, const struct control_worker *worker, uint64_t now)
{
	size_t count = take_events(control, worker, now);

	count += take_records(control, worker, now);
	return count + take_connections(control, worker, now);
}
