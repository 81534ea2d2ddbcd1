/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "control/control.h"

#include "base/monotonic.h"
#include "control/totals.h"

// A log: what was given to it, and what was not.
struct control_log {
	const char *file;
	const char *what;          // is counted here
	struct log_stream *stream; // NULL: not open
	struct log_stream *(*open)(struct log_writer *writer, uint64_t now);
	bool refused;      // cannot be opened, and is not tried again
	uint64_t logged;   // lines given to it
	uint64_t unlogged; // given up at the end, because it had no room
	uint64_t unopened; // that came when it could not be opened
};

struct control {
	struct control_settings settings;
	uint64_t started; // monotonic, ns
	uint64_t cycles_started;
	struct control_log connections, events, records;
	uint32_t patience;
	uint64_t log_time; // the latest time in what was taken, packet time, ns
	bool stopping;
	bool shows_progress;
};

// Without room in a log, whatever waits stays where it is, and workers keep what they cannot send.
// Only the end of the program does not wait for ever: then this is false.
bool control_wait_for_log(struct control *control);

// lines.c: takes a few of what a worker sent, and has them written. Returns how many.
size_t control_take(struct control *control, const struct control_worker *worker, uint64_t now);
void control_logs_start(struct control *control);
// Logs that could not be opened may be tried again.
void control_retry_logs(struct control *control);

// progress.c: draws the bar; once more with `done` to take it away.
void control_draw_progress(const struct control *control, bool done);

// signals.c: was the signal caught since the last question?
bool control_signalled(int signal);
