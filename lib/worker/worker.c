/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/worker_internal.h"

#include "base/message.h"
#include "packet/fragment.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Connections removed at a time when the input is over.
#define DRAIN_STEP 256

// The grace period is waited for by liburcu's own thread, which tells us through the batch.
struct limbo_head {
	struct rcu_head head;
	struct conn_limbo *limbo;
};

static_assert(sizeof(struct limbo_head) <= sizeof(((struct conn_limbo *)0)->private_data),
	      "a batch has room for what liburcu needs");

static void limbo_elapsed(struct rcu_head *head)
{
	struct limbo_head *waiting = caa_container_of(head, struct limbo_head, head);

	atomic_store_explicit(&waiting->limbo->elapsed, true, memory_order_release);
}

static void limbo_wait(struct conn_limbo *limbo)
{
	struct limbo_head *waiting = (struct limbo_head *)limbo->private_data;

	waiting->limbo = limbo;
	urcu_qsbr_call_rcu(&waiting->head, limbo_elapsed);
}

static bool is_live(const struct worker_settings *settings)
{
	return settings->batches == NULL && settings->replay == NULL;
}

static int prepare_decoder(struct worker *worker)
{
	const struct worker_settings *settings = &worker->settings;

	worker->decoder.ignore_checksums = settings->ignore_checksums;
	worker->decoder.tunnels = settings->tunnels;
	memcpy(worker->decoder.secret, settings->conn.secret, sizeof(worker->decoder.secret));
	worker->decoder.fragments = fragment_table_create(settings->fragments,
							  settings->fragment_timeout);
	return worker->decoder.fragments != NULL ? 0 : -ENOMEM;
}

static int prepare_live(struct worker *worker)
{
	const struct worker_settings *settings = &worker->settings;

	worker->inside = worker_inside_create();
	worker->handoff_in = calloc(settings->count, sizeof(*worker->handoff_in));
	worker->handoff_out = calloc(settings->count, sizeof(*worker->handoff_out));
	return worker->inside != NULL && worker->handoff_in != NULL && worker->handoff_out != NULL
		       ? 0
		       : -ENOMEM;
}

// What differs between the kinds of input: how tunnels are opened, and whether what is sent can wait.
static void choose_callbacks(struct worker *worker)
{
	struct conn_settings *conn = &worker->settings.conn;

	if (worker->settings.replay != NULL)
		conn->carrier = worker_carrier_replay;
	else if (worker->settings.batches != NULL)
		conn->carrier = worker_carrier_file;
	else
		conn->carrier = worker_carrier_port;
	conn->carrier_context = worker;
	worker->waits = !is_live(&worker->settings);
}

struct worker *worker_create(const struct worker_settings *settings)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		goto no_memory;
	worker->settings = *settings;
	worker->settings.conn.worker = (uint8_t)settings->index;
	worker->settings.conn.tunnels = settings->tunnels;
	choose_callbacks(worker);
	worker->settings.conn.agree = settings->expiry != NULL ? worker_agree : NULL;
	worker->settings.conn.agree_context = worker;
	if (worker_create_table(worker, limbo_wait) < 0)
		goto failed;
	if (prepare_decoder(worker) < 0 || (is_live(settings) && prepare_live(worker) < 0))
		goto no_memory;
	return worker;

no_memory:
	message_error("no memory for worker %u", settings->index);
failed:
	worker_destroy(worker);
	return NULL;
}

void worker_destroy(struct worker *worker)
{
	if (worker == NULL)
		return;
	for (uint32_t i = 0; worker->handoff_in != NULL && i < worker->settings.count; i++)
		bus_ring_destroy(worker->handoff_in[i]);
	free(worker->handoff_in);
	free(worker->handoff_out);
	free(worker->inside);
	fragment_table_destroy(worker->decoder.fragments);
	conn_table_destroy(worker->table);
	watch_destroy(worker->watch);
	free(worker->answers);
	free(worker);
}

void worker_stop(struct worker *worker)
{
	atomic_store_explicit(&worker->stop, true, memory_order_relaxed);
}

const struct worker_counters *worker_counters(const struct worker *worker)
{
	return &worker->counters;
}

const struct conn_counters *worker_conn_counters(const struct worker *worker)
{
	return conn_table_counters(worker->table);
}

const struct watch_counters *worker_watch_counters(const struct worker *worker)
{
	return watch_counters(worker->watch);
}

const struct conn_table *worker_table(const struct worker *worker)
{
	return worker->table;
}

void worker_begin(struct worker *worker)
{
	char name[16];

	// As top and ps show it.
	snprintf(name, sizeof(name), "weir-worker-%u", worker->settings.index);
	pthread_setname_np(pthread_self(), name);
	urcu_qsbr_register_thread();
	urcu_qsbr_set_thread_call_rcu_data(worker->settings.reclaimer);
}

void worker_end(void)
{
	urcu_qsbr_set_thread_call_rcu_data(NULL);
	urcu_qsbr_unregister_thread();
}

size_t worker_decode_inside(struct worker *worker, const struct packet *carrier,
			    enum packet_tunnel kind, struct uid uid, bool counted,
			    struct packet *packets, size_t most)
{
	struct capture_counters *counters = &worker->counters.capture;
	size_t count = 0;

	packet_decapsulate(&worker->decoder, carrier, kind, uid, &packets[0]);
	do {
		if (count > 0)
			packets[count].may_carry = 0;
		if (counted) {
			counters->unpacked++;
			counters->verdict[packets[count].verdict]++;
		}
		count++;
	} while (count < most && packet_decode_more(&worker->decoder, &packets[count]));
	return count;
}

bool worker_send_finished(struct worker *worker, size_t most)
{
	struct bus_channel *channel = worker->settings.channel;

	// In slices, so that the control core has something to do meanwhile.
	while (most > 0 && conn_table_waiting(worker->table) > 0) {
		size_t slice = most < RECORDS_A_TURN ? most : RECORDS_A_TURN, room, count;
		struct conn_summary *place = bus_channel_reserve(channel, slice, &room);

		if (place == NULL) {
			worker->counters.channel_full++;
			return false;
		}
		count = conn_finished_take(worker->table, place, room);
		bus_channel_commit(channel, count);
		if (count < room)
			break;
		most -= count;
	}
	return true;
}

void worker_finish(struct worker *worker)
{
	worker->finishing = true;
	while (conn_table_live(worker->table) > 0 || conn_table_waiting(worker->table) > 0) {
		conn_table_drain(worker->table, DRAIN_STEP);
		worker_send_finished(worker, SIZE_MAX);
		if (conn_table_waiting(worker->table) > 0)
			usleep(100);
		urcu_qsbr_quiescent_state();
	}
	watch_finish(worker->watch, worker->settings.index);
	atomic_store_explicit(&worker->counters.done, true, memory_order_release);
}
