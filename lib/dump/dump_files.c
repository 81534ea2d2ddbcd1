/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump/dump_internal.h"

#include "base/message.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define RETRY_PERIOD  TIME_SECOND
#define REPEAT_PERIOD TIME_MINUTE // of messages that say the same

const char *dump_advice(int error)
{
	switch (error) {
	case ENOSPC:
		return "free some space on that file system";
	case EDQUOT:
		return "free some space or raise the quota";
	case EFBIG:
		return "raise the limit of file sizes (ulimit -f) or make captures smaller";
	case EACCES:
	case EPERM:
		return "let this user write there, or name another directory for captures";
	case ENOENT:
		return "create the directory, or name another one for captures";
	case ENOTDIR:
		return "name a directory for captures";
	case EROFS:
		return "mount the file system writable, or name another directory for captures";
	case EIO:
		return "check the disk (see the kernel's messages)";
	case EMFILE:
	case ENFILE:
		return "raise the limit of open files (ulimit -n)";
	case ESTALE:
		return "leave files to weir until their connections have ended";
	default:
		return "see that files can be written there, or name another directory for "
		       "captures";
	}
}

int dump_make_directory(const char *directory)
{
	struct stat status;

	if (mkdir(directory, 0750) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(directory, &status) < 0)
		return -errno;
	return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

static void say_trouble(struct dump *dump, const struct dump_file *file, const char *doing,
			int error)
{
	char path[PATH_MAX] = "";

	if (dump->error == 0)
		dump->error = -error;
	dump->troubled = true;
	dump->retry_at = dump->now + RETRY_PERIOD;
	if (error == dump->trouble && dump->told_at > 0 &&
	    dump->now - dump->told_at < REPEAT_PERIOD)
		return;
	dump->trouble = error;
	dump->told = true;
	dump->told_at = dump->now;
	dump_file_path(dump, file, path);
	message_error("capture %s: cannot %s: %s; %s (its packets are counted as failed; new files "
		      "are tried again)",
		      path, doing,
		      error == ESTALE ? "somebody changed it meanwhile" : strerror(error),
		      dump_advice(error));
}

static void say_healed(struct dump *dump)
{
	dump->troubled = false;
	if (dump->told)
		message_info("captures in %s can be written again", dump->settings.directory);
	dump->told = false;
}

static void refuse(struct dump *dump, uint64_t packets)
{
	dump_add(&dump->sums.refused, packets);
	for (uint32_t i = 0; i < dump->settings.workers; i++)
		atomic_store_explicit(&dump->ring[i]->full_up, true, memory_order_relaxed);
	if (dump->refusing_at > 0 && dump->now - dump->refusing_at < REPEAT_PERIOD)
		return;
	dump->refusing_at = dump->now;
	message_warning("captures: %s has %u files of this run, which is the maximum; no more are "
			"begun",
			dump->settings.directory, dump->made);
}

// The table of files that have not ended.

static struct dump_file **bucket_of(struct dump *dump, struct uid uid)
{
	// Places are enciphered: any bits will do.
	return &dump->bucket[(uid.place[0] ^ uid.place[1]) & dump->bucket_mask];
}

static struct dump_file *find(struct dump *dump, struct uid uid)
{
	for (struct dump_file *file = *bucket_of(dump, uid); file != NULL; file = file->next)
		if (memcmp(&file->uid, &uid, sizeof(uid)) == 0)
			return file;
	return NULL;
}

static void add(struct dump *dump, struct dump_file *file)
{
	struct dump_file **bucket = bucket_of(dump, file->uid);

	file->next = *bucket;
	*bucket = file;
}

static void forget(struct dump *dump, struct dump_file *file)
{
	struct dump_file **at = bucket_of(dump, file->uid);

	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	free(file);
}

// The list of open files.

static void enlist(struct dump *dump, struct dump_file *file)
{
	file->newer = NULL;
	file->older = dump->newest;
	if (dump->newest != NULL)
		dump->newest->newer = file;
	else
		dump->oldest = file;
	dump->newest = file;
	dump->open_count++;
}

static void delist(struct dump *dump, struct dump_file *file)
{
	if (file->newer != NULL)
		file->newer->older = file->older;
	else
		dump->newest = file->older;
	if (file->older != NULL)
		file->older->newer = file->newer;
	else
		dump->oldest = file->newer;
	dump->open_count--;
}

static int close_file(struct dump *dump, struct dump_file *file)
{
	if (file->fd < 0)
		return 0;
	delist(dump, file);
	return dump_file_close(file);
}

// Writing failed: the connection gets no packets in this file any more. One of which nothing is on
// the disk is forgotten, so that the connection may have another one when it works again.
static void give_up(struct dump *dump, struct dump_file *file, const char *doing, int error)
{
	say_trouble(dump, file, doing, error);
	close_file(dump, file);
	file->done = file->failed = true;
	if (file->packets > 0)
		return;
	dump_file_remove(dump, file);
	dump->made--;
	atomic_store_explicit(&dump->sums.files, dump->made, memory_order_relaxed);
	forget(dump, file);
}

// False when the file is gone.
static bool flush(struct dump *dump, struct dump_file *file)
{
	int result;

	if (file->buffered == 0)
		return true;
	result = dump_file_flush(dump, file);
	if (result < 0) {
		give_up(dump, file, "write", -result);
		return false;
	}
	if (file->probe && dump->troubled)
		say_healed(dump);
	file->probe = false;
	return true;
}

static void make_room(struct dump *dump)
{
	struct dump_file *file = dump->oldest;
	int result;

	if (dump->open_count < DUMP_OPEN_MOST || !flush(dump, file))
		return;
	result = close_file(dump, file);
	if (result < 0)
		give_up(dump, file, "close", -result);
}

static struct dump_file *begin(struct dump *dump, const struct dump_element *element,
			       uint64_t packets)
{
	struct dump_file *file;
	int result;

	if (dump->made >= dump->settings.files) {
		refuse(dump, packets);
		return NULL;
	}
	if (dump->troubled && dump->now < dump->retry_at)
		goto failed;
	make_room(dump);
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		goto failed;
	result = dump_file_create(dump, file, element);
	if (result < 0) {
		say_trouble(dump, file, "create", -result);
		free(file);
		goto failed;
	}
	file->probe = dump->troubled;
	add(dump, file);
	enlist(dump, file);
	dump->made++;
	atomic_store_explicit(&dump->sums.files, dump->made, memory_order_relaxed);
	return file;

failed:
	dump_add(&dump->sums.failed, packets);
	return NULL;
}

// Puts it in front of the open files. False when the file is gone.
static bool ready(struct dump *dump, struct dump_file *file)
{
	int result;

	if (file == dump->newest)
		return true;
	if (file->fd >= 0) {
		delist(dump, file);
		enlist(dump, file);
		return true;
	}
	make_room(dump);
	result = dump_file_reopen(dump, file);
	if (result < 0) {
		give_up(dump, file, "go on with it", -result);
		return false;
	}
	enlist(dump, file);
	return true;
}

// The file is complete after this, or gone.
static void complete(struct dump *dump, struct dump_file *file, const char *comment)
{
	int result;

	if (!ready(dump, file))
		return;
	result = dump_file_complete(dump, file, comment);
	if (result == 0) {
		if (file->probe && dump->troubled)
			say_healed(dump);
		result = close_file(dump, file);
	}
	if (result < 0)
		give_up(dump, file, "complete", -result);
	else
		file->done = true;
}

static void fill(struct dump *dump, struct dump_file *file)
{
	char comment[48];

	snprintf(comment, sizeof(comment), "stopped at %" PRIu64 " bytes",
		 dump->settings.file_bytes);
	dump_add(&dump->sums.filled, 1);
	dump_add(&dump->sums.beyond, 1);
	complete(dump, file, comment);
}

static void take_packet(struct dump *dump, const struct dump_element *element)
{
	struct dump_file *file = find(dump, element->uid);
	int result;

	if (file == NULL)
		file = begin(dump, element, 1);
	if (file == NULL)
		return;
	if (file->done) {
		dump_add(file->failed ? &dump->sums.failed : &dump->sums.beyond, 1);
		return;
	}
	if (!ready(dump, file)) {
		dump_add(&dump->sums.failed, 1);
		return;
	}
	if (dump_file_is_full(dump, file, element)) {
		fill(dump, file);
		return;
	}
	result = dump_file_put(dump, file, element);
	if (result < 0)
		give_up(dump, file, "write", -result);
}

// The ring counted them: only the file has to know. One is begun for it, as for the packets.
static void take_lost(struct dump *dump, const struct dump_element *element)
{
	struct dump_file *file = find(dump, element->uid);

	if (file == NULL)
		file = begin(dump, element, 0);
	if (file != NULL && !file->done)
		file->lost += element->lost;
}

static void take_end(struct dump *dump, const struct dump_element *element)
{
	struct dump_file *file = find(dump, element->uid);

	if (file != NULL && !file->done)
		complete(dump, file, NULL);
	// A file that failed may be forgotten already.
	file = find(dump, element->uid);
	if (file != NULL)
		forget(dump, file);
}

void dump_files_take(struct dump *dump, const struct dump_element *element)
{
	switch (element->kind) {
	case DUMP_PACKET:
		take_packet(dump, element);
		break;
	case DUMP_LOST:
		take_lost(dump, element);
		break;
	case DUMP_END:
		take_end(dump, element);
		break;
	}
}

void dump_files_flush(struct dump *dump)
{
	struct dump_file *newer;

	for (struct dump_file *file = dump->oldest; file != NULL; file = newer) {
		newer = file->newer;
		flush(dump, file);
	}
}

static struct dump_file *find_unfinished(struct dump_file *file)
{
	while (file != NULL && file->done)
		file = file->next;
	return file;
}

void dump_files_finish(struct dump *dump)
{
	struct dump_file *file;

	// From the beginning each time: completing one may let another one fail, which is forgotten.
	for (uint32_t i = 0; i <= dump->bucket_mask; i++)
		while ((file = find_unfinished(dump->bucket[i])) != NULL)
			complete(dump, file, NULL);
}

void dump_files_free(struct dump *dump)
{
	if (dump->bucket == NULL)
		return;
	for (uint32_t i = 0; i <= dump->bucket_mask; i++) {
		while (dump->bucket[i] != NULL) {
			struct dump_file *file = dump->bucket[i];

			dump->bucket[i] = file->next;
			dump_file_close(file);
			free(file);
		}
	}
	free(dump->bucket);
}
