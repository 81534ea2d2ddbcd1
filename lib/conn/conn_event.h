/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

// What can happen to a connection. Names, and when each is raised, are Zeek's (spec-conn 6).
enum conn_event_kind {
	CONN_EVENT_NEW,
	CONN_EVENT_ATTEMPT,
	CONN_EVENT_ESTABLISHED,
	CONN_EVENT_PARTIAL,
	CONN_EVENT_FIRST_ACK,
	CONN_EVENT_REJECTED,
	CONN_EVENT_RESET,
	CONN_EVENT_HALF_FINISHED,
	CONN_EVENT_FINISHED,
	CONN_EVENT_PARTIAL_CLOSE,
	CONN_EVENT_PENDING,
	CONN_EVENT_TIMEOUT,
	CONN_EVENT_STATUS_UPDATE,
	CONN_EVENT_FLIPPED,
	CONN_EVENT_EOF,
	CONN_EVENT_REUSED,
	CONN_EVENT_STATE_REMOVE,
	CONN_EVENT_SYN_PACKET,
	CONN_EVENT_CONTENT_GAP,
	CONN_EVENT_TUNNEL_CHANGED,
	CONN_EVENT_BYTES_THRESHOLD,
	CONN_EVENT_PACKETS_THRESHOLD,
	CONN_EVENT_DURATION_THRESHOLD,
	CONN_EVENT_GENERIC_THRESHOLD,
	CONN_EVENT_POLL,
	CONN_EVENT_COUNT,
	// Never leaves its worker: a counter came to where conn_watch_arm() set it.
	CONN_EVENT_CHECK = CONN_EVENT_COUNT
};

static_assert(CONN_EVENT_COUNT < 32, "subscriptions are one bit each");

// An event, by value: what a worker sends to the control core for one line of events.log. Written
// by the worker that owns the connection, read by the control core only.
struct conn_event {
	uint64_t time;             // packet time at which it was raised, ns since 1970
	struct address address[2]; // [CONN_ORIG] and [CONN_RESP]
	uint16_t port[2];
	uint8_t protocol;
	uint8_t kind;  // enum conn_event_kind
	uint8_t side;  // CONN_EVENT_EOF, CONN_EVENT_CONTENT_GAP, thresholds of a side: of whom
	uint8_t state; // CONN_EVENT_STATE_REMOVE: enum conn_state, enum conn_reason and the history
	uint8_t reason;
	uint8_t history_length;
	uint16_t name; // thresholds and polls: whose rule, see watch_name.h; 0: no rule
	struct uid uid;
	uint32_t slot;     // tells connections apart while the event is with its worker
	bool wanted;       // for events.log, whatever is subscribed to: by a rule or request
	uint64_t position; // CONN_EVENT_CONTENT_GAP: of its first byte; 1 is the first of the data;
			   // CONN_EVENT_POLL: what was looked at, enum watch_feature
	uint64_t length;   // and how many bytes; thresholds and polls: the value
	char history[CONN_HISTORY_SIZE];
};

static_assert(sizeof(struct conn_event) == 200, "an event travels by value over a ring");

// Zeek's name of an event. Any thread.
const char *conn_event_name(enum conn_event_kind kind);
