/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/uid.h"
#include "bus/bus.h"
#include "packet/packet.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// How packets of a file come to the workers: every worker gets every batch, tracks what it owns,
// and learns from the others' packets how time passes, so that timers run at the same moments
// whatever the number of workers.
//
//   reader -> batch -> ring of worker 0   ...   batch.users counts the workers that have not finished with it;
//                   -> ring of worker N-1       at 0 the reader fills it again
//
// The payload of its packets lies in `data`, or in a buffer of the reader's that stays until the
// batch is done.
//
// The reader writes a batch, then hands it out; workers only read it, but for the tunnels. What a
// UDP packet carries is known to the worker that owns its connection; the others wait until it has
// said so, then each opens the tunnel for itself and tracks what it owns of the inside:
//
//   tunnel[packet][level]: | told 4 | uid 12 |     level 0: the packet itself, 1: what is inside it, ...
//
// written once by the owner of that level's connection, read by all others.

// An IP length has 16 bits, so that no payload with its headers is longer; the fixed header of IPv6
// does not count in it.
#define BATCH_PAYLOAD (65536 + 40)
#define BATCH_PACKETS 256
#define BATCH_BYTES   (1u << 20)

#define BATCH_LEVELS  (PACKET_TUNNEL_MOST + 1)

struct batch_tunnel {
	atomic_uint told; // 0: not yet, else enum packet_tunnel + 1
	struct uid uid;   // of the connection that carries
};

struct batch {
	atomic_uint users;
	uint32_t count;
	bool last;     // nothing follows
	uint32_t used; // bytes of `data`
	struct packet packet[BATCH_PACKETS];
	struct batch_tunnel tunnel[BATCH_PACKETS][BATCH_LEVELS];
	uint8_t data[BATCH_BYTES];
};

static inline void batch_release(struct batch *batch)
{
	atomic_fetch_sub_explicit(&batch->users, 1, memory_order_release);
}
