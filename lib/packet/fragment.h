/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Reassembly of IP fragments. DPDK's ip_frag holds at most eight pieces of a datagram, a 64 KiB
// datagram over Ethernet has 45, hence our own: one buffer of the largest datagram and one bit a
// byte for each datagram under way.
//
//     table: | entry 0 | entry 1 | ... |      each entry: key, times, bit map 8 KiB, headers 1 KiB, data 64 KiB
//            the memory is reserved at once and touched only when an entry is used for the first time
//
// One thread writes and reads a table.
struct fragment_table;

// `maximum` datagrams under way at once, each forgotten `timeout` ns after its first fragment. NULL
// without memory.
struct fragment_table *fragment_table_create(uint32_t maximum, uint64_t timeout);
void fragment_table_destroy(struct fragment_table *table);

struct fragment {
	struct address source;
	struct address destination;
	uint32_t identification;
	uint32_t offset; // of this piece in the datagram's payload
	uint32_t length;
	bool more;             // another piece follows
	const uint8_t *header; // all that stands in front of the payload
	uint32_t header_length;
	const uint8_t *data;
	uint64_t time;
};

#define FRAGMENT_HEADER_MAXIMUM 1024
#define FRAGMENT_DATA_MAXIMUM   65535

// A complete datagram: the header of the fragment that came first, followed by the payload.
struct fragment_datagram {
	uint8_t *header;
	uint32_t header_length;
	uint32_t data_length; // the payload starts at header + header_length
};

enum fragment_result { FRAGMENT_HELD, FRAGMENT_COMPLETE, FRAGMENT_INVALID };

// Adds a piece. On FRAGMENT_COMPLETE `datagram` is filled and stays valid until
// fragment_table_recycle(). The first copy of a byte wins; of conflicting total sizes the larger
// one does.
enum fragment_result fragment_add(struct fragment_table *table, const struct fragment *fragment,
				  struct fragment_datagram *datagram);

// Lets completed datagrams be overwritten. To be called between bursts, when their packets were
// handled.
void fragment_table_recycle(struct fragment_table *table);

// Datagrams given up so far, because time ran out or the table was full.
uint64_t fragment_table_abandoned(const struct fragment_table *table);
