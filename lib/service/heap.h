/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

// A binary heap of connections by a key, the smallest first.

struct heap_entry {
	uint64_t key;
	uint32_t slot;
	uint32_t place; // worker 8, generation 24
};

// Moves the entry at `at` down to where it belongs.
static inline void heap_sift(struct heap_entry *heap, size_t count, size_t at)
{
	struct heap_entry entry = heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= count)
			break;
		if (child + 1 < count && heap[child + 1].key < heap[child].key)
			child++;
		if (heap[child].key >= entry.key)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = entry;
}

// Makes a heap of entries in any order.
static inline void heap_build(struct heap_entry *heap, size_t count)
{
	for (size_t at = count / 2; at-- > 0;)
		heap_sift(heap, count, at);
}

// Takes the smallest out; there is one. Returns how many are left.
static inline size_t heap_take(struct heap_entry *heap, size_t count, struct heap_entry *entry)
{
	*entry = heap[0];
	heap[0] = heap[count - 1];
	if (count > 1)
		heap_sift(heap, count - 1, 0);
	return count - 1;
}
