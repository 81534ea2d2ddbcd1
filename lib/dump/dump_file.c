/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump/dump_internal.h"

#include "dump/dump_pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// So many files of one name may be there already.
#define SUFFIX_MOST 1000

// The statistics at the end, with a comment of COMMENT bytes.
#define STATISTICS 160
#define COMMENT    48

static_assert(DUMP_PACKET_MOST + DUMP_PCAPNG_BLOCK < DUMP_BUFFER, "a block fits into a buffer");
static_assert(2 * DUMP_PCAPNG_BLOCK + DUMP_PACKET_MOST + STATISTICS < DUMP_FILE_LEAST,
	      "every file has room for a packet");

bool dump_file_path(const struct dump *dump, const struct dump_file *file, char *path)
{
	const char *directory = dump->settings.directory;
	char uid[UID_TEXT_SIZE];
	int uid_length = (int)uid_format(file->uid, uid), length;

	if (file->suffix == 0)
		length = snprintf(path, PATH_MAX, "%s/%.*s.pcapng", directory, uid_length, uid);
	else
		length = snprintf(path, PATH_MAX, "%s/%.*s-%u.pcapng", directory, uid_length, uid,
				  file->suffix);
	return length > 0 && length < PATH_MAX;
}

static int open_new(const struct dump *dump, struct dump_file *file)
{
	char path[PATH_MAX];
	bool made = false;

	for (file->suffix = 0; file->suffix <= SUFFIX_MOST;) {
		if (!dump_file_path(dump, file, path))
			return -ENAMETOOLONG;
		file->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
		if (file->fd >= 0)
			return 0;
		if (errno == EEXIST) {
			file->suffix++;
		} else if (errno == ENOENT && !made) {
			int result = dump_make_directory(dump->settings.directory);

			if (result < 0)
				return result;
			made = true;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return -EEXIST;
}

static void write_end(const struct packet_key *key, int end, char *text, size_t size)
{
	char address[ADDRESS_TEXT_SIZE];
	int length = (int)address_format(&key->address[end], address);

	snprintf(text, size, address_is_v4(&key->address[end]) ? "%.*s:%u" : "[%.*s]:%u", length,
		 address, key->port[end]);
}

static void write_protocol(uint8_t protocol, char *text, size_t size)
{
	switch (protocol) {
	case PACKET_TCP:
		snprintf(text, size, "tcp");
		break;
	case PACKET_UDP:
		snprintf(text, size, "udp");
		break;
	case PACKET_ICMP:
	case PACKET_ICMPV6:
		snprintf(text, size, "icmp");
		break;
	default:
		snprintf(text, size, "protocol %u", protocol);
	}
}

static void put_header(const struct dump *dump, struct dump_file *file,
		       const struct dump_element *first)
{
	char uid[UID_TEXT_SIZE], rule[DUMP_RULE_SIZE] = "", protocol[16];
	char end[2][ADDRESS_TEXT_SIZE + 10], comment[DUMP_PCAPNG_COMMENT];
	int uid_length = (int)uid_format(file->uid, uid);

	if (dump->settings.rule_name != NULL)
		dump->settings.rule_name(dump->settings.context, first->rule, rule);
	else
		snprintf(rule, sizeof(rule), "%u", first->rule);
	rule[sizeof(rule) - 1] = '\0';
	write_protocol(first->key.protocol, protocol, sizeof(protocol));
	for (int i = 0; i < 2; i++)
		write_end(&first->key, i ^ first->originator, end[i], sizeof(end[i]));
	snprintf(comment, sizeof(comment), "weir connection %.*s, rule %s, %s %s > %s", uid_length,
		 uid, rule, protocol, end[0], end[1]);
	file->buffered = dump_pcapng_section(file->buffer, comment);
	file->buffered += dump_pcapng_interface(file->buffer + file->buffered,
						dump->settings.packet_bytes);
}

int dump_file_create(struct dump *dump, struct dump_file *file, const struct dump_element *first)
{
	struct stat status;
	int result;

	file->uid = first->uid;
	file->first = file->last = first->time;
	file->fd = -1;
	file->buffer = malloc(DUMP_BUFFER);
	if (file->buffer == NULL)
		return -ENOMEM;
	result = open_new(dump, file);
	if (result == 0 && fstat(file->fd, &status) < 0)
		result = -errno;
	if (result < 0) {
		dump_file_close(file);
		return result;
	}
	file->device = status.st_dev;
	file->inode = status.st_ino;
	put_header(dump, file, first);
	return 0;
}

int dump_file_reopen(struct dump *dump, struct dump_file *file)
{
	char path[PATH_MAX];
	struct stat status;
	int result = 0;

	if (!dump_file_path(dump, file, path))
		return -ENAMETOOLONG;
	do {
		file->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	} while (file->fd < 0 && errno == EINTR);
	if (file->fd < 0)
		return -errno;
	file->buffered = 0;
	file->buffer = malloc(DUMP_BUFFER);
	if (file->buffer == NULL)
		result = -ENOMEM;
	else if (fstat(file->fd, &status) < 0)
		result = -errno;
	else if (status.st_dev != file->device || status.st_ino != file->inode ||
		 (uint64_t)status.st_size != file->size)
		result = -ESTALE;
	if (result < 0)
		dump_file_close(file);
	return result;
}

bool dump_file_is_full(const struct dump *dump, const struct dump_file *file,
		       const struct dump_element *element)
{
	uint64_t size = file->size + file->buffered;

	return size + dump_pcapng_packet_size(element->captured) + STATISTICS >
	       dump->settings.file_bytes;
}

int dump_file_put(struct dump *dump, struct dump_file *file, const struct dump_element *element)
{
	struct dump_pcapng_packet packet = {
		.data = (const uint8_t *)(element + 1),
		.time = element->time,
		.captured = element->captured,
		.length = element->length,
		.from_originator = element->from_originator,
	};

	if (file->buffered + dump_pcapng_packet_size(element->captured) > DUMP_BUFFER) {
		int result = dump_file_flush(dump, file);
		if (result < 0) {
			dump_add(&dump->sums.failed, 1);
			return result;
		}
	}
	file->buffered += dump_pcapng_packet(file->buffer + file->buffered, &packet);
	file->taken++;
	if (element->time > file->last)
		file->last = element->time;
	return 0;
}

// Of the buffer, `done` bytes were written. Returns how many of them are complete blocks.
static size_t account(struct dump *dump, struct dump_file *file, size_t done)
{
	uint64_t written = 0, failed = 0;
	size_t whole = 0, length;

	for (size_t at = 0; at < file->buffered; at += length) {
		bool packet = dump_pcapng_block(file->buffer + at, file->buffered - at, &length) ==
			      DUMP_PCAPNG_PACKET;

		if (length == 0)
			break;
		if (at + length <= done) {
			whole = at + length;
			written += packet;
		} else {
			failed += packet;
		}
	}
	file->size += whole;
	file->packets += written;
	dump_add(&dump->sums.packets, written);
	dump_add(&dump->sums.failed, failed);
	dump_add(&dump->sums.bytes, whole);
	return whole;
}

int dump_file_flush(struct dump *dump, struct dump_file *file)
{
	size_t done = 0, whole;
	int error = 0;

	while (done < file->buffered && error == 0) {
		ssize_t written = write(file->fd, file->buffer + done, file->buffered - done);

		if (written > 0)
			done += (size_t)written;
		else if (written == 0)
			error = EIO;
		else if (errno != EINTR)
			error = errno;
	}
	whole = account(dump, file, done);
	file->buffered = 0;
	// Half a block would end the file for every reader.
	if (whole < done && ftruncate(file->fd, (off_t)file->size) < 0 && error == 0)
		error = errno;
	return -error;
}

int dump_file_complete(struct dump *dump, struct dump_file *file, const char *comment)
{
	char text[COMMENT];
	struct dump_pcapng_statistics statistics = {
		.begin = file->first,
		.end = file->last,
		.received = file->taken + file->lost,
		.dropped = file->lost,
	};

	if (comment != NULL) {
		snprintf(text, sizeof(text), "%s", comment);
		statistics.comment = text;
	}
	if (file->buffered + DUMP_PCAPNG_BLOCK > DUMP_BUFFER) {
		int result = dump_file_flush(dump, file);

		if (result < 0)
			return result;
	}
	file->buffered += dump_pcapng_statistics(file->buffer + file->buffered, &statistics);
	return dump_file_flush(dump, file);
}

int dump_file_close(struct dump_file *file)
{
	// Some file systems find out only now that the disk is full.
	int result = file->fd >= 0 && close(file->fd) < 0 && errno != EINTR ? -errno : 0;

	file->fd = -1;
	free(file->buffer);
	file->buffer = NULL;
	file->buffered = 0;
	return result;
}

void dump_file_remove(struct dump *dump, struct dump_file *file)
{
	char path[PATH_MAX];
	struct stat status;

	if (dump_file_path(dump, file, path) && lstat(path, &status) == 0 &&
	    status.st_dev == file->device && status.st_ino == file->inode)
		unlink(path);
}
