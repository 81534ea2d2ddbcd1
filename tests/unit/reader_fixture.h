/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_reader.h"

#include "conn_fixture.h"

// A table whose timers run as in live input, which nobody but the test reads.
static inline int reading_start(void **state)
{
	struct tracking *tracking;

	tracking_create(state);
	tracking = *state;
	tracking->settings.exact_time = false;
	tracking_start(tracking, NULL);
	return 0;
}

static inline struct conn_reader *reader_of(const struct tracking *tracking)
{
	struct conn_reader *reader = conn_reader_create(tracking->table);

	assert_non_null(reader);
	return reader;
}

// The slot of the connection that the packet made last belongs to.
static inline uint32_t slot_of(struct tracking *tracking)
{
	return conn_slot(tracking->table, conn_of(tracking));
}

static inline bool equal_uid(struct uid a, struct uid b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static inline void assert_same_sides(const struct conn_summary *a, const struct conn_summary *b)
{
	assert_memory_equal(a->bytes, b->bytes, sizeof(a->bytes));
	assert_memory_equal(a->packets, b->packets, sizeof(a->packets));
	assert_memory_equal(a->ip_bytes, b->ip_bytes, sizeof(a->ip_bytes));
	assert_memory_equal(a->address, b->address, sizeof(a->address));
	assert_memory_equal(a->port, b->port, sizeof(a->port));
	assert_memory_equal(a->vlan, b->vlan, sizeof(a->vlan));
	assert_memory_equal(a->round_trip, b->round_trip, sizeof(a->round_trip));
	assert_memory_equal(a->retransmitted, b->retransmitted, sizeof(a->retransmitted));
	assert_memory_equal(a->out_of_order, b->out_of_order, sizeof(a->out_of_order));
	assert_memory_equal(a->zero_windows, b->zero_windows, sizeof(a->zero_windows));
	assert_int_equal(a->linked, b->linked);
	if (a->linked)
		assert_memory_equal(a->mac, b->mac, sizeof(a->mac));
}

// All but when and why it was removed.
static inline void assert_same(const struct conn_summary *a, const struct conn_summary *b)
{
	assert_int_equal(a->time, b->time);
	assert_int_equal(a->duration, b->duration);
	assert_int_equal(a->missed_bytes, b->missed_bytes);
	assert_true(equal_uid(a->uid, b->uid));
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->one_way, b->one_way);
	assert_int_equal(a->history_length, b->history_length);
	assert_memory_equal(a->history, b->history, a->history_length);
	assert_int_equal(a->parents, b->parents);
	assert_memory_equal(a->parent, b->parent, a->parents * sizeof(a->parent[0]));
	assert_same_sides(a, b);
}

// A packet of `client` in a tunnel: its connection has an extension.
static inline void open_in_tunnel(struct tracking *tracking, uint32_t client)
{
	struct packet *packet = packet_between(tracking, PACKET_UDP, client, 1000, 9, 2000);

	packet->stack = client;
	packet->parent = (struct uid){.salt = 9, .place = {client, 8}};
	packet->depth = 1;
	packet->innermost = PACKET_TUNNEL_VXLAN;
	track(tracking);
}
