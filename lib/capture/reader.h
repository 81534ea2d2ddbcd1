/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "bus/bus.h"
#include "bus/counters.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

// Reads trace files, decodes the frames and gives them to the workers in batches: an ordinary
// thread of its own.
struct reader;

struct reader_settings {
	const char *const *paths;
	uint32_t path_count;
	uint32_t workers;
	uint32_t fragments; // datagrams under reassembly
	uint64_t fragment_timeout;
	bool ignore_checksums;
	const struct packet_tunnels *tunnels; // NULL: none are opened
	uint64_t secret[6];                   // shared with the workers' tables
};

// NULL with a message. Start-up only.
struct reader *reader_create(const struct reader_settings *settings);
void reader_destroy(struct reader *reader);

// The ring from which worker `worker` takes pointers to struct batch. The last one has `last` set.
struct bus_ring *reader_ring(struct reader *reader, uint32_t worker);

// The thread's function; its argument is the reader. Ends after the last file, or soon after
// reader_stop().
void *reader_run(void *reader);

// Stop reading; what was read is still tracked. Any thread, also from a signal handler.
void reader_stop(struct reader *reader);

const struct capture_counters *reader_counters(const struct reader *reader);

// From 0 to 1, below 0 when unknown. Any thread.
double reader_progress(const struct reader *reader);

// Files that could not be read to their end. After the thread ended.
uint32_t reader_failures(const struct reader *reader);
