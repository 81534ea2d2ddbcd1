/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// reader CONNECTIONS...: what it costs to read the live connections of a worker's table, one after
// the other, and what that costs the worker.
//
//   reader.look idle      a record, while the worker does nothing
//   reader.look busy      while it tracks packets, of connections in random order
//   reader.track alone    a packet, plain ones with nothing but an ACK
//   reader.track beside   while a thread only counts: two CPUs may be halves of one core
//   reader.track watched  while a thread reads all the time
//
// Two threads, so two CPUs at least.

#include "round.h"

#include "base/time.h"
#include "conn/conn_internal.h"
#include "conn/conn_reader.h"

#include <pthread.h>

#define BURST   32
#define BATCHES 20000

enum { LOOK_IDLE, LOOK_BUSY, TRACK_ALONE, TRACK_BESIDE, TRACK_WATCHED, SERIES };

static const char *const names[SERIES] = {"reader.look idle", "reader.look busy",
					  "reader.track alone", "reader.track beside",
					  "reader.track watched"};

static struct place {
	struct conn_table *table;
	struct conn_reader *reader;
	uint32_t connections;
	uint64_t now;
	uint64_t random;
	double cycles[SERIES][BENCH_ROUNDS];
	atomic_uint started; // whole passes that the other thread has begun
	atomic_bool stop;
	double busy; // cycles a record, by the other thread
} place;

static struct conn_settings settings;

static void settings_fill(uint32_t connections)
{
	settings = (struct conn_settings){
		.maximum = connections,
		.hugepages = true,
		.tcp_attempt_delay = TIME_HOUR,
		.tcp_syn_timeout = TIME_HOUR,
		.tcp_session_timer = TIME_HOUR,
		.tcp_connection_linger = TIME_HOUR,
		.secret = {0x2d358dccaa6c78a5, 0x8bb84b93962eacc9, 0x4b33a62ed433d4a3,
			   0x4d5a2da51de1aa47, 0xa0761d6478bd642f, 0xe7037ed1a0b428db},
	};
}

// Flags, numbers and sender of the packet are the caller's.
static void packet_fill(struct packet *packet, uint32_t connection, bool server, uint8_t flags)
{
	*packet = (struct packet){
		.time = place.now,
		.ip_length = 40,
		.key = {.port = {40000, 80}, .protocol = PACKET_TCP},
		.sender = server,
		.verdict = PACKET_TRACK,
		.window = 1000,
		.tcp_flags = flags,
		.sequence = flags & PACKET_TCP_SYN ? 100 : 101,
		.acknowledgement = flags & PACKET_TCP_ACK ? 101 : 0,
	};
	memcpy(&packet->key.address[0], &connection, sizeof(connection));
	packet->key.address[1].byte[0] = 255;
	packet->hash = packet_key_hash(&packet->key, settings.secret);
	conn_track_prepare(place.table, packet);
}

// One packet of each of `count` connections.
static void send_all(uint32_t first, uint32_t count, bool server, uint8_t flags)
{
	struct packet packets[BURST];

	for (uint32_t i = 0; i < count; i++)
		packet_fill(&packets[i], first + i, server, flags);
	conn_track(place.table, packets, count, 0);
}

static void open_all(void)
{
	for (uint32_t first = 0; first < place.connections; first += BURST) {
		uint32_t left = place.connections - first, count = left < BURST ? left : BURST;

		place.now += 1000;
		send_all(first, count, false, PACKET_TCP_SYN);
		send_all(first, count, true, PACKET_TCP_SYN | PACKET_TCP_ACK);
		send_all(first, count, false, PACKET_TCP_ACK);
	}
}

static int create(const char *connections)
{
	place.connections = (uint32_t)strtoul(connections, NULL, 10);
	place.now = UINT64_C(1700000000) * TIME_SECOND;
	settings_fill(place.connections);
	place.table = conn_table_create(&settings, NULL);
	if (place.table == NULL)
		return -1;
	place.reader = conn_reader_create(place.table);
	if (place.reader == NULL)
		return -1;
	open_all();
	return 0;
}

