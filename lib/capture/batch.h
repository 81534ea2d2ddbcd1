/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

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
// The reader writes a batch, then hands it out; workers only read it.

// An IP length has 16 bits, so that no payload is longer.
#define BATCH_PAYLOAD 65536
#define BATCH_PACKETS 256
#define BATCH_BYTES   (1u << 20)

struct batch {
	atomic_uint users;
	uint32_t count;
	bool last;     // nothing follows
	uint32_t used; // bytes of `data`
	struct packet packet[BATCH_PACKETS];
	uint8_t data[BATCH_BYTES];
};

static inline void batch_release(struct batch *batch)
{
	atomic_fetch_sub_explicit(&batch->users, 1, memory_order_release);
}
