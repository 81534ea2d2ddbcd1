/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "control/control_internal.h"

#include "base/cycles.h"

static void add_capture(struct capture_counters *sum, const struct capture_counters *counters)
{
	sum->received += counters->received;
	sum->unpacked += counters->unpacked;
	sum->bytes += counters->bytes;
	sum->left += counters->left;
	for (int i = 0; i < PACKET_VERDICT_COUNT; i++)
		sum->verdict[i] += counters->verdict[i];
}

static void add_conn(struct conn_counters *sum, const struct conn_counters *counters)
{
	sum->created += counters->created;
	sum->finished += counters->finished;
	sum->packets += counters->packets;
	sum->evicted += counters->evicted;
	sum->refused += counters->refused;
	sum->bad_checksum += counters->bad_checksum;
	sum->bad_header += counters->bad_header;
	sum->extension_short += counters->extension_short;
	for (int i = 0; i < CONN_REASON_COUNT; i++)
		sum->removed[i] += counters->removed[i];
}

static void add_watch(struct watch_counters *sum, const struct watch_counters *counters)
{
	sum->thresholds += counters->thresholds;
	sum->polls += counters->polls;
	sum->hooks += counters->hooks;
	sum->captured += counters->captured;
	sum->uncaptured += counters->uncaptured;
	sum->short_of += counters->short_of;
	sum->unset += counters->unset;
	sum->rules_late += counters->rules_late;
}

void control_totals(const struct control *control, struct control_totals *totals)
{
	const struct control_settings *settings = &control->settings;
	uint64_t removed = 0;

	*totals = (struct control_totals){0};
	if (settings->input != NULL)
		add_capture(&totals->capture, settings->input);
	for (uint32_t i = 0; i < settings->worker_count; i++) {
		const struct control_worker *worker = &settings->workers[i];

		add_capture(&totals->capture, &worker->counters->capture);
		add_conn(&totals->conn, worker->conn);
		totals->handed_out += worker->counters->handed_out;
		totals->handed_in += worker->counters->handed_in;
		totals->handoff_full += worker->counters->handoff_full;
		if (worker->counters->longest_turn > totals->longest_turn)
			totals->longest_turn = worker->counters->longest_turn;
		totals->events_lost += worker->counters->events_lost;
		totals->records_lost += worker->counters->records_lost;
		if (worker->watch != NULL)
			add_watch(&totals->watch, worker->watch);
		totals->channel_full += worker->counters->channel_full;
	}
	for (int i = 0; i < CONN_REASON_COUNT; i++)
		removed += totals->conn.removed[i];
	// The counters move while they are added up.
	totals->live = totals->conn.created > removed ? totals->conn.created - removed : 0;
	totals->waiting = removed > totals->conn.finished ? removed - totals->conn.finished : 0;
	if (settings->missed != NULL)
		totals->missed = settings->missed(settings->context);
	if (settings->captures != NULL)
		dump_count(settings->captures, &totals->captures);
}

// Nanoseconds of a cycle of the processor's clock.
static double cycle_length(const struct control *control)
{
	uint64_t cycles = cycles_now() - control->cycles_started;

	return cycles > 0 ? (double)(monotonic_now() - control->started) / (double)cycles : 0;
}

bool control_plugin_cost(const struct control *control, uint32_t index,
			 struct control_plugin_cost *cost)
{
	const struct control_plugins *plugins = &control->settings.plugins;
	uint64_t cycles = 0;

	if (index >= plugins->count)
		return false;
	*cost = (struct control_plugin_cost){.name = plugins->names[index]};
	for (uint32_t i = 0; i < control->settings.worker_count; i++) {
		cost->calls += plugins->workers[i][index].calls;
		cycles += plugins->workers[i][index].cycles;
	}
	cost->time = (double)cycles * cycle_length(control);
	return true;
}
