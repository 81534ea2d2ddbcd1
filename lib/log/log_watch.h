/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "log/log_column.h"
#include "log/log_writer.h"
#include "watch/watch_record.h"

// watch.log: one line for each time that a rule with the action `log` found a connection, with the
// connection as it was then. It still lives, so that its line in conn.log comes later.

// Appends the columns of watch.log to `layout`: when, which rule and what, then those of conn.log
// with its optional ones in `optional` (bits 1 << enum log_conn_column). Returns 0 or a negative
// errno as log_layout_add() does.
int log_watch_layout(struct log_layout *layout, uint32_t optional);

// Opens watch.log, as log_stream_create() does.
struct log_stream *log_watch_open(struct log_writer *writer, uint64_t now);

// Appends one line, as log_conn_write() does. `record->conn` does not say `noted`. Control only.
bool log_watch_write(struct log_stream *stream, const struct watch_record *record, uint64_t now);
