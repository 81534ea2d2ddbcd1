/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "log/log_file.h"
#include "log/log_queue.h"
#include "log/log_writer.h"

#include <pthread.h>
#include <stdatomic.h>

// What has to happen to the file before the next line.
enum log_turn { LOG_TURN_NONE, LOG_TURN_ROTATE, LOG_TURN_REOPEN };

struct log_stream {
	struct log_writer *writer;
	struct log_stream *next;

	// Control only.
	struct log_buffer *buffer; // being filled, or NULL
	uint64_t buffer_since;     // when its first line came, monotonic clock
	enum log_turn turn;
	uint64_t turn_opened; // `opened` of the file that is to be turned over
	uint64_t now;         // the latest time heard of
	uint64_t opened;      // 0: not known yet
	uint64_t next_rotation;
	uint64_t empty_size; // header and footer
	uint64_t size;       // of the file, once all is written
	uint64_t lines;      // in the file

	// Writer thread only, once log_stream_create() has returned.
	struct log_file file;
};

struct log_writer {
	struct log_options options; // a copy, with copies of what it points to
	size_t buffer_size;
	int directory;
	struct log_queue queue;
	struct log_stream *streams; // control's; the thread looks when the queue is at its end
	pthread_t thread;
	bool finished; // the thread has ended; control only
	int error;     // first one not healed; the thread's until it has ended
	atomic_bool failed;
	atomic_uint_fast64_t lost_lines;
};

// Stream side of log_writer_destroy(): hands over what is left.
void log_stream_end(struct log_stream *stream);
