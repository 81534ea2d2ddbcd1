/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump/dump_ring_internal.h"

#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

#include <string.h>
#include <unistd.h>

// A worker's end of its ring.

// How long a worker that may wait naps until it looks for room again, µs.
#define WAIT 100

static struct dump_element *reserve(struct dump_ring *ring)
{
	struct rte_ring_zc_data places;

	if (rte_ring_enqueue_zc_burst_elem_start(ring->ring, ring->element_size, 1, &places,
						 NULL) == 0)
		return NULL;
	return places.ptr1;
}

static void commit(struct dump_ring *ring)
{
	rte_ring_enqueue_zc_elem_finish(ring->ring, 1);
}

static void fill_head(struct dump_element *element, const struct dump_packet *packet,
		      enum dump_kind kind)
{
	element->time = packet->time;
	element->key = *packet->key;
	element->uid = packet->uid;
	element->rule = packet->rule;
	element->captured = packet->captured;
	element->length = packet->length;
	element->kind = (uint8_t)kind;
	element->originator = packet->originator & 1;
	element->from_originator = packet->from_originator;
	element->pad = 0;
}

// Says what could not be said while the ring was full, as far as there is room now.
static __attribute__((noinline)) void send_waiting(struct dump_ring *ring)
{
	uint32_t sent = 0;

	while (sent < ring->waiting_count) {
		struct dump_element *element = reserve(ring);

		if (element == NULL)
			break;
		*element = ring->waiting[sent++];
		commit(ring);
	}
	ring->waiting_count -= sent;
	memmove(ring->waiting, ring->waiting + sent,
		ring->waiting_count * sizeof(ring->waiting[0]));
}

static bool same_uid(struct uid a, struct uid b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static __attribute__((noinline)) void note_lost(struct dump_ring *ring,
						const struct dump_packet *packet)
{
	struct dump_element *element;

	atomic_store_explicit(&ring->lost,
			      atomic_load_explicit(&ring->lost, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	for (uint32_t i = 0; i < ring->waiting_count; i++) {
		element = &ring->waiting[i];
		if (element->kind == DUMP_LOST && same_uid(element->uid, packet->uid)) {
			element->lost++;
			return;
		}
	}
	if (ring->waiting_count == DUMP_WAITING)
		return;
	element = &ring->waiting[ring->waiting_count++];
	fill_head(element, packet, DUMP_LOST);
	element->lost = 1;
}

// Only where the worker is allowed to: when it reads files.
static __attribute__((noinline)) struct dump_element *wait_for_room(struct dump_ring *ring)
{
	struct dump_element *element = NULL;

	while (element == NULL && atomic_load_explicit(&ring->served, memory_order_acquire)) {
		usleep(WAIT);
		element = reserve(ring);
	}
	return element;
}

// What waits comes first.
static struct dump_element *find_room(struct dump_ring *ring)
{
	struct dump_element *element;

	if (__builtin_expect(ring->waiting_count > 0, 0))
		send_waiting(ring);
	element = ring->waiting_count == 0 ? reserve(ring) : NULL;
	if (__builtin_expect(element == NULL, 0) && ring->wait)
		element = wait_for_room(ring);
	return element;
}

bool dump_put(struct dump_ring *ring, const struct dump_packet *packet)
{
	struct dump_element *element = find_room(ring);

	if (__builtin_expect(element == NULL, 0)) {
		note_lost(ring, packet);
		return false;
	}
	fill_head(element, packet, DUMP_PACKET);
	if (element->captured > ring->packet_bytes)
		element->captured = ring->packet_bytes;
	memcpy(element + 1, packet->data, element->captured);
	commit(ring);
	return true;
}

bool dump_accepts(const struct dump_ring *ring)
{
	return !atomic_load_explicit(&ring->full_up, memory_order_relaxed);
}

bool dump_end(struct dump_ring *ring, struct uid uid)
{
	struct dump_element *element = find_room(ring);

	if (__builtin_expect(element == NULL, 0)) {
		if (ring->waiting_count == DUMP_WAITING)
			return false;
		ring->waiting[ring->waiting_count++] = (struct dump_element){.uid = uid,
									     .kind = DUMP_END};
		return true;
	}
	element->uid = uid;
	element->kind = DUMP_END;
	commit(ring);
	return true;
}
