/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/bytes.h"
#include "base/time.h"
#include "dump/dump.h"

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
#include <pcap/pcap.h>
#include <sys/stat.h>
#include <unistd.h>

// Before the files are made, as times of traces are.
#define START     (UINT64_C(1262304000) * TIME_SECOND + 123456789)

#define PATH_SIZE 256

// A directory for each test, and in it, to be made by what is tested, the one for captures.
struct place {
	char directory[64];
	char captures[80];
	int stderr_saved;
	int messages;
};

static inline int place_create(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory), "/tmp/weir-test-dump-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->captures, sizeof(place->captures), "%s/captures", place->directory);
	*state = place;
	return 0;
}

static inline void empty_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory != NULL)
		closedir(directory);
	rmdir(path);
}

static inline int place_remove(void **state)
{
	struct place *place = *state;

	empty_directory(place->captures);
	empty_directory(place->directory);
	free(place);
	return 0;
}

// Between these two, what is told is kept instead of shown: in a pipe, for which no disk is full.
static inline void begin_messages(struct place *place)
{
	int end[2];

	fflush(stderr);
	place->stderr_saved = dup(STDERR_FILENO);
	assert_int_equal(pipe2(end, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(end[1], STDERR_FILENO);
	close(end[1]);
	place->messages = end[0];
}

// Since then; to be freed.
static inline char *read_messages(const struct place *place)
{
	char *text = calloc(1, 8192);
	ssize_t length = read(place->messages, text, 8191);

	assert_true(length >= 0 || errno == EAGAIN);
	return text;
}

static inline void end_messages(struct place *place)
{
	fflush(stderr);
	dup2(place->stderr_saved, STDERR_FILENO);
	close(place->stderr_saved);
	close(place->messages);
}

static inline unsigned count_text(const char *text, const char *part)
{
	unsigned count = 0;

	while ((text = strstr(text, part)) != NULL) {
		text++;
		count++;
	}
	return count;
}

static inline void name_rule(void *context, uint32_t rule, char *name)
{
	snprintf(name, DUMP_RULE_SIZE, "rule%u", rule);
}

static inline struct dump_settings settings_for(const struct place *place)
{
	return (struct dump_settings){
		.directory = place->captures,
		.file_bytes = 1 << 20,
		.files = 1000,
		.packet_bytes = DUMP_PACKET_MOST,
		.ring_packets = 1024,
		.workers = 2,
		.rule_name = name_rule,
	};
}

static inline struct uid uid_of(uint32_t connection)
{
	return (struct uid){.salt = 0x12345678, .place = {connection, 77}};
}

static const struct packet_key usual_key = {
	.address = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1}},
		    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 2}}},
	.port = {80, 40000},
	.protocol = PACKET_TCP,
};

// Bytes by which a packet is told from others.
static inline void fill_data(uint8_t *data, uint32_t length, uint32_t connection, uint32_t number)
{
	for (uint32_t i = 0; i < length; i++)
		data[i] = (uint8_t)(connection * 7 + number * 3 + i);
}

// The `number`th packet of a connection, from end 1 of its key.
static inline struct dump_packet packet_of(uint32_t connection, uint32_t number, uint32_t length)
{
	static __thread uint8_t data[4096];

	fill_data(data, length, connection, number);
	return (struct dump_packet){
		.data = data,
		.key = &usual_key,
		.time = START + number * TIME_SECOND + number,
		.uid = uid_of(connection),
		.rule = 3,
		.captured = length,
		.length = length,
		.originator = 1,
		.from_originator = true,
	};
}

static inline bool put(struct dump_ring *ring, uint32_t connection, uint32_t number,
		       uint32_t length)
{
	struct dump_packet packet = packet_of(connection, number, length);

	return dump_put(ring, &packet);
}

static inline const char *file_of(const struct place *place, uint32_t connection,
				  const char *suffix)
{
	static char path[PATH_SIZE];
	char uid[UID_TEXT_SIZE];
	int length = (int)uid_format(uid_of(connection), uid);

	snprintf(path, sizeof(path), "%s/%.*s%s.pcapng", place->captures, length, uid, suffix);
	return path;
}

static inline unsigned count_files(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	unsigned count = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		count += entry->d_name[0] != '.';
	if (directory != NULL)
		closedir(directory);
	return count;
}

static inline struct dump_counters counters_of(const struct dump *dump)
{
	struct dump_counters counters;

	dump_count(dump, &counters);
	return counters;
}

