/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/port_loop.h"

#include "capture/rss.h"
#include "packet/fragment.h"
#include "packet/packet_plain.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <unistd.h>

// How far ahead packet data is asked for.
#define DATA_AHEAD   6
#define HANDOFF_RING 4096
// That a timer raises, as a rule at most.
#define EVENTS_A_TIMER      4
#define TIMERS_A_TURN_LEAST 2

// What crosses from the worker that received a packet to the one that owns its connection.
struct handoff {
	struct packet packet;
	struct rte_mbuf *buffer;
};

static_assert(sizeof(struct handoff) % 4 == 0, "rings copy words of 4 bytes");

int worker_connect(struct worker **workers, uint32_t count)
{
	for (uint32_t to = 0; to < count; to++) {
		workers[to]->peers = workers;
		workers[to]->counters.receiving = true;
		for (uint32_t from = 0; from < count; from++) {
			struct bus_ring *ring;

			if (from == to)
				continue;
			ring = bus_ring_create(sizeof(struct handoff), HANDOFF_RING);
			if (ring == NULL)
				return -ENOMEM;
			workers[to]->handoff_in[from] = ring;
			workers[from]->handoff_out[to] = ring;
		}
	}
	return 0;
}

// Written by one thread only, so no locked instruction is needed.
static void count(_Atomic uint64_t *counter, int64_t more)
{
	uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, value + (uint64_t)more, memory_order_release);
}

// Does a tunnel run on one of its ports?
static bool is_tunnel(const struct packet_tunnels *tunnels, const struct packet_key *key)
{
	return tunnels != NULL && key->protocol == PACKET_UDP &&
	       (tunnels->kind[key->port[0]] != PACKET_TUNNEL_NONE ||
		tunnels->kind[key->port[1]] != PACKET_TUNNEL_NONE);
}

// Which worker owns the connection of a packet. Always by our own hash, which costs two look-ups: a
// card may hash less than we think (fragments, tags, tunnels), and its queue is only a hint.
//
// The two directions of what runs inside VXLAN come in two connections, and in many when the source
// port tells inner flows apart. One worker opens all that run between two hosts, so that a question
// does not arrive after its answer.
uint8_t worker_find_owner(const struct worker *worker, const struct packet *packet)
{
	if (worker->settings.count == 1)
		return (uint8_t)worker->settings.index;
	if (__builtin_expect(is_tunnel(worker->settings.tunnels, &packet->key), 0)) {
		struct packet_key hosts = packet->key;

		hosts.port[0] = hosts.port[1] = 0;
		return rss_worker(rss_hash(&hosts));
	}
	return rss_worker(rss_hash(&packet->key));
}

// A datagram put together from fragments lies in our fragment table; its head travels in the last
// fragment's buffer.
static void move_payload(struct packet *packet, struct rte_mbuf *buffer)
{
	uint32_t headers = packet_headers(packet), room;

	if (!packet->copied)
		return;
	if (headers > buffer->buf_len)
		headers = packet->headed = 0;
	room = buffer->buf_len - headers;
	if (packet->payload_captured < room)
		room = packet->payload_captured;
	memcpy(buffer->buf_addr, packet->payload - headers, headers + room);
	packet->payload = (const uint8_t *)buffer->buf_addr + headers;
	packet->payload_captured = (uint16_t)room;
	packet->copied = 0;
}

void worker_hand_out(struct worker *worker, struct packet *packet, struct rte_mbuf *buffer)
{
	struct handoff handoff;

	move_payload(packet, buffer);
	handoff = (struct handoff){.packet = *packet, .buffer = buffer};
	// Before, so that no more is ever taken than was given: see all_taken().
	count(&worker->counters.handed_out, 1);
	if (bus_ring_put(worker->handoff_out[packet->owner], &handoff, 1) == 1)
		return;
	count(&worker->counters.handed_out, -1);
	worker->counters.handoff_full++;
	rte_pktmbuf_free(buffer);
}

// A frame that is not a plain one.
static void decode_other(struct worker *worker, struct rte_mbuf *buffer,
			 const struct packet_frame *frame, struct packet *packet)
{
	enum packet_verdict verdict = packet_decode_any(&worker->decoder, frame, packet);

	worker->counters.capture.verdict[verdict]++;
	if (verdict == PACKET_TRACK)
		packet->owner = worker_find_owner(worker, packet);
	if (__builtin_expect(worker->decoder.rest.captured > 0, 0)) {
		if (verdict == PACKET_TRACK && packet->copied &&
		    packet->owner != worker->settings.index)
			worker_drop_payload(packet);
		worker_take_rest(worker, buffer);
	}
}

