/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a plugin can ask and tell about a connection that lives. See weir/plugin.h for how plugins
// are made, and for what is promised to those that were built with an older version of this header.
//
// All functions here are for the worker that owns the connection, which is the thread that called
// the plugin's callback, and for the duration of that callback: a struct weir_conn must not be kept.
// Keep its uid, or put what you need into weir_conn_state(). None of them takes a lock or memory
// from the system, and none may be called from a thread of the plugin's own, from init(), or from
// any other callback that has no struct weir_conn.
//
// Times are nanoseconds since 1970 in packet time, spans are nanoseconds. Bytes are those of whole IP
// packets, headers included, where nothing else is said.

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct weir_conn;

// The two sides of a connection: who opened it, and who answered.
enum weir_side { WEIR_ORIG = 0, WEIR_RESP = 1 };

#define WEIR_UID_SIZE     20
#define WEIR_HISTORY_SIZE 113

// A connection as it is now. Names and meaning are those of conn.log. When roles are exchanged
// (connection_flipped), all that stands here by side is exchanged, too.
struct weir_conn_info {
	char uid[WEIR_UID_SIZE];         // text, ends with 0
	uint8_t address[2][16];          // [WEIR_ORIG], [WEIR_RESP]; IPv4 as ::ffff:a.b.c.d
	uint16_t port[2];                // host byte order; ICMP: type and code
	uint8_t protocol;                // number from the IP header: 6 TCP, 17 UDP, 1 ICMP, ...
	uint8_t reserved[7];             // 0
	const char *state;               // "S1", "SF", ...; a constant that may be kept
	const char *reason;              // the same; why it was removed, "" while it lives
	uint64_t first, last;            // times of its first and latest packet
	uint64_t now;                    // packet time; `now` - `last` grows while nothing comes
	uint64_t packets[2];             // by side, below too
	uint64_t ip_bytes[2];            // of IP packets, headers included
	uint64_t payload_bytes[2];       // of the transport
	uint64_t missed_bytes;           // in gaps
	char history[WEIR_HISTORY_SIZE]; // text, ends with 0
};

// Fills `info`; `size` is sizeof(*info), so that later versions of weir may add members at its end.
// What a weir that is older than this header does not know is 0.
void weir_conn_get(const struct weir_conn *conn, struct weir_conn_info *info, size_t size);

// Cheaper than weir_conn_get() where this is all that is needed.
uint64_t weir_conn_packets(const struct weir_conn *conn, enum weir_side side);
uint64_t weir_conn_ip_bytes(const struct weir_conn *conn, enum weir_side side);
uint64_t weir_conn_first(const struct weir_conn *conn);
uint64_t weir_conn_last(const struct weir_conn *conn);
uint64_t weir_conn_now(const struct weir_conn *conn);

// The plugin's own memory for this connection, as many bytes as it asked for in its struct
// weir_plugin, aligned for a uint64_t: zeros when the connection begins, gone when its removal hooks
// have run. It stays where it is. NULL when it asked for none.
void *weir_conn_state(const struct weir_conn *conn);

// The plugin's own memory for this worker, from its worker_create().
void *weir_conn_worker_state(const struct weir_conn *conn);

// Removal hooks. Each runs once, when exactly this connection is removed: after everybody was told
// of connection_state_remove, and before its line leaves for conn.log; several in no particular
// order. The connection can still be asked, weir_conn_note() still adds to its line, and a hook may
// take out others that have not run. Every connection that has a hook is removed at some time, at
// the latest when weir ends.
typedef void (*weir_hook_function)(struct weir_conn *conn);

// true when it was registered; false when this connection has this hook of this plugin already, when
// its hooks run or have run, or when memory for watchers is used up (which is counted and told).
bool weir_conn_hook(struct weir_conn *conn, weir_hook_function hook);

// true when it was registered until now. A hook that runs is not registered any more.
bool weir_conn_unhook(struct weir_conn *conn, weir_hook_function hook);

// Thresholds: what is counted.
enum weir_threshold {
	WEIR_ORIG_BYTES,
	WEIR_RESP_BYTES,
	WEIR_ORIG_PACKETS,
	WEIR_RESP_PACKETS,
	WEIR_PACKETS,       // of both sides together
	WEIR_DURATION,      // ns since the first packet; looked at when a packet comes
	WEIR_DURATION_IDLE, // the same, and also while none comes
	WEIR_THRESHOLDS     // how many kinds this header knows
};

// Called once when the count has reached the value (a duration: when it has passed it), at the end
// of the packet that did it. `side` is that of the count, or of the packet for a duration.
typedef void (*weir_threshold_function)(struct weir_conn *conn, enum weir_threshold what,
					uint64_t value, enum weir_side side);

// Sets one of many thresholds (256 of them, of polls and of hooks, for one connection at a time); those of one kind fire in ascending order. One that is
// passed already fires as soon as the callback that sets it has returned. The same kind and value of
// the same plugin again is the same threshold, with the function of the first. `function` may be
// NULL: then only the event conn_..._threshold_crossed tells of it. When roles are exchanged, the
// counts are, and thresholds stay with their side. false for the value 0, for a kind that this weir
// does not know, when the connection is over, or when memory for watchers is used up.
bool weir_conn_threshold_set(struct weir_conn *conn, enum weir_threshold what, uint64_t value,
			     weir_threshold_function function);

// true when it was set and had not fired.
bool weir_conn_threshold_delete(struct weir_conn *conn, enum weir_threshold what, uint64_t value);

// Polling. Looks at the connection, may do with it whatever is possible here, and returns the span
// until the next look (0: as soon as time has passed), or a negative number to stop. `count` goes up
// by one with each look.
typedef int64_t (*weir_poll_function)(struct weir_conn *conn, uint64_t count);

// The first look is `interval` from now, with `count`. It ends with the connection; at the end of
// the input each poll looks once more. Several may run at the same time. false when the connection
// is over, the interval is negative, or memory for watchers is used up.
bool weir_conn_poll(struct weir_conn *conn, weir_poll_function function, uint64_t count,
		    int64_t interval);

// Ends this connection when no packet came for so long, to the millisecond; 0: never for this
// reason. false when it is over, or the span is negative.
bool weir_conn_inactivity(struct weir_conn *conn, int64_t span);

// Tells that the service of this connection was found out ("ssh"): gives it the inactivity time that
// [inactivity] services has for it. true when it has one.
bool weir_conn_service(struct weir_conn *conn, const char *service);

// Adds NAME=VALUE to the column `notes` of the connection's line ([log] columns = notes), together
// at most 250 bytes a connection, of all plugins. Letters, digits and any UTF-8; commas and control
// characters become '_', as does '=' in the name. Both must not be empty. false when there is no
// room for all of it: then nothing is added.
bool weir_conn_note(struct weir_conn *conn, const char *name, const char *value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
