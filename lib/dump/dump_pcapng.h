/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in this machine's byte order, which the
// section header tells. Pure functions: each writes one block and returns its length, a multiple of
// 4. Times are ns since 1970.

// Room that every block but a packet's needs at most.
#define DUMP_PCAPNG_BLOCK 512

// Longer comments are cut.
#define DUMP_PCAPNG_COMMENT 320

#define DUMP_PCAPNG_PACKET  6 // type of an enhanced packet block

struct dump_pcapng_packet {
	const uint8_t *data;
	uint64_t time;
	uint32_t captured;
	uint32_t length;
	bool from_originator;
};

struct dump_pcapng_statistics {
	const char *comment; // NULL: none
	uint64_t begin, end;
	uint64_t received;
	uint64_t dropped;
};

// Section header. `to` has room for DUMP_PCAPNG_BLOCK bytes, as below.
size_t dump_pcapng_section(uint8_t *to, const char *comment);

// Description of the section's one interface, an Ethernet: `snap` is the length at which packets
// are cut.
size_t dump_pcapng_interface(uint8_t *to, uint32_t snap);

// Enhanced packet block; a packet of the originator is marked as outbound, one of the responder as
// inbound. `to` has room for dump_pcapng_packet_size() bytes.
size_t dump_pcapng_packet(uint8_t *to, const struct dump_pcapng_packet *packet);
size_t dump_pcapng_packet_size(uint32_t captured);

// Interface statistics.
size_t dump_pcapng_statistics(uint8_t *to, const struct dump_pcapng_statistics *statistics);

// Type and length of the block at `from`, of which `left` bytes are there; length 0 when it is not
// complete.
uint32_t dump_pcapng_block(const uint8_t *from, size_t left, size_t *length);
