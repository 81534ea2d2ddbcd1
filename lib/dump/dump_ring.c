/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump/dump_ring_internal.h"

#include "base/memory.h"
#include "base/message.h"

#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

#include <stdalign.h>
#include <stdlib.h>
#include <sys/mman.h>

static_assert(sizeof(struct rte_ring) % alignof(struct dump_element) == 0,
	      "elements in a ring are aligned");

struct dump_ring *dump_ring_create(uint32_t packets, uint32_t packet_bytes, bool wait)
{
	struct dump_ring *ring = calloc(1, sizeof(*ring));
	ssize_t size;

	if (ring == NULL)
		goto no_memory;
	ring->packet_bytes = packet_bytes;
	ring->element_size = (uint32_t)RTE_ALIGN_CEIL(sizeof(struct dump_element) + packet_bytes,
						      alignof(struct dump_element));
	ring->wait = wait;
	size = rte_ring_get_memsize_elem(ring->element_size, packets);
	if (size < 0)
		goto no_memory;
	ring->memory = (size_t)size;
	ring->ring = memory_map(ring->memory, false);
	// It touches its head only.
	if (ring->ring == NULL ||
	    rte_ring_init(ring->ring, "weir", packets, RING_F_SP_ENQ | RING_F_SC_DEQ) < 0)
		goto no_memory;
	return ring;

no_memory:
	message_error("no memory for a ring of %u packets of %u bytes to be captured", packets,
		      packet_bytes);
	dump_ring_destroy(ring);
	return NULL;
}

void dump_ring_destroy(struct dump_ring *ring)
{
	if (ring == NULL)
		return;
	memory_unmap(ring->ring, ring->memory);
	free(ring);
}

void dump_ring_populate(struct dump_ring *ring)
{
	// Needs Linux 5.14; without it pages come as they are used.
	madvise(ring->ring, ring->memory, MADV_POPULATE_WRITE);
}

const struct dump_element *dump_ring_look(struct dump_ring *ring)
{
	struct rte_ring_zc_data places;

	if (rte_ring_dequeue_zc_burst_elem_start(ring->ring, ring->element_size, 1, &places,
						 NULL) == 0)
		return NULL;
	return places.ptr1;
}

void dump_ring_release(struct dump_ring *ring)
{
	rte_ring_dequeue_zc_elem_finish(ring->ring, 1);
}
