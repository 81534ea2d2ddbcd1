/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// A directory of its own for each test, with up to four trace files in it, and what the test made
// weir say.
struct place {
	char directory[64];
	char path[4][96];
	const char *paths[4];
	int stderr_saved;
	char said[4096];
};

static inline int place_create(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory), "/tmp/weir-test-trace-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	for (int i = 0; i < 4; i++) {
		snprintf(place->path[i], sizeof(place->path[i]), "%s/%d.trace", place->directory,
			 i);
		place->paths[i] = place->path[i];
	}
	place->stderr_saved = -1;
	*state = place;
	return 0;
}

static inline int place_remove(void **state)
{
	struct place *place = *state;
	char said[96];

	if (place->stderr_saved >= 0)
		dup2(place->stderr_saved, STDERR_FILENO);
	for (int i = 0; i < 4; i++)
		unlink(place->path[i]);
	snprintf(said, sizeof(said), "%s/said", place->directory);
	unlink(said);
	rmdir(place->directory);
	free(place);
	return 0;
}

// From here on messages go to a file, until listen_end() reads them into place->said.
static inline void listen_begin(struct place *place)
{
	char path[96];
	int file;

	snprintf(path, sizeof(path), "%s/said", place->directory);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(file >= 0);
	fflush(stderr);
	place->stderr_saved = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
	close(file);
}

static inline void listen_end(struct place *place)
{
	ssize_t length;

	fflush(stderr);
	length = pread(STDERR_FILENO, place->said, sizeof(place->said) - 1, 0);
	place->said[length > 0 ? length : 0] = '\0';
	dup2(place->stderr_saved, STDERR_FILENO);
	close(place->stderr_saved);
	place->stderr_saved = -1;
}

// The bytes of a trace, written field by field in little endian.
struct trace_bytes {
	size_t length;
	uint8_t byte[4 << 20];
};

static inline void trace_16(struct trace_bytes *trace, uint32_t value)
{
	trace->byte[trace->length++] = (uint8_t)value;
	trace->byte[trace->length++] = (uint8_t)(value >> 8);
}

static inline void trace_32(struct trace_bytes *trace, uint32_t value)
{
	trace_16(trace, value);
	trace_16(trace, value >> 16);
}

static inline void trace_data(struct trace_bytes *trace, const void *data, size_t length)
{
	assert_true(trace->length + length <= sizeof(trace->byte));
	memcpy(trace->byte + trace->length, data, length);
	trace->length += length;
}

#define PCAP_MICROSECONDS 0xa1b2c3d4u
#define PCAP_NANOSECONDS  0xa1b23c4du

static inline void pcap_begin(struct trace_bytes *trace, uint32_t magic, uint32_t link)
{
	trace->length = 0;
	trace_32(trace, magic);
	trace_16(trace, 2);
	trace_16(trace, 4);
	trace_32(trace, 0);
	trace_32(trace, 0);
	trace_32(trace, 262144);
	trace_32(trace, link);
}

// `fraction` in the unit that the magic number stands for.
static inline void pcap_frame(struct trace_bytes *trace, uint32_t seconds, uint32_t fraction,
			      const void *data, uint32_t captured, uint32_t length)
{
	trace_32(trace, seconds);
	trace_32(trace, fraction);
	trace_32(trace, captured);
	trace_32(trace, length);
	trace_data(trace, data, captured);
}

static inline void write_file(const char *path, const void *data, size_t length)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static inline void trace_write(const struct trace_bytes *trace, const char *path)
{
	write_file(path, trace->byte, trace->length);
}
