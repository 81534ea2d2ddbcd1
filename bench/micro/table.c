/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// table [--large]: what a lookup costs in weir's connection table, and in those that one would use
// instead, from 64 k to 4 M connections, with --large to 16 M. Random order; a hit also writes to
// both cache lines of the record. All tables stand on the same kind of pages and hold the same
// connections.

#include "table.h"

#include "bench.h"
#include "environment.h"
#include "flow.h"
#include "round.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Keys that are looked up in one go; they come from memory in order, as packets do.
#define KEYS     131072
#define SMALLEST 65536u
#define LARGEST  (4u << 20)
#define LARGE    (16u << 20)
// Each entry takes so much memory, in all tables together.
#define ENTRY_BYTES 700
// Numbers of connections that are in no table.
#define ABSENT 0x80000000u

enum operation { HIT, MISS, ADD, REMOVE, OPERATIONS };

static const char *const operation_name[OPERATIONS] = {"hit", "miss", "add", "remove"};

static const struct table_contender *const contender[] = {&table_weir, &table_rte_hash_bulk,
							  &table_rte_hash, &table_lfht};

#define CONTENDERS (sizeof(contender) / sizeof(contender[0]))

static struct packet_key keys[KEYS];
static uint32_t slots[KEYS];
static uint32_t *flow; // [slot]: which connection is there
static double cycles[OPERATIONS][CONTENDERS][BENCH_ROUNDS];

void table_fail(const char *who, const char *what)
{
	fprintf(stderr, "%s: %s\n", who, what);
	exit(1);
}

static void fill(uint32_t entries)
{
	for (uint32_t from = 0; from < entries; from += KEYS) {
		uint32_t count = entries - from < KEYS ? entries - from : KEYS;

		for (uint32_t i = 0; i < count; i++) {
			slots[i] = flow[from + i] = from + i;
			keys[i] = bench_flow(from + i);
		}
		for (size_t c = 0; c < CONTENDERS; c++) {
			if (contender[c]->add != NULL)
				contender[c]->add(keys, slots, count);
		}
	}
}

static void look_up(enum operation operation, int round)
{
	for (size_t c = 0; c < CONTENDERS; c++) {
		uint64_t begin = bench_begin();
		size_t found = contender[c]->lookup(keys, KEYS);

		cycles[operation][c][round] = bench_each(begin, KEYS);
		if (found != (operation == HIT ? KEYS : 0))
			table_fail(contender[c]->name, "found the wrong number of keys");
	}
}

static void measure_lookup(uint32_t entries, int round, uint64_t *seed)
{
	uint32_t order = (uint32_t)random_next(seed);

	for (uint32_t i = 0; i < KEYS; i++)
		keys[i] = bench_flow(flow[bench_shuffle(i, entries - 1, order)]);
	look_up(HIT, round);
	for (uint32_t i = 0; i < KEYS; i++)
		keys[i] = bench_flow(ABSENT | (uint32_t)random_next(seed));
	look_up(MISS, round);
}

// Connections end and others begin, with their records.
static void measure_change(uint32_t entries, int round, uint64_t *seed)
{
	static uint32_t last_flow = LARGE;
	uint32_t count = entries / 4 < KEYS ? entries / 4 : KEYS;
	uint32_t order = (uint32_t)random_next(seed);

	for (uint32_t i = 0; i < count; i++) {
		slots[i] = bench_shuffle(i, entries - 1, order);
		flow[slots[i]] = ++last_flow;
		keys[i] = bench_flow(last_flow);
	}
	for (size_t c = 0; c < CONTENDERS; c++) {
		uint64_t begin;

		if (contender[c]->add == NULL)
			continue;
		begin = bench_begin();
		contender[c]->remove(slots, count);
		cycles[REMOVE][c][round] = bench_each(begin, count);
		if (contender[c]->settle != NULL)
			contender[c]->settle();
		begin = bench_begin();
		contender[c]->add(keys, slots, count);
		cycles[ADD][c][round] = bench_each(begin, count);
	}
}

static void report(uint32_t entries)
{
	for (int operation = 0; operation < OPERATIONS; operation++) {
		for (size_t c = 0; c < CONTENDERS; c++) {
			char name[64];

			if (operation >= ADD && contender[c]->add == NULL)
				continue;
			snprintf(name, sizeof(name), "table.%s %s", operation_name[operation],
				 contender[c]->name);
			bench_report(name, entries,
				     bench_median(cycles[operation][c], BENCH_ROUNDS), "cycles");
		}
	}
}

static int measure(uint32_t entries)
{
	uint64_t seed = entries;

	flow = calloc(entries, sizeof(*flow));
	if (flow == NULL)
		return -1;
	for (size_t c = 0; c < CONTENDERS; c++) {
		if (contender[c]->create != NULL && contender[c]->create(entries) < 0)
			return -1;
	}
	fill(entries);
	bench_pages_collapse();
	printf("# %" PRIu32 " entries: %.0f %% of the memory on huge pages\n", entries,
	       100 * bench_pages_share());
	for (int round = 0; round < BENCH_ROUNDS; round++) {
		measure_lookup(entries, round, &seed);
		measure_change(entries, round, &seed);
	}
	report(entries);
	for (size_t c = 0; c < CONTENDERS; c++) {
		if (contender[c]->destroy != NULL)
			contender[c]->destroy();
	}
	free(flow);
	return 0;
}

int main(int argc, char **argv)
{
	bool large = argc == 2 && strcmp(argv[1], "--large") == 0;
	uint32_t most = large ? LARGE : LARGEST;

	if (argc > 1 && !large) {
		fprintf(stderr, "usage: %s [--large]\n", argv[0]);
		return 2;
	}
	while (most > SMALLEST && (uint64_t)most * ENTRY_BYTES > bench_memory_available()) {
		printf("# %" PRIu32 " entries left out: they take %" PRIu64 " MB\n", most,
		       (uint64_t)most * ENTRY_BYTES >> 20);
		most /= 4;
	}
	if (table_rte_hash_start(most) < 0)
		return 1;
	table_lfht_start();
	bench_cycles_a_nanosecond();
	for (uint32_t entries = SMALLEST; entries <= most; entries *= 4) {
		if (measure(entries) < 0)
			return 1;
	}
	return 0;
}
