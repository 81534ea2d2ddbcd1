/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

// Addresses and ports of a connection in network byte order, as DPDK hashes them: 12 bytes for
// IPv4, 36 for IPv6.
struct rss_tuple {
	uint8_t byte[36];
};

// Was rss_gfni.c compiled for, and does this processor have, what rte_thash_gfni() needs?
int rss_gfni_supported(void);

// Prepares for the hash key. Before the others.
void rss_gfni_prepare(const uint8_t *key, int size);

// The hash of one tuple.
uint32_t rss_gfni_hash(const struct rss_tuple *tuple, int length);

// The sum of the hashes of `count` tuples: one by one, and in bulk.
uint64_t rss_gfni_loop(const struct rss_tuple *tuples, size_t count, int length);
uint64_t rss_gfni_bulk(struct rss_tuple *tuples, size_t count, int length);
