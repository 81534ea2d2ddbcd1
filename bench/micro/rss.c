/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// rss: what the receive-side scaling hash costs in software: weir's, which makes use of its key's
// repeating, and DPDK's, which take any key. All must agree, and for both directions.

// A parameter of DPDK's has the name of our key, and must not shadow it.
#include <rte_thash.h>

#include "rss.h"

#include "bench.h"
#include "flow.h"
#include "round.h"

#include "base/bytes.h"
#include "capture/rss.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// They fit into the first cache.
#define KEYS    256
#define REPEATS 400

// The same keys in all forms. DPDK's tuples are prepared, which is not measured; weir needs none.
static struct packet_key keys[KEYS], reverse[KEYS];
static struct rss_tuple tuples[KEYS];
static uint32_t words[KEYS][9];
static int length; // of a tuple, in bytes
static uint32_t converted_key[RSS_KEY_SIZE / 4];

static void prepare(bool v6)
{
	uint64_t seed = 5;

	length = v6 ? 36 : 12;
	for (int k = 0; k < KEYS; k++) {
		struct packet_key *key = &keys[k];
		int skip = v6 ? 0 : 12, at = 0;

		*key = bench_flow((uint32_t)random_next(&seed));
		for (int i = 0; v6 && i < 16; i++) {
			key->address[0].byte[i] = (uint8_t)random_next(&seed);
			key->address[1].byte[i] = (uint8_t)random_next(&seed);
		}
		reverse[k] = *key;
		for (int end = 0; end < 2; end++) {
			reverse[k].address[end] = key->address[!end];
			reverse[k].port[end] = key->port[!end];
			memcpy(tuples[k].byte + at, key->address[end].byte + skip,
			       (size_t)(16 - skip));
			at += 16 - skip;
		}
		for (int end = 0; end < 2; end++) {
			tuples[k].byte[at++] = (uint8_t)(key->port[end] >> 8);
			tuples[k].byte[at++] = (uint8_t)key->port[end];
		}
		for (int i = 0; i < length / 4; i++)
			words[k][i] = bytes_be32(tuples[k].byte + 4 * i);
	}
}

static uint32_t softrss(int k)
{
	return rte_softrss_be(words[k], (uint32_t)length / 4, (const uint8_t *)converted_key);
}

static int check(void)
{
	for (int k = 0; k < KEYS; k++) {
		uint32_t hash = rss_hash(&keys[k]);

		if (rss_hash(&reverse[k]) == hash && softrss(k) == hash &&
		    (!rss_gfni_supported() || rss_gfni_hash(&tuples[k], length) == hash))
			continue;
		fprintf(stderr, "the hashes of a connection differ\n");
		return -1;
	}
	return 0;
}

static uint64_t loop_weir(void)
{
	uint64_t sum = 0;

	for (int k = 0; k < KEYS; k++)
		sum += rss_hash(&keys[k]);
	return sum;
}

static uint64_t loop_softrss(void)
{
	uint64_t sum = 0;

	for (int k = 0; k < KEYS; k++)
		sum += softrss(k);
	return sum;
}

static uint64_t loop_gfni(void)
{
	return rss_gfni_loop(tuples, KEYS, length);
}

static uint64_t loop_gfni_bulk(void)
{
	return rss_gfni_bulk(tuples, KEYS, length);
}

static const struct {
	const char *name;
	uint64_t (*loop)(void);
} contender[] = {{"weir", loop_weir},
		 {"rte_softrss_be", loop_softrss},
		 {"rte_thash_gfni", loop_gfni},
		 {"rte_thash_gfni-bulk", loop_gfni_bulk}};

#define CONTENDERS_ANYWHERE 2
#define CONTENDERS          (sizeof(contender) / sizeof(contender[0]))

static volatile uint64_t sink;

static void measure(const char *family)
{
	size_t contenders = rss_gfni_supported() ? CONTENDERS : CONTENDERS_ANYWHERE;
	double cycles[CONTENDERS][BENCH_ROUNDS];

	for (int round = 0; round < BENCH_ROUNDS; round++) {
		for (size_t c = 0; c < contenders; c++) {
			uint64_t begin = bench_begin(), sum = 0;

			for (int i = 0; i < REPEATS; i++)
				sum += contender[c].loop();
			cycles[c][round] = bench_each(begin, (size_t)REPEATS * KEYS);
			sink = sum;
		}
	}
	for (size_t c = 0; c < contenders; c++) {
		char name[64];

		snprintf(name, sizeof(name), "%s %s", family, contender[c].name);
		bench_report(name, 0, bench_median(cycles[c], BENCH_ROUNDS), "cycles");
	}
}

int main(void)
{
	uint32_t key[RSS_KEY_SIZE / 4];

	bench_cycles_a_nanosecond();
	rss_prepare(1);
	memcpy(key, rss_key, sizeof(key));
	rte_convert_rss_key(key, converted_key, RSS_KEY_SIZE);
	if (rss_gfni_supported())
		rss_gfni_prepare(rss_key, RSS_KEY_SIZE);
	else
		printf("# this processor has no GFNI with AVX-512: rte_thash_gfni left out\n");
	for (int v6 = 0; v6 < 2; v6++) {
		prepare(v6);
		if (check() < 0)
			return 1;
		measure(v6 ? "rss.v6" : "rss.v4");
	}
	return 0;
}
