/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/tcp_stream.h"

#include "conn/conn_history.h"
#include "conn/tcp_sequence.h"

static uint64_t in_order_position(const struct conn_table *table, const struct conn *conn,
				  unsigned side)
{
	// Numbers that never passed 2^32 are whole already.
	if (__builtin_expect(!conn->end[side].wrapped, 1))
		return conn->end[side].in_order;
	return sequence_extend(conn->end[side].in_order, last_position(table, conn, side));
}

static uint64_t trimmed_position(const struct conn *conn, unsigned side, uint64_t in_order)
{
	if (__builtin_expect(!conn->end[side].wrapped, 1))
		return conn->end[side].trimmed;
	return sequence_extend(conn->end[side].trimmed, in_order);
}

static bool nothing_acked(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	return acked_position(table, conn, side) <= 1;
}

uint64_t tcp_stream_fin(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	return sequence_extend(conn_cold(table, conn)->fin_position[side] + 1,
			       last_position(table, conn, side));
}

uint64_t tcp_stream_size(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	const struct conn_endpoint *end = &conn->end[side];
	uint64_t last = last_position(table, conn, side), acked = acked_position(table, conn, side);
	uint64_t size = last > acked ? last : acked;

	// Refused by a RST without a word before: an ACK of something else than the SYN means
	// nothing.
	if (end->previous == TCP_SYN_SENT && end->state == TCP_RESET &&
	    conn->end[side ^ 1].state == TCP_INACTIVE && !nothing_acked(table, conn, side))
		return 0;
	if (size > 0)
		size--;
	if (size > 0 && end->fin)
		size--;
	return size;
}

// A hole of the stream that was acknowledged. Only a cleanly opened connection tells about loss:
// elsewhere the numbers may be wrong.
static bool is_clean(const struct conn_endpoint *end)
{
	return end->state == TCP_ESTABLISHED ||
	       (end->state == TCP_CLOSED && end->previous == TCP_ESTABLISHED);
}

static void gap(struct conn_table *table, struct conn *conn, unsigned side, uint64_t position,
		uint64_t length)
{
	struct conn_extension *extension;

	if (!is_clean(&conn->end[0]) || !is_clean(&conn->end[1]))
		return;
	extension = conn_extension_need(table, conn);
	if (extension == NULL)
		return;
	extension->missed += length;
	if (conn_history_scale(++extension->gaps[side]))
		conn_history_add(table, conn, side, 'G');
	if (conn_subscribed(table, CONN_EVENT_CONTENT_GAP))
		conn_event_gap(table, conn, side, position, length);
}

static bool has_ranges(const struct conn_extension *extension, unsigned side)
{
	return extension != NULL && extension->range[side] != CONN_NO_EXTENSION;
}

static void range_drop_first(struct conn_table *table, struct conn_extension *extension,
			     unsigned side)
{
	uint32_t index = extension->range[side];
	struct conn_range *range = &table->pool.range[index];

	extension->range[side] = range->next;
	extension->range_bytes[side] -= range->to - range->from;
	extension->range_count[side]--;
	conn_range_give(&table->pool, index);
}

static void give_up(struct conn_table *table, struct conn *conn, unsigned side)
{
	struct conn_extension *extension = conn_extension_get(table, conn);

	conn->end[side].gave_up = 1;
	while (has_ranges(extension, side))
		range_drop_first(table, extension, side);
}

// Joins the ranges that begin at or below `in_order`; returns where the stream is whole now.
static uint64_t absorb(struct conn_table *table, struct conn *conn, unsigned side,
		       uint64_t in_order)
{
	struct conn_extension *extension = conn_extension_get(table, conn);

	while (has_ranges(extension, side)) {
		const struct conn_range *range = &table->pool.range[extension->range[side]];

		if (range->from > in_order)
			break;
		if (range->to > in_order)
			in_order = range->to;
		range_drop_first(table, extension, side);
	}
	return in_order;
}

// Remembers [from, to), which lies ahead of a hole, merged with what it touches. False when there
// is no memory for it.
static bool range_add(struct conn_table *table, struct conn *conn, unsigned side, uint64_t from,
		      uint64_t to)
{
	struct conn_extension *extension = conn_extension_need(table, conn);
	struct conn_pool *pool = &table->pool;
	uint32_t *link, index;

	if (extension == NULL)
		return false;
	link = &extension->range[side];
	if (has_ranges(extension, side) && pool->range[extension->range_last[side]].to < from)
		link = &pool->range[extension->range_last[side]].next;
	while (*link != CONN_NO_EXTENSION && pool->range[*link].to < from)
		link = &pool->range[*link].next;
	// Whatever overlaps or touches becomes part of the new range.
	while (*link != CONN_NO_EXTENSION && pool->range[*link].from <= to) {
		struct conn_range *range = &pool->range[index = *link];

		from = range->from < from ? range->from : from;
		to = range->to > to ? range->to : to;
		*link = range->next;
		extension->range_bytes[side] -= range->to - range->from;
		extension->range_count[side]--;
		conn_range_give(pool, index);
	}
	if (extension->range_count[side] == CONN_RANGES_MOST)
		return false;
	index = conn_range_take(pool);
	if (index == CONN_NO_EXTENSION) {
		table->counters.extension_short++;
		return false;
	}
	pool->range[index] = (struct conn_range){.from = from, .to = to, .next = *link};
	if (*link == CONN_NO_EXTENSION)
		extension->range_last[side] = index;
	*link = index;
	extension->range_bytes[side] += to - from;
	extension->range_count[side]++;
	return true;
}

