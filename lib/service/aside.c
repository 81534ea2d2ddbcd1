/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/aside.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

// Threads at a time, those included that nobody waits for any more; but for what is urgent.
#define THREADS_MOST 64

struct aside {
	struct aside_work *work;
	atomic_bool done;
	atomic_uint holders; // the thread, and who began it; the last one frees
};

static atomic_uint threads;

static void release(struct aside *aside)
{
	if (atomic_fetch_sub(&aside->holders, 1) > 1)
		return;
	if (aside->work != NULL)
		aside->work->drop(aside->work);
	free(aside);
}

static void *run(void *argument)
{
	struct aside *aside = argument;

	pthread_setname_np(pthread_self(), "weir-aside");
	// Of this thread: whatever else weir does comes first.
	setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	aside->work->run(aside->work);
	atomic_store(&aside->done, true);
	release(aside);
	atomic_fetch_sub(&threads, 1);
	return NULL;
}

static bool start_thread(struct aside *aside)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int result;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	result = pthread_create(&thread, &attributes, run, aside);
	pthread_attr_destroy(&attributes);
	return result == 0;
}

struct aside *aside_begin(struct aside_work *work, bool urgent)
{
	struct aside *aside = calloc(1, sizeof(*aside));

	if (aside == NULL)
		return NULL;
	aside->holders = 2;
	aside->work = work;
	if ((atomic_fetch_add(&threads, 1) < THREADS_MOST || urgent) && start_thread(aside))
		return aside;
	atomic_fetch_sub(&threads, 1);
	free(aside);
	return NULL;
}

bool aside_is_done(const struct aside *aside)
{
	return atomic_load(&aside->done);
}

struct aside_work *aside_take(struct aside *aside)
{
	struct aside_work *work = aside->work;

	aside->work = NULL;
	return work;
}

void aside_end(struct aside *aside)
{
	if (aside != NULL)
		release(aside);
}
