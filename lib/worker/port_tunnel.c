/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/port_loop.h"

#include <rte_mbuf.h>

#include <stdlib.h>

// Tunnels on ports. The owner of the carrying connection opens the tunnel. What is inside the
// packets of a burst is collected, and becomes a burst of its own, one tunnel deeper, so that
// memory is asked for ahead as usual; what other workers own is handed to them.

#define INSIDE_MOST (2 * BURST)

struct worker_inside {
	// The burst that is being tracked.
	const struct packet *packets;
	struct rte_mbuf **buffers;
	// What was found in it, or in the frames that it came in.
	uint32_t count;
	struct packet packet[INSIDE_MOST];
	struct rte_mbuf *buffer[INSIDE_MOST]; // that it lies in
};

struct worker_inside *worker_inside_create(void)
{
	return calloc(1, sizeof(struct worker_inside));
}

// Counts the packet that was decoded to the next place of `inside`, and keeps it there if it is to
// be tracked. `alone`: no other packet came before it in the same frame.
static void add_inside(struct worker *worker, struct rte_mbuf *buffer, bool alone)
{
	struct worker_inside *inside = worker->inside;
	struct packet *packet = &inside->packet[inside->count];

	worker->counters.capture.unpacked++;
	worker->counters.capture.verdict[packet->verdict]++;
	if (packet->verdict != PACKET_TRACK)
		return;
	packet->owner = worker_find_owner(worker, packet);
	// A joined datagram is moved over the frame when it is handed out; not where others lie in
	// that, before it or behind.
	if (packet->copied && packet->owner != worker->settings.index &&
	    (!alone || worker->decoder.rest.captured > 0))
		worker_drop_payload(packet);
	inside->buffer[inside->count++] = buffer;
}

void worker_take_rest(struct worker *worker, struct rte_mbuf *buffer)
{
	struct worker_inside *inside = worker->inside;

	while (inside->count < INSIDE_MOST &&
	       packet_decode_more(&worker->decoder, &inside->packet[inside->count]))
		add_inside(worker, buffer, false);
}

void worker_carrier_port(void *context, const struct packet *packet, bool ours,
			 enum packet_tunnel kind, struct uid uid)
{
	struct worker *worker = context;
	struct worker_inside *inside = worker->inside;
	struct rte_mbuf *buffer;

	if (!ours || kind == PACKET_TUNNEL_NONE || inside->count == INSIDE_MOST)
		return;
	buffer = inside->buffers[packet - inside->packets];
	packet_decapsulate(&worker->decoder, packet, kind, uid, &inside->packet[inside->count]);
	add_inside(worker, buffer, true);
	worker_take_rest(worker, buffer);
}

static void hand_out_inside(struct worker *worker, struct packet *packets,
			    struct rte_mbuf **buffers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (packets[i].owner == worker->settings.index)
			continue;
		// The packet around it still holds the buffer.
		rte_mbuf_refcnt_update(buffers[i], 1);
		worker_hand_out(worker, &packets[i], buffers[i]);
	}
}

void worker_track_burst(struct worker *worker, const struct packet *packets,
			struct rte_mbuf **buffers, size_t count)
{
	struct worker_inside *inside = worker->inside;
	struct packet below[INSIDE_MOST];
	struct rte_mbuf *held[INSIDE_MOST];

	while (count > 0) {
		inside->packets = packets;
		inside->buffers = buffers;
		conn_track(worker->table, packets, count, (uint8_t)worker->settings.index);
		if (packets == below)
			hand_out_inside(worker, below, held, count);
		count = inside->count;
		inside->count = 0;
		memcpy(below, inside->packet, count * sizeof(below[0]));
		memcpy(held, inside->buffer, count * sizeof(held[0]));
		packets = below;
		buffers = held;
	}
}
