/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/reader.h"

#include "base/message.h"
#include "base/prefetch.h"
#include "base/time.h"
#include "capture/batch.h"
#include "capture/rss.h"
#include "capture/trace.h"
#include "packet/fragment.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCHES 16
// Buffers for what is read of the file: enough that the workers may fall behind a little, few
// enough that they stay in the caches.
#define CHUNKS     4
#define CHUNK_PAGE 4096
// How far ahead of the packet that is written, in bytes.
#define PACKET_AHEAD (4 * sizeof(struct packet))
// A packet that comes so long after the others may find many timers due at once.
#define STEP (100 * TIME_MILLISECOND)

// A buffer into which the file is read; packets in batches point into it.
struct chunk {
	uint8_t *memory;
	uint64_t needed; // by batches with numbers below it
};

struct reader {
	struct trace *trace;
	struct packet_decoder decoder;
	struct batch *batch[BATCHES];
	uint64_t number; // of the batch that is being filled; its place is this % BATCHES
	struct chunk chunk[CHUNKS];
	uint32_t chunk_at;      // the one that is being read into
	struct bus_ring **ring; // [workers]
	uint32_t workers;
	struct batch *filling;
	bool stays;     // the bytes of this frame do
	bool joined;    // a packet of this frame lies in the fragment table
	uint64_t clock; // the latest time read
	atomic_bool stop;
	struct capture_counters counters;
};

void reader_destroy(struct reader *reader)
{
	if (reader == NULL)
		return;
	for (uint32_t i = 0; i < BATCHES; i++)
		free(reader->batch[i]);
	for (uint32_t i = 0; i < CHUNKS; i++)
		free(reader->chunk[i].memory);
	for (uint32_t i = 0; reader->ring != NULL && i < reader->workers; i++)
		bus_ring_destroy(reader->ring[i]);
	free(reader->ring);
	trace_close(reader->trace);
	fragment_table_destroy(reader->decoder.fragments);
	free(reader);
}

struct bus_ring *reader_ring(struct reader *reader, uint32_t worker)
{
	return reader->ring[worker];
}

void reader_stop(struct reader *reader)
{
	atomic_store_explicit(&reader->stop, true, memory_order_relaxed);
}

const struct capture_counters *reader_counters(const struct reader *reader)
{
	return &reader->counters;
}

double reader_progress(const struct reader *reader)
{
	return trace_progress(reader->trace);
}

uint32_t reader_failures(const struct reader *reader)
{
	return trace_failures(reader->trace);
}

// Waits until all workers are done with the batch in a place.
static struct batch *batch_wait(struct reader *reader, uint64_t number)
{
	struct batch *batch = reader->batch[number % BATCHES];

	for (uint32_t spin = 0; atomic_load_explicit(&batch->users, memory_order_acquire) != 0;
	     spin++) {
		if (spin < 64)
			sched_yield();
		else
			usleep(50);
	}
	return batch;
}

static struct batch *batch_begin(struct reader *reader)
{
	struct batch *batch = batch_wait(reader, reader->number);

	batch->count = 0;
	batch->used = 0;
	batch->last = false;
	return batch;
}

// The rings have more room than there are batches, so that each finds its place.
static void batch_hand_out(struct reader *reader, struct batch *batch)
{
	atomic_store_explicit(&batch->users, reader->workers, memory_order_release);
	for (uint32_t i = 0; i < reader->workers; i++)
		bus_ring_put(reader->ring[i], &batch, 1);
	reader->number++;
	reader->chunk[reader->chunk_at].needed = reader->number;
}

// The buffer that was given first is the next one. Workers finish batches in their order, so that
// it is free when they are done with the last one that points into it.
static uint8_t *chunk_next(void *context)
{
	struct reader *reader = context;
	struct chunk *chunk = &reader->chunk[reader->chunk_at];

	if (reader->filling->count > 0)
		chunk->needed = reader->number + 1;
	reader->chunk_at = (reader->chunk_at + 1) % CHUNKS;
	chunk = &reader->chunk[reader->chunk_at];
	if (chunk->needed > reader->number) {
		batch_hand_out(reader, reader->filling);
		reader->filling = batch_begin(reader);
	}
	// Batches that are longer ago had to be done before their places could be used again.
	if (chunk->needed > 0 && chunk->needed - 1 + BATCHES > reader->number)
		batch_wait(reader, chunk->needed - 1);
	return chunk->memory;
}

// While nothing comes, what came is not held back. False when reading is to end.
static bool nothing_comes(void *context)
{
	struct reader *reader = context;

	if (reader->filling->count > 0) {
		batch_hand_out(reader, reader->filling);
		reader->filling = batch_begin(reader);
	}
	return !atomic_load_explicit(&reader->stop, memory_order_relaxed);
}

