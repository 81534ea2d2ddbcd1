/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "worker/worker_internal.h"

// What the files of a live worker's loop share.

struct rte_mbuf;

// Tracks a burst, and all that is in its tunnels. `buffers` are what the packets lie in; they stay
// with the caller.
void worker_track_burst(struct worker *worker, const struct packet *packets,
			struct rte_mbuf **buffers, size_t count);

// Nothing of a joined datagram but its headers can go along.
static inline void worker_drop_payload(struct packet *packet)
{
	packet->copied = 0;
	packet->headed = 0;
	packet->payload_captured = 0;
	packet->may_carry = 0;
}

// What else was in the frame that the decoder was given last, in `buffer`: waits for the burst at
// hand. Some frames carry several packets.
void worker_take_rest(struct worker *worker, struct rte_mbuf *buffer);

// Gives a packet, and the buffer that it lies in, to the worker that owns its connection.
void worker_hand_out(struct worker *worker, struct packet *packet, struct rte_mbuf *buffer);

// Which worker that is.
uint8_t worker_find_owner(const struct worker *worker, const struct packet *packet);
