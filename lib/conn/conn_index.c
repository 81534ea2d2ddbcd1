/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

#include <errno.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// The tag is made of hash bits that do not choose the bucket; 0 marks an empty entry.
static uint16_t hash_tag(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag != 0 ? tag : 1;
}

// One bit for each entry whose tag is `tag`.
static unsigned bucket_match(const struct conn_bucket *bucket, uint16_t tag)
{
#if defined(__SSE2__)
	__m128i tags = _mm_load_si128((const __m128i *)bucket->tag);
	__m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
#else
	unsigned match = 0;

	for (unsigned i = 0; i < BUCKET_ENTRIES; i++)
		match |= (unsigned)(bucket->tag[i] == tag) << i;
	return match;
#endif
}

struct conn *conn_index_find(struct conn_table *table, const struct packet *packet)
{
	uint16_t tag = hash_tag(packet->hash);
	struct conn_bucket *bucket = &table->bucket[packet->hash & table->bucket_mask];

	for (;;) {
		for (unsigned match = bucket_match(bucket, tag); match != 0; match &= match - 1) {
			struct conn *conn = &table->conn[bucket->slot[__builtin_ctz(match)]];

			if (packet_key_equal(&conn->key, &packet->key))
				return conn;
		}
		if (__builtin_expect(bucket->overflow == 0, 1))
			return NULL;
		bucket = &table->bucket[bucket->overflow - 1];
	}
}

struct conn *conn_index_likely(const struct conn_table *table, const struct packet *packet)
{
	const struct conn_bucket *bucket = &table->bucket[packet->hash & table->bucket_mask];
	unsigned match = bucket_match(bucket, hash_tag(packet->hash));
	uint32_t slot = bucket->slot[__builtin_ctz(match | 1 << BUCKET_ENTRIES) % BUCKET_ENTRIES];

	// By a mask, not by a branch, since new connections come by chance: they get the first
	// record, which is always near.
	return &table->conn[slot & -(uint32_t)(match != 0)];
}

static uint32_t overflow_take(struct conn_table *table)
{
	uint32_t index = table->overflow_free;

	if (index != 0) {
		table->overflow_free = table->bucket[index - 1].overflow;
		table->bucket[index - 1].overflow = 0;
		return index;
	}
	return table->overflow_fresh < table->overflow_end ? ++table->overflow_fresh : 0;
}

int conn_index_insert(struct conn_table *table, uint64_t hash, uint32_t slot)
{
	struct conn_bucket *bucket = &table->bucket[hash & table->bucket_mask];
	unsigned empty;

	while ((empty = bucket_match(bucket, 0)) == 0) {
		if (bucket->overflow == 0)
			bucket->overflow = overflow_take(table);
		if (bucket->overflow == 0)
			return -ENOSPC;
		bucket = &table->bucket[bucket->overflow - 1];
	}
	bucket->slot[__builtin_ctz(empty)] = slot;
	bucket->tag[__builtin_ctz(empty)] = hash_tag(hash);
	return 0;
}

void conn_index_remove(struct conn_table *table, uint64_t hash, uint32_t slot)
{
	struct conn_bucket *first = &table->bucket[hash & table->bucket_mask];
	struct conn_bucket *bucket = first, *previous = NULL;
	uint16_t tag = hash_tag(hash);

	for (;;) {
		for (unsigned match = bucket_match(bucket, tag); match != 0; match &= match - 1) {
			unsigned entry = (unsigned)__builtin_ctz(match);

			if (bucket->slot[entry] != slot)
				continue;
			bucket->tag[entry] = 0;
			// An overflow bucket that became empty goes back, so that chains do not
			// only grow.
			if (previous != NULL && bucket_match(bucket, 0) == 0xff) {
				uint32_t index = previous->overflow;

				previous->overflow = bucket->overflow;
				bucket->overflow = table->overflow_free;
				table->overflow_free = index;
			}
			return;
		}
		assert(bucket->overflow != 0);
		previous = bucket;
		bucket = &table->bucket[bucket->overflow - 1];
	}
}
