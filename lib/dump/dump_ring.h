/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/uid.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

// A worker's side of captures (dump_put.c): it copies frames into a ring of its own, out of which
// an ordinary thread writes files (dump.h). All of this may be called by the one worker whose ring
// it is, and by nobody else.
struct dump_ring;

#define DUMP_PACKET_MOST 2048 // bytes of a packet

// An Ethernet frame of a connection that is captured. Nothing of it is needed any more after
// dump_put().
struct dump_packet {
	const uint8_t *data;
	const struct packet_key *key; // of the connection
	uint64_t time;                // ns since 1970
	struct uid uid;               // of the connection
	uint32_t rule;      // who wanted it; dump_settings.rule_name says how it is called
	uint32_t captured;  // bytes at `data`; more than the ring's limit are cut off
	uint32_t length;    // bytes on the wire
	uint8_t originator; // which end of the key is the originator
	bool from_originator;
};

// Copies a frame. False when the ring is full: the packet is missing in the file, which will say
// so, and counted. With dump_settings.wait it waits for room instead.
bool dump_put(struct dump_ring *ring, const struct dump_packet *packet);

// Does it make sense to begin with another connection? Not once there are as many files as there
// may be. A little late.
bool dump_accepts(const struct dump_ring *ring);

// The connection is over: its file is completed. No more packets of this uid may follow. It is
// remembered when the ring is full; false when even that is not possible, and the file will be
// completed when the run ends. Nothing happens for a connection without a file.
bool dump_end(struct dump_ring *ring, struct uid uid);
