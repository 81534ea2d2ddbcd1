/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/uid.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

// What the control side may ask of the worker that owns a connection, and what that answers. Both
// travel by value over a ring of their own, in order: one producer, one consumer.

// What a threshold counts. Bytes are those of whole IP packets, as orig_ip_bytes in conn.log.
enum watch_kind {
	WATCH_ORIG_BYTES,
	WATCH_RESP_BYTES,
	WATCH_ORIG_PACKETS,
	WATCH_RESP_PACKETS,
	WATCH_PACKETS,  // of both sides together
	WATCH_DURATION, // ns since the first packet
	WATCH_KIND_COUNT
};

// What a poll looks at.
enum watch_feature {
	WATCH_FEATURE_ORIG_BYTES,
	WATCH_FEATURE_RESP_BYTES,
	WATCH_FEATURE_BYTES,
	WATCH_FEATURE_ORIG_PACKETS,
	WATCH_FEATURE_RESP_PACKETS,
	WATCH_FEATURE_PACKETS,
	WATCH_FEATURE_RATE,        // bytes a second since the last look
	WATCH_FEATURE_PACKET_RATE, // packets a second since the last look
	WATCH_FEATURE_DURATION,    // ns since the first packet, whether there is one now or not
	WATCH_FEATURE_IDLE,        // ns since the last packet
	WATCH_FEATURE_COUNT
};

// What is to happen when a threshold is crossed or a poll finds what it looks for; bits.
enum watch_action {
	WATCH_ACTION_EVENT = 1,   // a line in events.log
	WATCH_ACTION_LOG = 2,     // a line in watch.log: the connection as it is then
	WATCH_ACTION_CAPTURE = 4, // its packets go to a file from then on
};

enum watch_request_kind {
	WATCH_REQUEST_THRESHOLD_ADD,    // value, kind, idle, actions, name
	WATCH_REQUEST_THRESHOLD_DELETE, // value, kind
	WATCH_REQUEST_THRESHOLD_LIST,
	WATCH_REQUEST_POLL_ADD,    // value, kind, interval, repeat, actions, name
	WATCH_REQUEST_POLL_DELETE, // kind, value
	WATCH_REQUEST_POLL_LIST,
	WATCH_REQUEST_INACTIVITY, // value: ns after the last packet; 0: never
};

// For the connection that uid_open() finds behind a uid; of the worker that it names. Every request
// gets one answer or more with its number, the last of them with `more` not set.
struct watch_request {
	uint64_t number;
	uint64_t value;    // in the unit of `kind`; for a poll: found when the feature is above
	uint64_t interval; // poll: ns
	uint32_t slot;
	uint32_t generation;
	uint16_t name;   // number of a name, see watch_name.h; 0: none
	uint8_t request; // enum watch_request_kind
	uint8_t kind;    // enum watch_kind, or enum watch_feature
	uint8_t actions; // enum watch_action
	bool idle;       // duration: also while no packet comes
	bool repeat;     // poll: go on after it was found
	uint8_t spare;
};

static_assert(sizeof(struct watch_request) == 40, "rings copy words of 4 bytes");

struct watch_answer {
	uint64_t number;   // of the request
	uint64_t value;    // lists: as in the request
	uint64_t interval; // lists: of a poll
	uint64_t current;  // lists: how much there is of it now
	// 0; -ENOENT: the connection is over; -ESRCH: it has no such threshold or poll; -EEXIST: it
	// has it already; -ENOSPC: no memory is left for more, or it has 256 of plugins and
	// requests; -EINVAL: there is no such request.
	int32_t status;
	uint16_t name;
	uint8_t kind;
	uint8_t actions;
	bool idle;
	bool repeat;
	bool more;  // a list goes on; this one has an element
	bool fired; // add: the connection was past it already
	uint32_t spare;
};

static_assert(sizeof(struct watch_answer) == 48, "rings copy words of 4 bytes");
