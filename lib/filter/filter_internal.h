/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "filter/filter.h"

#include <pcap/pcap.h>

#include <stdatomic.h>

struct filter {
	atomic_uint users; // see filter_share()
	struct bpf_program program;
	uint32_t reach; // bytes at the begin of a frame that the program may look at, or UINT32_MAX
	bool tags;      // the expression speaks of VLANs
	bool nothing;   // no packet can match
};

// Bytes behind the head of a frame.
#define FILTER_REST_MOST UINT16_MAX
