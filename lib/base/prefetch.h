/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

// Asks the memory for the cache line at `at`, to be written soon. Any address will do.
static inline __attribute__((always_inline)) void prefetch(const void *at)
{
	__builtin_prefetch(at, 1);
	// GCC takes a function that only prefetches for one without effect, and leaves calls to it
	// out.
	__asm__ volatile("");
}
