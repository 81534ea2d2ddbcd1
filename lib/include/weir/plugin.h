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
// It has one symbol that weir looks for, `weir_plugin`, and may call the functions of weir/conn.h,
// and those below:
//
//   static void on_event(struct weir_conn *conn, enum weir_event event, enum weir_side side,
//                        uint64_t value) { ... }
//
//   const struct weir_plugin weir_plugin = {
//           .version = WEIR_PLUGIN_VERSION,
//           .size = sizeof(struct weir_plugin),
//           .name = "example 1.0",
//           .events = WEIR_CONNECTION_ESTABLISHED,
//           .event = on_event,
//   };
//
//   cc -shared -fPIC $(pkg-config --cflags weir) -o example.so example.c
//
// app/plugins of weir's source holds whole ones.
//
// Callbacks that get a connection run on the workers, several at the same time, each for its own
// connections, between two packets: they must not block, sleep, print, or take long (weir measures
// the time that each plugin takes and shows it). Memory of their own is given to them per worker and
// per connection, so that they need no locks. One shared object can be loaded once.
//
// What is promised: a plugin that was built with this header runs with every later weir, as long as
// WEIR_PLUGIN_VERSION there is the same. Later headers may add functions, events, kinds of
// thresholds and, at the end of structs, members; nothing that is here changes its meaning. A plugin
// that uses what a weir does not have yet is refused by that weir with a message.

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// Goes up when plugins that were built with an older header cannot run any more.
#define WEIR_PLUGIN_VERSION 1

// The most bytes of weir_conn_state().
#define WEIR_CONN_STATE_MOST 4096

// What can happen to a connection; names and meaning are Zeek's. Bits of weir_plugin.events. As in
// Zeek, wanting connection_attempt, connection_reset, connection_partial_close or
// connection_status_update switches a timer on; reset and partial_close end some connections
// earlier.
__extension__ enum weir_event {
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
	WEIR_CONNECTION_EOF = 1 << 14, // `side`: whose data is complete
	WEIR_CONNECTION_REUSED = 1 << 15,
	WEIR_CONNECTION_STATE_REMOVE = 1 << 16,
	WEIR_CONNECTION_SYN_PACKET = 1 << 17,
	WEIR_CONTENT_GAP = 1 << 18, // `side`: whose data, `value`: bytes that are missing
	WEIR_TUNNEL_CHANGED = 1 << 19,
	// Thresholds of anybody. `value`: what was set, `side` as in weir_threshold_function.
	WEIR_CONN_BYTES_THRESHOLD_CROSSED = 1 << 20,
	WEIR_CONN_PACKETS_THRESHOLD_CROSSED = 1 << 21,
	WEIR_CONN_DURATION_THRESHOLD_CROSSED = 1 << 22,
	WEIR_CONN_GENERIC_PACKET_THRESHOLD_CROSSED = 1 << 23,
	WEIR_CONN_POLL_MATCHED = 1 << 24, // a [poll] rule; `value`: what it found
	// None: makes room for 63 of them.
	WEIR_EVENT_LAST = UINT64_C(1) << 63,
};

// One key of the plugin's section, as it stands there.
struct weir_key {
	const char *name;
	const char *value;
};

// Callbacks are called in this order: init(), worker_create() for each worker, event() and those of
// weir/conn.h, worker_finish() for each worker, fini(). When weir cannot start, because some other
// plugin or the input is refused, fini() follows at once on what was called until then.
struct weir_plugin {
	uint32_t version;  // WEIR_PLUGIN_VERSION
	uint32_t size;     // sizeof(struct weir_plugin)
	uint64_t events;   // enum weir_event bits that it wants
	size_t conn_state; // bytes of weir_conn_state(), at most WEIR_CONN_STATE_MOST; 0: none
	const char *name;  // what it calls itself, perhaps with a version of its own
	// Once, before anything else, on the main thread; `keys`, and what they point to, stay until
	// fini() has returned. Returns 0, or a negative errno after weir_plugin_error(); then weir
	// does not start, and fini() is not called. `weir --check` calls this and nothing else: look
	// at the keys here, and leave it to worker_create() or fini() to open or write files. May be
	// NULL, for a plugin that has no keys.
	int (*init)(const struct weir_key *keys, size_t count);
	// Once for each worker, on the main thread, before packets come: the worker's memory, or NULL
	// with weir_plugin_error() when that failed; then weir does not start. May be NULL: then
	// there is none.
	void *(*worker_create)(unsigned worker);
	// An event, at the end of the packet or timer that raised it; exactly one bit of `event`. What
	// it sets takes effect before the next packet. May be NULL when `events` is 0.
	void (*event)(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		      uint64_t value);
	// After the last packet, on the worker: whatever is to be done with its memory, which is the
	// plugin's to free, here or in fini(). May be NULL.
	void (*worker_finish)(unsigned worker, void *state);
	// Once, at the very end, on the main thread, when no worker runs any more. Returns 0, or a
	// negative errno after weir_plugin_error(); then weir's exit status is 1. May be NULL.
	int (*fini)(void);
};

// What weir looks for.
extern const struct weir_plugin weir_plugin;

// The following are for init(), worker_create() and fini().

// Says why one of them failed, or warns: one line on standard error, with the name of the plugin's
// section.
void weir_plugin_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The same about one key, with the place in the configuration where it stands. Returns -EINVAL, for
// init() to return.
int weir_plugin_key_error(const struct weir_key *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// Read a span ("10 s", "250 ms"), a size ("100 MiB"), a whole number ("4096", "4 Ki") or a list of
// ports ("80, 8000-8100") from a key's value, as weir.ini writes them. Return 0, or a negative errno
// after weir_plugin_key_error().
int weir_plugin_span(const struct weir_key *key, uint64_t *span);
int weir_plugin_size(const struct weir_key *key, uint64_t *size);
int weir_plugin_number(const struct weir_key *key, uint64_t *number);

// A set of ports, one bit each.
struct weir_ports {
	uint64_t bit[1024];
};

int weir_plugin_ports(const struct weir_key *key, struct weir_ports *ports);

static inline bool weir_ports_have(const struct weir_ports *ports, uint16_t port)
{
	return ports->bit[port / 64] >> (port % 64) & 1;
}

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
