/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_event.h"
#include "conn/conn_summary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What workers and the control core say to each other. One channel a worker:
//
//   worker --(finished connections, by value)--> control core        bounded, single producer, single consumer
//          --(events, by value, if any are wanted)-->
//
// and, between those that bring packets and those that track them, rings of pointers. All of it
// lives in ordinary memory and needs no DPDK environment.

struct bus_channel;

// A channel with room for `connections` and `events` (powers of two; 0: no events). NULL with a
// message when memory is out. Start-up only.
struct bus_channel *bus_channel_create(uint32_t connections, uint32_t events);
void bus_channel_destroy(struct bus_channel *channel);

// Room for finished connections, to be written where the reader finds them: up to `most` in a row,
// `*count` of them; NULL when the ring is full. There may be more room at the ring's beginning, for
// the next time. bus_channel_commit() sends as many of them as were written, in order, which may be
// none; it has to come before the next bus_channel_reserve(). Worker only.
struct conn_summary *bus_channel_reserve(struct bus_channel *channel, size_t most, size_t *count);
void bus_channel_commit(struct bus_channel *channel, size_t count);

// Finished connections where they lie: up to `most` in a row, `*count` of them; NULL when there are
// none. Most of a summary is of no use to most readers, and fetching it from the worker's cache is
// what takes time. They keep their places until bus_channel_release() is called with their number,
// which has to come before the next look. Control only.
const struct conn_summary *bus_channel_look(struct bus_channel *channel, size_t most,
					    size_t *count);
void bus_channel_release(struct bus_channel *channel, size_t count);

// Sends an event: false when there is no room for it, and the sender tries again. Takes up to
// `most` events out. Only for a channel that was made for them.
bool bus_channel_send_event(struct bus_channel *channel, const struct conn_event *event);
size_t bus_channel_receive_events(struct bus_channel *channel, struct conn_event *events,
				  size_t most);

// A ring of elements of `element_size` bytes (a multiple of 4), one producer, one consumer.
struct bus_ring;

struct bus_ring *bus_ring_create(uint32_t element_size, uint32_t count);
void bus_ring_destroy(struct bus_ring *ring);

// Puts up to `count` elements in; returns how many found room. Its producer only.
size_t bus_ring_put(struct bus_ring *ring, const void *elements, size_t count);

// Takes up to `most` elements; returns how many. Its consumer only.
size_t bus_ring_take(struct bus_ring *ring, void *elements, size_t most);
