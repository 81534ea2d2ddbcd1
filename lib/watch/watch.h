/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_event.h"
#include "conn/conn_watch.h"
#include "watch/watch_record.h"
#include "watch/watch_request.h"
#include "watch/watch_rules.h"
#include "weir/plugin.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What happens to connections while they live: thresholds, polls, removal hooks, inactivity times of
// their own, by rule, by plugin or by request. One a worker, which is the only one that may call
// anything here but where it says otherwise.
struct watch;

struct packet;

// Counters, written by the worker, read by others a little late.
struct watch_counters {
	uint64_t thresholds; // that fired
	uint64_t polls;      // looks
	uint64_t hooks;      // that ran
	uint64_t captured;   // packets given to a capture
	uint64_t uncaptured; // and not given any more, as nobody wanted them
	uint64_t short_of;   // watchers that found no room
	uint64_t unset;      // connections whose set of rules found no room
	uint64_t rules_late; // new rules that had to wait for connections to leave old ones
};

// A plugin, as one worker has it.
struct watch_plugin {
	const struct weir_plugin *plugin;
	void *state;     // of this worker
	uint64_t calls;  // callbacks so far
	uint64_t cycles; // of the processor's clock that they took
};

// Where what happens goes; all are called with `context`, on the worker.
struct watch_sinks {
	// An event for events.log.
	void (*event)(void *context, const struct conn_event *event);
	// The same for a line of watch.log.
	void (*record)(void *context, const struct watch_record *record);
	// Before the summary that says `noted`; there is room for as many as for summaries.
	void (*note)(void *context, const struct watch_note *note);
	// A packet of a connection that is captured; `*given` is the sink's, for this connection,
	// and 0 at first. False when no more of it are wanted.
	bool (*packet)(void *context, const struct conn_table *table, const struct conn *conn,
		       uint16_t name, const struct packet *packet, uint64_t *given);
	// A connection that was captured is over.
	void (*captured)(void *context, struct uid uid);
	void *context;
};

struct watch_settings {
	uint32_t connections; // that may be live
	uint32_t log_events;  // bits 1 << enum conn_event_kind
	struct watch_sinks sinks;
	struct watch_rules *_Atomic *rules; // where they are published; NULL: there are none
	struct watch_plugin *plugins;       // [plugin_count], kept and written
	uint32_t plugin_count;
};

// NULL, with a message, without memory. Start-up only, as the next three.
struct watch *watch_create(const struct watch_settings *settings);
void watch_destroy(struct watch *watch);

// What the table's settings name as its watcher.
const struct conn_watcher *watch_watcher(const struct watch *watch);

// Tells the table that was made with it. Returns 0, or -1 with a message without memory.
int watch_attach(struct watch *watch, struct conn_table *table);

// Once a burst: takes new rules over.
void watch_turn(struct watch *watch);

// Carries a request out; `answer` is called once or more, with `context`.
void watch_serve(struct watch *watch, const struct watch_request *request,
		 void (*answer)(void *context, const struct watch_answer *answer), void *context);

// The service of a connection was found out: gives it the inactivity time that services of that
// name have; false when they have none.
bool watch_service(struct watch *watch, struct conn *conn, const char *service);

// The input is over: plugins are told.
void watch_finish(struct watch *watch, unsigned worker);

// Any thread.
const struct watch_counters *watch_counters(const struct watch *watch);
