/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_table.h"

// Live connections of a worker's table, looked at from another thread while the worker goes on.
// Every look is inside an RCU read section (urcu-qsbr: between two quiescent states) of the reading
// thread, and the table was made with a `reclaim` that waits for it. The table outlives the reader.
struct conn_reader;

enum conn_read {
	CONN_READ_FOUND,
	CONN_READ_NONE, // none lives there: free, over, or just changing hands
	// Whenever it was looked at, the worker was changing it: the thread was probably taken off
	// its CPU in the middle. To be tried again in some milliseconds.
	CONN_READ_BUSY,
};

// One for each thread and table. NULL without memory. Not on the packet path.
struct conn_reader *conn_reader_create(const struct conn_table *table);
void conn_reader_destroy(struct conn_reader *reader);

// Sums up the connection that lives in a slot, all of it as it was at one moment between two
// packets. `removed` is 0 and `reason` CONN_REASON_COUNT; what conn_summary.h calls not written is
// not. `summary` is written only when it is found.
enum conn_read conn_reader_look(struct conn_reader *reader, uint32_t slot,
				struct conn_summary *summary);

// The same for the connection that a uid names: slot and generation are what uid_open() makes of
// it, the generation in its lower 24 bits.
enum conn_read conn_reader_find(struct conn_reader *reader, uint32_t slot, uint32_t generation,
				struct conn_summary *summary);

// How long the connection found last may be quiet, ns; 0: for ever. Its own time, or the one that
// its protocol and ports have now. Inside the same read section.
uint64_t conn_reader_inactivity(const struct conn_reader *reader);

// Do summaries have VLAN tags, where there were any? Else connections do not remember them.
bool conn_reader_has_tags(const struct conn_reader *reader);

// Whether a connection lives in a slot, and the times of its first and latest packet, ns: half of
// what a look reads, and unchecked, to tell beforehand whether a look is worth while.
bool conn_reader_glance(const struct conn_reader *reader, uint32_t slot, uint64_t *first,
			uint64_t *last);

// How often this reader had to read a record again, because the worker was changing it.
uint64_t conn_reader_again(const struct conn_reader *reader);

// Live connections are in slots below this. Any thread; the next moment there may be more.
uint32_t conn_table_slots_used(const struct conn_table *table);
