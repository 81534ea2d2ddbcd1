/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "bus/bus.h"
#include "bus/counters.h"
#include "capture/clock.h"
#include "capture/port.h"
#include "capture/reader.h"
#include "conn/conn_table.h"
#include "watch/watch.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// A worker: the poll loop of one core. It owns a connection table and sends what is finished to the
// control core.
struct worker;
struct bus_requests;
struct call_rcu_data;
struct dump_ring;
struct expiry_board;
struct replay;

struct worker_settings {
	uint32_t index;
	uint32_t count; // of all workers
	struct conn_settings conn;
	struct watch_settings watch; // but for its sinks
	struct bus_channel *channel;
	struct bus_requests *requests; // NULL: nobody asks
	struct dump_ring *captures;    // NULL: there are none
	uint64_t capture_bytes;        // of a connection that are worth copying
	// Input from files: batches of the reader. NULL when live.
	struct bus_ring *batches;
	struct expiry_board *expiry; // where they agree on timers; NULL when there is no need to
	// Input from a replay; NULL when it is another.
	struct replay *replay;
	bool receive_only;
	// Live input.
	const struct ports *ports;
	const struct capture_clock *clock;
	struct call_rcu_data *reclaimer; // liburcu's thread that waits for grace periods
	uint32_t fragments;
	uint64_t fragment_timeout;
	bool ignore_checksums;
	const struct packet_tunnels *tunnels; // NULL: none are opened
};

// NULL with a message. Start-up only.
struct worker *worker_create(const struct worker_settings *settings);
void worker_destroy(struct worker *worker);

// Tells the workers of a live run about each other, so that packets can change hands; `workers`
// must stay. Returns 0 or -ENOMEM. Start-up only, before any of them runs.
int worker_connect(struct worker **workers, uint32_t count);

// The loop for files, an ordinary thread's function: ends after the last batch, when everything is
// logged.
void *worker_run_file(void *worker);

// The same for a replay.
void *worker_run_replay(void *worker);

// The loop for ports, an lcore's function: ends after worker_stop(), when everything is logged.
int worker_run_ports(void *worker);

// Ends a live worker. Any thread.
void worker_stop(struct worker *worker);

// What the control core may look at. It belongs to the worker.
const struct worker_counters *worker_counters(const struct worker *worker);
const struct conn_counters *worker_conn_counters(const struct worker *worker);
const struct watch_counters *worker_watch_counters(const struct worker *worker);

// For readers, see conn_reader.h.
const struct conn_table *worker_table(const struct worker *worker);
