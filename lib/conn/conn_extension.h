/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn.h"

#include <stdbool.h>
#include <stdint.h>

// What only few connections need, from pools of fixed size that a table has to itself.
//
//   extension: | missed 8 | per side: ranges, gaps, high halves, SYN | more history | tunnels |
//              | link addresses, tags | deadlines of subscribers | where readers of the streams are |
//   range:     | from 8 | to 8 | next 4 |    payload that arrived ahead of a hole; numbers, never bytes
//
// Same owner as the connection.

struct conn_range {
	uint64_t from, to; // relative positions, [from, to)
	uint32_t next;     // index, or CONN_NO_EXTENSION
};

// Deadlines that exist only while somebody is subscribed to the event that they serve.
enum conn_due { CONN_DUE_RESET, CONN_DUE_PARTIAL_CLOSE, CONN_DUE_STATUS_UPDATE, CONN_DUE_COUNT };

// Where a reader of one side's stream is; see content.h. Each protocol uses what it needs.
struct content_state {
	uint32_t left;  // bytes of the message at hand that are still to come
	uint32_t total; // of the message, line or list
	uint16_t names; // in the list
	uint8_t have;   // bytes in `head`
	uint8_t phase;
	uint8_t list;
	uint8_t over;     // a limit was passed
	uint8_t head[14]; // beginning of the message
};

struct conn_extension {
	uint64_t missed;         // bytes in gaps
	uint64_t range_bytes[2]; // sum over the ranges
	uint32_t range[2];       // first range of each side's stream, in order of position
	uint32_t range_last[2];  // and last one: most arrive in order
	uint32_t range_count[2];
	uint32_t gaps[2];
	uint32_t syn_position[2]; // relative, of the last SYN, when it was not at 0
	// Of what history counts as retransmitted: what filled a hole, and what only looks like it.
	uint32_t out_of_order[2];
	uint32_t excused[2];
	uint8_t mac[2][6]; // link addresses of the two sides, from the first packet; 0: unknown
	uint16_t vlan[2];
	uint16_t ip_bytes_top[2];     // bits 48 to 63; what is below is in the record
	uint64_t due[CONN_DUE_COUNT]; // see conn_timer.c
	uint64_t stack;               // tunnels around its latest packet, as in struct packet
	uint16_t scaled_high[CONN_SCALED_COUNT][2];
	struct content_state content[2];
	uint8_t content_kind;
	uint8_t tunnel_changes;
	uint8_t parents; // how many are in `parent`
	uint8_t history_length;
	char history[CONN_HISTORY_SIZE - CONN_HISTORY_INLINE];
	struct uid parent[CONN_PARENTS_MOST]; // innermost tunnels that it was seen in
};

// Free elements are linked through their first word; those from `fresh` on were never used.
struct conn_pool {
	struct conn_extension *extension;
	struct conn_range *range;
	uint32_t extension_free, extension_fresh, extension_end;
	uint32_t range_free, range_fresh, range_end;
};

// A side with more ranges than this counts as given up: each packet that fills a hole walks over
// them, so that somebody who makes holes on purpose must not make many.
#define CONN_RANGES_MOST 256

struct conn_table;

// Makes pools for that many connections, finished ones that wait to be logged among them. Returns 0
// or -ENOMEM.
int conn_pool_create(struct conn_pool *pool, uint32_t connections, bool hugepages);
void conn_pool_destroy(struct conn_pool *pool);

// The connection's extension, or NULL if it has none.
struct conn_extension *conn_extension_get(const struct conn_table *table, const struct conn *conn);

// The same, made when there is none; NULL, counted, when the pool is empty.
struct conn_extension *conn_extension_need(struct conn_table *table, struct conn *conn);

// Gives the extension and its ranges back.
void conn_extension_release(struct conn_table *table, struct conn *conn);

uint32_t conn_range_take(struct conn_pool *pool);
void conn_range_give(struct conn_pool *pool, uint32_t index);
