/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/worker_internal.h"

#include "capture/replay.h"
#include "packet/fragment.h"
#include "packet/packet_plain.h"

#include <urcu/urcu-qsbr.h>

#include <stdint.h>
#include <unistd.h>

// The loop of a replay: that of live input, with frames from memory instead of a card's, and time
// from the frames. All packets between two hosts come to this worker, whatever the number of
// workers; what is in their tunnels is tracked here, too, which live input hands to the worker of
// the inner connection.

// Finished connections that wait for the control core until no more packets are taken: half of what
// a table can hold back.
#define WAITING_MOST 32768
// Packets of one frame inside a tunnel that are decoded before they are tracked.
#define INSIDE_MOST 64

void worker_carrier_replay(void *context, const struct packet *packet, bool ours,
			   enum packet_tunnel kind, struct uid uid)
{
	struct worker *worker = context;
	struct packet inside[INSIDE_MOST];
	size_t count;

	if (kind == PACKET_TUNNEL_NONE)
		return;
	count = worker_decode_inside(worker, packet, kind, uid, true, inside, INSIDE_MOST);
	for (size_t i = 0; i < count; i++)
		inside[i].owner = (uint8_t)worker->settings.index;
	conn_track(worker->table, inside, count, (uint8_t)worker->settings.index);
}

// Decodes what else is in the frame at hand, and tracks it after the burst, as aggregates are rare.
static void take_rest(struct worker *worker)
{
	struct capture_counters *counters = &worker->counters.capture;
	struct packet packet;

	while (packet_decode_more(&worker->decoder, &packet)) {
		packet.owner = (uint8_t)worker->settings.index;
		packet.may_carry = 0;
		counters->unpacked++;
		counters->verdict[packet.verdict]++;
		conn_track(worker->table, &packet, 1, (uint8_t)worker->settings.index);
	}
}

// Decodes a frame that is not a plain one, the `at`th of its burst. Of a frame with several packets
// all are tracked, after those before it: `from` is the first that is still to be tracked.
static void take_other(struct worker *worker, const struct packet_frame *frame,
		       struct packet *packets, uint32_t at, uint32_t *from)
{
	struct packet *packet = &packets[at];
	enum packet_verdict verdict = packet_decode_any(&worker->decoder, frame, packet);

	worker->counters.capture.verdict[verdict]++;
	packet->owner = (uint8_t)worker->settings.index;
	if (verdict == PACKET_TRACK)
		conn_track_prepare(worker->table, packet);
	if (__builtin_expect(worker->decoder.rest.captured > 0, 0)) {
		struct packet_rest rest = worker->decoder.rest;

		conn_track(worker->table, &packets[*from], at + 1 - *from,
			   (uint8_t)worker->settings.index);
		*from = at + 1;
		worker->decoder.rest = rest;
		take_rest(worker);
	}
}

static void track_burst(struct worker *worker, const struct packet_frame *frames, uint32_t count)
{
	struct capture_counters *counters = &worker->counters.capture;
	uint8_t owner = (uint8_t)worker->settings.index;
	struct packet packets[BURST];
	uint64_t bytes = 0;
	uint32_t from = 0, others = 0;

	// The wheel comes to the present while it is empty, which is one step.
	if (__builtin_expect(worker->now == 0, 0))
		conn_table_advance(worker->table, frames[0].time, 1);
	for (uint32_t i = 0; i < count; i++) {
		struct packet *packet = &packets[i];

		bytes += frames[i].length;
		if (__builtin_expect(packet_plain_decode(&worker->decoder, &frames[i], packet),
				     1)) {
			packet->owner = owner;
			conn_track_prepare(worker->table, packet);
		} else {
			take_other(worker, &frames[i], packets, i, &from);
			others++;
		}
	}
	counters->bytes += bytes;
	counters->verdict[PACKET_TRACK] += count - others;
	conn_track(worker->table, &packets[from], count - from, owner);
	fragment_table_recycle(worker->decoder.fragments);
	worker->now = frames[count - 1].time > worker->now ? frames[count - 1].time : worker->now;
}

// Unlike a card, a replay can wait for the log. Returns whether it did.
static bool send_finished(struct worker *worker)
{
	bool waited = false;

	worker_send_finished(worker, RECORDS_A_TURN);
	while (conn_table_waiting(worker->table) > WAITING_MOST) {
		waited = true;
		urcu_qsbr_quiescent_state();
		if (!worker_send_finished(worker, RECORDS_A_TURN))
			usleep(50);
	}
	return waited;
}

static void count_only(struct worker *worker, const struct packet_frame *frames, uint32_t count)
{
	struct capture_counters *counters = &worker->counters.capture;

	counters->left += count;
	for (uint32_t i = 0; i < count; i++)
		counters->bytes += frames[i].length;
}

bool worker_replay_turn(struct worker *worker, bool *waited)
{
	const struct worker_settings *settings = &worker->settings;
	struct packet_frame frames[BURST];
	uint32_t count = replay_burst(settings->replay, settings->index, frames, BURST);

	*waited = false;
	if (count == 0)
		return false;
	worker->counters.capture.received += count;
	if (settings->receive_only) {
		count_only(worker, frames, count);
	} else {
		track_burst(worker, frames, count);
		conn_table_advance(worker->table, worker->now, TIMERS_A_TURN);
		*waited = send_finished(worker);
		worker_serve(worker);
	}
	atomic_store_explicit(&worker->counters.time, worker->now, memory_order_relaxed);
	urcu_qsbr_quiescent_state();
	return true;
}

void *worker_run_replay(void *argument)
{
	struct worker *worker = argument;
	uint64_t turn = 0;
	bool waited;

	worker_begin(worker);
	while (worker_replay_turn(worker, &waited))
		turn = worker_time_turn(worker, waited ? 0 : turn);
	worker_finish(worker);
	worker_end();
	return NULL;
}
