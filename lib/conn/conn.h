/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"
#include "packet/packet.h"
#include "wheel/wheel.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

// The record of a live connection. It has a hot part, two cache lines that every packet needs, a
// cold line for what happens once or a few times, and a rare part for what most connections never
// need, so that it stays untouched; they lie in arrays with the same index, the slot. What only few
// connections need (holes in the stream, a long history) is in an extension, see conn_extension.h.
//
//   hot, line 0:  | key 38 | flags 2 | last 8 | wheel node 16 |          looked up, and when it is due
//   hot, line 1:  | originator 24 | responder 24 | packets 8 | IP bytes 8 |
//   cold, line 2: | first 8 | timers 16 | extension, use 8 | FINs 8 | round trips 8 | wraps 4 | history 12 |
//   rare, 32:     | high halves of counters 8 | wraps 4 | letter counts 12 | RSTs 8 |
//   watch, 64:    what somebody is to be told of, see conn_watch.h
//   link, 8:      | neighbours in a list |
//
// Written by the worker that owns the connection, and by nobody else. The originator may become the
// responder ("flip"): then the two endpoints are swapped.

// conn->key.flags
enum conn_flag {
	CONN_ORIG_END = 0x0001, // which end of the key is the originator
	CONN_EVENTS_ACTIVE =
		0x0002,        // TCP: the attempt and expire timers still act (spec: events active)
	CONN_PARTIAL = 0x0004, // TCP: the opening was not seen
	CONN_SEEN_ORIG = 0x0008, // TCP: the first packet of the originator was accepted
	CONN_SEEN_RESP = 0x0010,
	CONN_CLOSE_DEFERRED = 0x0020, // TCP: a close waits until the stream is complete
	CONN_FINISH_WANTED = 0x0040,  // TCP: that close is to raise the finish event
	CONN_CLOSING = 0x0080,        // TCP: due[0] is the delay after the close
	CONN_HALF_OPEN = 0x0100,      // in the list of those that are evicted first
	CONN_FLIPPED_LATE =
		0x0200, // a protocol's own messages already decided who is the originator
	CONN_LIVE = 0x0400,
	CONN_ANSWERED = 0x0800,  // TCP: the first ACK of the originator was seen
	CONN_TIMEOUT_SHIFT = 12, // three bits: enum conn_timeout
	CONN_TIMEOUT_MASK = 0x7000,
	CONN_EXTENDED = 0x8000, // has an extension

	// UDP has no close: there the bits say that these are no tunnels after all.
	CONN_NO_TUNNEL = CONN_CLOSE_DEFERRED,
	CONN_NO_AYIYA = CONN_FINISH_WANTED,
};

// Which inactivity time applies.
enum conn_timeout {
	CONN_TIMEOUT_TCP_HANDSHAKE,
	CONN_TIMEOUT_TCP,
	CONN_TIMEOUT_TCP_LONG,
	CONN_TIMEOUT_UDP,
	CONN_TIMEOUT_ICMP,
	CONN_TIMEOUT_OTHER,
	CONN_TIMEOUT_COUNT
};

// Endpoint states are Zeek's (spec-conn 3.1): what one side did so far, as far as it was seen.
enum tcp_state {
	TCP_INACTIVE,
	TCP_SYN_SENT,
	TCP_SYN_ACK_SENT,
	TCP_PARTIAL,
	TCP_ESTABLISHED,
	TCP_CLOSED,
	TCP_RESET,
};

// History letters that are recorded once per direction.
enum conn_letter {
	CONN_LETTER_SYN = 0x01, // S or H
	CONN_LETTER_FIN = 0x02,
	CONN_LETTER_RST = 0x04,
	CONN_LETTER_DATA = 0x08,
	CONN_LETTER_ACK = 0x10,
	CONN_LETTER_MIXED = 0x20, // I or Q
	CONN_LETTER_LIMIT = 0x40, // X, kept with the originator's for both
};

