/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/fragment.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <sys/mman.h>

#define BITMAP_WORDS ((FRAGMENT_DATA_MAXIMUM + 1) / 64)

// Datagrams under way, the oldest first. Apart from the entries, which are far from each other.
struct age {
	uint32_t older; // index + 1
	uint32_t newer;
};

struct entry {
	struct address source;
	struct address destination;
	uint32_t identification;
	uint64_t started;
	uint32_t header_length;
	uint32_t present;   // bytes of payload that arrived
	uint32_t size;      // of the payload, as far as fragments reached
	uint32_t ended;     // a last fragment was there
	uint32_t hash_next; // index + 1
	uint64_t bitmap[BITMAP_WORDS];
	// The header is written so that it ends where the payload starts.
	uint8_t header[FRAGMENT_HEADER_MAXIMUM];
	uint8_t data[FRAGMENT_DATA_MAXIMUM + 1];
};

struct fragment_table {
	struct entry *entry;
	size_t bytes;
	uint64_t timeout;
	uint64_t abandoned;
	uint32_t maximum;
	uint32_t used;  // entries that were ever in use; none above was touched
	uint32_t *free; // a stack of entries that are free again
	uint32_t free_count;
	uint32_t *done; // completed, until they are recycled
	uint32_t done_count;
	struct age *age;         // [maximum]
	uint32_t oldest, newest; // index + 1
	uint32_t *bucket;        // index + 1 of the first entry of a chain
	uint32_t bucket_mask;
};

struct fragment_table *fragment_table_create(uint32_t maximum, uint64_t timeout)
{
	struct fragment_table *table = calloc(1, sizeof(*table));
	uint32_t buckets = 16;

	if (table == NULL)
		return NULL;
	while (buckets < maximum)
		buckets *= 2;
	table->maximum = maximum;
	table->timeout = timeout;
	table->bucket_mask = buckets - 1;
	table->bucket = calloc(buckets, sizeof(*table->bucket));
	table->free = calloc(maximum, sizeof(*table->free));
	table->done = calloc(maximum, sizeof(*table->done));
	table->age = calloc(maximum, sizeof(*table->age));
	table->bytes = (size_t)maximum * sizeof(struct entry);
	table->entry = mmap(NULL, table->bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table->entry == MAP_FAILED)
		table->entry = NULL;
	if (table->bucket != NULL && table->free != NULL && table->done != NULL &&
	    table->age != NULL && table->entry != NULL)
		return table;
	fragment_table_destroy(table);
	return NULL;
}

void fragment_table_destroy(struct fragment_table *table)
{
	if (table == NULL)
		return;
	if (table->entry != NULL)
		munmap(table->entry, table->bytes);
	free(table->bucket);
	free(table->free);
	free(table->done);
	free(table->age);
	free(table);
}

uint64_t fragment_table_abandoned(const struct fragment_table *table)
{
	return table->abandoned;
}

static uint32_t *bucket_of(struct fragment_table *table, const struct address *source,
			   const struct address *destination, uint32_t identification)
{
	uint64_t hash = bytes_host64(source->byte) ^ bytes_host64(source->byte + 8) * 3 ^
			bytes_host64(destination->byte) * 5 ^
			bytes_host64(destination->byte + 8) * 7 ^ identification;

	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return &table->bucket[(hash >> 32) & table->bucket_mask];
}

static void age_append(struct fragment_table *table, uint32_t index)
{
	table->age[index] = (struct age){.older = table->newest};
	if (table->newest != 0)
		table->age[table->newest - 1].newer = index + 1;
	else
		table->oldest = index + 1;
	table->newest = index + 1;
}

static void age_remove(struct fragment_table *table, uint32_t index)
{
	struct age age = table->age[index];

	if (age.older != 0)
		table->age[age.older - 1].newer = age.newer;
	else
		table->oldest = age.newer;
	if (age.newer != 0)
		table->age[age.newer - 1].older = age.older;
	else
		table->newest = age.older;
}

static void entry_unlink(struct fragment_table *table, struct entry *entry)
{
	uint32_t *link = bucket_of(table, &entry->source, &entry->destination,
				   entry->identification);
	uint32_t wanted = (uint32_t)(entry - table->entry) + 1;

	while (*link != wanted)
		link = &table->entry[*link - 1].hash_next;
	*link = entry->hash_next;
	age_remove(table, wanted - 1);
}

static struct entry *entry_find(struct fragment_table *table, const struct fragment *fragment)
{
	uint32_t at = *bucket_of(table, &fragment->source, &fragment->destination,
				 fragment->identification);

