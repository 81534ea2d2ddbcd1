/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// memory CONNECTIONS...: what a packet's connection costs before anything is computed: its bucket
// of the index and the two lines of its record are asked for and looked at, for connections in
// random order, with as many under way as the processor takes. Reserved huge pages are used as far
// as there are enough.

#include "round.h"

#include "base/memory.h"
#include "base/prefetch.h"

#include <string.h>

#define BURST   64
#define BATCHES 2000
#define LINE    64
#define RECORD  128
#define SIZES   8

struct place {
	uint64_t connections;
	uint64_t buckets;
	uint8_t *bucket, *record;
	double cycles[BENCH_ROUNDS];
};

static int place_create(struct place *place, const char *connections)
{
	place->connections = strtoull(connections, NULL, 10);
	// As the connection table has it: four connections a bucket or fewer.
	for (place->buckets = 1; place->buckets < place->connections / 4; place->buckets *= 2)
		;
	place->bucket = memory_map(place->buckets * LINE, true);
	place->record = memory_map((size_t)place->connections * RECORD, true);
	if (place->bucket == NULL || place->record == NULL)
		return -1;
	memset(place->bucket, 0, place->buckets * LINE);
	memset(place->record, 0, (size_t)place->connections * RECORD);
	return 0;
}

// Changes the records as a packet does. The bucket's word is 0: it only makes the record wait for
// it.
static void touch(const struct place *place, uint64_t *random)
{
	uint64_t hash[BURST];
	uint8_t *record[BURST];

	for (int i = 0; i < BURST; i++) {
		hash[i] = random_next(random);
		prefetch(place->bucket + (hash[i] & (place->buckets - 1)) * LINE);
	}
	for (int i = 0; i < BURST; i++) {
		uint64_t word, number = (hash[i] >> 32) * place->connections >> 32;

		memcpy(&word, place->bucket + (hash[i] & (place->buckets - 1)) * LINE,
		       sizeof(word));
		record[i] = place->record + (number + word) * RECORD;
		prefetch(record[i]);
		prefetch(record[i] + LINE);
	}
	for (int i = 0; i < BURST; i++) {
		record[i][0]++;
		record[i][LINE]++;
	}
}

int main(int count, char **word)
{
	struct place place[SIZES] = {0};
	uint64_t random = 1;

	if (count < 2 || count > SIZES + 1) {
		fprintf(stderr, "usage: memory CONNECTIONS..., up to %d numbers\n", SIZES);
		return 2;
	}
	for (int i = 0; i < count - 1; i++) {
		if (strtoull(word[i + 1], NULL, 10) == 0) {
			fprintf(stderr, "memory: '%s' is no number of connections\n", word[i + 1]);
			return 2;
		}
		if (place_create(&place[i], word[i + 1]) < 0) {
			fprintf(stderr, "memory: no memory for '%s' connections\n", word[i + 1]);
			return 1;
		}
	}
	for (int round = 0; round < BENCH_ROUNDS; round++) {
		for (int i = 0; i < count - 1; i++) {
			uint64_t begin;

			// The caches and page tables become its own first.
			for (int batch = 0; batch < BATCHES; batch++)
				touch(&place[i], &random);
			begin = bench_begin();
			for (int batch = 0; batch < BATCHES; batch++)
				touch(&place[i], &random);
			place[i].cycles[round] = bench_each(begin, (size_t)BATCHES * BURST);
		}
	}
	for (int i = 0; i < count - 1; i++)
		bench_report("memory.touch lines", place[i].connections,
			     bench_median(place[i].cycles, BENCH_ROUNDS), "cycles");
	return 0;
}
