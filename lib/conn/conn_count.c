/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

// The next 32 bits of the count of bytes: 16 in the cold part, and, once in 281 TB, which a tunnel
// between two sites carries in days, 16 in the extension.
static __attribute__((noinline, cold)) void carry_bytes(struct conn_table *table, struct conn *conn,
							unsigned side)
{
	struct conn_extension *extension;

	if (++conn_cold(table, conn)->ip_bytes_high[side] != 0)
		return;
	extension = conn_extension_need(table, conn);
	if (extension != NULL)
		extension->ip_bytes_top[side]++;
}

void conn_count(struct conn_table *table, struct conn *conn, unsigned side, uint32_t ip_length)
{
	conn->packets[side]++;
	conn->ip_bytes[side] += ip_length;
	// The upper halves are in the cold part: they change once in 2^32.
	if (__builtin_expect(conn->packets[side] == 0, 0))
		conn_cold(table, conn)->packets_high[side]++;
	if (__builtin_expect(conn->ip_bytes[side] < ip_length, 0))
		carry_bytes(table, conn, side);
}