// Decodes what was received, and has what the table will look at fetched.
static void decode(struct worker *worker, struct rte_mbuf **buffers, struct packet *packets,
		   uint16_t count)
{
	struct capture_counters *counters = &worker->counters.capture;
	uint64_t bytes = 0;
	uint32_t others = 0;

	for (uint16_t i = 0; i < count && i < DATA_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(buffers[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		struct packet_frame frame = {
			.data = rte_pktmbuf_mtod(buffers[i], const uint8_t *),
			.captured = rte_pktmbuf_data_len(buffers[i]),
			.length = rte_pktmbuf_pkt_len(buffers[i]),
			// A nanosecond apart, so that two packets of a burst are not simultaneous:
			// a connection without duration would be logged without its bytes.
			.time = ++worker->now,
			.link = PACKET_LINK_ETHERNET,
		};

		if (i + DATA_AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(buffers[i + DATA_AHEAD], void *));
		bytes += frame.length;
		if (__builtin_expect(packet_plain_decode(&worker->decoder, &frame, &packets[i]),
				     1)) {
			packets[i].owner = worker_find_owner(worker, &packets[i]);
		} else {
			decode_other(worker, buffers[i], &frame, &packets[i]);
			others++;
		}
		if (packets[i].verdict == PACKET_TRACK)
			conn_track_prepare(worker->table, &packets[i]);
	}
	counters->bytes += bytes;
	counters->verdict[PACKET_TRACK] += count - others;
}

// Frees the buffers of packets that stayed here; the others were freed or handed out.
static void free_buffers(struct worker *worker, struct rte_mbuf **buffers,
			 const struct packet *packets, uint16_t count)
{
	struct rte_mbuf *ours[BURST];
	unsigned kept = 0;

	for (uint16_t i = 0; i < count; i++) {
		if (packets[i].verdict != PACKET_TRACK ||
		    packets[i].owner == worker->settings.index)
			ours[kept++] = buffers[i];
	}
	rte_pktmbuf_free_bulk(ours, kept);
}

static bool poll_queue(struct worker *worker, const struct port_queue *queue)
{
	struct rte_mbuf *buffers[BURST];
	struct packet packets[BURST];
	uint16_t count = rte_eth_rx_burst(queue->port, queue->queue, buffers, BURST);

	if (count == 0)
		return false;
	worker->counters.capture.received += count;
	decode(worker, buffers, packets, count);
	worker_track_burst(worker, packets, buffers, count);
	if (worker->settings.count > 1) {
		for (uint16_t i = 0; i < count; i++) {
			if (packets[i].verdict == PACKET_TRACK &&
			    packets[i].owner != worker->settings.index)
				worker_hand_out(worker, &packets[i], buffers[i]);
		}
	}
	free_buffers(worker, buffers, packets, count);
	fragment_table_recycle(worker->decoder.fragments);
	return true;
}

static bool take_handed(struct worker *worker, struct bus_ring *ring)
{
	struct handoff handed[BURST];
	struct packet packets[BURST];
	struct rte_mbuf *buffers[BURST];
	size_t taken = bus_ring_take(ring, handed, BURST);

	if (taken == 0)
		return false;
	for (size_t i = 0; i < taken; i++) {
		packets[i] = handed[i].packet;
		buffers[i] = handed[i].buffer;
	}
	worker_track_burst(worker, packets, buffers, taken);
	rte_pktmbuf_free_bulk(buffers, (unsigned)taken);
	fragment_table_recycle(worker->decoder.fragments);
	// After what these packets carried was handed on: see all_taken().
	count(&worker->counters.handed_in, (int64_t)taken);
	return true;
}

// How many timers may run now: no more than the control core has room for what they raise. Timers
// can wait, events cannot.
static size_t timers_a_turn(const struct worker *worker)
{
	size_t room = bus_channel_event_room(worker->settings.channel) / EVENTS_A_TIMER;

	// But never none: connections have to end even where the log is too slow for their events.
	if (room < TIMERS_A_TURN_LEAST)
		room = TIMERS_A_TURN_LEAST;
	return room < TIMERS_A_TURN ? room : TIMERS_A_TURN;
}

// One round of the poll loop; `receive` also from the devices. Returns whether there was a packet.
static bool turn(struct worker *worker, bool receive)
{
	const struct port_queue *queues;
	uint32_t count = ports_queues(worker->settings.ports, worker->settings.index, &queues);
	uint64_t now = clock_now(worker->settings.clock);
	bool busy = false;

	if (now > worker->now)
		worker->now = now;
	atomic_store_explicit(&worker->counters.time, worker->now, memory_order_relaxed);
	for (uint32_t i = 0; i < count && receive; i++)
		busy |= poll_queue(worker, &queues[i]);
	for (uint32_t i = 0; i < worker->settings.count; i++) {
		if (worker->handoff_in[i] != NULL)
			busy |= take_handed(worker, worker->handoff_in[i]);
	}
	conn_table_advance(worker->table, worker->now, timers_a_turn(worker));
	worker_send_finished(worker, RECORDS_A_TURN);
	worker_serve(worker);
	if (!busy)
		conn_table_reclaim(worker->table);
	urcu_qsbr_quiescent_state();
	return busy;
}

static bool peers_receiving(const struct worker *worker)
{
	for (uint32_t i = 0; i < worker->settings.count; i++) {
		if (atomic_load_explicit(&worker->peers[i]->counters.receiving,
					 memory_order_acquire))
			return true;
	}
	return false;
}

// Has every packet that was handed over arrived? A worker counts what it took after it has handed
// on what was inside. So when all that was taken, counted first, is all that was ever handed over,
// nothing is on its way.
static bool all_taken(const struct worker *worker)
{
	uint64_t taken = 0, given = 0;

	for (uint32_t i = 0; i < worker->settings.count; i++)
		taken += atomic_load_explicit(&worker->peers[i]->counters.handed_in,
					      memory_order_acquire);
	for (uint32_t i = 0; i < worker->settings.count; i++)
		given += atomic_load_explicit(&worker->peers[i]->counters.handed_out,
					      memory_order_acquire);
	return taken == given;
}

int worker_run_ports(void *argument)
{
	struct worker *worker = argument;
	uint64_t time = 0;

	worker_begin(worker);
	// The wheel comes to the present while it is empty, which is one step; later it would look
	// at every slot since 1970.
	worker->now = clock_now(worker->settings.clock);
	conn_table_advance(worker->table, worker->now, 1);
	while (!atomic_load_explicit(&worker->stop, memory_order_relaxed)) {
		turn(worker, true);
		time = worker_time_turn(worker, time);
	}
	atomic_store_explicit(&worker->counters.receiving, false, memory_order_release);
	// What others hand over until they have stopped too is still tracked.
	while (turn(worker, false) || peers_receiving(worker) || !all_taken(worker))
		;
	worker_finish(worker);
	worker_end();
	return 0;
}
