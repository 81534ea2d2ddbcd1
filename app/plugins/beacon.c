/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// beacon: finds connections in which little flows, but steadily, as an example of polling. This is
// how programs look that report to somebody from time to time, wanted or not.
//
//   [plugin beacon]
//   path = beacon.so
//   ports = 80, 443, 8000-8100   # of responders; have to be given
//   interval = 60 s              # between two looks; default 60 s
//   looks = 10                   # in a row that have to look alike; default 10
//   most = 10 KiB                # in one interval, both sides together; default 10 KiB
//   spread = 25                  # percent by which the largest of them may exceed the smallest;
//                                # default 25
//
// It adds to the column `notes` of conn.log ([log] columns = notes), once for a connection:
//
//   beacon=560/60s    bytes in the last of these intervals, and the interval

#include "weir/plugin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

// Written by init(), read by the workers.
static struct {
	struct weir_ports ports;
	uint64_t interval, looks, most, spread;
} settings;

// weir_conn_state(): what the looks of one connection have found.
struct looks {
	uint64_t bytes;       // at the last one
	uint64_t least, most; // in one interval, of those in a row
	uint64_t in_a_row;    // that look alike
};

static uint64_t bytes_of(const struct weir_conn *conn)
{
	return weir_conn_ip_bytes(conn, WEIR_ORIG) + weir_conn_ip_bytes(conn, WEIR_RESP);
}

// Would these two be alike?
static bool alike(uint64_t least, uint64_t most)
{
	return most - least <= least * settings.spread / 100;
}

static void count_in(struct looks *looks, uint64_t more)
{
	uint64_t least = more < looks->least ? more : looks->least;
	uint64_t most = more > looks->most ? more : looks->most;

	if (looks->in_a_row > 0 && alike(least, most)) {
		looks->least = least;
		looks->most = most;
		looks->in_a_row++;
		return;
	}
	// It may be the first of others.
	looks->least = looks->most = more;
	looks->in_a_row = more > 0 && more <= settings.most;
}

static int64_t look(struct weir_conn *conn, uint64_t count)
{
	struct looks *looks = weir_conn_state(conn);
	uint64_t bytes = bytes_of(conn), more = bytes - looks->bytes;
	char text[64];

	looks->bytes = bytes;
	if (more == 0 || more > settings.most)
		looks->in_a_row = 0;
	else
		count_in(looks, more);
	if (looks->in_a_row < settings.looks)
		return (int64_t)settings.interval;
	snprintf(text, sizeof(text), "%" PRIu64 "/%.15gs", more,
		 (double)settings.interval / (double)SECOND);
	weir_conn_note(conn, "beacon", text);
	return -1;
}

static void on_event(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	struct looks *looks = weir_conn_state(conn);
	struct weir_conn_info info;

	weir_conn_get(conn, &info, sizeof(info));
	if (!weir_ports_have(&settings.ports, info.port[WEIR_RESP]))
		return;
	looks->bytes = bytes_of(conn);
	weir_conn_poll(conn, look, 0, (int64_t)settings.interval);
}

static int take(const struct weir_key *key)
{
	if (strcmp(key->name, "ports") == 0)
		return weir_plugin_ports(key, &settings.ports);
	if (strcmp(key->name, "interval") == 0)
		return weir_plugin_span(key, &settings.interval);
	if (strcmp(key->name, "looks") == 0)
		return weir_plugin_number(key, &settings.looks);
	if (strcmp(key->name, "most") == 0)
		return weir_plugin_size(key, &settings.most);
	if (strcmp(key->name, "spread") == 0)
		return weir_plugin_number(key, &settings.spread);
	return weir_plugin_key_error(key,
				     "unknown key; there are ports, interval, looks, most, spread");
}

static int init(const struct weir_key *keys, size_t count)
{
	static const struct weir_ports none;
	int result = 0;

	settings.interval = 60 * SECOND;
	settings.looks = 10;
	settings.most = 10240;
	settings.spread = 25;
	for (size_t i = 0; i < count; i++)
		if (take(&keys[i]) < 0)
			result = -EINVAL;
	if (result < 0)
		return result;
	if (memcmp(&settings.ports, &none, sizeof(none)) == 0) {
		weir_plugin_error(
			"no ports are given; write which to look at, such as ports = 443");
		return -EINVAL;
	}
	if (settings.interval == 0 || settings.looks < 2 || settings.spread > 1000) {
		weir_plugin_error("interval has to be more than 0, looks 2 or more, and spread "
				  "1000 or less");
		return -EINVAL;
	}
	return 0;
}

const struct weir_plugin weir_plugin = {
	.version = WEIR_PLUGIN_VERSION,
	.size = sizeof(struct weir_plugin),
	.name = "beacon 1.0",
	.events = WEIR_CONNECTION_ESTABLISHED,
	.conn_state = sizeof(struct looks),
	.init = init,
	.event = on_event,
};