// The thread takes its time: tests wait for what it has done, never for a span of time.
#define WAIT_UNTIL(condition)                                                                      \
	do {                                                                                       \
		bool wait_over = (condition);                                                      \
		for (int wait_left = 30000; wait_left > 0 && !wait_over; wait_left--) {            \
			usleep(1000);                                                              \
			wait_over = (condition);                                                   \
		}                                                                                  \
		assert_true(wait_over);                                                            \
	} while (0)

// The packets of a file, as libpcap reads them: each has to be one of fill_data()'s, from `first`
// on. Returns how many they are; every file has to be whole.
static inline uint32_t check_packets(const char *path, uint32_t connection, uint32_t first,
				     uint32_t length)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
							       error);
	uint8_t expected[4096];
	struct pcap_pkthdr *header;
	const uint8_t *data;
	uint32_t count = 0;
	int result;

	if (pcap == NULL)
		fail_msg("%s: %s", path, error);
	while ((result = pcap_next_ex(pcap, &header, &data)) == 1) {
		uint32_t number = first + count++;

		fill_data(expected, length, connection, number);
		assert_int_equal((uint64_t)header->ts.tv_sec * TIME_SECOND +
					 (uint64_t)header->ts.tv_usec,
				 START + number * TIME_SECOND + number);
		assert_int_equal(header->caplen, length);
		assert_memory_equal(data, expected, length);
	}
	assert_int_equal(result, PCAP_ERROR_BREAK);
	pcap_close(pcap);
	return count;
}

// A whole file, to be freed.
static inline uint8_t *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat status;
	uint8_t *bytes;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fstat(fd, &status), 0);
	bytes = malloc((size_t)status.st_size + 1);
	*size = (size_t)status.st_size;
	assert_int_equal(read(fd, bytes, *size), *size);
	close(fd);
	return bytes;
}

// Where the `nth` block of a type is among the bytes; NULL when there are not so many.
static inline const uint8_t *find_block(const uint8_t *bytes, size_t size, uint32_t type,
					unsigned nth)
{
	size_t length = 0;

	for (size_t at = 0; at < size; at += length) {
		assert_true(size - at >= 12);
		length = bytes_host32(bytes + at + 4);
		assert_true(length >= 12 && length % 4 == 0 && length <= size - at);
		assert_int_equal(bytes_host32(bytes + at + length - 4), length);
		if (bytes_host32(bytes + at) == type && nth-- == 0)
			return bytes + at;
	}
	return NULL;
}

#define BLOCK_SECTION    0x0a0d0d0a
#define BLOCK_INTERFACE  1
#define BLOCK_PACKET     6
#define BLOCK_STATISTICS 5

// An option of a block whose options begin at `offset`; NULL when it has none of that code.
static inline const uint8_t *find_option(const uint8_t *block, size_t offset, uint16_t code,
					 uint16_t *length)
{
	const uint8_t *at = block + offset, *end = block + bytes_host32(block + 4) - 4;
	uint16_t found;

	*length = 0;
	while (at < end) {
		memcpy(&found, at, sizeof(found));
		memcpy(length, at + 2, sizeof(*length));
		if (found == code)
			return at + 4;
		if (found == 0)
			break;
		at += 4 + ((*length + 3u) & ~3u);
	}
	return NULL;
}

static inline void check_comment(const char *path, uint32_t type, size_t offset,
				 const char *expected)
{
	size_t size;
	uint8_t *bytes = read_file(path, &size);
	const uint8_t *block = find_block(bytes, size, type, 0), *text;
	char comment[512];
	uint16_t length = 0;

	assert_non_null(block);
	text = find_option(block, offset, 1, &length);
	assert_non_null(text);
	assert_true(length < sizeof(comment));
	memcpy(comment, text, length);
	comment[length] = '\0';
	assert_string_equal(comment, expected);
	free(bytes);
}

// The two numbers of the statistics that end a file; false when it has none.
static inline bool read_statistics(const char *path, uint64_t *received, uint64_t *dropped)
{
	size_t size;
	uint8_t *bytes = read_file(path, &size);
	const uint8_t *block = find_block(bytes, size, BLOCK_STATISTICS, 0);
	uint16_t length = 0;

	if (block != NULL) {
		*received = bytes_host64(find_option(block, 20, 4, &length));
		*dropped = bytes_host64(find_option(block, 20, 5, &length));
	}
	free(bytes);
	return block != NULL;
}
