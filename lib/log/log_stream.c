/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_writer_internal.h"

#include "base/message.h"
#include "base/monotonic.h"
#include "base/time.h"

#include <stdlib.h>
#include <time.h>

const struct log_options *log_writer_options(const struct log_writer *writer)
{
	return &writer->options;
}

struct log_stream *log_stream_create(struct log_writer *writer, const char *path,
				     const struct log_layout *layout, uint64_t now)
{
	const struct log_options *options = &writer->options;
	struct log_stream *stream = calloc(1, sizeof(*stream));
	char footer[LOG_FOOTER_SIZE];
	int result;

	if (!stream) {
		message_error("%s.log: out of memory", path);
		return NULL;
	}
	result = log_file_init(&stream->file, path, layout, options, writer->directory);
	if (result == 0)
		result = log_file_open(&stream->file, options->keep_existing);
	if (result < 0) {
		message_error("%s/%s.log: cannot %s: %s; %s", options->directory, path,
			      stream->file.doing ? stream->file.doing : "open", strerror(-result),
			      log_file_advice(-result));
		log_file_close(&stream->file);
		free(stream);
		return NULL;
	}
	stream->writer = writer;
	stream->now = stream->opened = now;
	stream->next_rotation = log_rotation_next(now, now ? options->rotate_interval : 0);
	stream->empty_size = stream->file.header_length +
			     log_footer_format(options->format, 0, footer);
	stream->size = stream->empty_size;
	stream->next = writer->streams;
	writer->streams = stream;
	return stream;
}

void log_stream_flush(struct log_stream *stream)
{
	struct log_job job = {
		.kind = LOG_JOB_WRITE, .file = &stream->file, .buffer = stream->buffer};

	if (!stream->buffer || stream->buffer->length == 0)
		return;
	log_queue_push(&stream->writer->queue, &job);
	stream->buffer = NULL;
}

// From here on lines belong to the next file; the one at hand keeps its own opening time for its
// name.
static void request(struct log_stream *stream, enum log_turn turn)
{
	if (stream->turn == LOG_TURN_NONE)
		stream->turn_opened = stream->opened;
	if (stream->turn < turn)
		stream->turn = turn;
	stream->opened = stream->now;
}

static void advance_clock(struct log_stream *stream, uint64_t now)
{
	uint64_t interval = stream->writer->options.rotate_interval;

	if (now == 0)
		return;
	// The first time heard of, or a clock that was set back: more than lines of several workers
	// differ.
	if (stream->opened == 0 || (now < stream->now && stream->now - now > TIME_HOUR))
		stream->next_rotation = log_rotation_next(now, interval);
	if (stream->opened == 0)
		stream->opened = now;
	stream->now = now;
	if (now < stream->next_rotation)
		return;
	stream->next_rotation = log_rotation_next(now, interval);
	if (stream->lines > 0)
		request(stream, LOG_TURN_ROTATE);
	else
		stream->opened = now;
}

// Carries out what was requested; false when the queue has no room for it now.
static bool turn_over(struct log_stream *stream)
{
	struct log_job job = {
		.kind = stream->turn == LOG_TURN_REOPEN ? LOG_JOB_REOPEN : LOG_JOB_ROTATE,
		.file = &stream->file,
		.opened = stream->turn_opened,
	};

	log_stream_flush(stream);
	if (!log_queue_push(&stream->writer->queue, &job))
		return false;
	stream->turn = LOG_TURN_NONE;
	stream->size = stream->empty_size;
	stream->lines = 0;
	return true;
}

char *log_stream_reserve(struct log_stream *stream, uint64_t now)
{
	if (now != stream->now)
		advance_clock(stream, now);
	if (stream->turn != LOG_TURN_NONE && !turn_over(stream))
		return NULL;
	if (stream->buffer && stream->writer->buffer_size - stream->buffer->length < LOG_LINE_SIZE)
		log_stream_flush(stream);
	if (!stream->buffer)
		stream->buffer = log_queue_take(&stream->writer->queue);
	return stream->buffer ? stream->buffer->bytes + stream->buffer->length : NULL;
}

void log_stream_commit(struct log_stream *stream, size_t length)
{
	uint64_t most = stream->writer->options.rotate_size;

	if (stream->buffer->lines++ == 0)
		stream->buffer_since = monotonic_now();
	stream->buffer->length += length;
	stream->size += length;
	stream->lines++;
	if (most > 0 && stream->size >= most)
		request(stream, LOG_TURN_ROTATE);
}

bool log_stream_write(struct log_stream *stream, const void *record, uint64_t now)
{
	char *line = log_stream_reserve(stream, now);

	if (!line)
		return false;
	log_stream_commit(stream, log_line_format(&stream->file.layout, &stream->writer->options,
						  record, line));
	return true;
}

void log_writer_tick(struct log_writer *writer, uint64_t now)
{
	uint64_t clock = monotonic_now();

	for (struct log_stream *stream = writer->streams; stream; stream = stream->next) {
		advance_clock(stream, now);
		if (stream->turn != LOG_TURN_NONE)
			turn_over(stream);
		if (stream->buffer && stream->buffer->lines > 0 &&
		    clock - stream->buffer_since >= writer->options.flush_interval)
			log_stream_flush(stream);
	}
}

void log_writer_reopen(struct log_writer *writer)
{
	for (struct log_stream *stream = writer->streams; stream; stream = stream->next) {
		request(stream, LOG_TURN_REOPEN);
		turn_over(stream);
	}
}

void log_stream_end(struct log_stream *stream)
{
	// A file that is full stays where it is: there is no line that would need another one.
	if (stream->turn == LOG_TURN_REOPEN)
		turn_over(stream);
	log_stream_flush(stream);
}
