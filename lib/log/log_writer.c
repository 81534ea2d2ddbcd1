/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_writer_internal.h"

#include "base/message.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFERS      16
#define BUFFER_SIZE  (256 * 1024)
#define RETRY_PERIOD TIME_SECOND

static int attempt(const struct log_job *job)
{
	switch (job->kind) {
	case LOG_JOB_WRITE:
		return log_file_write(job->file, job->buffer->bytes, job->buffer->length,
				      &job->buffer->done);
	case LOG_JOB_ROTATE:
		return log_file_rotate(job->file, job->opened);
	case LOG_JOB_REOPEN:
		return log_file_reopen(job->file, job->opened);
	case LOG_JOB_FINISH:
		return log_file_finish(job->file);
	}
	return -EINVAL;
}

static void count_lost(struct log_writer *writer, const struct log_job *job)
{
	const char *at, *end;
	uint64_t lines = 0;

	if (!job->buffer)
		return;
	at = job->buffer->bytes + job->buffer->done;
	end = job->buffer->bytes + job->buffer->length;
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		lines++;
		at++;
	}
	atomic_fetch_add(&job->file->lost_lines, lines);
	atomic_fetch_add(&writer->lost_lines, lines);
}

static void fail(struct log_writer *writer, int error)
{
	if (writer->error == 0)
		writer->error = error;
}

// `again`: an attempt failed before. `last`: none follows.
static void say_failure(struct log_writer *writer, const struct log_file *file, int error,
			bool again, bool last)
{
	uint64_t lines = log_queue_lines(&writer->queue);

	if (again && last)
		message_error("%s/%s: still cannot %s: %s; %" PRIu64 " lines are not written",
			      file->directory_name, file->name, file->doing, strerror(-error),
			      lines);
	else if (last)
		message_error("%s/%s: cannot %s: %s; %s", file->directory_name, file->name,
			      file->doing, strerror(-error), log_file_advice(-error));
	else if (!again)
		message_error("%s/%s: cannot %s: %s; %s (trying again every second, %" PRIu64
			      " lines wait)",
			      file->directory_name, file->name, file->doing, strerror(-error),
			      log_file_advice(-error), lines);
}

// A file was completed, but perhaps not all of it reached the disk, and there is no second chance
// to find out.
static void check_completion(struct log_writer *writer, struct log_file *file)
{
	if (file->lost == 0)
		return;
	message_error("%s/%s: cannot %s: %s; the end of the file may be missing; %s",
		      file->directory_name, file->name, file->doing, strerror(-file->lost),
		      log_file_advice(-file->lost));
	fail(writer, file->lost);
	if (!writer->options.retry)
		atomic_store(&writer->failed, true);
	file->lost = 0;
}

