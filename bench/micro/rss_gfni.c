/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
// The only file that is compiled for processors with AVX-512 and GFNI; what is in it may only run
// where rss_gfni_supported() said so.
#include <rte_thash.h>

#include "rss.h"

#define BULK 32

#if defined(RTE_THASH_GFNI_DEFINED)

static uint64_t matrix[40];

// rte_thash_gfni_supported() would always say no where DPDK itself was built for older processors,
// as in distributions.
int rss_gfni_supported(void)
{
	return __builtin_cpu_supports("gfni") && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");
}

void rss_gfni_prepare(const uint8_t *key, int size)
{
	rte_thash_complete_matrix(matrix, key, size);
}

uint32_t rss_gfni_hash(const struct rss_tuple *tuple, int length)
{
	return rte_thash_gfni(matrix, tuple->byte, length);
}

uint64_t rss_gfni_loop(const struct rss_tuple *tuples, size_t count, int length)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += rte_thash_gfni(matrix, tuples[i].byte, length);
	return sum;
}

uint64_t rss_gfni_bulk(struct rss_tuple *tuples, size_t count, int length)
{
	uint64_t sum = 0;

	for (size_t at = 0; at + BULK <= count; at += BULK) {
		uint8_t *bytes[BULK];
		uint32_t hashes[BULK];

		for (size_t i = 0; i < BULK; i++)
			bytes[i] = tuples[at + i].byte;
		rte_thash_gfni_bulk(matrix, length, bytes, hashes, BULK);
		for (size_t i = 0; i < BULK; i++)
			sum += hashes[i];
	}
	return sum;
}

#else

int rss_gfni_supported(void)
{
	return 0;
}

void rss_gfni_prepare(const uint8_t *key, int size)
{
}

uint32_t rss_gfni_hash(const struct rss_tuple *tuple, int length)
{
	return 0;
}

uint64_t rss_gfni_loop(const struct rss_tuple *tuples, size_t count, int length)
{
	return 0;
}

uint64_t rss_gfni_bulk(struct rss_tuple *tuples, size_t count, int length)
{
	return 0;
}

#endif
