/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#define _LGPL_SOURCE
#include "table.h"

#include "base/memory.h"
#include "packet/packet_key.h"

#include <urcu/urcu-qsbr.h>
#include <urcu/rculfhash.h>

#include <stdio.h>

struct record {
	struct cds_lfht_node node;
	struct packet_key key;
	uint64_t last;
	uint64_t packets;
	uint64_t spare[7];
} __attribute__((aligned(64)));

static_assert(sizeof(struct record) == 128, "as large as weir's");

static const uint64_t secret[PACKET_SECRET_WORDS] = {0x2d358dccaa6c78a5, 0x8bb84b93962eacc9,
						     0x4b33a62ed433d4a3, 0x4d5a2da51de1aa47,
						     0xa0761d6478bd642f, 0xe7037ed1a0b428db};
static struct cds_lfht *table;
static struct record *record;
static uint32_t records;

void table_lfht_start(void)
{
	urcu_qsbr_register_thread();
}

// One bucket for each entry, all there from the beginning: it never resizes while it is measured.
static int create(uint32_t entries)
{
	records = entries;
	record = memory_map((size_t)entries * sizeof(*record), true);
	table = cds_lfht_new_flavor(entries, entries, entries, 0, &urcu_qsbr_flavor, NULL);
	if (table == NULL || record == NULL) {
		fprintf(stderr, "no memory for %u entries of cds_lfht\n", entries);
		return -1;
	}
	return 0;
}

static void remove_slots(const uint32_t *slots, size_t count)
{
	urcu_qsbr_read_lock();
	for (size_t i = 0; i < count; i++) {
		if (cds_lfht_del(table, &record[slots[i]].node) < 0)
			table_fail("cds_lfht", "a key is not there");
	}
	urcu_qsbr_read_unlock();
}

static void settle(void)
{
	urcu_qsbr_synchronize_rcu();
}

// A table must be empty before it goes.
static void destroy(void)
{
	for (uint32_t slot = 0; slot < records; slot++)
		remove_slots(&slot, 1);
	settle();
	cds_lfht_destroy(table, NULL);
	memory_unmap(record, (size_t)records * sizeof(*record));
	table = NULL;
	record = NULL;
}

static int match(struct cds_lfht_node *node, const void *key)
{
	return packet_key_equal(&caa_container_of(node, struct record, node)->key, key);
}

static size_t lookup(const struct packet_key *keys, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		struct cds_lfht_iter at;
		struct cds_lfht_node *node;

		if (i % TABLE_BURST == 0)
			urcu_qsbr_quiescent_state();
		urcu_qsbr_read_lock();
		cds_lfht_lookup(table, packet_key_hash(&keys[i], secret), match, &keys[i], &at);
		node = cds_lfht_iter_get_node(&at);
		if (node != NULL) {
			struct record *hit = caa_container_of(node, struct record, node);

			hit->last++;
			hit->packets++;
			found++;
		}
		urcu_qsbr_read_unlock();
	}
	return found;
}

static void add(const struct packet_key *keys, const uint32_t *slots, size_t count)
{
	urcu_qsbr_read_lock();
	for (size_t i = 0; i < count; i++) {
		struct record *fresh = &record[slots[i]];

		fresh->key = keys[i];
		fresh->packets = 0;
		cds_lfht_node_init(&fresh->node);
		if (cds_lfht_add_unique(table, packet_key_hash(&keys[i], secret), match, &keys[i],
					&fresh->node) != &fresh->node)
			table_fail("cds_lfht", "the key is there already");
	}
	urcu_qsbr_read_unlock();
}

const struct table_contender table_lfht = {
	.name = "cds_lfht",
	.create = create,
	.destroy = destroy,
	.lookup = lookup,
	.add = add,
	.remove = remove_slots,
	.settle = settle,
};
