/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

// Starts DPDK's environment, silently, with a little memory of its own and no devices. The calling
// thread becomes lcore 0 and may go on running on any CPU. Returns 0 or -1.
int bench_eal_start(void);

// Gives DPDK another heap of `size` bytes, in memory that is mapped as the connection table's is,
// so that both stand on the same kind of pages. Returns the socket number that stands for it, or
// -1.
int bench_eal_heap(size_t size);

// Asks the kernel to put whatever was allocated so far on huge pages, now: for libraries that take
// their memory themselves. Linux 6.1 or later; without effect elsewhere.
void bench_pages_collapse(void);

// The share of this process's memory that is on huge pages, reserved or transparent: 0 to 1.
double bench_pages_share(void);

// Bytes that the kernel would still give without swapping.
uint64_t bench_memory_available(void);
