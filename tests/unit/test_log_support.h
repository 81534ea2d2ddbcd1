/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/time.h"
#include "log/log_conn.h"
#include "log/log_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

// 2026-08-05 12:34:56 UTC; the tests run with TZ=UTC unless they say otherwise.
#define START (UINT64_C(1785933296) * TIME_SECOND)

// A directory of its own for each test, removed with all that is in it.
struct place {
	char directory[64];
	int stderr_saved;
};

static inline int place_create(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory), "/tmp/weir-test-log-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	place->stderr_saved = -1;
	setenv("TZ", "UTC", 1);
	*state = place;
	return 0;
}

static inline int place_remove(void **state)
{
	struct place *place = *state;
	DIR *directory = opendir(place->directory);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(place->directory);
	free(place);
	return 0;
}

static inline const char *path_of(const struct place *place, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	return path;
}

// The whole file with a NUL behind it, to be freed; NULL when it does not exist.
static inline char *read_file(const struct place *place, const char *name)
{
	FILE *file = fopen(path_of(place, name), "rb");
	char *text;
	long size;

	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = malloc((size_t)size + 1);
	assert_int_equal(fread(text, 1, (size_t)size, file), size);
	text[size] = '\0';
	fclose(file);
	return text;
}

static inline void write_file(const struct place *place, const char *name, const char *text)
{
	FILE *file = fopen(path_of(place, name), "wb");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline bool file_exists(const struct place *place, const char *name)
{
	return access(path_of(place, name), F_OK) == 0;
}

// Names in the directory that contain `part`; hidden ones do not count.
static inline size_t count_files(const struct place *place, const char *part)
{
	DIR *directory = opendir(place->directory);
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.' && strstr(entry->d_name, part) != NULL;
	closedir(directory);
	return count;
}

static inline size_t count_text(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		count++;
	return count;
}

// What is written to stderr between these two calls, as a text to be freed.
static inline void messages_begin(struct place *place)
{
	int fd = open(path_of(place, ".messages"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

	assert_true(fd >= 0);
	fflush(stderr);
	place->stderr_saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static inline char *messages_end(struct place *place)
{
	fflush(stderr);
	dup2(place->stderr_saved, STDERR_FILENO);
	close(place->stderr_saved);
	place->stderr_saved = -1;
	return read_file(place, ".messages");
}

static inline struct address ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct address){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
}

static inline struct address ipv6(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix.address;
}

// A plain TCP connection, to be changed where a test needs something else.
static inline struct conn_summary summary_example(void)
{
	return (struct conn_summary){
		.time = UINT64_C(1300475167096535000),
		.duration = 1500000000,
		.bytes = {100, 500},
		.packets = {6, 5},
		.ip_bytes = {460, 800},
		.missed_bytes = 0,
		.address = {ipv4(10, 0, 0, 1), ipv4(192, 168, 1, 255)},
		.port = {49152, 80},
		.protocol = IPPROTO_TCP,
		.state = CONN_STATE_SF,
		.history_length = 8,
		.history = "ShADadFf",
		.uid = {.salt = 0, .place = {0, 61}},
	};
}

// The number of a line travels in missed_bytes.
static inline struct conn_summary summary_numbered(uint64_t number)
{
	struct conn_summary summary = summary_example();

	summary.missed_bytes = number;
	return summary;
}

// What is found in all log files of the directory: each line must be whole, and each number must
// come once.
struct found {
	uint64_t lines;
	size_t files;
	size_t longest_file;
};

static inline void check_line(const char *line, size_t length, bool *seen, uint64_t most)
{
	const char *at = line;
	size_t tabs = 0;
	uint64_t number = 0;

	for (size_t i = 0; i < length; i++) {
		if (line[i] != '\t')
			continue;
		if (++tabs == 14)
			number = strtoull(line + i + 1, NULL, 10);
	}
	assert_memory_equal(at, "1300475167.096535\t", 18);
	assert_memory_equal(line + length - 2, "\t6", 2);
	assert_int_equal(tabs, 21);
	assert_true(number < most);
	assert_false(seen[number]);
	seen[number] = true;
}

static inline void check_file(const char *text, bool *seen, uint64_t most, struct found *found)
{
	size_t size = strlen(text);

	found->files++;
	if (size > found->longest_file)
		found->longest_file = size;
	assert_memory_equal(text, "#separator", 10);
	assert_true(text[size - 1] == '\n');
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (*text != '#') {
			check_line(text, length, seen, most);
			found->lines++;
		}
		text += length + 1;
	}
}

// Reads all files whose name begins with "conn" and whose lines are numbered below `most`.
static inline struct found check_files(const struct place *place, uint64_t most)
{
	bool *seen = calloc(most, sizeof(*seen));
	DIR *directory = opendir(place->directory);
	struct found found = {0};
	struct dirent *entry;

	while ((entry = readdir(directory))) {
		char *text;

		if (strncmp(entry->d_name, "conn", 4) != 0)
			continue;
		text = read_file(place, entry->d_name);
		check_file(text, seen, most, &found);
		free(text);
	}
	closedir(directory);
	free(seen);
	return found;
}

static inline void write_numbered(struct log_writer *writer, struct log_stream *stream,
				  uint64_t number, uint64_t now)
{
	struct conn_summary summary = summary_numbered(number);

	while (!log_conn_write(stream, &summary, now))
		log_writer_wait(writer, TIME_SECOND);
}
