/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

void conn_count(struct conn_table *table, struct conn *conn, unsigned side, uint32_t ip_length)
{
	conn->packets[side]++;
	conn->ip_bytes[side] += ip_length;
	// The upper halves are in the cold part: they change once in 2^32.
	if (__builtin_expect(conn->packets[side] == 0, 0))
		conn_cold(table, conn)->packets_high[side]++;
	if (__builtin_expect(conn->ip_bytes[side] < ip_length, 0))
		conn_cold(table, conn)->ip_bytes_high[side]++;
}
