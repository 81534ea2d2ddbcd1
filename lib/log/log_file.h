/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "log/log_column.h"
#include "log/log_rename.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The file behind one stream. Every step that can fail may simply be called again with the same
// arguments: it goes on where it stopped, and nothing is written twice. Used by the writer thread
// alone once the stream exists.
struct log_file {
	int directory;              // open directory, belongs to the writer
	const char *directory_name; // for messages
	const char *pattern;        // rotate_name
	enum log_format format;
	struct log_layout layout;
	char path[LOG_NAME_SIZE]; // "conn"
	char name[LOG_NAME_SIZE]; // "conn.log"

	int fd;         // -1: not open
	bool regular;   // neither a pipe nor a device
	bool to_rename; // complete, closed, and waits for its final name
	bool has_lines; // more than # lines
	size_t header_length, header_done;
	size_t footer_length, footer_done;
	char header[LOG_LINE_SIZE];
	char footer[LOG_FOOTER_SIZE];

	const char *doing; // the step that failed, as in "cannot <doing>"
	int lost;          // negative errno of a close or sync that failed, and cannot be repeated

	atomic_uint_fast64_t lost_lines; // counted by the writer thread, read by any
};

// Sets `file` up without touching the disk. Returns 0 or -ENAMETOOLONG.
int log_file_init(struct log_file *file, const char *path, const struct log_layout *layout,
		  const struct log_options *options, int directory);

// Opens the file and writes its header; nothing to do when both is done. With `keep`, a file of
// that name which has lines is first renamed by the rotation pattern with its time of modification,
// else it is overwritten. Returns 0 or a negative errno, as all below.
int log_file_open(struct log_file *file, bool keep);

// Appends whole lines. `done` counts the bytes that are in the file; it starts at 0 and is kept
// between calls. After an error the file ends with a whole line where that is possible.
int log_file_write(struct log_file *file, const char *bytes, size_t length, size_t *done);

// Writes the footer, forces everything to the disk and closes.
int log_file_finish(struct log_file *file);

// Finishes the file, gives it its final name and opens the next one. `opened` (ns) is the time in
// the name. A file without lines, a pipe or a device stays as it is.
int log_file_rotate(struct log_file *file, uint64_t opened);

// Finishes the file and opens the name anew: somebody may have moved the file away. If nobody has,
// it is rotated.
int log_file_reopen(struct log_file *file, uint64_t opened);

// Closes without a footer; for a file that could not be written.
void log_file_close(struct log_file *file);

// What to do about `error` (a positive errno), as the end of a message.
const char *log_file_advice(int error);
