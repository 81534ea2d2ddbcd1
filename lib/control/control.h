/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "bus/bus.h"
#include "bus/counters.h"
#include "conn/conn_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The control core: takes finished connections from all workers, has them written, keeps an eye on
// the run. One thread, the main one.

struct dump;
struct log_stream;
struct log_writer;
struct watch_counters;
struct watch_plugin;

struct control_worker {
	struct bus_channel *channel;
	const struct worker_counters *counters;
	const struct conn_counters *conn;
	const struct watch_counters *watch; // NULL: nothing is watched
};

// Plugins, for the time that they take.
struct control_plugins {
	const char *const *names;                  // [count]
	const struct watch_plugin *const *workers; // [worker_count]: of each, [count] in that order
	uint32_t count;
};

struct control_settings {
	const struct control_worker *workers;
	uint32_t worker_count;
	bool live;
	const struct capture_counters *input; // files: the reader's; NULL when live
	struct log_writer *writer;
	struct log_stream *conn_log;
	// NULL when nobody wants any events, or lines of watch.log, so far: the log is opened when
	// the first one comes.
	struct log_stream *event_log;
	struct log_stream *watch_log;
	struct control_plugins plugins;
	const struct dump *captures; // NULL: none
	// What the control core asks of the program, all with `context`:
	void (*stop)(void *context);       // end the input
	void (*hang_up)(void *context);    // SIGHUP came; NULL: only the logs are opened anew
	void (*second)(void *context);     // once a second
	double (*progress)(void *context); // of the input, 0 to 1, below 0 when unknown
	uint64_t (*missed)(void *context); // packets that the devices lost
	void *context;
};

struct control;

// `settings` is copied, what it points to must stay. NULL without memory. Start-up only.
struct control *control_create(const struct control_settings *settings);
void control_destroy(struct control *control);

// Catches SIGTERM and SIGINT (end), SIGHUP (reopen the logs, hang_up) and SIGUSR1 (print a summary).
// Start-up only, before other threads.
void control_catch_signals(void);

// Runs until all workers are done and everything they sent was given to the log.
void control_run(struct control *control);

// Lines that the logs lost after they had taken them count as not logged from now on. Once, after
// log_writer_finish().
void control_count_lost(struct control *control);

// Connections given to the log so far. Any thread, as an estimate.
uint64_t control_logged(const struct control *control);

// Connections that were given up at the end because the log had no room for them. After
// control_run(), as the next one.
uint64_t control_unlogged(const struct control *control);

// Says how many lines are missing, and why; true when there are any.
bool control_complain_unlogged(const struct control *control);

// Prints packets, what became of them, connections and the rate to standard output.
void control_print_summary(const struct control *control);

// Do the books balance (every packet has one fate, every connection one line)? Says which do not.
// After the workers ended.
bool control_check_books(const struct control *control);
