/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// Polls each connection, and writes down when it looked.
//   out = FILE      a line for each look: count, and milliseconds since the first packet
//   first = 0 s     until the first look; default 200 ms
//   interval = 1 s  from then on; default 200 ms
//   stop = 2        the last look is the one with this count; default 10
//   busy = 1 ms     how long each look takes; default 0

#include "weir/plugin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static FILE *out;
static const char *path;
static uint64_t first = 200000000, interval = 200000000, stop = 10, busy;

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int64_t look(struct weir_conn *conn, uint64_t count)
{
	uint64_t begin = clock_now();

	fprintf(out, "%" PRIu64 " %" PRIu64 "\n", count,
		(weir_conn_now(conn) - weir_conn_first(conn)) / 1000000);
	while (clock_now() - begin < busy)
		;
	return count >= stop ? -1 : (int64_t)interval;
}

static void on_event(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	weir_conn_poll(conn, look, 0, (int64_t)first);
}

static int take(const struct weir_key *key)
{
	if (strcmp(key->name, "first") == 0)
		return weir_plugin_span(key, &first);
	if (strcmp(key->name, "interval") == 0)
		return weir_plugin_span(key, &interval);
	if (strcmp(key->name, "busy") == 0)
		return weir_plugin_span(key, &busy);
	if (strcmp(key->name, "stop") == 0)
		return weir_plugin_number(key, &stop);
	path = key->value;
	return 0;
}

static int init(const struct weir_key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (take(&keys[i]) < 0)
			return -EINVAL;
	out = fopen(path, "w");
	if (out != NULL)
		return 0;
	weir_plugin_error("%s cannot be written: %s", path, strerror(errno));
	return -errno;
}

static int fini(void)
{
	fclose(out);
	return 0;
}

const struct weir_plugin weir_plugin = {
	.version = WEIR_PLUGIN_VERSION,
	.size = sizeof(struct weir_plugin),
	.name = "polls",
	.events = WEIR_NEW_CONNECTION,
	.init = init,
	.event = on_event,
	.fini = fini,
};
