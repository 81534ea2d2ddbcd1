/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

// Of a watched connection the counters' base moves on, and whoever watches is to look.
static void carry_watched(struct conn_table *table, struct conn *conn, unsigned side,
			  uint32_t ip_length)
{
	struct conn_watch *watch = &table->watch[conn_slot(table, conn)];

	if (conn->packets[side] == 0)
		watch->packets[side] += UINT64_C(1) << 32;
	if (conn->ip_bytes[side] < ip_length)
		watch->ip_bytes[side] += UINT64_C(1) << 32;
	conn_changed(table, conn);
	conn_event_raise(table, conn, CONN_EVENT_CHECK, side);
}

// The upper halves of the counters, which change once in 2^32. Those of bytes have 16 bits in the
// rare part, and, once in 281 TB, which a tunnel between two sites carries in days, 16 in the
// extension.
void conn_count_carry(struct conn_table *table, struct conn *conn, unsigned side,
		      uint32_t ip_length)
{
	struct conn_extension *extension;
	struct conn_rare *rare;

	if (conn_cold(table, conn)->watched) {
		carry_watched(table, conn, side, ip_length);
		return;
	}
	rare = conn_rare(table, conn);
	if (conn->packets[side] == 0)
		rare->packets_high[side]++;
	if (conn->ip_bytes[side] >= ip_length || ++rare->ip_bytes_high[side] != 0)
		return;
	extension = conn_extension_need(table, conn);
	if (extension != NULL)
		extension->ip_bytes_top[side]++;
}
