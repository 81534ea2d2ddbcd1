/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

// Made-up connections: clients 10.x.x.x that talk to servers 32.x.x.x, port 443.

static inline struct address bench_v4(uint32_t number)
{
	struct address address = {.byte = {[10] = 0xff, [11] = 0xff}};

	number = htonl(number);
	memcpy(address.byte + 12, &number, sizeof(number));
	return address;
}

// The key of connection `id`; two numbers never have the same one.
static inline struct packet_key bench_flow(uint32_t id)
{
	return (struct packet_key){
		.address = {bench_v4(0x0a000000 | (id & 0xfffff)),
			    bench_v4(0x20000000 | (id * 2654435761u >> 14))},
		.port = {(uint16_t)(1024 + (id >> 20)), 443},
		.protocol = PACKET_TCP,
	};
}

// Another order of the numbers below `mask` + 1, a power of two: each of them once. To visit
// memory as no prefetcher expects it.
static inline uint32_t bench_shuffle(uint32_t at, uint32_t mask, uint32_t seed)
{
	unsigned half = (unsigned)__builtin_popcount(mask) / 2;

	at = (at * 0x9e3779b1 + seed) & mask;
	at ^= at >> half;
	at = (at * 0x85ebca6b + seed) & mask;
	at ^= at >> half;
	return at * 0xc2b2ae35 & mask;
}
