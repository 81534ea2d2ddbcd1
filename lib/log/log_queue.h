/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_file;

// A fixed number of buffers, free ones in a list, filled ones on their way to the writer thread as
// jobs in a ring. There is always room for one job for each buffer; jobs without a buffer share
// what is beyond.

struct log_buffer {
	char *bytes;
	size_t length;
	size_t done; // bytes that are in the file
	uint64_t lines;
	struct log_buffer *next;
};

enum log_job_kind { LOG_JOB_WRITE, LOG_JOB_ROTATE, LOG_JOB_REOPEN, LOG_JOB_FINISH };

struct log_job {
	enum log_job_kind kind;
	struct log_file *file;
	struct log_buffer *buffer; // LOG_JOB_WRITE only
	uint64_t opened; // LOG_JOB_ROTATE, LOG_JOB_REOPEN: ns, the time in the file's final name
};

struct log_queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;  // for the writer thread: a job came, or the end
	pthread_cond_t drained; // for control: a job is done
	struct log_buffer *buffers, *free;
	struct log_job *jobs;
	size_t buffer_count, job_capacity, first_job, job_count;
	uint64_t lines; // handed over and not done
	bool stopping;
	char *memory;
};

// Returns 0 or -ENOMEM.
int log_queue_init(struct log_queue *queue, size_t buffers, size_t buffer_size);
void log_queue_fini(struct log_queue *queue);

// An empty buffer, or NULL when none is free. Control only.
struct log_buffer *log_queue_take(struct log_queue *queue);

// Hands a job over. A job with a buffer always finds room; another may not (false). Control only.
bool log_queue_push(struct log_queue *queue, const struct log_job *job);

// Waits up to `timeout` ns until a buffer is free and a job without a buffer finds room. Control
// only.
bool log_queue_wait(struct log_queue *queue, uint64_t timeout);

// No job follows. Control only.
void log_queue_stop(struct log_queue *queue);

// Waits for a job; false when there is none left after log_queue_stop(). Writer thread only, as all
// below.
bool log_queue_pop(struct log_queue *queue, struct log_job *job);

// The job is done; its buffer is free again.
void log_queue_done(struct log_queue *queue, const struct log_job *job);

// Waits `timeout` ns, less when log_queue_stop() is called. Returns whether it was.
bool log_queue_pause(struct log_queue *queue, uint64_t timeout);

// Lines that wait, including those of the job at hand; whether log_queue_stop() was called.
uint64_t log_queue_lines(struct log_queue *queue);
bool log_queue_is_stopping(struct log_queue *queue);
