/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "filter/filter.h"

#include <pcap/pcap.h>
#include <rte_bpf.h>

struct filter {
	uint64_t (*native)(void *); // takes a struct rte_mbuf; NULL where DPDK has no compiler
	struct rte_bpf *bpf;        // NULL: bpf_filter() runs `program`
	struct bpf_program program;
	bool tags;    // the expression speaks of VLANs
	bool nothing; // no packet can match
};

// The mbuf's field that holds what `len` is: the length on the wire, which is no business of DPDK's
// own fields, as these bound what may be read.
#define FILTER_LENGTH dynfield1[0]

// filter_convert.c: loads a program of libpcap's into rte_bpf. NULL when rte_bpf does not take it.
// Control only.
struct rte_bpf *filter_convert(const struct bpf_program *program);
