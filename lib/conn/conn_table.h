/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_settings.h"
#include "conn/conn_slots.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

// The connections of one worker.
//
//   index:    buckets of one cache line, 8 entries each; four entries a bucket on average when the table is full
//             | tag 8 x 2 | slot 8 x 4 | overflow bucket 4 | spare 12 |
//   records:  struct conn, conn_cold, conn_rare and conn_link, an array of each [slots]
//             slots = maximum + reserve; the reserve waits in limbo until no reader can still look at it
//
//   free:     slots in ascending order, see conn_slots.h
//
//   a slot's way: free -> live (index, wheel) -> finished (queue to the control core) -> limbo (grace period) -> free
//
// The owner is the only writer. Other threads may read records inside a read section of theirs; a
// slot comes back into use only after `reclaim` said that all of them passed a quiescent state.

#define CONN_LIMBO_BATCH   1022
#define CONN_LIMBO_BATCHES 64

struct conn_table;

// Slots on their way from finished to free. `elapsed` is set, from any thread, once a grace period
// has passed.
struct conn_limbo {
	void *private_data[4]; // for whoever waits for the grace period
	atomic_bool elapsed;
	uint32_t count;
	uint32_t slot[CONN_LIMBO_BATCH];
};

// Starts waiting for a grace period and returns at once; see conn_limbo.elapsed.
typedef void (*conn_reclaim_function)(struct conn_limbo *limbo);

struct conn_counters {
	uint64_t created;
	uint64_t finished; // handed to conn_finished_take()'s caller and released
	uint64_t packets;  // that went to a connection
	uint64_t evicted;  // removed to make room
	uint64_t refused;  // packets without connection because there was no room at all
	uint64_t removed[CONN_REASON_COUNT];
	uint64_t bad_checksum;    // tracked packets whose transport checksum was wrong
	uint64_t bad_header;      // tracked packets whose TCP header did not fit
	uint64_t extension_short; // something was not recorded because the extension pool was empty
};

// Without `reclaim`, slots are used again at once: for tests and for programs without readers.
// NULL, with a message, when memory is out. Start-up only.
struct conn_table *conn_table_create(const struct conn_settings *settings,
				     conn_reclaim_function reclaim);
void conn_table_destroy(struct conn_table *table);

// Tracks a burst: for each packet in order, time moves to it, timers that are due run, and if its
// verdict is PACKET_TRACK and its owner `worker`, the packet goes to its connection. Worker only.
void conn_track(struct conn_table *table, const struct packet *packets, size_t count,
		uint8_t worker);

// Asks the memory for what conn_track() will look at first: to be called as soon as a packet is
// decoded, some packets ahead. Worker only.
void conn_track_prepare(const struct conn_table *table, const struct packet *packet);

// Runs at most `limit` timers that are due at `now`, and moves the table's time there. Returns how
// many ran. Worker only.
size_t conn_table_advance(struct conn_table *table, uint64_t now, size_t limit);

// Exact time only: the times of the first `most` timers that are due. Returns how many. Worker
// only.
size_t conn_table_due(struct conn_table *table, uint64_t *times, size_t most);

// For the end of the input: runs the timers that act then, and removes what is live, up to `limit`
// steps. Returns how many; 0 when nothing is left. Worker only.
size_t conn_table_drain(struct conn_table *table, size_t limit);

// Sums up to `most` finished connections up, the oldest first, and gives their slots back. Returns
// how many; fewer when there are no more, or when the others must wait for room in limbo. Worker
// only.
size_t conn_finished_take(struct conn_table *table, struct conn_summary *summaries, size_t most);

// Starts a grace period for what waits in limbo, however little it is: when there is nothing better
// to do. Worker only.
void conn_table_reclaim(struct conn_table *table);

// Live connections, and those finished but not released. Any thread, as an estimate.
uint32_t conn_table_live(const struct conn_table *table);
uint32_t conn_table_waiting(const struct conn_table *table);

const struct conn_counters *conn_table_counters(const struct conn_table *table);
