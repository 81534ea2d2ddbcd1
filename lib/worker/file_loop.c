/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/worker_internal.h"

#include "capture/batch.h"
#include "worker/expiry.h"

#include <urcu/urcu-qsbr.h>

#include <sched.h>
#include <unistd.h>

// Packets at a time, so that what was asked of the memory is still there when it is needed.
#define STEP 32

// Nothing to do: first give the core away, then sleep. Files are no line rate; a laptop should stay
// cool.
static void wait_a_little(uint32_t *idle)
{
	urcu_qsbr_quiescent_state();
	if ((*idle)++ < 100)
		sched_yield();
	else
		usleep(100);
}

void worker_agree(void *context, struct conn_table *table, struct conn_turn *turn)
{
	struct worker *worker = context;

	expiry_agree(worker->settings.expiry, worker->settings.index, table, turn);
}

static void handle_batch(struct worker *worker, struct batch *batch)
{
	worker->batch = batch;
	for (uint32_t at = 0; at < batch->count; at += STEP) {
		uint32_t count = batch->count - at < STEP ? batch->count - at : STEP;

		for (uint32_t i = at; i < at + count; i++) {
			if (batch->packet[i].verdict == PACKET_TRACK)
				conn_track_prepare(worker->table, &batch->packet[i]);
		}
		conn_track(worker->table, &batch->packet[at], count,
			   (uint8_t)worker->settings.index);
	}
	if (batch->count > 0 && batch->packet[batch->count - 1].time > worker->now)
		worker->now = batch->packet[batch->count - 1].time;
	atomic_store_explicit(&worker->counters.time, worker->now, memory_order_relaxed);
}

void *worker_run_file(void *argument)
{
	struct worker *worker = argument;
	struct batch *batch;
	uint32_t idle = 0;
	bool last = false;

	worker_begin(worker);
	while (!last) {
		// A file can wait for the log: nothing piles up in the table meanwhile.
		while (!worker_send_finished(worker, SIZE_MAX))
			wait_a_little(&idle);
		if (bus_ring_take(worker->settings.batches, &batch, 1) == 0) {
			worker_serve(worker);
			wait_a_little(&idle);
			continue;
		}
		idle = 0;
		handle_batch(worker, batch);
		last = batch->last;
		batch_release(batch);
		worker_serve(worker);
		urcu_qsbr_quiescent_state();
	}
	worker_finish(worker);
	worker_end();
	return NULL;
}
