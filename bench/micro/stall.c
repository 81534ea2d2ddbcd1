/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// stall TRACE TIMED-OUT [PASSES]: the longest turn of the replay's poll loop while so many
// connections of the trace, made by `bench/flows FLOWS TRACE expire`, time out.
//
//   stall.turn weir      the longest turn
//   stall.turn idle      the longest turn of a loop that only counts, for about as long as weir's median
//   stall.once weir      the longest turn of a single pass
//   stall.once idle
//   latency weir         at N: one turn in N takes this long, or longer; a packet waits for one turn at most
//   latency idle
//
// A virtual machine's host, its clock and other programs take the processor away for up to tens of
// milliseconds. But a turn does the same work in each pass over the trace, on the same packets: so
// the shortest pass of each turn counts, which is what it takes when nobody disturbs, and the
// longest of those turns is what the program itself does at worst.

#include "bench.h"
#include "round.h"

#include "capture/replay.h"
#include "worker/worker_internal.h"

#include <pthread.h>
#include <string.h>

#define TURNS_MOST (1u << 20)
#define PASSES     9
// Turns count from here on: the wheel prepares ahead, and what it does then counts, too.
#define BEGIN (UINT64_C(1700000050) * TIME_SECOND)
// The control core's ring, as in app/weir/run.c.
#define CHANNEL 4096
// For so many turns the control core does not come by, which fills its ring, and for as many it
// does: the loop then sends as many records at once as it ever does.
#define PAUSE_TURNS 64
// It comes nevertheless when so many connections wait: where they end faster than grace periods,
// the loop would soon wait for it.
#define WAITING_MOST 16384

static struct turns {
	uint32_t least[TURNS_MOST]; // cycles, of all passes
	uint32_t sent[TURNS_MOST];  // records, in the pass with most of them
	size_t count;
	uint64_t longest_once;
} weir, idle;

// What stands for the control core: a thread that looks at the records whenever it is told to.
static struct reader {
	struct bus_channel *channel;
	atomic_uint wanted, done; // how often it was told, and came
	atomic_bool stop;
	uint64_t sum; // so that the records are read
} reader;

static void *read_records(void *argument)
{
	const struct conn_summary *summary;
	size_t count;

	while (!atomic_load(&reader.stop)) {
		unsigned wanted = atomic_load(&reader.wanted);

		if (atomic_load(&reader.done) == wanted) {
			sched_yield();
			continue;
		}
		while ((summary = bus_channel_look(reader.channel, 256, &count)) != NULL) {
			for (size_t i = 0; i < count; i++)
				for (size_t line = 0; line < sizeof(*summary); line += 64)
					reader.sum += ((const uint8_t *)&summary[i])[line];
			bus_channel_release(reader.channel, count);
		}
		atomic_store(&reader.done, wanted);
	}
	return NULL;
}

// Returns when the ring is empty. Between turns, so that a pass does not depend on how fast the
// reader is.
static void wait_for_reader(void)
{
	unsigned wanted = atomic_fetch_add(&reader.wanted, 1) + 1;

	while (atomic_load(&reader.done) != wanted)
		sched_yield();
}

// A turn that could not send its records, because a grace period took long, does less than it has
// to, and does not count; what sends more does the work of two.
static void note(struct turns *turns, size_t at, uint64_t spent, uint32_t sent)
{
	if (spent > turns->longest_once)
		turns->longest_once = spent;
	if (at >= TURNS_MOST)
		return;
	if (at >= turns->count || sent > turns->sent[at] ||
	    (sent == turns->sent[at] && spent < turns->least[at])) {
		turns->least[at] = spent < UINT32_MAX ? (uint32_t)spent : UINT32_MAX;
		turns->sent[at] = sent;
	}
	if (at >= turns->count)
		turns->count = at + 1;
}

// Returns how many connections timed out.
static uint64_t play(struct worker *worker)
{
	const struct conn_counters *counters = worker_conn_counters(worker);
	size_t turn = 0, at = 0;
	bool waited, more = true;

	worker_begin(worker);
	while (more) {
		uint64_t finished = counters->finished;
		uint64_t begin = bench_cycles(), spent;

		more = worker_replay_turn(worker, &waited);
		spent = bench_cycles() - begin;
		// A turn that waited for the reader, or for a grace period, does not count in this pass.
		if (more && worker->now >= BEGIN && !waited)
			note(&weir, at, spent, (uint32_t)(counters->finished - finished));
		at += more && worker->now >= BEGIN;
		if (turn++ / PAUSE_TURNS % 2 == 0 ||
		    conn_table_waiting(worker->table) > WAITING_MOST)
			wait_for_reader();
	}
	worker_end();
	return counters->removed[CONN_REASON_INACTIVE];
}