// Positions are as in spec-conn 2.2: `start` is the number of the SYN, `last` one past the last
// segment, `acked` the highest acknowledgement by the peer, all absolute; `in_order` and `trimmed`
// are relative to start, their lower halves.
struct conn_endpoint {
	union {
		struct {
			uint32_t start;
			uint32_t last;
			uint32_t acked;
			uint32_t in_order; // the stream is whole below this
			uint32_t trimmed;  // and acknowledged, so forgotten, below this
		};
		struct {
			// Payload in bytes, -1 before the first datagram; in two halves to keep the
			// endpoint at 24 bytes.
			uint32_t payload_low;
			int32_t payload_high;
		};
	};
	uint8_t state : 3;    // enum tcp_state
	uint8_t previous : 3; // the state before the last change
	uint8_t closed : 1;   // close processing was completed
	uint8_t ended : 1;    // end of stream was reached
	uint8_t fin : 1;      // a FIN was seen
	uint8_t gave_up : 1;  // reassembly stopped
	uint8_t wrapped : 1;  // the cold wrap counters are not zero
	uint8_t watched : 1;  // its messages are read, see content.h
	uint8_t plain : 1;    // nothing but a packet itself can make it special, see tcp_plain.h
	// In both endpoints: each packet is looked at closer. It was seen in a tunnel once, or somebody
	// wants its packets.
	uint8_t closer : 1;
	uint8_t holes : 1; // payload waits, in the extension, for a hole to be filled
	uint8_t tidy : 1;  // its FIN is the end of the stream: at in_order, and last is behind it
	uint8_t letters;   // enum conn_letter; belongs to the direction, not to the endpoint
	uint8_t retransmitted; // lower byte of the count of retransmissions
};

static_assert(sizeof(struct conn_endpoint) == 24,
	      "two endpoints and their counters fill a cache line");

struct conn {
	struct packet_key key;
	uint64_t last; // time of the last packet that counted, ns
	struct wheel_node wheel;
	struct conn_endpoint end[2]; // [CONN_ORIG], [CONN_RESP]
	uint32_t packets[2];         // lower halves, or as conn_watch_arm() set them
	uint32_t ip_bytes[2];
} __attribute__((aligned(64)));

static_assert(sizeof(struct conn) == 128, "a record's hot part is two cache lines");
static_assert(offsetof(struct conn, end) == 64, "the endpoints begin the second cache line");

#define CONN_NO_EXTENSION   UINT32_MAX
#define CONN_HISTORY_INLINE 11

// Kinds of events whose letter is repeated at 1, 10, 100, ... occurrences.
enum conn_scaled { CONN_BAD_CHECKSUM, CONN_ZERO_WINDOW, CONN_RETRANSMISSION, CONN_SCALED_COUNT };

struct conn_cold {
	uint64_t first;           // time of the creating packet, ns
	uint64_t due[2];          // see conn_timer.c
	uint32_t extension;       // index, or CONN_NO_EXTENSION
	uint32_t generation;      // how often the slot was used
	uint32_t fin_position[2]; // relative, of the end of the last FIN's payload
	uint32_t round_trip[2];   // of the TCP handshake, us; 0: unknown
	uint16_t last_wraps[2];   // how often `last` passed 2^32
	uint8_t history_length : 6;
	uint8_t watched : 1; // has a struct conn_watch
	uint8_t rare : 1; // the rare part is in use; else it holds what an earlier connection left
	char history[CONN_HISTORY_INLINE];
} __attribute__((aligned(64)));

static_assert(sizeof(struct conn_cold) == 64, "a record's cold part is one cache line");

struct conn_rare {
	uint16_t ip_bytes_high[2];
	uint16_t packets_high[2];
	uint16_t acked_wraps[2];               // how often `acked` passed 2^32
	uint16_t scaled[CONN_SCALED_COUNT][2]; // lower halves; what is above goes to the extension
	uint32_t rst_position[2];              // relative, of the last RST
};

static_assert(sizeof(struct conn_rare) == 32, "two in a cache line");

// Neighbours in the list of half-open or of closing connections. In an array of their own, which is
// small enough to stay near: whoever is taken out of a list changes two others.
struct conn_link {
	uint32_t older, newer;
};

static_assert(sizeof(struct conn) + sizeof(struct conn_cold) + sizeof(struct conn_rare) +
			      sizeof(struct conn_link) <=
		      232,
	      "with the index, 256 bytes a connection");