static void destroy(void)
{
	conn_reader_destroy(place.reader);
	conn_table_destroy(place.table);
}

// Cycles a record.
static double look_at_all(void)
{
	uint32_t used = conn_table_slots_used(place.table), found = 0;
	uint64_t begin = bench_begin();

	for (uint32_t slot = 0; slot < used; slot++) {
		struct conn_summary summary;

		found += conn_reader_look(place.reader, slot, &summary) == CONN_READ_FOUND;
	}
	// Where it gave one up, the worker had no CPU meanwhile.
	if (found + 10 < place.connections)
		printf("# %u of %u connections were found\n", found, place.connections);
	return bench_each(begin, place.connections);
}

static double track(void)
{
	uint32_t burst = place.connections < BURST ? place.connections : BURST;
	uint64_t begin = bench_begin();

	for (uint32_t batch = 0; batch < BATCHES; batch++) {
		struct packet packets[BURST];

		for (uint32_t i = 0; i < burst; i++) {
			uint64_t bits = random_next(&place.random);

			packet_fill(&packets[i], (uint32_t)((bits >> 32) * place.connections >> 32),
				    bits & 1, PACKET_TCP_ACK);
		}
		conn_track(place.table, packets, burst, 0);
	}
	return bench_each(begin, (size_t)BATCHES * burst);
}

static void *look_on(void *argument)
{
	while (!atomic_load(&place.stop)) {
		atomic_fetch_add(&place.started, 1);
		place.busy = look_at_all();
	}
	return NULL;
}

static void *count_on(void *argument)
{
	static uint64_t numbers;

	atomic_fetch_add(&place.started, 1);
	while (!atomic_load(&place.stop)) {
		for (int i = 0; i < 1000; i++)
			random_next(&numbers);
	}
	return NULL;
}

// Cycles a packet while another thread does that.
static double track_while(void *(*other)(void *))
{
	pthread_t thread;
	double cycles;

	atomic_store(&place.stop, false);
	atomic_store(&place.started, 0);
	if (pthread_create(&thread, NULL, other, NULL) != 0)
		return -1;
	while (atomic_load(&place.started) == 0)
		;
	cycles = track();
	atomic_store(&place.stop, true);
	pthread_join(thread, NULL);
	return cycles;
}

static int measure(int round)
{
	place.cycles[LOOK_IDLE][round] = look_at_all();
	track();
	place.cycles[TRACK_ALONE][round] = track();
	place.cycles[TRACK_BESIDE][round] = track_while(count_on);
	place.cycles[TRACK_WATCHED][round] = track_while(look_on);
	place.cycles[LOOK_BUSY][round] = place.busy;
	return place.cycles[TRACK_BESIDE][round] < 0 || place.cycles[TRACK_WATCHED][round] < 0 ? -1
											       : 0;
}

int main(int count, char **word)
{
	if (count < 2) {
		fprintf(stderr, "usage: reader CONNECTIONS...\n");
		return 2;
	}
	for (int i = 1; i < count; i++) {
		if (create(word[i]) < 0 || place.connections == 0) {
			fprintf(stderr, "reader: no table of '%s' connections\n", word[i]);
			return 1;
		}
		for (int round = 0; round < BENCH_ROUNDS; round++) {
			if (measure(round) < 0) {
				fprintf(stderr, "reader: no second thread\n");
				return 1;
			}
		}
		for (int series = 0; series < SERIES; series++)
			bench_report(names[series], place.connections,
				     bench_median(place.cycles[series], BENCH_ROUNDS), "cycles");
		printf("# read again %.1e times a record\n",
		       (double)conn_reader_again(place.reader) / place.connections / BENCH_ROUNDS);
		destroy();
	}
	return 0;
}
