/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "bus/counters.h"
#include "conn/conn_table.h"
#include "control/control.h"
#include "dump/dump.h"
#include "watch/watch.h"

#include <stdint.h>

// Counters of all workers, the reader and the captures, added up.
struct control_totals {
	struct capture_counters capture;
	struct conn_counters conn;
	uint64_t handed_out;
	uint64_t handed_in;
	uint64_t handoff_full;
	uint64_t channel_full;
	uint64_t longest_turn;
	uint64_t events_lost;
	uint64_t records_lost;
	struct watch_counters watch;
	struct dump_counters captures;
	uint64_t missed;
	uint64_t live;    // connections in the tables
	uint64_t waiting; // finished, on their way to the log
};

// What a plugin took so far, of all workers.
struct control_plugin_cost {
	const char *name;
	uint64_t calls;
	double time; // ns
};

// Any thread but a worker, a little late while workers run.
void control_totals(const struct control *control, struct control_totals *totals);

// Of the plugin `index`; false when there are no more. Any thread but a worker, as above.
bool control_plugin_cost(const struct control *control, uint32_t index,
			 struct control_plugin_cost *cost);
