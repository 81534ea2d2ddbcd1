/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"
#include "base/uid.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How the connection looked when it was removed; names and meaning are Zeek's.
enum conn_state {
	CONN_STATE_S0,
	CONN_STATE_S1,
	CONN_STATE_S2,
	CONN_STATE_S3,
	CONN_STATE_SF,
	CONN_STATE_REJ,
	CONN_STATE_RSTO,
	CONN_STATE_RSTR,
	CONN_STATE_RSTOS0,
	CONN_STATE_RSTRH,
	CONN_STATE_SH,
	CONN_STATE_SHR,
	CONN_STATE_OTH,
	CONN_STATE_COUNT
};

// Why it was removed.
enum conn_reason {
	CONN_REASON_INACTIVE,      // nothing happened for the inactivity time
	CONN_REASON_ATTEMPT,       // nobody answered the SYN
	CONN_REASON_EXPIRED,       // half closed, reset or one-sided, and quiet
	CONN_REASON_CLOSED,        // both sides closed it, or one did and the other never spoke
	CONN_REASON_RESET,         // one side reset it
	CONN_REASON_PARTIAL_CLOSE, // one side closed what was not seen to begin; only with events
	CONN_REASON_SESSION,       // a request-reply protocol's session timer (DNS)
	CONN_REASON_REUSED,        // a new connection on the same tuple
	CONN_REASON_EVICTED,       // the table was full
	CONN_REASON_END,           // end of the input, or shutdown
	CONN_REASON_COUNT
};

enum { CONN_ORIG = 0, CONN_RESP = 1 };

#define CONN_HISTORY_SIZE 112

// Tunnels that a connection may be seen in: the first, and Zeek's
// Tunnel::max_changes_per_connection.
#define CONN_PARENTS_MOST 6

// A finished connection, by value: what a worker sends to the control core for one line of
// conn.log. Written by the worker that owned the connection, right where the control core reads it;
// every cache line changes hands twice on the way, so that what all connections have is in the
// first three. What is not said to be written holds something of an earlier connection.
//
//   line 0, 1:  | times 24 | missed 8 | bytes 16 | packets 16 | IP bytes 16 | addresses 32 | uid 12 | ports 4 |
//   line 2:     | what, how, why 6 | tags 4 | linked 1 | TCP 32 | history 20 ...
//   line 3-5:   ... of 112 | link addresses 12 | parents 72 | 16 to spare |
struct conn_summary {
	uint64_t time;    // of the first packet, ns since 1970
	int64_t duration; // ns; the columns duration, orig_bytes and resp_bytes are unset when it
			  // is <= 0
	uint64_t removed; // when it was removed, ns since 1970, in packet time
	uint64_t missed_bytes;
	uint64_t bytes[2]; // payload; [CONN_ORIG] and [CONN_RESP] here and below
	uint64_t packets[2];
	uint64_t ip_bytes[2];
	struct address address[2];
	struct uid uid;
	uint16_t port[2]; // host byte order; for ICMP the type and the partner type or code
	uint8_t protocol; // number from the IP header
	uint8_t state;    // enum conn_state
	uint8_t reason;   // enum conn_reason
	uint8_t history_length;
	uint8_t parents;        // how many are in `parent`
	uint8_t one_way;        // ICMP without a reply of its own
	uint16_t vlan[2];       // of the first packet; PACKET_NO_VLAN without a tag
	bool linked;            // `mac` was written
	bool noted;             // watchers added notes, which are sent with it
	uint32_t round_trip[2]; // TCP handshake, us: the peer's answer to this side, 0 if unknown
	uint32_t retransmitted[2];            // TCP segments that brought nothing new
	uint32_t out_of_order[2];             // TCP segments that filled a hole
	uint32_t zero_windows[2];             // TCP segments that closed the window
	char history[CONN_HISTORY_SIZE];      // `history_length` letters were written
	uint8_t mac[2][6];                    // 0: unknown
	struct uid parent[CONN_PARENTS_MOST]; // `parents` of them were written
} __attribute__((aligned(64)));

static_assert(offsetof(struct conn_summary, protocol) == 128, "two lines are full before it");
static_assert(offsetof(struct conn_summary, history) + 16 <= 192,
	      "a short history is read by sixteen letters and ends with the third line");
static_assert(sizeof(struct conn_summary) == 384, "summaries begin a line each in their ring");

// Zeek's names: of a state, of a protocol in the column proto; and our words for a reason. Any
// thread.
const char *conn_state_name(enum conn_state state);
const char *conn_transport_name(uint8_t protocol);
const char *conn_reason_name(enum conn_reason reason);
