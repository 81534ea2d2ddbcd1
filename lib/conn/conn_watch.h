/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_event.h"
#include "conn/conn_summary.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What lib/watch needs of connections. Everything here belongs to the worker that owns the table.
//
// A connection that somebody watches has one line more, in an array with the same index as its
// record; the others have none, and pay nothing: a record's counters hold the lower halves of the
// true counts, and their carry is a branch that every packet has anyway. For a watched connection
// they count on from a value chosen so that the carry comes where the next threshold lies:
//
//   true count = base in struct conn_watch + lower half in the record
//
//   | packets' base 16 | IP bytes' base 16 | due 8 | inactivity, set, next 8 | items 4, next 12 |

struct conn;
struct conn_port_span;
struct conn_ports;
struct conn_table;
struct packet;

#define CONN_INACTIVITY_BY_CLASS ((UINT64_C(1) << 39) - 1)

struct conn_watch {
	uint64_t packets[2];
	uint64_t ip_bytes[2];
	uint64_t due;             // the earliest deadline of its watchers, ns; or TIME_NEVER
	uint64_t inactivity : 39; // its own inactivity time, ms; 0: never
	// The rest belongs to lib/watch, see watch_internal.h.
	uint64_t set : 12;
	uint64_t next_idle : 11;
	uint64_t over : 1;    // its removal hooks have run
	uint64_t checked : 1; // a CONN_EVENT_CHECK for both sides waits
	uint32_t items;
	uint16_t next[6];
} __attribute__((aligned(64)));

static_assert(sizeof(struct conn_watch) == 64, "a watched connection has one line more");

// What a table calls when a connection is watched, always with `context`.
struct conn_watcher {
	// Each event that is subscribed to, thresholds and polls, and CONN_EVENT_CHECK, when the
	// packet or timer that raised it is done with; may raise others.
	void (*event)(void *context, struct conn_table *table, const struct conn_event *event);
	// Its deadlines up to that time have come; TIME_NEVER: the input is over. Is to set the next
	// one with conn_watch_due(), which does nothing when the input is over.
	void (*due)(void *context, struct conn_table *table, struct conn *conn, uint64_t upto);
	// Counters and roles were exchanged.
	void (*flipped)(void *context, struct conn_table *table, struct conn *conn);
	// A packet of a connection for which conn_watch_packets() was called, before it is tracked.
	void (*packet)(void *context, struct conn_table *table, struct conn *conn,
		       const struct packet *packet);
	// It was removed and is summed up; its record is given back.
	void (*released)(void *context, struct conn_table *table, struct conn *conn,
			 struct conn_summary *summary);
	void *context;
};

struct conn_watch *conn_watch_get(const struct conn_table *table, const struct conn *conn);

// The same, made if it is not watched yet.
struct conn_watch *conn_watch_need(struct conn_table *table, struct conn *conn);

// All packets and IP bytes of a side so far.
uint64_t conn_packets(const struct conn_table *table, const struct conn *conn, unsigned side);
uint64_t conn_ip_bytes(const struct conn_table *table, const struct conn *conn, unsigned side);

// Has a watched connection raise CONN_EVENT_CHECK once this side has had so many packets, or so
// many IP bytes, more: at least 1; UINT64_MAX for never. It may come earlier.
void conn_watch_arm(struct conn_table *table, struct conn *conn, unsigned side, uint64_t packets,
		    uint64_t ip_bytes);

// Has conn_watcher.due called for a watched connection at that time, or with TIME_NEVER not.
void conn_watch_due(struct conn_table *table, struct conn *conn, uint64_t due);

// Gives a connection an inactivity time of its own, in ns; 0: never. It counts from the last packet.
void conn_watch_inactivity(struct conn_table *table, struct conn *conn, uint64_t span);

// Has conn_watcher.packet called for each further packet of the connection.
void conn_watch_packets(struct conn_table *table, struct conn *conn);

// Raises an event about a connection. What the kind has besides (position, length, name, wanted) is
// 0, and the caller's to fill in before anything else happens to the table.
struct conn_event *conn_watch_raise(struct conn_table *table, const struct conn *conn,
				    enum conn_event_kind kind, unsigned side);

// How many events can be raised until the first of those that wait is passed on, in the middle of
// whatever raised it. Who is called for events is to leave off before that, and to go on when a
// CONN_EVENT_CHECK of its own comes up: else it would be called from within itself.
uint32_t conn_table_event_room(const struct conn_table *table);

// The ports that get an inactivity time of their own once a connection is established, as in
// conn_settings; `ports` is copied, `spans` has to stay.
void conn_table_inactivity(struct conn_table *table, const struct conn_ports *ports, uint64_t span,
			   const struct conn_port_span *spans, size_t span_count);

// Which events are to be raised: bits 1 << enum conn_event_kind.
void conn_table_subscribe(struct conn_table *table, uint32_t events);

// Does anybody want events of this kind?
bool conn_table_subscribed(const struct conn_table *table, enum conn_event_kind kind);

// Whatever was raised outside of packets and timers is done with.
void conn_table_events_done(struct conn_table *table);

// The packet that is being tracked; NULL while timers run.
const struct packet *conn_table_packet(const struct conn_table *table);

// Packet time, ns.
uint64_t conn_table_clock(const struct conn_table *table);
bool conn_table_is_exact(const struct conn_table *table);
uint32_t conn_table_slots(const struct conn_table *table);
// Slots from here on were never used so far.
uint32_t conn_table_fresh(const struct conn_table *table);

// The record in a slot below conn_table_slots(), live or not.
struct conn *conn_table_at(struct conn_table *table, uint32_t slot);
uint32_t conn_slot_of(const struct conn_table *table, const struct conn *conn);

// How often a slot was used, as in the uid of its connection.
uint32_t conn_generation(const struct conn_table *table, const struct conn *conn);
bool conn_is_live(const struct conn *conn);
// Which end of a packet's key is its originator.
uint8_t conn_orig_end(const struct conn *conn);
struct uid conn_name_of(const struct conn_table *table, const struct conn *conn);

// Times of the first and of the last packet, ns.
uint64_t conn_first(const struct conn_table *table, const struct conn *conn);
uint64_t conn_last(const struct conn *conn);

// The connection as it is now. Of one that lives, `removed` is 0 and `reason` CONN_REASON_COUNT.
void conn_watch_summarize(const struct conn_table *table, const struct conn *conn,
			  struct conn_summary *summary);
