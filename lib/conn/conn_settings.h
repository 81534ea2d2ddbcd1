/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/uid.h"
#include "conn/conn.h"
#include "conn/conn_event.h"
#include "packet/packet_key.h"

#include <stdbool.h>
#include <stdint.h>

// One bit for each port.
struct conn_ports {
	uint64_t bit[1024];
};

static inline bool conn_ports_contain(const struct conn_ports *ports, uint16_t port)
{
	return ports->bit[port / 64] >> (port % 64) & 1;
}

// Called for each packet whose `may_carry` is set, after it was tracked or left to another worker.
// `ours`: it was tracked here, and `kind` says what tunnel it is in the connection named `uid`
// (PACKET_TUNNEL_NONE: none). May call conn_track() for what is inside.
typedef void (*conn_carrier_function)(void *context, const struct packet *packet, bool ours,
				      enum packet_tunnel kind, struct uid uid);

// Gets each event that is subscribed to, on the worker.
typedef void (*conn_event_function)(void *context, const struct conn_event *event);

struct conn_table;
struct conn_watcher;

// How many timers run before and after a packet when they are limited.
struct conn_turn {
	size_t before;
	size_t after;
	bool more; // some are left for the next packet
};

// Has all workers agree on that, so that the limit is one for all of them together; see
// conn_table_due().
typedef void (*conn_agree_function)(void *context, struct conn_table *table,
				    struct conn_turn *turn);

// TCP ports of responders with an inactivity time of their own, ns.
struct conn_port_span {
	uint16_t first, last;
	uint64_t span;
};

// What a table needs to know; but for what lib/watch changes (events, inactivity times of ports)
// immutable while the table lives. Spans in ns; an inactivity time of 0
// means never.
struct conn_settings {
	uint32_t maximum; // live connections in this table
	bool hugepages;   // take reserved huge pages when there are enough
	bool exact_time;  // timers in order and to the nanosecond: input from files
	// Exact time only. Zeek runs at most so many timers before a packet, and as many after it;
	// the rest wait for the next one. 0: all run.
	uint32_t timers_a_packet;
	conn_agree_function agree; // NULL: there is one worker
	void *agree_context;
	uint8_t worker; // for the uids
	struct uid_key uid_key;
	uint64_t secret[PACKET_SECRET_WORDS]; // the one that packets were hashed with
	uint64_t inactivity[CONN_TIMEOUT_COUNT];
	uint64_t tcp_attempt_delay;
	uint64_t tcp_syn_timeout;
	uint64_t tcp_session_timer;
	uint64_t tcp_connection_linger;
	uint64_t tcp_close_delay;
	// These exist only while somebody is subscribed to the event that they serve.
	uint64_t tcp_reset_delay;                   // connection_reset
	uint64_t tcp_partial_close_delay;           // connection_partial_close
	uint64_t connection_status_update_interval; // the event of that name; 0: never
	uint64_t dns_session_timeout;
	bool keep_link;            // link addresses and tags of each connection are wanted
	bool count_segments;       // so are segments that were retransmitted or came out of order
	uint32_t events;           // subscriptions: bit 1 << enum conn_event_kind
	conn_event_function event; // without `watcher`
	void *event_context;
	const struct conn_watcher *watcher;   // NULL: nobody watches a connection
	const struct packet_tunnels *tunnels; // NULL: none are opened
	conn_carrier_function carrier;        // NULL: none are opened
	void *carrier_context;
	struct conn_ports long_lived_tcp; // responder ports that get CONN_TIMEOUT_TCP_LONG
	// Those of them that get something else.
	const struct conn_port_span *port_spans;
	size_t port_span_count;
	struct conn_ports likely_server_tcp;
	struct conn_ports likely_server_udp;
};
