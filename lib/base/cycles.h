/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdint.h>

// The processor's own clock, which runs evenly on all that weir is built for; to measure short
// spans. Its rate is found by comparing with another clock. Any thread.
static inline uint64_t cycles_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t value;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
	return value;
#else
#error "how does this processor tell the time?"
#endif
}
