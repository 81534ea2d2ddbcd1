/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/uid.h"
#include "watch/watch_rules.h"

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Requests at run time: a thread that listens on a UNIX socket and speaks JSON, one object a line.
// What it asks of a worker travels over the worker's rings; tables it reads itself, in read
// sections of its own; the rest it asks of the program.

struct bus_requests;
struct conn_table;
struct service;
struct worker_counters;

struct service_worker {
	const struct conn_table *table;
	struct bus_requests *requests;
	const struct worker_counters *counters; // for the time where it is; NULL: the system's
};

// A change to what weir does, which may take long to prepare: it has filters to compile. All
// functions put into `why` what was wrong and what would be right.
struct service_change {
	// On a thread of its own, which nobody waits for at the end of the program: touches nothing
	// but the change. Returns 0 or a negative errno.
	int (*prepare)(struct service_change *change, char *why, size_t size);
	// Afterwards, on the service's thread. 0 and perhaps a note in `why`, or a negative errno.
	int (*apply)(struct service_change *change, char *why, size_t size);
	// Frees it, in any case; any thread.
	void (*drop)(struct service_change *change);
};

// The functions run on the service's thread, which is in no read section then: they may block, but
// hold up everybody who asks for something. `why` gets what was wrong and what would be right.
// Those that are NULL are answered with an error. A rule and its texts belong to the caller.
struct service_settings {
	const char *path; // of the socket; NULL: none, the thread is there for service_ask_reload()
	uint32_t mode;    // its permissions
	// Workers share caches, memory and perhaps a core with the service: after each turn of listings
	// it rests so many times as long, so that they lose little, however often somebody asks.
	uint32_t listing_rest;
	const struct service_worker *workers;
	uint32_t worker_count;
	struct uid_key uid_key;
	json_t *(*status)(void *context); // an object
	// NULL after a failure. One reload is under way at a time.
	struct service_change *(*reload)(void *context, char *why, size_t size);
	struct service_change *(*rule_add)(void *context, const struct watch_rule_settings *rule,
					   char *why, size_t size);
	// 0 or a negative errno.
	int (*rule_delete)(void *context, bool poll, const char *name, char *why, size_t size);
	json_t *(*rule_list)(void *context, bool poll); // an array of objects
	json_t *(*timeouts)(void *context);             // an object, spans in seconds
	void *context;
};

// Opens the socket, if there is to be one; `settings` is copied, what it points to must stay. NULL
// with a message: the path is too long, somebody listens there, it cannot be written, memory is out.
// Start-up only.
struct service *service_create(const struct service_settings *settings);

// Starts the thread. Returns 0 or a negative errno with a message. Start-up only.
int service_start(struct service *service);

// Ends the thread and waits for it: what is being answered is cut short. Before the workers' tables
// and rings go. Nothing when it does not run.
void service_stop(struct service *service);

// Closes the socket and removes its file. After service_stop().
void service_destroy(struct service *service);

// Has the thread reload soon, as the request does; what comes of it is told by those that do it. Any
// thread, also in a signal handler.
void service_ask_reload(struct service *service);

// A rule as an item of a listing, with the names that requests have. For `rule_list`.
json_t *service_rule(const struct watch_rule_settings *rule);
