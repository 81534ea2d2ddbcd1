/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Pieces of regular files that are looked at where they lie in the page cache, instead of being
// copied. Whoever cuts such a file short takes what was behind its new end away from those who have
// it mapped, of which the kernel tells them with SIGBUS; here they find zeros instead, and are told
// that it happened.

// How often something was taken away. Any thread may read it.
extern atomic_uint mapped_losses;

// Can pieces of this file be mapped, and is that better? Not of those that lie in memory
// (tmpfs): their pages are small and take longer to be mapped than to be copied.
bool mapped_is_better(int descriptor);

// An area in which mapped_piece() puts pieces of files; zeroed memory at first. NULL with errno set.
// There is one at a time, and while it is there, SIGBUS is caught, which must not be blocked in
// threads that look at it. Start-up only.
uint8_t *mapped_area_create(size_t size);
void mapped_area_destroy(uint8_t *area);

// Replaces `size` bytes at `place` (in the area) by those of a file that begin at `offset`, all of
// which the file has now. `place` and `offset` are multiples of a page. Returns 0 or a negative
// errno; then what was there may be gone. One thread.
int mapped_piece(uint8_t *place, int descriptor, uint64_t offset, size_t size);
