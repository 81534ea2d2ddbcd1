/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

// A file, or standard input, that may be gzipped, as a FILE that libpcap reads. zlib's own gzread()
// would fill its buffer before it returns, and so hold back what a slow pipe has already delivered.

// Called about ten times a second while nothing comes. False ends the input.
typedef bool (*stream_wait_function)(void *context);

struct stream;

// Opens `path` ("-": standard input). NULL after a message. The stream is freed by fclose() of its
// FILE.
struct stream *stream_open(const char *path, stream_wait_function wait, void *context);

// What libpcap reads. It stays the stream's until it is closed with fclose().
FILE *stream_file(const struct stream *stream);

// The first `size` bytes of a regular file that is not compressed. False when it is another or has
// fewer; nothing was read then, nor otherwise.
bool stream_peek(const struct stream *stream, void *buffer, size_t size);

// Goes on at `offset` bytes from the begin; only after stream_peek() said that this is possible.
// What the FILE holds is thrown away. Returns 0 or a negative errno; -ENODATA, with a reason, where the
// file has become so short that it ends before.
int stream_seek(struct stream *stream, uint64_t offset);

// What comes next, past the FILE, as read(2); only between two calls of stream_seek().
ssize_t stream_read(struct stream *stream, void *buffer, size_t size);

// Bytes of the file that were read so far, as they lie on the disk.
uint64_t stream_position(const struct stream *stream);

// Why the last read failed, or NULL: for a message.
const char *stream_reason(const struct stream *stream);

// Was the input ended by the wait function?
bool stream_ended(const struct stream *stream);
