/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"

#include <stdint.h>

// Receive-side scaling: which worker a connection belongs to. The key repeats the 16 bits 0x6d5a,
// so that both directions of a connection get the same hash (Woo and Park, "Scalable TCP Session
// Monitoring with Symmetric Receive-side Scaling", 2012), and so that software finds it with an
// exclusive-or over the addresses and ports and two look-ups.

#define RSS_KEY_SIZE 40

extern const uint8_t rss_key[RSS_KEY_SIZE];

// The Toeplitz hash of the key's addresses and, for TCP and UDP, ports: what a card computes that
// was given rss_key. Any thread, after rss_prepare().
uint32_t rss_hash(const struct packet_key *key);

// Fills the tables of rss_hash() and rss_worker(). Start-up only.
void rss_prepare(uint32_t workers);

// A card's indirection table has at least as many entries, in every one that is used.
#define RSS_ENTRIES 128

extern uint8_t rss_entry[RSS_ENTRIES];

// The worker of a hash. A card whose indirection table was filled from rss_entry chooses the same.
static inline uint8_t rss_worker(uint32_t hash)
{
	return rss_entry[hash % RSS_ENTRIES];
}
