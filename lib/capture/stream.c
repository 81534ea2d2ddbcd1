/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/stream.h"

#include "base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

// What is read from the file at once.
#define INPUT_SIZE        (1u << 18)
#define WAIT_MILLISECONDS 100
// windowBits of zlib: the largest window, and a gzip header.
#define GZIP_WINDOW (15 + 16)

struct stream {
	FILE *file;
	int descriptor;
	stream_wait_function wait;
	void *context;
	uint64_t position;
	off_t start; // where a regular file was when it was opened: standard input may be in its midst
	bool is_regular; // can be read at any place
	const char *reason;
	bool ended;
	bool gzip;
	bool between; // of gzip: a member is complete, another may follow
	z_stream inflate;
	uint8_t *input; // gzip: what zlib works on; else the first bytes, which told that it is not
	size_t begin, end;
};

const char *stream_reason(const struct stream *stream)
{
	return stream->reason;
}

bool stream_ended(const struct stream *stream)
{
	return stream->ended;
}

uint64_t stream_position(const struct stream *stream)
{
	return stream->position;
}

FILE *stream_file(const struct stream *stream)
{
	return stream->file;
}

// What is there, at least one byte; 0 at the end, or -1.
static ssize_t read_some(struct stream *stream, void *buffer, size_t size)
{
	struct pollfd ready = {.fd = stream->descriptor, .events = POLLIN};

	for (;;) {
		ssize_t got;
		int result = poll(&ready, 1, WAIT_MILLISECONDS);

		if (result == 0 || (result < 0 && errno == EINTR)) {
			if (stream->wait(stream->context))
				continue;
			stream->ended = true;
			return 0;
		}
		got = read(stream->descriptor, buffer, size);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			stream->reason = strerror(errno);
		else
			stream->position += (uint64_t)got;
		return got;
	}
}

static ssize_t read_plain(struct stream *stream, char *buffer, size_t size)
{
	size_t kept = stream->end - stream->begin;

	if (kept == 0)
		return read_some(stream, buffer, size);
	if (kept > size)
		kept = size;
	memcpy(buffer, stream->input + stream->begin, kept);
	stream->begin += kept;
	return (ssize_t)kept;
}

// Fetches compressed bytes when there are none. False at the end of the file or after an error.
static bool fill_input(struct stream *stream)
{
	ssize_t got;

	if (stream->begin < stream->end)
		return true;
	got = read_some(stream, stream->input, INPUT_SIZE);
	if (got <= 0)
		return false;
	stream->begin = 0;
	stream->end = (size_t)got;
	return true;
}

static ssize_t damaged(struct stream *stream)
{
	stream->reason = "the gzip data is damaged";
	errno = EIO;
	return -1;
}

static ssize_t read_gzip(struct stream *stream, char *buffer, size_t size)
{
	z_stream *inflater = &stream->inflate;

	inflater->next_out = (Bytef *)buffer;
	inflater->avail_out = (uInt)size;
	while (inflater->avail_out == size) {
		int result;

		if (!fill_input(stream)) {
			if (stream->reason != NULL)
				return -1;
			if (stream->ended || stream->between)
				return 0;
			stream->reason = "the gzip data ends early";
			return 0;
		}
		// gzip files may be put one after the other (RFC 1952, section 2.2).
		if (stream->between && inflateReset(inflater) != Z_OK)
			return damaged(stream);
		stream->between = false;
		inflater->next_in = stream->input + stream->begin;
		inflater->avail_in = (uInt)(stream->end - stream->begin);
		result = inflate(inflater, Z_NO_FLUSH);
		stream->begin = stream->end - inflater->avail_in;
		if (result == Z_STREAM_END)
			stream->between = true;
		else if (result != Z_OK && result != Z_BUF_ERROR)
			return inflater->avail_out < size ? (ssize_t)(size - inflater->avail_out)
							  : damaged(stream);
	}
	return (ssize_t)(size - inflater->avail_out);
}

static ssize_t cookie_read(void *cookie, char *buffer, size_t size)
{
	struct stream *stream = cookie;

	return stream->gzip ? read_gzip(stream, buffer, size) : read_plain(stream, buffer, size);
}

static int cookie_close(void *cookie)
{
	struct stream *stream = cookie;

	if (stream->gzip)
		inflateEnd(&stream->inflate);
	close(stream->descriptor);
	free(stream->input);
	free(stream);
	return 0;
}

// The first two bytes tell a gzip file.
static bool detect(struct stream *stream)
{
	while (stream->end < 2) {
		ssize_t got = read_some(stream, stream->input + stream->end,
					INPUT_SIZE - stream->end);

		if (got <= 0)
			return true;
		stream->end += (size_t)got;
	}
	stream->gzip = stream->input[0] == 0x1f && stream->input[1] == 0x8b;
	return !stream->gzip || inflateInit2(&stream->inflate, GZIP_WINDOW) == Z_OK;
}

static void note_start(struct stream *stream)
{
	struct stat status;

	stream->is_regular = fstat(stream->descriptor, &status) == 0 && S_ISREG(status.st_mode);
	if (stream->is_regular)
		stream->start = lseek(stream->descriptor, 0, SEEK_CUR);
	stream->is_regular &= stream->start >= 0;
}

// O_NONBLOCK, so that a named pipe that nobody writes to yet can be given up.
static int open_descriptor(const char *path)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	int descriptor = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
						: open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (descriptor < 0 || fstat(descriptor, &status) < 0) {
		message_error("%s: cannot be read: %s", name, strerror(errno));
	} else if (S_ISDIR(status.st_mode)) {
		message_error("%s: is a directory; give the trace files in it", name);
	} else {
		return descriptor;
	}
	if (descriptor >= 0)
		close(descriptor);
	return -1;
}

bool stream_peek(const struct stream *stream, void *buffer, size_t size)
{
	return stream->is_regular && !stream->gzip &&
	       pread(stream->descriptor, buffer, size, stream->start) == (ssize_t)size;
}

int stream_seek(struct stream *stream, uint64_t offset)
{
	struct stat status;

	if (lseek(stream->descriptor, stream->start + (off_t)offset, SEEK_SET) < 0)
		return -errno;
	// Behind its end nothing would come, as if all of it had been read.
	if (fstat(stream->descriptor, &status) == 0 &&
	    status.st_size < stream->start + (off_t)offset) {
		stream->reason = "the file became shorter while it was read";
		return -ENODATA;
	}
	stream->begin = stream->end = 0;
	stream->position = offset;
	stream->reason = NULL;
	__fpurge(stream->file);
	clearerr(stream->file);
	return 0;
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t size)
{
	return read_some(stream, buffer, size);
}

struct stream *stream_open(const char *path, stream_wait_function wait, void *context)
{
	cookie_io_functions_t functions = {.read = cookie_read, .close = cookie_close};
	struct stream *stream;
	int descriptor = open_descriptor(path);

	if (descriptor < 0)
		return NULL;
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		goto no_memory;
	stream->descriptor = descriptor;
	stream->wait = wait;
	stream->context = context;
	note_start(stream);
	stream->input = malloc(INPUT_SIZE);
	if (stream->input == NULL || !detect(stream))
		goto no_memory;
	stream->file = fopencookie(stream, "r", functions);
	if (stream->file == NULL)
		goto no_memory;
	setvbuf(stream->file, NULL, _IOFBF, INPUT_SIZE);
	return stream;

no_memory:
	message_error("%s: cannot be read: no memory", path);
	if (stream != NULL)
		free(stream->input);
	free(stream);
	close(descriptor);
	return NULL;
}
