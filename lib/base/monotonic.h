/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/time.h"

#include <time.h>

// A clock that never steps, ns since some moment: for waiting and measuring. It is read without a
// system call. Any thread.
static inline uint64_t monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * TIME_SECOND + (uint64_t)now.tv_nsec;
}
