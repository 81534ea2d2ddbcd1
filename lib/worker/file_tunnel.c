/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/worker_internal.h"

#include "capture/batch.h"
#include "capture/rss.h"
#include "packet/fragment.h"

// Tunnels in files. Every worker opens every tunnel, so that each sees all fragments and learns of
// the time, and tracks what it owns of the inside; only the owner of the carrying connection knows
// whether there is a tunnel, and tells (see batch.h). Packets thus reach a connection in the order
// of the file, whatever the number of workers.

// Packets of one frame inside a tunnel (802.11 aggregates) that are decoded before they are
// tracked: tracking may decode others.
#define INSIDE_MOST 256

static void tell(struct batch_tunnel *tunnel, enum packet_tunnel kind, struct uid uid)
{
	tunnel->uid = uid;
	atomic_store_explicit(&tunnel->told, (unsigned)kind + 1, memory_order_release);
}

// The owner handles the packets in the same order and waits for nobody behind this one, so it comes
// here soon.
static enum packet_tunnel await(const struct batch_tunnel *tunnel, struct uid *uid)
{
	uint32_t idle = 0;
	unsigned told;

	while ((told = atomic_load_explicit(&tunnel->told, memory_order_acquire)) == 0)
		worker_yield(&idle);
	*uid = tunnel->uid;
	return (enum packet_tunnel)(told - 1);
}

void worker_carrier_file(void *context, const struct packet *packet, bool ours,
			 enum packet_tunnel kind, struct uid uid)
{
	struct worker *worker = context;
	struct packet inside[INSIDE_MOST];
	struct batch_tunnel *tunnel;
	size_t count;

	if (worker->level == 0)
		worker->carrier = (uint32_t)(packet - worker->batch->packet);
	tunnel = &worker->batch->tunnel[worker->carrier][worker->level];
	if (ours)
		tell(tunnel, kind, uid);
	else
		kind = await(tunnel, &uid);
	if (kind == PACKET_TUNNEL_NONE)
		return;
	count = worker_decode_inside(worker, packet, kind, uid, ours, inside, INSIDE_MOST);
	for (size_t i = 0; i < count; i++) {
		if (inside[i].verdict == PACKET_TRACK)
			inside[i].owner = rss_worker(rss_hash(&inside[i].key));
	}
	worker->level++;
	conn_track(worker->table, inside, count, (uint8_t)worker->settings.index);
	worker->level--;
	if (worker->level == 0)
		fragment_table_recycle(worker->decoder.fragments);
}
