/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

// Traces that are loaded into memory once and then fed to the workers as fast as these take them, a
// number of rounds over: what a machine can do, without a card.
//
//   frames:      | worker 0: descriptor, descriptor, ... | worker 1: ... |    in order of time
//   descriptor:  | time 8 | data 8 | captured 4 | length 4 | link 2 | where the addresses are 2 | checksum 2 | IPv6 1 |
//   data:        the bytes of all frames, in blocks
//
// Nothing is copied for a worker. Each worker alone reads its descriptors, and writes the addresses
// (and checksums) in its frames: each round has other ones. All packets between two hosts,
// fragments and tunnels among them, go to the same worker.
struct replay;

struct replay_settings {
	const char *const *paths;
	uint32_t path_count;
	uint32_t workers;
	uint32_t rounds;       // 0: until replay_stop()
	uint32_t opening;      // packets at the beginning that only the first round has
	bool new_addresses;    // in each round after the first
	bool ignore_checksums; // they need not be kept right, then
	bool hugepages;
};

// Loads the traces, which takes as long as reading them. NULL with a message. Start-up only.
struct replay *replay_create(const struct replay_settings *settings);
void replay_destroy(struct replay *replay);

// The next frames of `worker`, at most `most`; their bytes stay until its next call. Returns how
// many; 0 at the end. That worker only.
uint32_t replay_burst(struct replay *replay, uint32_t worker, struct packet_frame *frames,
		      uint32_t most);

// Ends the replay: all bursts from now on are empty. Any thread, also from a signal handler.
void replay_stop(struct replay *replay);

// How much of all rounds is done, from 0 to 1, below 0 when they have no end. Any thread.
double replay_progress(const struct replay *replay);

// Traces that could not be read to their end. Any time after replay_create().
uint32_t replay_failures(const struct replay *replay);