// Somebody may have removed the directory and made it again.
static void reopen_directory(struct log_writer *writer)
{
	int directory = open(writer->options.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return;
	dup3(directory, writer->directory, O_CLOEXEC);
	close(directory);
}

static void carry_out(struct log_writer *writer, const struct log_job *job)
{
	bool again = false;

	while (!atomic_load(&writer->failed)) {
		bool last = !writer->options.retry || log_queue_is_stopping(&writer->queue);
		int result = attempt(job);

		if (result == 0) {
			check_completion(writer, job->file);
			if (again)
				message_info("%s/%s: can be written again, nothing was lost",
					     job->file->directory_name, job->file->name);
			return;
		}
		say_failure(writer, job->file, result, again, last);
		if (last) {
			fail(writer, result);
			atomic_store(&writer->failed, true);
			break;
		}
		again = true;
		if (result == -ENOENT)
			reopen_directory(writer);
		log_queue_pause(&writer->queue, writer->options.retry_period);
	}
	count_lost(writer, job);
}

static void *run(void *argument)
{
	struct log_writer *writer = argument;
	struct log_job job;

	while (log_queue_pop(&writer->queue, &job)) {
		carry_out(writer, &job);
		log_queue_done(&writer->queue, &job);
	}
	for (struct log_stream *stream = writer->streams; stream; stream = stream->next) {
		job = (struct log_job){.kind = LOG_JOB_FINISH, .file = &stream->file};
		carry_out(writer, &job);
		log_file_close(&stream->file);
	}
	return NULL;
}

static int start_thread(struct log_writer *writer)
{
	sigset_t all, before;
	int result;

	// Signals are for the threads that know what to do about them.
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = -pthread_create(&writer->thread, NULL, run, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result == 0)
		pthread_setname_np(writer->thread, "weir-log");
	return result;
}

static void free_options(struct log_options *options)
{
	free((char *)options->directory);
	free((char *)options->rotate_name);
	free((struct prefix *)options->local);
	prefix_set_destroy((struct prefix_set *)options->local_set);
}

static int copy_options(struct log_options *to, const struct log_options *from)
{
	struct prefix_set *local_set = NULL;
	struct prefix *local = NULL;

	*to = *from;
	to->directory = strdup(from->directory);
	to->rotate_name = strdup(from->rotate_name ? from->rotate_name : LOG_ROTATE_NAME);
	if (from->local_count > 0) {
		local = calloc(from->local_count, sizeof(*local));
		if (local)
			memcpy(local, from->local, from->local_count * sizeof(*local));
		local_set = prefix_set_create(from->local, from->local_count);
	}
	to->local = local;
	to->local_set = local_set;
	if (to->directory && to->rotate_name && ((local && local_set) || from->local_count == 0))
		return 0;
	free_options(to);
	return -ENOMEM;
}

static int open_directory(struct log_writer *writer)
{
	const char *directory = writer->options.directory;
	int error;

	writer->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (writer->directory >= 0)
		return 0;
	error = errno;
	message_error("log directory %s: %s; %s", directory, strerror(error),
		      log_file_advice(error));
	return -error;
}

struct log_writer *log_writer_create(const struct log_options *options)
{
	struct log_writer *writer = calloc(1, sizeof(*writer));
	size_t buffers = options->buffers ? options->buffers : BUFFERS;

	if (!writer || copy_options(&writer->options, options) < 0)
		goto no_memory;
	writer->buffer_size = options->buffer_size ? options->buffer_size : BUFFER_SIZE;
	if (writer->options.retry_period == 0)
		writer->options.retry_period = RETRY_PERIOD;
	if (writer->buffer_size < LOG_LINE_SIZE)
		writer->buffer_size = LOG_LINE_SIZE;
	tzset();
	if (log_name_check(writer->options.rotate_name) < 0 || open_directory(writer) < 0)
		goto free_options;
	if (log_queue_init(&writer->queue, buffers, writer->buffer_size) < 0) {
		message_error("no memory for %zu log buffers of %zu bytes", buffers,
			      writer->buffer_size);
		goto close_directory;
	}
	if (start_thread(writer) < 0) {
		message_error(
			"cannot start the thread that writes logs; raise the limit of threads");
		goto fini_queue;
	}
	return writer;

fini_queue:
	log_queue_fini(&writer->queue);
close_directory:
	close(writer->directory);
free_options:
	free_options(&writer->options);
	free(writer);
	return NULL;
no_memory:
	message_error("no memory for the log writer");
	free(writer);
	return NULL;
}

int log_writer_finish(struct log_writer *writer)
{
	if (writer->finished)
		return writer->error;
	for (struct log_stream *stream = writer->streams; stream; stream = stream->next)
		log_stream_end(stream);
	log_queue_stop(&writer->queue);
	pthread_join(writer->thread, NULL);
	writer->finished = true;
	return writer->error;
}

int log_writer_destroy(struct log_writer *writer, uint64_t *lost_lines)
{
	struct log_stream *stream, *next;
	int error;

	if (lost_lines)
		*lost_lines = 0;
	if (!writer)
		return 0;
	error = log_writer_finish(writer);
	if (lost_lines)
		*lost_lines = atomic_load(&writer->lost_lines);
	for (stream = writer->streams; stream; stream = next) {
		next = stream->next;
		free(stream);
	}
	log_queue_fini(&writer->queue);
	close(writer->directory);
	free_options(&writer->options);
	free(writer);
	return error;
}

bool log_writer_wait(struct log_writer *writer, uint64_t timeout)
{
	return log_queue_wait(&writer->queue, timeout);
}

bool log_writer_failed(const struct log_writer *writer)
{
	return atomic_load(&writer->failed);
}

uint64_t log_stream_lost_lines(const struct log_stream *stream)
{
	return atomic_load(&stream->file.lost_lines);
}

uint64_t log_writer_lost_lines(const struct log_writer *writer)
{
	return atomic_load(&writer->lost_lines);
}
