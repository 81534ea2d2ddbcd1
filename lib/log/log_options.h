/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"
#include "base/prefix_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_format { LOG_FORMAT_TSV, LOG_FORMAT_JSON };

// The name of a rotated file when the options give none.
#define LOG_ROTATE_NAME "{path}.%Y-%m-%d-%H-%M-%S.log"

// How logs are written. log_writer_create() copies all of it, so nothing here needs to outlive that
// call.
struct log_options {
	const char *directory; // must exist
	enum log_format format;
	uint64_t rotate_interval; // ns; 0: never
	uint64_t rotate_size;     // bytes; 0: never
	const char *rotate_name;  // strftime pattern with {path}, local time; NULL: LOG_ROTATE_NAME
	uint64_t flush_interval;  // ns a line may wait for a full buffer; 0: until the next tick
	bool keep_existing;       // rename a log of an earlier run instead of overwriting it
	bool retry;            // after a failed write: try again every second instead of giving up
	uint64_t retry_period; // ns, instead of that second; 0: a second
	const struct prefix *local; // networks of local_orig and local_resp; none: both are unset
	size_t local_count;
	// The same to be looked up in: made by log_writer_create() for itself, or by whoever
	// formats lines without a writer.
	const struct prefix_set *local_set;
	uint32_t columns;        // optional ones of conn.log: bit 1 << enum log_conn_column
	uint16_t community_seed; // of community_id
	size_t buffers;          // number of buffers; 0: 16
	size_t buffer_size;      // bytes of each, at least LOG_LINE_SIZE; 0: 256 KiB
};