// The end of the last range; there must be one.
static uint64_t highest(const struct conn_table *table, const struct conn_extension *extension,
			unsigned side)
{
	return table->pool.range[extension->range_last[side]].to;
}

// Zeek stops reassembling a side that nobody acknowledges, or that runs too far ahead of its
// acknowledgements.
static void check_limits(struct conn_table *table, struct conn *conn, unsigned side,
			 uint64_t in_order)
{
	const struct conn_extension *extension = conn_extension_get(table, conn);
	uint64_t held = in_order - trimmed_position(conn, side, in_order);

	if (has_ranges(extension, side)) {
		held += extension->range_bytes[side];
		if (nothing_acked(table, conn, side) &&
		    highest(table, extension, side) - in_order > TCP_NEVER_ACKED_MOST)
			give_up(table, conn, side);
	}
	if (held > TCP_UNACKED_MOST)
		give_up(table, conn, side);
}

// Does [position, to), below what came last, bring something that was missing? Then it is out of
// order, not retransmitted.
static void count_out_of_order(struct conn_table *table, struct conn *conn, unsigned side,
			       uint64_t position, uint64_t to)
{
	struct conn_extension *extension = conn_extension_get(table, conn);
	uint64_t whole = in_order_position(table, conn, side);

	if (to <= whole || !has_ranges(extension, side) || to > highest(table, extension, side))
		return;
	if (position < whole)
		position = whole;
	for (uint32_t at = extension->range[side]; at != CONN_NO_EXTENSION;
	     at = table->pool.range[at].next) {
		if (position >= table->pool.range[at].from && to <= table->pool.range[at].to)
			return;
	}
	extension->out_of_order[side]++;
}

uint32_t tcp_stream_data(struct conn_table *table, struct conn *conn, unsigned side,
			 uint64_t position, uint32_t length)
{
	struct conn_endpoint *end = &conn->end[side];
	uint64_t to = position + length, in_order, least;
	uint32_t fresh = 0;

	if (end->gave_up)
		return 0;
	in_order = in_order_position(table, conn, side);
	least = acked_position(table, conn, side);
	if (least < trimmed_position(conn, side, in_order))
		least = trimmed_position(conn, side, in_order);
	if (to <= least)
		return 0;
	if (position < least)
		position = least;
	if (__builtin_expect(table->settings.count_segments, 0))
		count_out_of_order(table, conn, side, position, to);
	if (position > in_order) {
		end->watched = 0;
		if (!range_add(table, conn, side, position, to))
			give_up(table, conn, side);
	} else if (to > in_order) {
		fresh = (uint32_t)(to - in_order);
		in_order = to;
		if (__builtin_expect(conn_extension_get(table, conn) != NULL, 0))
			in_order = absorb(table, conn, side, in_order);
		end->in_order = (uint32_t)in_order;
		// Data that nobody acknowledges, because that direction is not seen, is let go.
		if (nothing_acked(table, conn, side) &&
		    tcp_stream_size(table, conn, side) > TCP_NEVER_ACKED_MOST)
			end->trimmed = (uint32_t)in_order;
	}
	check_limits(table, conn, side, in_order);
	return fresh;
}

// Declares the holes below `position` as gaps and moves the point up to which the stream is whole
// there.
static uint64_t skip_holes(struct conn_table *table, struct conn *conn, unsigned side,
			   uint64_t in_order, uint64_t position)
{
	struct conn_extension *extension = conn_extension_get(table, conn);

	// The first number of a partial connection is a guess that may be one off: no gap, and no
	// step either.
	if (position <= 2 && conn_flag(conn, CONN_PARTIAL))
		return in_order;
	while (!conn->end[side].gave_up && has_ranges(extension, side)) {
		const struct conn_range *range = &table->pool.range[extension->range[side]];
		uint64_t from = range->from;

		if (from >= position)
			break;
		gap(table, conn, side, in_order, from - in_order);
		in_order = absorb(table, conn, side, from);
	}
	if (position > in_order) {
		if (!conn->end[side].gave_up)
			gap(table, conn, side, in_order, position - in_order);
		in_order = absorb(table, conn, side, position);
	}
	return in_order;
}

void tcp_stream_acked(struct conn_table *table, struct conn *conn, unsigned side, uint64_t position)
{
	struct conn_endpoint *end = &conn->end[side];
	uint64_t in_order = in_order_position(table, conn, side);

	if (end->fin) {
		uint64_t fin = tcp_stream_fin(table, conn, side);

		if (fin > 0 && position >= fin)
			position = fin - 1;
	}
	if (position <= trimmed_position(conn, side, in_order))
		return;
	if (position > in_order) {
		end->watched = 0;
		end->in_order = (uint32_t)skip_holes(table, conn, side, in_order, position);
	}
	end->trimmed = (uint32_t)position;
}

// Does the other side's stream hold anything that was not acknowledged yet?
static bool holds_data(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	uint64_t in_order;

	if (conn->end[side].gave_up)
		return false;
	if (has_ranges(conn_extension_get(table, conn), side))
		return true;
	in_order = in_order_position(table, conn, side);
	return in_order > trimmed_position(conn, side, in_order);
}

bool tcp_stream_pending(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	const struct conn_endpoint *end = &conn->end[side];
	uint64_t last = last_position(table, conn, side);
	uint64_t in_order = in_order_position(table, conn, side);

	// A FIN takes one number beyond the data.
	if (!end->gave_up && last > in_order + 1)
		return true;
	return end->state != TCP_RESET && holds_data(table, conn, side ^ 1);
}
