/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "control/control.h"
#include "options.h"
#include "service/service.h"

// Requests while weir runs: the socket, and what weirctl asks of the program rather than of a
// worker.

struct watch_book;

struct requests_settings {
	const struct options *options;
	bool live;
	const struct control *control;
	const struct control_worker *view;    // [worker_count]
	const struct service_worker *workers; // [worker_count]
	uint32_t worker_count;
	struct uid_key uid_key;
	struct watch_book *book; // the service's thread's from its start on
};

struct requests;

// Is there to be a socket, and so a ring for each worker?
bool requests_wanted(const struct config *config, bool live);

// Opens the socket where the configuration wants one; the thread is there in any case, as reloads are
// its business. `settings` is copied, what it points to must stay. NULL with a message; a socket that
// weir chose itself and cannot have is only complained about. Start-up only, main thread.
struct requests *requests_create(const struct requests_settings *settings);

// As service_start(), service_stop() and service_destroy(); the last two take NULL.
int requests_start(struct requests *requests);
void requests_stop(struct requests *requests);
void requests_destroy(struct requests *requests);

// Has the rules loaded again, as SIGHUP wants. Any thread.
void requests_ask_reload(struct requests *requests);
