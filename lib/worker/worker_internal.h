/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/monotonic.h"
#include "base/time.h"
#include "worker/worker.h"

#include <urcu/urcu-qsbr.h>

#include <sched.h>
#include <time.h>
#include <unistd.h>

// Live: packets found in the tunnels of a burst, tracked as a burst of their own.
struct worker_inside;

struct worker {
	struct conn_table *table;
	struct watch *watch;
	struct worker_settings settings;
	struct packet_decoder decoder; // of frames when live, and of what is inside tunnels
	struct batch *batch;           // files: the one that is being handled
	uint32_t carrier;              // files: index in it of the packet whose tunnels are open
	uint32_t level;                // files: how many of them are
	struct worker_inside *inside;  // live only
	struct bus_ring **handoff_in;  // [workers], live only; NULL at the own place
	struct bus_ring **handoff_out;
	uint64_t now;
	struct worker *const *peers; // [workers], live only
	atomic_bool stop;
	bool finishing;               // the input is over
	bool waits;                   // for whom it sends to: the input can wait
	struct watch_answer *answers; // [answer_count], that found no room yet
	uint32_t answer_count;
	struct worker_counters counters;
};

// Gives the core away while another worker has to come first: soon, or after a while asleep.
static inline void worker_yield(uint32_t *idle)
{
	urcu_qsbr_quiescent_state();
	if ((*idle)++ < 1000)
		sched_yield();
	else
		usleep(20);
}

// Notes how long a round of the poll loop took; `before` is what this gave the round before, 0 for
// the first.
static inline uint64_t worker_time_turn(struct worker *worker, uint64_t before)
{
	uint64_t time = monotonic_now();

	if (before != 0 && time - before > worker->counters.longest_turn)
		worker->counters.longest_turn = time - before;
	return time;
}

// file_loop.c: has the workers agree on timers; the context is the worker.
void worker_agree(void *worker, struct conn_table *table, struct conn_turn *turn);

// worker_watch.c: makes the table and what watches its connections. Returns 0, or a negative errno
// after a message.
int worker_create_table(struct worker *worker, conn_reclaim_function reclaim);

// Once a turn: takes new rules over, and carries out a few requests. The answers that found no room
// go first.
void worker_serve(struct worker *worker);

// port_tunnel.c: NULL without memory; freed with free().
struct worker_inside *worker_inside_create(void);

// file_tunnel.c, port_tunnel.c, replay_loop.c: what conn_track() calls for packets that may be
// tunnels; the context is the worker.
void worker_carrier_file(void *worker, const struct packet *packet, bool ours,
			 enum packet_tunnel kind, struct uid uid);
void worker_carrier_port(void *worker, const struct packet *packet, bool ours,
			 enum packet_tunnel kind, struct uid uid);
void worker_carrier_replay(void *worker, const struct packet *packet, bool ours,
			   enum packet_tunnel kind, struct uid uid);

// replay_loop.c: one turn of the replay's loop; false when the replay is over. *waited: it waited
// for the control core. For a worker that began; its thread only. The benches time it.
bool worker_replay_turn(struct worker *worker, bool *waited);

// Packets taken at a time, live or of a replay. What else there is to do is done in slices, so that
// no burst waits for long.
#define BURST          64
#define TIMERS_A_TURN  128
#define RECORDS_A_TURN 256

// worker.c: decodes all that is inside a tunnel's packet, up to `most` packets, and counts it if
// `counted`. Returns how many there are; the caller says who owns them. Those after the first are
// not opened further: the decoder, and a batch's levels, have room for one tunnel in each.
size_t worker_decode_inside(struct worker *worker, const struct packet *carrier,
			    enum packet_tunnel kind, struct uid uid, bool counted,
			    struct packet *packets, size_t most);

// worker.c: the first and the last thing that a worker's thread does.
void worker_begin(struct worker *worker);
void worker_end(void);

// Sends up to `most` finished connections; false when the control core has no room for more.
bool worker_send_finished(struct worker *worker, size_t most);

// Removes and sends all that is left, waiting for the control core where it must. The input is
// over.
void worker_finish(struct worker *worker);
