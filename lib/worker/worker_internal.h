/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "worker/worker.h"

struct worker {
	struct conn_table *table;
	struct worker_settings settings;
	struct packet_decoder decoder; // live only
	struct bus_ring **handoff_in;  // [workers], live only; NULL at the own place
	struct bus_ring **handoff_out;
	uint64_t now;
	struct worker *const *peers; // [workers], live only
	atomic_bool stop;
	struct worker_counters counters;
};

// worker.c: the first and the last thing that a worker's thread does.
void worker_begin(struct worker *worker);
void worker_end(void);

// Sends up to `most` finished connections; false when the control core has no room for more.
bool worker_send_finished(struct worker *worker, size_t most);

// Removes and sends all that is left, waiting for the control core where it must. The input is
// over.
void worker_finish(struct worker *worker);