	while (at != 0) {
		struct entry *entry = &table->entry[at - 1];

		if (entry->identification == fragment->identification &&
		    memcmp(&entry->source, &fragment->source, sizeof(entry->source)) == 0 &&
		    memcmp(&entry->destination, &fragment->destination,
			   sizeof(entry->destination)) == 0)
			return entry;
		at = entry->hash_next;
	}
	return NULL;
}

static void entry_abandon(struct fragment_table *table, struct entry *entry)
{
	entry_unlink(table, entry);
	table->free[table->free_count++] = (uint32_t)(entry - table->entry);
	table->abandoned++;
}

// A free entry; when there is none, that of the oldest datagram, which is the least likely to be
// completed.
static struct entry *entry_take(struct fragment_table *table)
{
	if (table->free_count == 0 && table->used < table->maximum)
		return &table->entry[table->used++];
	if (table->free_count == 0 && table->oldest != 0)
		entry_abandon(table, &table->entry[table->oldest - 1]);
	if (table->free_count == 0)
		return NULL;
	return &table->entry[table->free[--table->free_count]];
}

static struct entry *entry_start(struct fragment_table *table, const struct fragment *fragment)
{
	struct entry *entry = entry_take(table);
	uint32_t *bucket;

	if (entry == NULL)
		return NULL;
	entry->source = fragment->source;
	entry->destination = fragment->destination;
	entry->identification = fragment->identification;
	entry->started = fragment->time;
	entry->header_length = fragment->header_length;
	entry->present = entry->size = entry->ended = 0;
	memset(entry->bitmap, 0, sizeof(entry->bitmap));
	memcpy(entry->header + FRAGMENT_HEADER_MAXIMUM - fragment->header_length, fragment->header,
	       fragment->header_length);
	bucket = bucket_of(table, &entry->source, &entry->destination, entry->identification);
	entry->hash_next = *bucket;
	*bucket = (uint32_t)(entry - table->entry) + 1;
	age_append(table, *bucket - 1);
	return entry;
}

static void entry_fill(struct entry *entry, const struct fragment *fragment)
{
	for (uint32_t i = 0; i < fragment->length; i++) {
		uint32_t at = fragment->offset + i;
		uint64_t bit = UINT64_C(1) << (at % 64);

		// Whole words first: almost every piece is new.
		if (at % 64 == 0 && fragment->length - i >= 64 && entry->bitmap[at / 64] == 0) {
			memcpy(entry->data + at, fragment->data + i, 64);
			entry->bitmap[at / 64] = UINT64_MAX;
			entry->present += 64;
			i += 63;
		} else if (!(entry->bitmap[at / 64] & bit)) {
			entry->data[at] = fragment->data[i];
			entry->bitmap[at / 64] |= bit;
			entry->present++;
		}
	}
}

// Are all bytes below entry->size there?
static bool entry_complete(const struct entry *entry)
{
	if (!entry->ended || entry->present < entry->size)
		return false;
	for (uint32_t i = 0; i < entry->size / 64; i++) {
		if (entry->bitmap[i] != UINT64_MAX)
			return false;
	}
	if (entry->size % 64 != 0) {
		uint64_t wanted = (UINT64_C(1) << (entry->size % 64)) - 1;

		return (entry->bitmap[entry->size / 64] & wanted) == wanted;
	}
	return true;
}

enum fragment_result fragment_add(struct fragment_table *table, const struct fragment *fragment,
				  struct fragment_datagram *datagram)
{
	struct entry *entry;

	if (fragment->header_length > FRAGMENT_HEADER_MAXIMUM ||
	    fragment->offset + fragment->length > FRAGMENT_DATA_MAXIMUM || fragment->length == 0)
		return FRAGMENT_INVALID;
	entry = entry_find(table, fragment);
	if (entry != NULL && fragment->time >= entry->started &&
	    fragment->time - entry->started >= table->timeout) {
		entry_abandon(table, entry);
		entry = NULL;
	}
	if (entry == NULL)
		entry = entry_start(table, fragment);
	if (entry == NULL)
		return FRAGMENT_INVALID;
	entry_fill(entry, fragment);
	entry->ended |= !fragment->more;
	if (fragment->offset + fragment->length > entry->size)
		entry->size = fragment->offset + fragment->length;
	if (!entry_complete(entry))
		return FRAGMENT_HELD;
	entry_unlink(table, entry);
	table->done[table->done_count++] = (uint32_t)(entry - table->entry);
	datagram->header = entry->header + FRAGMENT_HEADER_MAXIMUM - entry->header_length;
	datagram->header_length = entry->header_length;
	datagram->data_length = entry->size;
	return FRAGMENT_COMPLETE;
}

void fragment_table_recycle(struct fragment_table *table)
{
	while (table->done_count > 0)
		table->free[table->free_count++] = table->done[--table->done_count];
}
