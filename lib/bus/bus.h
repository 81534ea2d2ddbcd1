/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_event.h"
#include "conn/conn_summary.h"
#include "watch/watch_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What workers and the control core say to each other. One channel a worker:
//
//   worker --(finished connections, by value)--> control core        bounded, single producer, single consumer
//          --(events, by value)-->
//          --(records of live connections that a rule found)-->
//          --(notes, one for each finished connection that says so)-->
//
// and, between those that bring packets and those that track them, rings of pointers. All of it
// lives in ordinary memory and needs no DPDK environment.

struct bus_channel;

// A channel with room for `connections`, and as many events and notes (a power of two). What is not
// used takes no memory. NULL with a message when memory is out. Start-up only.
struct bus_channel *bus_channel_create(uint32_t connections);
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

// Sends an event: false when there is no room for it, and the sender tries again. How much room
// there is at least. Takes up to `most` events out.
bool bus_channel_send_event(struct bus_channel *channel, const struct conn_event *event);
size_t bus_channel_event_room(const struct bus_channel *channel);
size_t bus_channel_receive_events(struct bus_channel *channel, struct conn_event *events,
				  size_t most);

// The same for records: few, so that there is little room.
bool bus_channel_send_record(struct bus_channel *channel, const struct watch_record *record);
size_t bus_channel_receive_records(struct bus_channel *channel, struct watch_record *records,
				   size_t most);

// The note of a finished connection, before that is sent: there is room for as many notes as for
// connections. The control core takes one when it has found a connection that says `noted`, before
// it releases that. False when there is none.
bool bus_channel_send_note(struct bus_channel *channel, const struct watch_note *note);
bool bus_channel_receive_note(struct bus_channel *channel, struct watch_note *note);

// A ring of elements of `element_size` bytes (a multiple of 4), one producer, one consumer.
struct bus_ring;

struct bus_ring *bus_ring_create(uint32_t element_size, uint32_t count);
void bus_ring_destroy(struct bus_ring *ring);

// Puts up to `count` elements in; returns how many found room. Its producer only.
size_t bus_ring_put(struct bus_ring *ring, const void *elements, size_t count);

// Elements that find room. Its producer only.
size_t bus_ring_room(const struct bus_ring *ring);

// Takes up to `most` elements; returns how many. Its consumer only.
size_t bus_ring_take(struct bus_ring *ring, void *elements, size_t most);
