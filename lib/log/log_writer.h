/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "log/log_column.h"
#include "log/log_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All file work is done by one ordinary thread, the writer. The control core formats lines into
// buffers of a fixed number and hands full ones over; when none is free it is told so and keeps
// what it has, so nothing is dropped.
//
// `now` is the time that decides about rotation and names rotated files, in ns: the wall clock when
// live, packet time when a file is read, 0 when not known yet. It has nothing to do with the flush
// interval, which passes in real time.
struct log_writer;

// One log: "conn" is conn.log in the directory of its writer.
struct log_stream;

// Checks the options, opens the directory and starts the thread, which blocks every signal. NULL
// after a message when the directory cannot be used, rotate_name is no file name, or memory is out.
// Start-up only.
struct log_writer *log_writer_create(const struct log_options *options);

// The options that the writer was made with. Any thread.
const struct log_options *log_writer_options(const struct log_writer *writer);

// Writes everything that was handed in or is still in a buffer, then footers; forces it to the
// disk and ends the thread. Blocks. While writing fails there is one more attempt, and then what is
// left is lost. Returns 0, or the first negative errno that was not healed (told by a message). No
// line may come after it; the streams stay until log_writer_destroy(). Control only.
int log_writer_finish(struct log_writer *writer);

// Finishes the writer unless that was done, and frees it with all its streams. Returns what
// log_writer_finish() returns. `lost_lines`, when not NULL, gets the final
// log_writer_lost_lines(). A NULL writer is allowed. Control only.
int log_writer_destroy(struct log_writer *writer, uint64_t *lost_lines);

// Opens a log and writes its header at once; blocks. `layout` is copied. The stream belongs to the
// writer. NULL after a message when the file cannot be written. Also while others are written, but
// not after log_writer_finish(). Control only.
struct log_stream *log_stream_create(struct log_writer *writer, const char *path,
				     const struct log_layout *layout, uint64_t now);

// Formats one record by the stream's layout and appends it. False when no buffer is free: keep the
// record, and call log_writer_wait() or come back later. Control only, as all below.
bool log_stream_write(struct log_stream *stream, const void *record, uint64_t now);

// The two halves of log_stream_write(), for lines that are made elsewhere: room for LOG_LINE_SIZE
// bytes, or NULL when no buffer is free; then the length of the one line that was put there, with
// its newline.
char *log_stream_reserve(struct log_stream *stream, uint64_t now);
void log_stream_commit(struct log_stream *stream, size_t length);

// Hands over a partly filled buffer.
void log_stream_flush(struct log_stream *stream);

// To be called often, at least a few times a second: hands over buffers whose first line is older
// than the flush interval, and starts rotations whose time has come. Never blocks.
void log_writer_tick(struct log_writer *writer, uint64_t now);

// For SIGHUP: what was written before goes to the old files, which are completed; then the names
// are opened anew. A file that nobody has moved away is rotated. Never blocks.
void log_writer_reopen(struct log_writer *writer);

// Waits up to `timeout` ns until a buffer is free. Returns whether one is.
bool log_writer_wait(struct log_writer *writer, uint64_t timeout);

// Has writing failed for good? Only without options.retry: from then on lines are accepted, counted
// as lost and dropped. Any thread.
bool log_writer_failed(const struct log_writer *writer);

// Lines of one log, or of all of them, that were accepted and could not be written. Any thread.
uint64_t log_stream_lost_lines(const struct log_stream *stream);
uint64_t log_writer_lost_lines(const struct log_writer *writer);