struct reader *reader_create(const struct reader_settings *settings)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		goto no_memory;
	rss_prepare(settings->workers);
	reader->workers = settings->workers;
	reader->decoder.ignore_checksums = settings->ignore_checksums;
	reader->decoder.tunnels = settings->tunnels;
	memcpy(reader->decoder.secret, settings->secret, sizeof(settings->secret));
	reader->decoder.fragments = fragment_table_create(settings->fragments,
							  settings->fragment_timeout);
	reader->ring = calloc(settings->workers, sizeof(*reader->ring));
	if (reader->decoder.fragments == NULL || reader->ring == NULL)
		goto no_memory;
	for (uint32_t i = 0; i < BATCHES; i++) {
		reader->batch[i] = calloc(1, sizeof(*reader->batch[i]));
		if (reader->batch[i] == NULL)
			goto no_memory;
	}
	for (uint32_t i = 0; i < CHUNKS; i++) {
		reader->chunk[i].memory = aligned_alloc(CHUNK_PAGE, RECORDS_BUFFER);
		if (reader->chunk[i].memory == NULL)
			goto no_memory;
	}
	for (uint32_t i = 0; i < settings->workers; i++) {
		reader->ring[i] = bus_ring_create(sizeof(struct batch *), 2 * BATCHES);
		if (reader->ring[i] == NULL)
			goto no_memory;
	}
	reader->filling = batch_begin(reader);
	reader->trace = trace_open(settings->paths, settings->path_count, nothing_comes, reader);
	if (reader->trace == NULL)
		goto failed;
	trace_use_buffers(reader->trace, chunk_next);
	return reader;

no_memory:
	message_error("no memory to read traces with");
failed:
	reader_destroy(reader);
	return NULL;
}

static uint8_t *batch_copy(struct batch *batch, const uint8_t *data, uint32_t length)
{
	uint8_t *copy = batch->data + batch->used;

	memcpy(copy, data, length);
	batch->used += length;
	return copy;
}

static void batch_reset_tunnels(struct batch *batch, uint32_t index)
{
	for (int level = 0; level < BATCH_LEVELS; level++)
		atomic_init(&batch->tunnel[index][level].told, 0);
}

// The place of the next packet; it has room for its payload.
static struct packet *batch_next(struct reader *reader)
{
	struct packet *packet;

	if (reader->filling->count == BATCH_PACKETS ||
	    BATCH_BYTES - reader->filling->used < BATCH_PAYLOAD) {
		batch_hand_out(reader, reader->filling);
		reader->filling = batch_begin(reader);
	}
	packet = &reader->filling->packet[reader->filling->count];
	// What is written soon is asked for now: a worker has it in its cache since the last time.
	prefetch((const char *)packet + PACKET_AHEAD);
	prefetch((const char *)packet + PACKET_AHEAD + 64);
	return packet;
}

// Adds the packet that was decoded into the next place.
static void batch_add(struct reader *reader)
{
	struct batch *batch = reader->filling;
	struct packet *packet = &batch->packet[batch->count];

	reader->counters.verdict[packet->verdict]++;
	if (packet->verdict == PACKET_TRACK) {
		if (packet->copied || !reader->stays) {
			uint32_t headers = packet_headers(packet);

			packet->payload = batch_copy(batch, packet->payload - headers,
						     headers + packet->payload_captured) +
					  headers;
		}
		packet->owner = reader->workers > 1 ? rss_worker(rss_hash(&packet->key)) : 0;
		if (packet->may_carry)
			batch_reset_tunnels(batch, batch->count);
	}
	reader->joined |= packet->copied;
	batch->count++;
}

static void take_frame(struct reader *reader, const struct packet_frame *frame)
{
	struct packet *packet = batch_next(reader);

	packet_decode(&reader->decoder, frame, packet);
	packet->step = frame->time >= reader->clock + STEP;
	if (frame->time > reader->clock)
		reader->clock = frame->time;
	reader->counters.received++;
	reader->counters.bytes += frame->length;
	batch_add(reader);
	while (packet_decode_more(&reader->decoder, batch_next(reader))) {
		reader->counters.unpacked++;
		batch_add(reader);
	}
	// Not before: the rest of an aggregate may lie in there.
	if (reader->joined)
		fragment_table_recycle(reader->decoder.fragments);
	reader->joined = false;
}

void *reader_run(void *argument)
{
	struct reader *reader = argument;
	struct packet_frame frame;

	while (!atomic_load_explicit(&reader->stop, memory_order_relaxed)) {
		int result = trace_next(reader->trace, &frame);

		if (result == 0)
			break;
		if (result < 0)
			continue;
		reader->stays = trace_frame_stays(reader->trace);
		take_frame(reader, &frame);
	}
	reader->filling->last = true;
	batch_hand_out(reader, reader->filling);
	return NULL;
}
