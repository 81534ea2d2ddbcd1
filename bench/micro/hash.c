/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// hash: what the hash of a connection's key costs, beside DPDK's own two, and how evenly each
// spreads keys that look alike: in how many of the connection table's buckets, four connections in
// each on average, the eight entries are too few. A random function has some, too.

#include "bench.h"
#include "flow.h"
#include "round.h"

#include "packet/packet_key.h"

#include <rte_hash_crc.h>
#include <rte_jhash.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// They fit into the first cache, so that only hashing is measured.
#define KEYS           512
#define REPEATS        4000

#define CONNECTIONS    (1u << 20)
#define BUCKETS        (CONNECTIONS / 4)
#define BUCKET_ENTRIES 8

static const uint64_t secret[PACKET_SECRET_WORDS] = {0x2d358dccaa6c78a5, 0x8bb84b93962eacc9,
						     0x4b33a62ed433d4a3, 0x4d5a2da51de1aa47,
						     0xa0761d6478bd642f, 0xe7037ed1a0b428db};

static inline uint64_t hash_weir(const struct packet_key *key)
{
	return packet_key_hash(key, secret);
}

static inline uint64_t hash_crc(const struct packet_key *key)
{
	return rte_hash_crc(key, sizeof(*key), 0);
}

static inline uint64_t hash_jhash(const struct packet_key *key)
{
	return rte_jhash(key, sizeof(*key), 0);
}

// Keys that look alike.
static struct packet_key ports(uint32_t number)
{
	return (struct packet_key){
		.address = {bench_v4(0x0a000001), bench_v4(0x0a000100 + (number >> 16))},
		.port = {(uint16_t)number, 443},
		.protocol = PACKET_TCP,
	};
}

static struct packet_key addresses(uint32_t number)
{
	return (struct packet_key){
		.address = {bench_v4(0x0a000001), bench_v4(0x20000000 + number)},
		.port = {40000, 443},
		.protocol = PACKET_TCP,
	};
}

// Only the last bits of the interface identifiers and the ports differ, all together.
static struct packet_key v6(uint32_t number)
{
	struct packet_key key = {.port = {(uint16_t)(32768 + (number & 0x3fff)), 443},
				 .protocol = PACKET_TCP};

	for (int end = 0; end < 2; end++)
		memcpy(key.address[end].byte, "\x20\x01\x0d\xb8\0\0\0", 8);
	key.address[0].byte[15] = (uint8_t)(number >> 14);
	key.address[1].byte[7] = 1;
	key.address[1].byte[15] = (uint8_t)(number >> 14);
	return key;
}

static const struct {
	const char *name;
	struct packet_key (*key)(uint32_t number);
} pattern[] = {{"flows", bench_flow}, {"ports", ports}, {"addresses", addresses}, {"v6", v6}};

#define PATTERNS (sizeof(pattern) / sizeof(pattern[0]))

// Loops with the hash inside: a call through a pointer would cost more than it.
#define CONTENDER(name)                                                                            \
	static uint64_t loop_##name(const struct packet_key *keys)                                 \
	{                                                                                          \
		uint64_t sum = 0;                                                                  \
                                                                                                   \
		for (size_t i = 0; i < KEYS; i++)                                                  \
			sum += hash_##name(&keys[i]);                                              \
		return sum;                                                                        \
	}                                                                                          \
                                                                                                   \
	static void fill_##name(struct packet_key (*key)(uint32_t), uint32_t *entries)             \
	{                                                                                          \
		for (uint32_t i = 0; i < CONNECTIONS; i++) {                                       \
			struct packet_key one = key(i);                                            \
                                                                                                   \
			entries[hash_##name(&one) & (BUCKETS - 1)] += 1;                           \
		}                                                                                  \
	}

CONTENDER(weir)
CONTENDER(crc)
CONTENDER(jhash)

static const struct {
	const char *name;
	uint64_t (*loop)(const struct packet_key *keys);
	void (*fill)(struct packet_key (*key)(uint32_t), uint32_t *entries);
} contender[] = {{"weir", loop_weir, fill_weir},
		 {"rte_hash_crc", loop_crc, fill_crc},
		 {"rte_jhash", loop_jhash, fill_jhash}};

#define CONTENDERS (sizeof(contender) / sizeof(contender[0]))

static volatile uint64_t sink;

static void measure_cost(void)
{
	static double cycles[CONTENDERS][BENCH_ROUNDS];
	static struct packet_key keys[KEYS];

	for (uint32_t i = 0; i < KEYS; i++)
		keys[i] = bench_flow(i * 2654435761u);
	for (int round = 0; round < BENCH_ROUNDS; round++) {
		for (size_t c = 0; c < CONTENDERS; c++) {
			uint64_t begin = bench_begin(), sum = 0;

			for (int i = 0; i < REPEATS; i++)
				sum += contender[c].loop(keys);
			cycles[c][round] = bench_each(begin, (size_t)REPEATS * KEYS);
			sink = sum;
		}
	}
	for (size_t c = 0; c < CONTENDERS; c++) {
		char name[64];

		snprintf(name, sizeof(name), "hash.cost %s", contender[c].name);
		bench_report(name, 0, bench_median(cycles[c], BENCH_ROUNDS), "cycles");
	}
}

// Buckets that a random function makes overflow: each connection goes to each bucket with the same
// probability, so the numbers in them are Poisson's.
static double expected(void)
{
	double mean = (double)CONNECTIONS / BUCKETS, term = exp(-mean), within = 0;

	for (int entries = 0; entries <= BUCKET_ENTRIES; entries++) {
		within += term;
		term *= mean / (entries + 1);
	}
	return BUCKETS * (1 - within);
}

static int measure_quality(void)
{
	uint32_t *entries = malloc(BUCKETS * sizeof(*entries));

	if (entries == NULL)
		return -1;
	for (size_t p = 0; p < PATTERNS; p++) {
		char name[64];

		for (size_t c = 0; c < CONTENDERS; c++) {
			uint32_t overflows = 0;

			memset(entries, 0, BUCKETS * sizeof(*entries));
			contender[c].fill(pattern[p].key, entries);
			for (uint32_t bucket = 0; bucket < BUCKETS; bucket++)
				overflows += entries[bucket] > BUCKET_ENTRIES;
			snprintf(name, sizeof(name), "hash.overflow-%s %s", pattern[p].name,
				 contender[c].name);
			bench_report(name, CONNECTIONS, overflows, "buckets");
		}
		snprintf(name, sizeof(name), "hash.overflow-%s random", pattern[p].name);
		bench_report(name, CONNECTIONS, expected(), "buckets");
	}
	free(entries);
	return 0;
}

int main(void)
{
	bench_cycles_a_nanosecond();
	measure_cost();
	return measure_quality() < 0;
}
