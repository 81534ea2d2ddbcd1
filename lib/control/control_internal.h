/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "control/control.h"

// Counters of all workers and the reader, added up.
struct control_totals {
	struct capture_counters capture;
	struct conn_counters conn;
	uint64_t handed_out;
	uint64_t handed_in;
	uint64_t handoff_full;
	uint64_t channel_full;
	uint64_t longest_turn;
	uint64_t events_lost;
	uint64_t missed;
	uint64_t live;    // connections in the tables
	uint64_t waiting; // finished, on their way to the log
};

struct control {
	struct control_settings settings;
	uint64_t started; // monotonic, ns
	uint64_t logged;  // connections given to the log
	uint64_t events_logged;
	uint64_t events_unlogged;
	uint64_t unlogged; // given up at the end, because the log had no room
	uint32_t patience;
	uint64_t log_time; // the latest removal seen, packet time, ns
	bool stopping;
	bool shows_progress;
};

// The monotonic clock, ns.
uint64_t control_now(void);

// totals.c
void control_totals(const struct control *control, struct control_totals *totals);

// progress.c: draws the bar; once more with `done` to take it away.
void control_draw_progress(const struct control *control, bool done);

// signals.c: was the signal caught since the last question?
bool control_signalled(int signal);
