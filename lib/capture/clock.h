/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/time.h"

#include <stdatomic.h>
#include <stdint.h>

// Wall-clock time from the processor's counter, for live capture: one read and one multiplication a
// burst, no system call.
//
// The control core compares it with the kernel's clock once a second and publishes a new relation,
// so that it follows NTP; the workers read it under a sequence number and take it again when it was
// being written.
struct capture_clock {
	atomic_uint sequence;   // odd while it is written
	_Atomic uint64_t tsc;   // this count ...
	_Atomic uint64_t time;  // ... was this time, ns since 1970
	_Atomic uint64_t scale; // ns a count, times 2^32
};

// Sets the clock. Start-up only; the DPDK environment must be up, it measures the counter's
// frequency.
void clock_start(struct capture_clock *clock);

// Brings the clock in line with the kernel's. Control only, about once a second.
void clock_adjust(struct capture_clock *clock);

// The time now. Any thread.
uint64_t clock_now(const struct capture_clock *clock);
