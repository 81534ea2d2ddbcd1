/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "bus/bus.h"

#include "base/message.h"

// ThreadSanitizer knows atomic accesses, and not the fences that rings have instead on x86.
#if defined(__SANITIZE_THREAD__) && !defined(RTE_USE_C11_MEM_MODEL)
#define RTE_USE_C11_MEM_MODEL
#endif
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

#include <stdalign.h>
#include <stdlib.h>

struct bus_ring {
	struct rte_ring *ring;
	uint32_t element_size;
};

struct bus_ring *bus_ring_create(uint32_t element_size, uint32_t count)
{
	struct bus_ring *bus = calloc(1, sizeof(*bus));
	ssize_t size = rte_ring_get_memsize_elem(element_size, count);

	if (bus == NULL || size < 0)
		goto no_memory;
	bus->element_size = element_size;
	bus->ring = aligned_alloc(RTE_CACHE_LINE_SIZE,
				  RTE_ALIGN_CEIL((size_t)size, RTE_CACHE_LINE_SIZE));
	if (bus->ring == NULL ||
	    rte_ring_init(bus->ring, "weir", count, RING_F_SP_ENQ | RING_F_SC_DEQ) < 0)
		goto no_memory;
	return bus;

no_memory:
	message_error("no memory for a ring of %u elements of %u bytes", count, element_size);
	bus_ring_destroy(bus);
	return NULL;
}

void bus_ring_destroy(struct bus_ring *ring)
{
	if (ring == NULL)
		return;
	free(ring->ring);
	free(ring);
}

size_t bus_ring_put(struct bus_ring *ring, const void *elements, size_t count)
{
	return rte_ring_sp_enqueue_burst_elem(ring->ring, elements, ring->element_size,
					      (unsigned)count, NULL);
}

size_t bus_ring_room(const struct bus_ring *ring)
{
	return rte_ring_free_count(ring->ring);
}

size_t bus_ring_take(struct bus_ring *ring, void *elements, size_t most)
{
	return rte_ring_sc_dequeue_burst_elem(ring->ring, elements, ring->element_size,
					      (unsigned)most, NULL);
}

#define RECORDS 256

struct bus_channel {
	struct bus_ring *finished;
	struct bus_ring *events;
	struct bus_ring *records;
	struct bus_ring *notes;
};

static_assert(sizeof(struct rte_ring) % alignof(struct conn_summary) == 0,
	      "summaries in a ring are aligned");

struct bus_channel *bus_channel_create(uint32_t connections)
{
	struct bus_channel *channel = calloc(1, sizeof(*channel));

	if (channel == NULL)
		return NULL;
	channel->finished = bus_ring_create(sizeof(struct conn_summary), connections);
	channel->events = bus_ring_create(sizeof(struct conn_event), connections);
	channel->records = bus_ring_create(sizeof(struct watch_record), RECORDS);
	channel->notes = bus_ring_create(sizeof(struct watch_note), connections);
	if (channel->finished != NULL && channel->events != NULL && channel->records != NULL &&
	    channel->notes != NULL)
		return channel;
	bus_channel_destroy(channel);
	return NULL;
}

void bus_channel_destroy(struct bus_channel *channel)
{
	if (channel == NULL)
		return;
	bus_ring_destroy(channel->finished);
	bus_ring_destroy(channel->events);
	bus_ring_destroy(channel->records);
	bus_ring_destroy(channel->notes);
	free(channel);
}

struct conn_summary *bus_channel_reserve(struct bus_channel *channel, size_t most, size_t *count)
{
	struct rte_ring_zc_data places;
	unsigned found = rte_ring_enqueue_zc_burst_elem_start(channel->finished->ring,
							      sizeof(struct conn_summary),
							      (unsigned)most, &places, NULL);

	*count = found < places.n1 ? found : places.n1;
	return found > 0 ? places.ptr1 : NULL;
}

void bus_channel_commit(struct bus_channel *channel, size_t count)
{
	rte_ring_enqueue_zc_elem_finish(channel->finished->ring, (unsigned)count);
}

const struct conn_summary *bus_channel_look(struct bus_channel *channel, size_t most, size_t *count)
{
	struct bus_ring *bus = channel->finished;
	struct rte_ring_zc_data places;
	unsigned found = rte_ring_dequeue_zc_burst_elem_start(bus->ring, bus->element_size,
							      (unsigned)most, &places, NULL);

	// At the end of the ring they go on at its beginning; those are for the next time.
	*count = found < places.n1 ? found : places.n1;
	return found > 0 ? places.ptr1 : NULL;
}

void bus_channel_release(struct bus_channel *channel, size_t count)
{
	rte_ring_dequeue_zc_elem_finish(channel->finished->ring, (unsigned)count);
}

bool bus_channel_send_event(struct bus_channel *channel, const struct conn_event *event)
{
	return bus_ring_put(channel->events, event, 1) == 1;
}

size_t bus_channel_receive_events(struct bus_channel *channel, struct conn_event *events,
				  size_t most)
{
	return bus_ring_take(channel->events, events, most);
}

size_t bus_channel_event_room(const struct bus_channel *channel)
{
	return bus_ring_room(channel->events);
}

bool bus_channel_send_record(struct bus_channel *channel, const struct watch_record *record)
{
	return bus_ring_put(channel->records, record, 1) == 1;
}

size_t bus_channel_receive_records(struct bus_channel *channel, struct watch_record *records,
				   size_t most)
{
	return bus_ring_take(channel->records, records, most);
}

bool bus_channel_send_note(struct bus_channel *channel, const struct watch_note *note)
{
	return bus_ring_put(channel->notes, note, 1) == 1;
}

bool bus_channel_receive_note(struct bus_channel *channel, struct watch_note *note)
{
	return bus_ring_take(channel->notes, note, 1) == 1;
}