static struct worker *create_worker(struct replay *replay, struct call_rcu_data *reclaimer)
{
	static struct worker_settings settings;

	settings = (struct worker_settings){
		.count = 1,
		.channel = reader.channel,
		.replay = replay,
		.reclaimer = reclaimer,
		.fragments = 16,
		.fragment_timeout = 30 * TIME_SECOND,
		.ignore_checksums = true,
		// Only inactivity ends a connection, so that all there is to do comes at once.
		.conn = {.maximum = 1200000,
			 .hugepages = true,
			 .secret = {1, 2, 3, 4, 5, 6},
			 .tcp_attempt_delay = TIME_HOUR,
			 .tcp_syn_timeout = TIME_HOUR,
			 .tcp_close_delay = TIME_HOUR,
			 .tcp_connection_linger = TIME_HOUR,
			 .tcp_session_timer = TIME_HOUR},
	};
	for (int i = 0; i < CONN_TIMEOUT_COUNT; i++)
		settings.conn.inactivity[i] = TIME_MINUTE;
	return worker_create(&settings);
}

static int pass(const char *const *trace, uint64_t expected, struct call_rcu_data *reclaimer)
{
	struct replay_settings settings = {.paths = trace,
					   .path_count = 1,
					   .workers = 1,
					   .rounds = 1,
					   .ignore_checksums = true,
					   .hugepages = true};
	struct replay *replay = replay_create(&settings);
	struct worker *worker = replay != NULL ? create_worker(replay, reclaimer) : NULL;
	uint64_t ended = 0;

	if (worker != NULL) {
		ended = play(worker);
		wait_for_reader();
		// Grace periods that the table waits for must have ended.
		urcu_qsbr_register_thread();
		urcu_qsbr_set_thread_call_rcu_data(reclaimer);
		urcu_qsbr_barrier();
		worker_end();
	}
	worker_destroy(worker);
	replay_destroy(replay);
	if (ended == expected)
		return 0;
	fprintf(stderr, "%llu connections timed out\n", (unsigned long long)ended);
	return -1;
}

// As many turns, each about as long as weir's median.
static void play_idle(uint32_t cycles)
{
	for (size_t at = 0; at < weir.count; at++) {
		uint64_t begin = bench_cycles();

		for (uint32_t i = 0; i < cycles; i++)
			__asm__ volatile("");
		note(&idle, at, bench_cycles() - begin, 0);
	}
}

static double microseconds(uint64_t cycles)
{
	return (double)cycles / bench_cycles_a_nanosecond() / 1000;
}

static int compare_turns(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void report(struct turns *turns, const char *turn, const char *once, const char *latency)
{
	qsort(turns->least, turns->count, sizeof(*turns->least), compare_turns);
	bench_report(turn, 0, microseconds(turns->least[turns->count - 1]), "us");
	bench_report(once, 0, microseconds(turns->longest_once), "us");
	for (size_t part = 1; part <= turns->count; part *= 10) {
		// Half of them first.
		size_t longer = turns->count / (part == 1 ? 2 : part);

		bench_report(latency, part == 1 ? 2 : part,
			     microseconds(turns->least[turns->count - longer]), "us");
	}
	bench_report(latency, turns->count, microseconds(turns->least[turns->count - 1]), "us");
}

int main(int count, char **word)
{
	const char *trace = count > 2 ? word[1] : NULL;
	unsigned long expected = count > 2 ? strtoul(word[2], NULL, 10) : 0;
	unsigned long passes = count > 3 ? strtoul(word[3], NULL, 10) : PASSES;
	struct call_rcu_data *reclaimer;
	pthread_t thread;
	int result = 0;

	if (trace == NULL || passes == 0) {
		fprintf(stderr, "usage: stall TRACE TIMED-OUT [PASSES]\n");
		return 2;
	}
	reclaimer = urcu_qsbr_create_call_rcu_data(URCU_CALL_RCU_RT, -1);
	reader.channel = bus_channel_create(CHANNEL);
	if (reclaimer == NULL || reader.channel == NULL ||
	    pthread_create(&thread, NULL, read_records, NULL) != 0) {
		fprintf(stderr, "no memory\n");
		return 1;
	}
	for (unsigned long i = 0; i < passes && result == 0; i++)
		result = pass(&trace, expected, reclaimer);
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	bus_channel_destroy(reader.channel);
	urcu_qsbr_call_rcu_data_free(reclaimer);
	if (result < 0 || weir.count == 0)
		return 1;
	report(&weir, "stall.turn weir", "stall.once weir", "latency weir");
	for (unsigned long i = 0; i < passes; i++)
		play_idle(weir.least[weir.count / 2]);
	report(&idle, "stall.turn idle", "stall.once idle", "latency idle");
	printf("# %zu turns, the least of %lu passes for each\n", weir.count, passes);
	return 0;
}
