/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_queue.h"

#include "base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JOBS_WITHOUT_BUFFER 64

int log_queue_init(struct log_queue *queue, size_t buffers, size_t buffer_size)
{
	pthread_condattr_t attributes;

	memset(queue, 0, sizeof(*queue));
	queue->buffer_count = buffers;
	queue->job_capacity = 2 * buffers + JOBS_WITHOUT_BUFFER;
	queue->buffers = calloc(buffers, sizeof(*queue->buffers));
	queue->jobs = calloc(queue->job_capacity, sizeof(*queue->jobs));
	queue->memory = buffer_size > SIZE_MAX / buffers ? NULL : malloc(buffers * buffer_size);
	if (!queue->buffers || !queue->jobs || !queue->memory) {
		free(queue->buffers);
		free(queue->jobs);
		free(queue->memory);
		return -ENOMEM;
	}
	for (size_t i = 0; i < buffers; i++) {
		queue->buffers[i].bytes = queue->memory + i * buffer_size;
		queue->buffers[i].next = i + 1 < buffers ? &queue->buffers[i + 1] : NULL;
	}
	queue->free = queue->buffers;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_condattr_init(&attributes);
	// The wall clock may be set while somebody waits.
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->filled, &attributes);
	pthread_cond_init(&queue->drained, &attributes);
	pthread_condattr_destroy(&attributes);
	return 0;
}

void log_queue_fini(struct log_queue *queue)
{
	pthread_cond_destroy(&queue->drained);
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->mutex);
	free(queue->memory);
	free(queue->jobs);
	free(queue->buffers);
}

static struct timespec deadline_after(uint64_t timeout)
{
	struct timespec now;
	uint64_t nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	nanoseconds = (uint64_t)now.tv_nsec + timeout % TIME_SECOND;
	now.tv_sec += (time_t)(timeout / TIME_SECOND + nanoseconds / TIME_SECOND);
	now.tv_nsec = (long)(nanoseconds % TIME_SECOND);
	return now;
}

struct log_buffer *log_queue_take(struct log_queue *queue)
{
	struct log_buffer *buffer;

	pthread_mutex_lock(&queue->mutex);
	buffer = queue->free;
	if (buffer)
		queue->free = buffer->next;
	pthread_mutex_unlock(&queue->mutex);
	if (buffer) {
		buffer->length = buffer->done = 0;
		buffer->lines = 0;
	}
	return buffer;
}

// Room for all buffers is kept back, so that a filled buffer always finds a place.
static bool has_room(const struct log_queue *queue)
{
	return queue->job_count + queue->buffer_count < queue->job_capacity;
}

bool log_queue_push(struct log_queue *queue, const struct log_job *job)
{
	bool room;

	pthread_mutex_lock(&queue->mutex);
	room = job->buffer || has_room(queue);
	if (room) {
		queue->jobs[(queue->first_job + queue->job_count) % queue->job_capacity] = *job;
		queue->job_count++;
		if (job->buffer)
			queue->lines += job->buffer->lines;
		pthread_cond_signal(&queue->filled);
	}
	pthread_mutex_unlock(&queue->mutex);
	return room;
}

bool log_queue_wait(struct log_queue *queue, uint64_t timeout)
{
	struct timespec deadline = deadline_after(timeout);
	bool ready, in_time = true;

	pthread_mutex_lock(&queue->mutex);
	while (!(ready = queue->free && has_room(queue)) && in_time)
		in_time = pthread_cond_timedwait(&queue->drained, &queue->mutex, &deadline) == 0;
	pthread_mutex_unlock(&queue->mutex);
	return ready;
}

void log_queue_stop(struct log_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->stopping = true;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}

bool log_queue_pop(struct log_queue *queue, struct log_job *job)
{
	bool found;

	pthread_mutex_lock(&queue->mutex);
	while (queue->job_count == 0 && !queue->stopping)
		pthread_cond_wait(&queue->filled, &queue->mutex);
	found = queue->job_count > 0;
	if (found) {
		*job = queue->jobs[queue->first_job];
		queue->first_job = (queue->first_job + 1) % queue->job_capacity;
		queue->job_count--;
	}
	pthread_mutex_unlock(&queue->mutex);
	return found;
}

void log_queue_done(struct log_queue *queue, const struct log_job *job)
{
	pthread_mutex_lock(&queue->mutex);
	if (job->buffer) {
		queue->lines -= job->buffer->lines;
		job->buffer->next = queue->free;
		queue->free = job->buffer;
	}
	pthread_cond_signal(&queue->drained);
	pthread_mutex_unlock(&queue->mutex);
}

bool log_queue_pause(struct log_queue *queue, uint64_t timeout)
{
	struct timespec deadline = deadline_after(timeout);
	bool stopping, in_time = true;

	pthread_mutex_lock(&queue->mutex);
	while (!(stopping = queue->stopping) && in_time)
		in_time = pthread_cond_timedwait(&queue->filled, &queue->mutex, &deadline) == 0;
	pthread_mutex_unlock(&queue->mutex);
	return stopping;
}

uint64_t log_queue_lines(struct log_queue *queue)
{
	uint64_t lines;

	pthread_mutex_lock(&queue->mutex);
	lines = queue->lines;
	pthread_mutex_unlock(&queue->mutex);
	return lines;
}

bool log_queue_is_stopping(struct log_queue *queue)
{
	bool stopping;

	pthread_mutex_lock(&queue->mutex);
	stopping = queue->stopping;
	pthread_mutex_unlock(&queue->mutex);
	return stopping;
}
