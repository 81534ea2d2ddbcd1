/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump/dump_internal.h"

#include "base/message.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define BUCKETS_MOST 65536

static int check(const struct dump_settings *settings)
{
	if (settings->directory == NULL || settings->directory[0] == '\0') {
		message_error("captures: no directory is named");
		return -EINVAL;
	}
	if (settings->packet_bytes == 0 || settings->packet_bytes > DUMP_PACKET_MOST) {
		message_error("captures: %u bytes of a packet cannot be kept; 1 to %u can",
			      settings->packet_bytes, DUMP_PACKET_MOST);
		return -EINVAL;
	}
	if (settings->file_bytes < DUMP_FILE_LEAST) {
		message_error("captures: a file needs %u bytes at least", DUMP_FILE_LEAST);
		return -EINVAL;
	}
	if (settings->ring_packets < 2 || settings->ring_packets > DUMP_RING_MOST ||
	    (settings->ring_packets & (settings->ring_packets - 1)) != 0) {
		message_error("captures: a ring holds a power of two of packets, 2 to %u, not %u",
			      DUMP_RING_MOST, settings->ring_packets);
		return -EINVAL;
	}
	return 0;
}

static bool create_table(struct dump *dump)
{
	uint32_t buckets = 1;

	while (buckets < dump->settings.files && buckets < BUCKETS_MOST)
		buckets *= 2;
	dump->bucket_mask = buckets - 1;
	dump->bucket = calloc(buckets, sizeof(struct dump_file *));
	return dump->bucket != NULL;
}

static void init_wake(struct dump *dump)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&dump->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&dump->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct dump *dump_create(const struct dump_settings *settings)
{
	struct dump *dump;

	if (check(settings) < 0)
		return NULL;
	dump = calloc(1, sizeof(*dump));
	if (dump == NULL)
		goto no_memory;
	init_wake(dump);
	dump->settings = *settings;
	dump->settings.directory = strdup(settings->directory);
	dump->ring = calloc(settings->workers, sizeof(struct dump_ring *));
	if (dump->settings.directory == NULL || dump->ring == NULL || !create_table(dump))
		goto no_memory;
	for (uint32_t i = 0; i < settings->workers; i++) {
		dump->ring[i] = dump_ring_create(settings->ring_packets, settings->packet_bytes,
						 settings->wait);
		if (dump->ring[i] == NULL)
			goto no_ring;
	}
	return dump;

no_memory:
	message_error("no memory for captures");
no_ring:
	dump_destroy(dump);
	return NULL;
}

int dump_prepare(struct dump *dump)
{
	const char *directory = dump->settings.directory;
	int result = dump_make_directory(directory);

	if (result == 0 && access(directory, W_OK | X_OK) < 0)
		result = -errno;
	if (result < 0)
		message_error("captures in %s: %s; %s", directory, strerror(-result),
			      dump_advice(-result));
	return result;
}

struct dump_ring *dump_ring(struct dump *dump, uint32_t worker)
{
	return dump->ring[worker];
}

static void serve(struct dump *dump, bool served)
{
	for (uint32_t i = 0; i < dump->settings.workers; i++)
		atomic_store_explicit(&dump->ring[i]->served, served, memory_order_release);
}

int dump_start(struct dump *dump)
{
	sigset_t all, before;
	int result;

	serve(dump, true);
	// Signals are for the threads that know what to do about them. That of a file which became
	// too long is one of them: write() says it, too.
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = -pthread_create(&dump->thread, NULL, dump_thread, dump);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result < 0) {
		serve(dump, false);
		message_error("cannot start the thread that writes captures; raise the limit of "
			      "threads");
		return result;
	}
	dump->started = true;
	pthread_setname_np(dump->thread, "weir-capture");
	return 0;
}

int dump_finish(struct dump *dump)
{
	if (!dump->started || dump->finished)
		return dump->error;
	pthread_mutex_lock(&dump->lock);
	dump->stopping = true;
	pthread_cond_signal(&dump->wake);
	pthread_mutex_unlock(&dump->lock);
	pthread_join(dump->thread, NULL);
	dump->finished = true;
	serve(dump, false);
	return dump->error;
}

static uint64_t read_sum(const _Atomic uint64_t *sum)
{
	return atomic_load_explicit(sum, memory_order_relaxed);
}

void dump_count(const struct dump *dump, struct dump_counters *counters)
{
	const struct dump_sums *sums = &dump->sums;

	*counters = (struct dump_counters){
		.files = read_sum(&sums->files),
		.packets = read_sum(&sums->packets),
		.bytes = read_sum(&sums->bytes),
		.refused = read_sum(&sums->refused),
		.beyond = read_sum(&sums->beyond),
		.failed = read_sum(&sums->failed),
		.filled = read_sum(&sums->filled),
	};
	for (uint32_t i = 0; i < dump->settings.workers; i++)
		counters->lost += read_sum(&dump->ring[i]->lost);
}

void dump_destroy(struct dump *dump)
{
	if (dump == NULL)
		return;
	dump_finish(dump);
	dump_files_free(dump);
	for (uint32_t i = 0; dump->ring != NULL && i < dump->settings.workers; i++)
		dump_ring_destroy(dump->ring[i]);
	free(dump->ring);
	free((char *)dump->settings.directory);
	pthread_cond_destroy(&dump->wake);
	pthread_mutex_destroy(&dump->lock);
	free(dump);
}
