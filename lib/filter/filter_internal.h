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

// The mbuf's field that holds what `len` is: the length on the wire, which is no business of DPDK's
// own fields, as these say what there is of it.
#define FILTER_LENGTH dynfield1[0]
