/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// Counters that one thread writes and others read, a little late. No lock: a single aligned word is
// never torn.

// What became of the frames so far. Written by whoever decodes.
struct capture_counters {
	uint64_t received;
	uint64_t
		unpacked; // packets found inside others: in tunnels, and in frames that carry several
	uint64_t bytes;   // on the wire
	uint64_t left;    // received and not looked at: a replay that only receives
	uint64_t verdict[PACKET_VERDICT_COUNT];
};

// What a worker tells about itself, besides its connection table's counters.
struct worker_counters {
	struct capture_counters capture; // with files the reader counts all but what is in tunnels
	// Packets given to the worker that owns their connection, and taken from others.
	_Atomic uint64_t handed_out;
	_Atomic uint64_t handed_in;
	uint64_t handoff_full; // packets lost because that worker did not keep up
	uint64_t channel_full; // times that a finished connection had to wait for the control core
	uint64_t events_lost;  // events for which the control core had no room, live only
	uint64_t records_lost; // the same for lines of watch.log
	uint64_t longest_turn; // ns that one round of the poll loop took at most; not with files
	_Atomic uint64_t time; // where the worker is in packet time, ns
	atomic_bool receiving; // may still hand packets over
	atomic_bool done;      // has sent its last connection
};
