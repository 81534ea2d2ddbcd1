/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "dump/dump.h"
#include "dump/dump_ring_internal.h"

#include <limits.h>
#include <pthread.h>
#include <sys/types.h>

// So many files are open at once; the one that was written least recently is closed, and opened
// again when a packet comes for it: its section goes on where it ended.
#define DUMP_OPEN_MOST 64

// Blocks of a file are collected in so many bytes.
#define DUMP_BUFFER 16384

struct dump_file {
	struct dump_file *next;          // with the same hash
	struct dump_file *newer, *older; // while it is open
	struct uid uid;
	uint32_t suffix; // added to its name, unless 0
	int fd;          // -1: closed
	bool done;       // takes no more packets:
	bool failed;     // because writing failed, and not because it is full
	bool probe;      // begun to find out whether files can be written again
	// Who this file is, for when it is opened again.
	dev_t device;
	ino_t inode;
	uint64_t size;    // on the disk, complete blocks only
	uint64_t packets; // on the disk
	uint64_t taken;   // that were put into it
	uint64_t lost;    // that found no room in the ring
	uint64_t first, last;
	uint8_t *buffer; // while it is open
	size_t buffered;
};

// As struct dump_counters, without what rings count.
struct dump_sums {
	_Atomic uint64_t files, packets, bytes, refused, beyond, failed, filled;
};

struct dump {
	struct dump_settings settings;
	struct dump_ring **ring;
	struct dump_sums sums;

	pthread_t thread;
	pthread_mutex_t lock; // for `stopping`
	pthread_cond_t wake;
	bool stopping;
	bool started;
	bool finished;

	// The thread's, and after its end control's.
	uint64_t now; // monotonic clock, when this round began
	struct dump_file **bucket;
	uint32_t bucket_mask;
	struct dump_file *newest, *oldest; // open files
	uint32_t open_count;
	uint32_t made;
	int error;            // the first
	bool troubled;        // a write failed, and none worked since
	int trouble;          // what was told last
	bool told;            // and nobody said since that it is over
	uint64_t told_at;     // 0: never
	uint64_t retry_at;    // no new file before
	uint64_t refusing_at; // when it was told last that there are enough files; 0: never
};

// Thread only: adds to a counter that others read.
static inline void dump_add(_Atomic uint64_t *counter, uint64_t number)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + number,
			      memory_order_relaxed);
}

// dump_thread.c

void *dump_thread(void *dump);

// dump_files.c: all files of the run. Thread only.

void dump_files_take(struct dump *dump, const struct dump_element *element);

// Hands what is in buffers to the system.
void dump_files_flush(struct dump *dump);

// Completes every file.
void dump_files_finish(struct dump *dump);

// Forgets all, writes nothing.
void dump_files_free(struct dump *dump);

// What may help against `error`.
const char *dump_advice(int error);

// Creates the directory unless it is there. Returns 0 or a negative errno.
int dump_make_directory(const char *directory);

// dump_file.c: one file. Thread only. Results are 0 or a negative errno.

// Writes where the file is into `path`, PATH_MAX bytes; false when it is too long.
bool dump_file_path(const struct dump *dump, const struct dump_file *file, char *path);

// Makes a file with a new name; its header waits in the buffer.
int dump_file_create(struct dump *dump, struct dump_file *file, const struct dump_element *first);

// Opens it again after dump_file_close(); -ESTALE when it is not what was left.
int dump_file_reopen(struct dump *dump, struct dump_file *file);

// Would the file grow beyond its limit with this packet?
bool dump_file_is_full(const struct dump *dump, const struct dump_file *file,
		       const struct dump_element *element);

int dump_file_put(struct dump *dump, struct dump_file *file, const struct dump_element *element);

// Writes the buffer: all of it, or as many complete blocks as there is room for; the packets of the
// others are counted as failed.
int dump_file_flush(struct dump *dump, struct dump_file *file);

// Writes the statistics that end it, with a comment or NULL, and flushes.
int dump_file_complete(struct dump *dump, struct dump_file *file, const char *comment);

// Closes it; what is in the buffer is dropped.
int dump_file_close(struct dump_file *file);

// Removes it from the disk if it is still there.
void dump_file_remove(struct dump *dump, struct dump_file *file);
