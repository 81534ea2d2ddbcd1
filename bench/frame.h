/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "random.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What writes traces. First any frames, then small TCP packets over IPv4, whose checksums are left
// 0: for weir -C.

// Without the frame check sequence.
#define FRAME_LEAST 60

static inline FILE *trace_create(const char *path)
{
	// Nanoseconds, Ethernet.
	const uint32_t header[6] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, 65535, 1};
	FILE *out = fopen(path, "wb");

	if (out == NULL) {
		perror(path);
		exit(1);
	}
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	fwrite(header, sizeof(header), 1, out);
	return out;
}

static inline void trace_close(FILE *out, const char *path)
{
	if (fflush(out) != 0 || ferror(out)) {
		perror(path);
		exit(1);
	}
	fclose(out);
}

static inline void frame_be16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void frame_be32(uint8_t *to, uint32_t value)
{
	frame_be16(to, value >> 16);
	frame_be16(to + 2, value);
}

// Writes a frame of `length` bytes, made as long as the shortest on a wire: `frame` has room for
// that.
static inline void trace_frame(FILE *out, uint64_t time, uint8_t *frame, uint32_t length)
{
	uint32_t captured = length < FRAME_LEAST ? FRAME_LEAST : length;
	uint32_t record[4] = {(uint32_t)(time / 1000000000), (uint32_t)(time % 1000000000),
			      captured, captured};

	memset(frame + length, 0, captured - length);
	fwrite(record, sizeof(record), 1, out);
	fwrite(frame, captured, 1, out);
}

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

#define FRAME_HEADERS 54

struct tcp {
	uint64_t time; // ns
	uint32_t source, destination;
	uint16_t source_port, destination_port;
	uint32_t sequence, acknowledgement;
	uint8_t flags;
	uint16_t payload;
};

static inline void trace_write(FILE *out, const struct tcp *tcp)
{
	uint8_t frame[FRAME_HEADERS + 1500] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45};
	uint32_t length = FRAME_HEADERS + tcp->payload;

	frame_be16(frame + 16, length - 14);
	frame[22] = 64;
	frame[23] = 6;
	frame_be32(frame + 26, tcp->source);
	frame_be32(frame + 30, tcp->destination);
	frame_be16(frame + 34, tcp->source_port);
	frame_be16(frame + 36, tcp->destination_port);
	frame_be32(frame + 38, tcp->sequence);
	frame_be32(frame + 42, tcp->acknowledgement);
	frame[46] = 0x50;
	frame[47] = tcp->flags;
	frame_be16(frame + 48, 1000);
	trace_frame(out, tcp->time, frame, length);
}

// The numbers below `count` in random order; another one for each `state`.
static inline uint32_t *shuffled(uint32_t count, uint64_t state)
{
	uint32_t *order = malloc(count * sizeof(*order));

	if (order == NULL) {
		fprintf(stderr, "no memory for %u numbers\n", count);
		exit(1);
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t j = (uint32_t)(random_next(&state) % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
	return order;
}
