/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"
#include "log/log_column.h"
#include "log/log_writer.h"

// conn.log: one line for each finished connection, with Zeek's columns.

// Appends the columns of conn.log to `layout`. Returns 0 or a negative errno as log_layout_add()
// does.
int log_conn_layout(struct log_layout *layout);

// Opens conn.log, as log_stream_create() does.
struct log_stream *log_conn_open(struct log_writer *writer, uint64_t now);

// Appends one line. False when no buffer is free: keep the summary, call log_writer_wait() or come
// back later. `now` as in log_stream_reserve(). Control only.
bool log_conn_write(struct log_stream *stream, const struct conn_summary *summary, uint64_t now);
