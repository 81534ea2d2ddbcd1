/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "status.h"

#include "base/monotonic.h"
#include "base/time.h"
#include "control/totals.h"
#include "watch/watch_book.h"
#include "weir/version.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)(value <= INT64_MAX ? value : INT64_MAX));
}

static json_t *span(uint64_t value)
{
	return json_real((double)value / (double)TIME_SECOND);
}

void status_start(struct status *status)
{
	*status = (struct status){.started = monotonic_now()};
	status->last.time = status->started;
}

// Rates are those between the last two moments that somebody asked, a second apart at least.
static void note_rates(struct status *status, const struct control_totals *totals)
{
	struct status_sample next = {monotonic_now(), totals->capture.received,
				     totals->capture.bytes, totals->conn.created};
	const struct status_sample *last = &status->last;
	double seconds = (double)(next.time - last->time) / (double)TIME_SECOND;

	if (seconds < 1)
		return;
	status->packet_rate = (double)(next.packets - last->packets) / seconds;
	status->byte_rate = (double)(next.bytes - last->bytes) / seconds;
	status->connection_rate = (double)(next.connections - last->connections) / seconds;
	status->last = next;
}

static json_t *packets_status(const struct control_totals *totals)
{
	const struct capture_counters *capture = &totals->capture;

	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "received", number(capture->received), "bytes",
			 number(capture->bytes), "tracked", number(capture->verdict[PACKET_TRACK]),
			 "missed", number(totals->missed), "lost_between_workers",
			 number(totals->handoff_full));
}

static json_t *connections_status(const struct requests_settings *settings,
				  const struct control_totals *totals)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "live", number(totals->live), "waiting",
			 number(totals->waiting), "created", number(totals->conn.created), "logged",
			 number(control_logged(settings->control)), "events_lost",
			 number(totals->events_lost), "records_lost", number(totals->records_lost));
}

static json_t *rules_status(const struct requests_settings *settings,
			    const struct watch_counters *watch)
{
	uint64_t count[2] = {0, 0};
	size_t rules;
	const struct watch_rule_settings *rule = watch_book_rules(settings->book, &rules);

	for (size_t i = 0; i < rules; i++)
		count[rule[i].poll]++;
	return json_pack("{s:o,s:o,s:o}", "thresholds", number(count[0]), "polls", number(count[1]),
			 "waited", number(watch->rules_late));
}

static json_t *watched_status(const struct watch_counters *watch)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "thresholds_reached", number(watch->thresholds),
			 "polls_looked", number(watch->polls), "hooks_run", number(watch->hooks),
			 "no_room", number(watch->short_of), "connections_without_rules",
			 number(watch->unset));
}

static json_t *captures_status(const struct control_totals *totals)
{
	const struct dump_counters *captures = &totals->captures;

	return json_pack("{s:o,s:o,s:o,s:o,s:{s:o,s:o,s:o,s:o,s:o}}", "files",
			 number(captures->files), "full", number(captures->filled), "packets",
			 number(captures->packets), "bytes", number(captures->bytes), "dropped",
			 "file_full", number(captures->beyond), "capture_over",
			 number(totals->watch.uncaptured), "enough_files",
			 number(captures->refused), "disk_slow", number(captures->lost),
			 "not_written", number(captures->failed));
}

static json_t *plugins_status(const struct control *control)
{
	json_t *list = json_array();
	struct control_plugin_cost cost;

	for (uint32_t i = 0; control_plugin_cost(control, i, &cost); i++)
		json_array_append_new(
			list, json_pack("{s:s,s:o,s:f,s:f}", "name", cost.name, "calls",
					number(cost.calls), "busy", cost.time / TIME_SECOND,
					"ns_per_call",
					cost.calls > 0 ? cost.time / (double)cost.calls : 0.0));
	return list;
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

json_t *status_make(struct status *status, const struct requests_settings *settings)
{
	json_t *workers = json_array();
	struct control_totals totals;

	control_totals(settings->control, &totals);
	note_rates(status, &totals);
	for (uint32_t i = 0; i < settings->worker_count; i++)
		json_array_append_new(workers, worker_status(settings, i));
	return json_pack("{s:s,s:o,s:o,s:o,s:{s:f,s:f,s:f},s:o,s:o,s:o,s:o,s:o}", "version",
			 WEIR_VERSION, "uptime", span(monotonic_now() - status->started), "packets",
			 packets_status(&totals), "connections",
			 connections_status(settings, &totals), "per_second", "packets",
			 status->packet_rate, "bytes", status->byte_rate, "connections",
			 status->connection_rate, "rules", rules_status(settings, &totals.watch),
			 "watched", watched_status(&totals.watch), "captures",
			 captures_status(&totals), "plugins", plugins_status(settings->control),
			 "workers", workers);
}
