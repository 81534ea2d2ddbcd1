/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// Registers and unregisters a removal hook as Zeek's own test does (spec-conn 7.4), and writes down
// what came of it. One worker.
//   out = FILE         what happened, a line each, in order
//   unregister = yes   take the hook out again

#include "weir/plugin.h"

#include <stdio.h>
#include <string.h>

static FILE *out;
static const char *path;
static bool unregister;

// weir_conn_state(): which connection it is.
struct which {
	unsigned number;
};

static unsigned count;

static unsigned number_of(const struct weir_conn *conn)
{
	return ((const struct which *)weir_conn_state(conn))->number;
}

static void say(const struct weir_conn *conn, const char *what)
{
	struct weir_conn_info info;

	weir_conn_get(conn, &info, sizeof(info));
	fprintf(out, "%u %s %s %s\n", number_of(conn), what, info.state,
		info.reason[0] != '\0' ? info.reason : "lives");
}

static void told(const struct weir_conn *conn, const char *what, bool result)
{
	fprintf(out, "%u %s %c\n", number_of(conn), what, result ? 'T' : 'F');
}

static void other(struct weir_conn *conn)
{
	say(conn, "other");
}

static void hook(struct weir_conn *conn)
{
	say(conn, "hook");
	told(conn, "register in hook", weir_conn_hook(conn, hook));
	told(conn, "register other in hook", weir_conn_hook(conn, other));
	told(conn, "unregister in hook", weir_conn_unhook(conn, hook));
	told(conn, "threshold in hook", weir_conn_threshold_set(conn, WEIR_PACKETS, 1, NULL));
	told(conn, "poll in hook", weir_conn_poll(conn, NULL, 0, 1));
	told(conn, "inactivity in hook", weir_conn_inactivity(conn, 1));
	told(conn, "note", weir_conn_note(conn, "hook", "ran"));
}

static void on_event(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	if (event == WEIR_CONNECTION_STATE_REMOVE) {
		say(conn, "state_remove");
		return;
	}
	((struct which *)weir_conn_state(conn))->number = ++count;
	say(conn, "new");
	for (int i = 0; i < 3; i++)
		told(conn, "register", weir_conn_hook(conn, hook));
	for (int i = 0; i < 3 && unregister; i++)
		told(conn, "unregister", weir_conn_unhook(conn, hook));
}

static int init(const struct weir_key *keys, size_t keys_count)
{
	for (size_t i = 0; i < keys_count; i++) {
		if (strcmp(keys[i].name, "out") == 0)
			path = keys[i].value;
		else
			unregister = strcmp(keys[i].value, "yes") == 0;
	}
	return 0;
}

static void *worker_create(unsigned worker)
{
	out = fopen(path, "w");
	return out;
}

static void worker_finish(unsigned worker, void *state)
{
	fprintf(state, "worker_finish %u\n", worker);
}

static int fini(void)
{
	if (out == NULL)
		return 0;
	fprintf(out, "fini\n");
	fclose(out);
	return 0;
}

const struct weir_plugin weir_plugin = {
	.version = WEIR_PLUGIN_VERSION,
	.size = sizeof(struct weir_plugin),
#ifdef NO_EVENTS
	.events = WEIR_NEW_CONNECTION,
#else
	.events = WEIR_NEW_CONNECTION | WEIR_CONNECTION_STATE_REMOVE,
#endif
	.conn_state = sizeof(struct which),
	.name = "hooks",
	.init = init,
	.worker_create = worker_create,
	.event = on_event,
	.worker_finish = worker_finish,
	.fini = fini,
};
