/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/bytes.h"
#include "base/time.h"
#include "conn/conn_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define START (UINT64_C(1700000000) * TIME_SECOND)

// A table, the time, and the packet that was tracked last.
struct tracking {
	struct conn_settings settings;
	struct conn_table *table;
	uint64_t now;
	struct packet packet;
};

static inline struct conn_settings settings_default(void)
{
	struct conn_settings settings = {
		.maximum = 64,
		.exact_time = true,
		.uid_key = {1, {2, 3, 4, 5}},
		.inactivity = {[CONN_TIMEOUT_TCP_HANDSHAKE] = TIME_MINUTE,
			       [CONN_TIMEOUT_TCP] = 5 * TIME_MINUTE,
			       [CONN_TIMEOUT_TCP_LONG] = TIME_HOUR,
			       [CONN_TIMEOUT_UDP] = TIME_MINUTE,
			       [CONN_TIMEOUT_ICMP] = TIME_MINUTE,
			       [CONN_TIMEOUT_OTHER] = TIME_MINUTE},
		.tcp_attempt_delay = 5 * TIME_SECOND,
		.tcp_syn_timeout = 5 * TIME_SECOND,
		.tcp_session_timer = 6 * TIME_SECOND,
		.tcp_connection_linger = 5 * TIME_SECOND,
		.tcp_close_delay = 5 * TIME_SECOND,
		.dns_session_timeout = 10 * TIME_SECOND,
	};

	for (unsigned i = 0; i < PACKET_SECRET_WORDS; i++)
		settings.secret[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
	settings.long_lived_tcp.bit[0] = 1 << 22;
	settings.likely_server_tcp.bit[80 / 64] = UINT64_C(1) << 80 % 64;
	settings.likely_server_udp.bit[0] = UINT64_C(1) << 53;
	return settings;
}

static inline void tracking_start(struct tracking *tracking, conn_reclaim_function reclaim)
{
	tracking->table = conn_table_create(&tracking->settings, reclaim);
	assert_non_null(tracking->table);
	tracking->now = START;
}

static inline int tracking_create(void **state)
{
	struct tracking *tracking = calloc(1, sizeof(*tracking));

	tracking->settings = settings_default();
	*state = tracking;
	return 0;
}

static inline int tracking_destroy(void **state)
{
	struct tracking *tracking = *state;

	conn_table_destroy(tracking->table);
	free(tracking);
	return 0;
}

// created = finished + waiting + live, and what was removed is what finished or waits.
static inline void assert_books_balance(const struct conn_table *table)
{
	const struct conn_counters *counters = conn_table_counters(table);
	uint64_t removed = 0;

	for (int i = 0; i < CONN_REASON_COUNT; i++)
		removed += counters->removed[i];
	assert_int_equal(counters->created,
			 counters->finished + conn_table_waiting(table) + conn_table_live(table));
	assert_int_equal(removed, counters->finished + conn_table_waiting(table));
	assert_int_equal(counters->evicted, counters->removed[CONN_REASON_EVICTED]);
}

static inline struct address host(uint32_t number)
{
	struct address address = {{[10] = 0xff, [11] = 0xff, [12] = 10}};

	address.byte[13] = (uint8_t)(number >> 16);
	address.byte[14] = (uint8_t)(number >> 8);
	address.byte[15] = (uint8_t)number;
	return address;
}

// Makes tracking->packet one from host `from` to host `to`, with ports, and no payload.
static inline struct packet *packet_between(struct tracking *tracking, uint8_t protocol,
					    uint32_t from, uint16_t from_port, uint32_t to,
					    uint16_t to_port)
{
	struct packet *packet = &tracking->packet;
	bool swap = from > to || (from == to && from_port > to_port);

	*packet = (struct packet){.time = tracking->now, .ip_length = 40, .sender = swap};
	packet->key.address[swap] = host(from);
	packet->key.address[!swap] = host(to);
	packet->key.port[swap] = from_port;
	packet->key.port[!swap] = to_port;
	packet->key.protocol = protocol;
	packet->hash = packet_key_hash(&packet->key, tracking->settings.secret);
	packet->verdict = PACKET_TRACK;
	packet->window = 1000;
	return packet;
}

static inline void track(struct tracking *tracking)
{
	conn_track(tracking->table, &tracking->packet, 1, 0);
	assert_books_balance(tracking->table);
}

static inline void track_udp(struct tracking *tracking, uint32_t from, uint16_t from_port,
			     uint32_t to, uint16_t to_port, uint32_t payload)
{
	struct packet *packet = packet_between(tracking, PACKET_UDP, from, from_port, to, to_port);

	packet->udp_length = (int32_t)payload;
	packet->payload_length = payload;
	packet->ip_length = 28 + payload;
	track(tracking);
}

// A TCP packet from host `from` to host `to`; clients have port 40000, servers (above 1000000)
// port 80.
static inline uint16_t tcp_port(uint32_t number)
{
	return number > 1000000 ? 80 : 40000;
}

#define SERVER(number) (1000000u + (number))

static inline struct packet *tcp_between(struct tracking *tracking, uint32_t from, uint32_t to,
					 uint8_t flags, uint32_t sequence, uint32_t acknowledgement,
					 uint32_t payload)
{
	struct packet *packet = packet_between(tracking, PACKET_TCP, from, tcp_port(from), to,
					       tcp_port(to));

	packet->tcp_flags = flags;
	packet->sequence = sequence;
	packet->acknowledgement = acknowledgement;
	packet->payload_length = packet->payload_captured = payload;
	packet->ip_length = 40 + payload;
	return packet;
}

static inline void track_tcp(struct tracking *tracking, uint32_t from, uint32_t to, uint8_t flags,
			     uint32_t sequence, uint32_t acknowledgement, uint32_t payload)
{
	tcp_between(tracking, from, to, flags, sequence, acknowledgement, payload);
	track(tracking);
}

// Client `client` and its server shake hands; both begin at sequence number 100.
static inline void track_open(struct tracking *tracking, uint32_t client)
{
	track_tcp(tracking, client, SERVER(client), PACKET_TCP_SYN, 100, 0, 0);
	track_tcp(tracking, SERVER(client), client, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101, 0);
	track_tcp(tracking, client, SERVER(client), PACKET_TCP_ACK, 101, 101, 0);
}

static inline void advance(struct tracking *tracking, uint64_t span)
{
	tracking->now += span;
	conn_table_advance(tracking->table, tracking->now, SIZE_MAX);
	assert_books_balance(tracking->table);
}

// The connection that the packet made last belongs to.
static inline struct conn *conn_of(struct tracking *tracking)
{
	struct conn *conn = conn_index_find(tracking->table, &tracking->packet);

	assert_non_null(conn);
	return conn;
}

static inline bool finished(struct tracking *tracking, struct conn_summary *summary)
{
	if (conn_finished_take(tracking->table, summary, 1) == 0)
		return false;
	assert_books_balance(tracking->table);
	return true;
}

static inline void assert_finished(struct tracking *tracking, struct conn_summary *summary)
{
	assert_true(finished(tracking, summary));
}

static inline uint32_t finish_all(struct tracking *tracking)
{
	struct conn_summary summary;
	uint32_t count = 0;

	while (finished(tracking, &summary))
		count++;
	return count;
}

static inline void assert_history(const struct conn_summary *summary, const char *expected)
{
	char text[CONN_HISTORY_SIZE + 1];

	memcpy(text, summary->history, summary->history_length);
	text[summary->history_length] = '\0';
	assert_string_equal(text, expected);
}

// The number of the host that opened it.
static inline uint32_t opener(const struct conn_summary *summary)
{
	return bytes_be32(summary->address[CONN_ORIG].byte + 12) & 0xffffff;
}
