/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "dump/dump_ring.h"

#include <stdatomic.h>
#include <stddef.h>

// Before DPDK's headers: ThreadSanitizer knows atomic accesses, and not the fences that rings have
// instead on x86.
#if defined(__SANITIZE_THREAD__) && !defined(RTE_USE_C11_MEM_MODEL)
#define RTE_USE_C11_MEM_MODEL
#endif

// What a ring looks like to both of its ends, and the one of the thread that writes files
// (dump_ring.c). The worker's is dump_ring.h (dump_put.c).

struct rte_ring;

enum dump_kind {
	DUMP_PACKET, // `captured` bytes follow
	DUMP_LOST,   // `lost` packets found no room
	DUMP_END     // only the uid is set
};

// What lies in the ring: this, then room for as many bytes as the ring's limit says.
struct dump_element {
	uint64_t time;
	struct packet_key key;
	struct uid uid;
	uint32_t rule;
	uint32_t captured;
	uint32_t length;
	uint32_t lost; // DUMP_LOST
	uint8_t kind;  // enum dump_kind
	uint8_t originator;
	bool from_originator;
	uint8_t pad;
};

static_assert(sizeof(struct dump_element) % 8 == 0, "elements in a ring are aligned");

// Of so many connections a worker remembers what it could not say while the ring was full.
#define DUMP_WAITING 32

struct dump_ring {
	struct rte_ring *ring;
	size_t memory; // bytes at `ring`
	uint32_t element_size;
	uint32_t packet_bytes;
	bool wait;
	bool populated; // the thread's
	// Does anybody take packets out? Else there is no use in waiting.
	atomic_bool served;
	// There are as many files as there may be; the thread's to say.
	atomic_bool full_up;
	// Written by the worker, read by anybody.
	_Atomic uint64_t lost;
	// The worker's; the thread's too, once the worker has ended.
	uint32_t waiting_count;
	struct dump_element waiting[DUMP_WAITING];
};

// Room for `packets`, a power of two, of `packet_bytes` each; no page of it is touched before it is
// used. NULL with a message when memory is out. Start-up only.
struct dump_ring *dump_ring_create(uint32_t packets, uint32_t packet_bytes, bool wait);
void dump_ring_destroy(struct dump_ring *ring);

// Gives the ring all its pages now: the first packet touched one, others are likely to follow, and
// a worker should not wait for the kernel with each. The thread only.
void dump_ring_populate(struct dump_ring *ring);

// The oldest element, where it lies, or NULL; dump_ring_release() gives its place back, before the
// next look. The thread only.
const struct dump_element *dump_ring_look(struct dump_ring *ring);
void dump_ring_release(struct dump_ring *ring);
