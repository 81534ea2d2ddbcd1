/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "table.h"

#include "environment.h"

#include "base/memory.h"

#include <rte_hash.h>

#include <stdio.h>

// The table that weir would have if it were built on DPDK's, whose readers on other cores need no
// lock either. It has room for twice the entries: so it is as full as weir's, four entries in a
// bucket of eight, and insertion stays as cheap as it gets.
#define ROOM 2

struct record {
	struct packet_key key;
	uint64_t last;
	uint64_t spare[2];
	uint64_t packets;
	uint64_t spare_too[7];
} __attribute__((aligned(64)));

static_assert(sizeof(struct record) == 128, "as large as weir's");

static int heap_socket;
static struct rte_hash *hash;
static struct record *record;
static uint32_t records;

int table_rte_hash_start(uint32_t most)
{
	// 48 bytes for each key, 8 of a bucket, and up to 8 in the ring of free places; and twice
	// that, because the heap is cut up.
	if (bench_eal_start() < 0)
		return -1;
	heap_socket = bench_eal_heap((size_t)most * ROOM * 64 * 2 + ((size_t)64 << 20));
	return heap_socket < 0 ? -1 : 0;
}

static int create(uint32_t entries)
{
	struct rte_hash_parameters parameters = {
		.name = "bench",
		.entries = entries * ROOM,
		.key_len = sizeof(struct packet_key),
		.socket_id = heap_socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};

	records = entries;
	record = memory_map((size_t)entries * sizeof(*record), true);
	hash = rte_hash_create(&parameters);
	if (hash == NULL || record == NULL) {
		fprintf(stderr, "no memory for %u entries of rte_hash\n", entries);
		return -1;
	}
	return 0;
}

static void destroy(void)
{
	rte_hash_free(hash);
	memory_unmap(record, (size_t)records * sizeof(*record));
	hash = NULL;
	record = NULL;
}

static void touch(void *data)
{
	struct record *found = data;

	found->last++;
	found->packets++;
}

static size_t lookup(const struct packet_key *keys, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		void *data;

		if (rte_hash_lookup_data(hash, &keys[i], &data) < 0)
			continue;
		touch(data);
		found++;
	}
	return found;
}

static size_t lookup_burst(const struct packet_key *keys, size_t count)
{
	const void *key[TABLE_BURST];
	void *data[TABLE_BURST];
	uint64_t hits = 0;

	for (size_t i = 0; i < count; i++)
		key[i] = &keys[i];
	rte_hash_lookup_bulk_data(hash, key, (uint32_t)count, &hits, data);
	for (uint64_t left = hits; left != 0; left &= left - 1) {
		const char *found = data[__builtin_ctzll(left)];

		__builtin_prefetch(found, 1);
		__builtin_prefetch(found + 64, 1);
	}
	for (uint64_t left = hits; left != 0; left &= left - 1)
		touch(data[__builtin_ctzll(left)]);
	return (size_t)__builtin_popcountll(hits);
}

static size_t lookup_bulk(const struct packet_key *keys, size_t count)
{
	size_t found = 0;

	for (size_t at = 0; at < count; at += TABLE_BURST)
		found += lookup_burst(keys + at,
				      count - at < TABLE_BURST ? count - at : TABLE_BURST);
	return found;
}

// rte_hash_add_key_data() finds out by itself whether the key is there.
static void add(const struct packet_key *keys, const uint32_t *slots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct record *fresh = &record[slots[i]];

		if (rte_hash_add_key_data(hash, &keys[i], fresh) < 0)
			table_fail("rte_hash", "no room");
		fresh->key = keys[i];
		fresh->packets = 0;
	}
}

// The place of the key is not free again before readers have passed a quiescent state; this giving
// back is part of the cost.
static void remove_slots(const uint32_t *slots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int32_t position = rte_hash_del_key(hash, &record[slots[i]].key);

		if (position < 0 || rte_hash_free_key_with_position(hash, position) < 0)
			table_fail("rte_hash", "a key is not there");
	}
}

const struct table_contender table_rte_hash = {
	.name = "rte_hash",
	.create = create,
	.destroy = destroy,
	.lookup = lookup,
	.add = add,
	.remove = remove_slots,
};

const struct table_contender table_rte_hash_bulk = {
	.name = "rte_hash-bulk",
	.lookup = lookup_bulk,
};
