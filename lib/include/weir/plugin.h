/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "weir/conn.h"

// A plugin is a shared object that weir loads at its start:
//
//   [plugin NAME]
//   path = talkers.so
//   interval = 10 s        # any further keys are the plugin's own
//
// It has one symbol that weir looks for, `weir_plugin`, of type struct weir_plugin, and may call the
// functions of weir/conn.h, and those below. app/plugins holds examples.
//
// Its callbacks run on the workers, several at the same time, each for its own connections, between
// two packets: they must not block, sleep, print, or take long (weir measures the time that each
// plugin takes and shows it). Memory of their own is given to them per worker and per connection, so
// that they need no locks.

#ifdef __cplusplus
extern "C" {
#endif

// Goes up when a plugin that was built against an older header could not run any more.
#define WEIR_PLUGIN_VERSION 1

// What can happen to a connection; names and meaning are Zeek's. Bits of weir_plugin.events.
enum weir_event {
	WEIR_NEW_CONNECTION = 1 << 0,
	WEIR_CONNECTION_ATTEMPT = 1 << 1,
	WEIR_CONNECTION_ESTABLISHED = 1 << 2,
	WEIR_PARTIAL_CONNECTION = 1 << 3,
	WEIR_CONNECTION_FIRST_ACK = 1 << 4,
	WEIR_CONNECTION_REJECTED = 1 << 5,
	WEIR_CONNECTION_RESET = 1 << 6,
	WEIR_CONNECTION_HALF_FINISHED = 1 << 7,
	WEIR_CONNECTION_FINISHED = 1 << 8,
	WEIR_CONNECTION_PARTIAL_CLOSE = 1 << 9,
	WEIR_CONNECTION_PENDING = 1 << 10,
	WEIR_CONNECTION_TIMEOUT = 1 << 11,
	WEIR_CONNECTION_STATUS_UPDATE = 1 << 12,
	WEIR_CONNECTION_FLIPPED = 1 << 13,
	WEIR_CONNECTION_EOF = 1 << 14,
	WEIR_CONNECTION_REUSED = 1 << 15,
	WEIR_CONNECTION_STATE_REMOVE = 1 << 16,
	WEIR_CONNECTION_SYN_PACKET = 1 << 17,
	WEIR_CONTENT_GAP = 1 << 18,
	WEIR_TUNNEL_CHANGED = 1 << 19,
	WEIR_CONN_BYTES_THRESHOLD_CROSSED = 1 << 20,
	WEIR_CONN_PACKETS_THRESHOLD_CROSSED = 1 << 21,
	WEIR_CONN_DURATION_THRESHOLD_CROSSED = 1 << 22,
	WEIR_CONN_GENERIC_PACKET_THRESHOLD_CROSSED = 1 << 23,
	WEIR_CONN_POLL_MATCHED = 1 << 24,
};

// One key of the plugin's section, as it stands there.
struct weir_key {
	const char *name;
	const char *value;
};

struct weir_plugin {
	uint32_t version;  // WEIR_PLUGIN_VERSION
	uint32_t events;   // enum weir_event bits that it wants
	size_t conn_state; // bytes of weir_conn_state(), at most 4096; 0: none
	const char *name;  // for messages
	// Once, before anything else, on the main thread. Returns 0, or a negative errno after
	// weir_plugin_error(); then weir does not start. May be NULL.
	int (*init)(const struct weir_key *keys, size_t count);
	// Once for each worker, on the main thread, before packets come: the worker's memory, or NULL
	// with weir_plugin_error() when that failed. May be NULL: then there is none.
	void *(*worker_create)(unsigned worker);
	// An event, at the end of the packet or timer that raised it; exactly one bit of `event`.
	// May be NULL when `events` is 0.
	void (*event)(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		      uint64_t value);
	// After the last packet, on the worker: whatever is to be told of its memory, which is the
	// plugin's to free. May be NULL.
	void (*worker_finish)(unsigned worker, void *state);
	// Once, at the very end, on the main thread. May be NULL.
	void (*fini)(void);
};

// Says why init() or worker_create() failed, or warns: one line on standard error, with the name of
// the plugin's section. Main thread only.
void weir_plugin_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Reads a span ("10 s", "250 ms"), a size ("100 MiB") or a number from a key's value, as weir.ini
// writes them. Return 0, or -EINVAL after weir_plugin_error(). Main thread only.
int weir_plugin_span(const struct weir_key *key, uint64_t *span);
int weir_plugin_size(const struct weir_key *key, uint64_t *size);
int weir_plugin_number(const struct weir_key *key, uint64_t *number);

#ifdef __cplusplus
}
#endif
