/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdint.h>

// Times are nanoseconds since 1970-01-01 UTC, spans are nanoseconds.
#define TIME_MICROSECOND UINT64_C(1000)
#define TIME_MILLISECOND UINT64_C(1000000)
#define TIME_SECOND      UINT64_C(1000000000)
#define TIME_MINUTE      (60 * TIME_SECOND)
#define TIME_HOUR        (60 * TIME_MINUTE)
#define TIME_DAY         (24 * TIME_HOUR)
// The latest time that a packet can have, in the year 2255; later ones are brought back to it.
#define TIME_LATEST UINT64_C(9000000000000000000)
#define TIME_NEVER  UINT64_MAX
