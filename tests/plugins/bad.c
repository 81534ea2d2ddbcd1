/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// A plugin that weir has to refuse; what is wrong with it is said when it is compiled (-DBAD_...).

#include "weir/plugin.h"

#include <errno.h>
#include <string.h>

#ifndef BAD_VERSION
#define BAD_VERSION WEIR_PLUGIN_VERSION
#endif
#ifndef BAD_SIZE
#define BAD_SIZE sizeof(struct weir_plugin)
#endif
#ifndef BAD_EVENTS
#define BAD_EVENTS WEIR_NEW_CONNECTION
#endif
#ifndef BAD_STATE
#define BAD_STATE 8
#endif
#ifndef BAD_NAME
#define BAD_NAME "bad"
#endif

#ifndef BAD_NO_EVENT
static void on_event(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
}
#define ON_EVENT on_event
#else
#define ON_EVENT NULL
#endif

#ifdef BAD_CALL
extern void BAD_CALL(void);
#endif

#ifdef BAD_NO_INIT
#define INIT NULL
#else
static int init(const struct weir_key *keys, size_t count)
{
	uint64_t value;
	int result = 0;

#ifdef BAD_CALL
	BAD_CALL();
#endif
	for (size_t i = 0; i < count; i++) {
		if (strcmp(keys[i].name, "span") == 0)
			result |= weir_plugin_span(&keys[i], &value);
		else if (strcmp(keys[i].name, "size") == 0)
			result |= weir_plugin_size(&keys[i], &value);
		else if (strcmp(keys[i].name, "number") == 0)
			result |= weir_plugin_number(&keys[i], &value);
		else if (strcmp(keys[i].name, "say") == 0)
			weir_plugin_error("%s", keys[i].value);
		else if (strcmp(keys[i].name, "fail") == 0)
			result = -EACCES;
	}
	return result;
}
#define INIT init
#endif

static void *worker_create(unsigned worker)
{
	static int memory;

	if (worker == 0)
		return &memory;
	if (worker > 1)
		weir_plugin_error("no room for worker %u", worker);
	return NULL;
}

static int fini(void)
{
#ifdef BAD_FINI
	return -ENOSPC;
#else
	return 0;
#endif
}

// One that a later header made larger.
struct later {
	struct weir_plugin plugin;
	void *more;
};

#ifndef BAD_NO_SYMBOL
#ifdef BAD_LATER
// For weir the same symbol, of another type.
const struct later weir_plugin_symbol __asm__("weir_plugin")
	__attribute__((visibility("default"))) = {
		.plugin =
			{
				.version = WEIR_PLUGIN_VERSION,
				.size = sizeof(struct later),
				.name = "later",
			},
		.more = BAD_LATER,
};
#else
const struct weir_plugin weir_plugin = {
	.version = BAD_VERSION,
	.size = BAD_SIZE,
	.name = BAD_NAME,
	.events = BAD_EVENTS,
	.conn_state = BAD_STATE,
	.init = INIT,
	.worker_create = worker_create,
	.event = ON_EVENT,
	.fini = fini,
};
#endif
#endif
