/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/compile.h"

#include "filter/filter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// Threads at a time, those included that nobody waits for any more.
#define COMPILING_MOST 64

struct compile {
	char *expression;
	struct filter *filter;
	atomic_bool done;
	atomic_uint holders; // the thread, and who began it; the last one frees
	char why[512];
};

static atomic_uint compiling;

static void release(struct compile *compile)
{
	if (atomic_fetch_sub(&compile->holders, 1) > 1)
		return;
	filter_destroy(compile->filter);
	free(compile->expression);
	free(compile);
}

static void *run(void *argument)
{
	struct compile *compile = argument;

	compile->filter = filter_create(compile->expression, compile->why, sizeof(compile->why));
	atomic_store(&compile->done, true);
	release(compile);
	atomic_fetch_sub(&compiling, 1);
	return NULL;
}

static bool start_thread(struct compile *compile)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int result;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	result = pthread_create(&thread, &attributes, run, compile);
	pthread_attr_destroy(&attributes);
	return result == 0;
}

struct compile *compile_begin(const char *expression)
{
	struct compile *compile = calloc(1, sizeof(*compile));

	if (compile == NULL)
		return NULL;
	compile->holders = 2;
	compile->expression = strdup(expression);
	if (atomic_fetch_add(&compiling, 1) < COMPILING_MOST && compile->expression != NULL &&
	    start_thread(compile))
		return compile;
	atomic_fetch_sub(&compiling, 1);
	compile->holders = 1;
	release(compile);
	return NULL;
}

bool compile_is_done(const struct compile *compile)
{
	return atomic_load(&compile->done);
}

struct filter *compile_take(struct compile *compile, const char **why)
{
	struct filter *filter = compile->filter;

	compile->filter = NULL;
	*why = compile->why;
	return filter;
}

void compile_end(struct compile *compile)
{
	if (compile != NULL)
		release(compile);
}
