/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_internal.h"

// Sequence numbers on the wire have 32 bits, streams have more: `last` and `acked` come with counts
// of how often they passed 2^32, and positions are counted from the endpoint's start in 64 bits
// (spec-conn 2.2).

// A jump of more than this by a SYN, a RST or an ACK of zero is not believed.
#define TCP_JUMP_MOST 1048576

// Zeek's tcp_max_above_hole_without_any_acks and tcp_max_initial_window: both 16 KiB.
#define TCP_NEVER_ACKED_MOST 16384
// Zeek's tcp_excessive_data_without_further_acks.
#define TCP_UNACKED_MOST (10u << 20)

static inline int32_t sequence_distance(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline uint32_t last_wraps(const struct conn_table *table, const struct conn *conn,
				  unsigned side)
{
	return __builtin_expect(conn->end[side].wrapped, 0)
		       ? conn_cold(table, conn)->last_wraps[side]
		       : 0;
}

static inline uint32_t acked_wraps(const struct conn_table *table, const struct conn *conn,
				   unsigned side)
{
	return __builtin_expect(conn->end[side].wrapped, 0)
		       ? conn_rare_look(table, conn)->acked_wraps[side]
		       : 0;
}

static inline uint64_t sequence_position(const struct conn_endpoint *end, uint32_t sequence,
					 uint32_t wraps)
{
	return ((uint64_t)wraps << 32 | sequence) - end->start;
}

// The position of `last` and of `acked`.
static inline uint64_t last_position(const struct conn_table *table, const struct conn *conn,
				     unsigned side)
{
	return sequence_position(&conn->end[side], conn->end[side].last,
				 last_wraps(table, conn, side));
}

static inline uint64_t acked_position(const struct conn_table *table, const struct conn *conn,
				      unsigned side)
{
	return sequence_position(&conn->end[side], conn->end[side].acked,
				 acked_wraps(table, conn, side));
}

// The position of `sequence`, seen from a reference (`last` or `acked`) with its wraps.
// *before_start is set when it lies before the start; as long as nothing wrapped, everything 2^31
// or more away counts as such (spec-conn 2.2, underflow).
static inline uint64_t sequence_relative(const struct conn_endpoint *end, uint32_t sequence,
					 uint32_t reference, uint32_t wraps, bool *before_start)
{
	int32_t distance = sequence_distance(sequence, reference);

	if (distance < 0 && wraps > 0 && sequence > reference)
		wraps--;
	else if (distance > 0 && sequence < reference)
		wraps++;
	if (wraps == 0) {
		distance = sequence_distance(sequence, end->start);
		*before_start = distance < 0;
		return (uint64_t)(int64_t)distance;
	}
	*before_start = false;
	return sequence_position(end, sequence, wraps);
}

// The 64-bit position whose lower half is `low`, near `reference`.
static inline uint64_t sequence_extend(uint32_t low, uint64_t reference)
{
	return reference + (uint64_t)(int64_t)(int32_t)(low - (uint32_t)reference);
}
