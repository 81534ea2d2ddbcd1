/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"

#include <stddef.h>
#include <stdint.h>

// As many as a worker takes from its device at once.
#define TABLE_BURST 32

// A connection table that takes part. Each keeps records of 128 bytes, the connection's key inside,
// at slots that the driver chooses. What is NULL is not measured.
struct table_contender {
	const char *name;

	// An empty table with room for `entries` records. Returns 0 or -1.
	int (*create)(uint32_t entries);
	void (*destroy)(void);

	// Finds the keys, writes to both cache lines of the record of each that is there, and
	// returns how many were.
	size_t (*lookup)(const struct packet_key *keys, size_t count);

	// Makes sure that the key is new, and puts it into the slot.
	void (*add)(const struct packet_key *keys, const uint32_t *slots, size_t count);

	// Takes out what is in the slots: what a timer does, which knows the record.
	void (*remove)(const uint32_t *slots, size_t count);

	// Between removing and adding, not measured: waits until slots may be used again.
	void (*settle)(void);
};

extern const struct table_contender table_weir;
extern const struct table_contender table_rte_hash_bulk; // shares the table of the next one
extern const struct table_contender table_rte_hash;
extern const struct table_contender table_lfht;

// Once, before the first table; `most` entries will be the largest. Returns 0 or -1.
int table_rte_hash_start(uint32_t most);
void table_lfht_start(void);

// The program cannot go on.
_Noreturn void table_fail(const char *who, const char *what);
