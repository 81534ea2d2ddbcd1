/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"
#include "log/log_column.h"
#include "log/log_writer.h"
#include "watch/watch_record.h"

// conn.log: one line for each finished connection, with Zeek's columns.

// Optional columns, after Zeek's, in this order.
enum log_conn_column {
	LOG_CONN_COMMUNITY_ID,
	LOG_CONN_VLAN,
	LOG_CONN_INNER_VLAN,
	LOG_CONN_ORIG_L2_ADDR,
	LOG_CONN_RESP_L2_ADDR,
	LOG_CONN_ORIG_RTT,
	LOG_CONN_RESP_RTT,
	LOG_CONN_ORIG_RETRANSMITTED,
	LOG_CONN_RESP_RETRANSMITTED,
	LOG_CONN_ORIG_OUT_OF_ORDER,
	LOG_CONN_RESP_OUT_OF_ORDER,
	LOG_CONN_ORIG_ZERO_WINDOWS,
	LOG_CONN_RESP_ZERO_WINDOWS,
	LOG_CONN_REASON,
	LOG_CONN_NOTES,
	LOG_CONN_OPTIONAL_COUNT
};

// The name of an optional column. Any thread.
const char *log_conn_column_name(enum log_conn_column column);

// Appends the columns of conn.log to `layout`, with the optional ones in `columns` (one bit each).
// Returns 0 or a negative errno as log_layout_add() does. Start-up only.
int log_conn_layout(struct log_layout *layout, uint32_t columns);

// A connection with what removal hooks added to its line.
struct log_conn_noted {
	struct conn_summary conn;
	struct watch_note note;
};

// Opens conn.log, as log_stream_create() does.
struct log_stream *log_conn_open(struct log_writer *writer, uint64_t now);

// Appends one line; a summary that says `noted` is the one in a struct log_conn_noted. False when no
// buffer is free: keep the summary, call log_writer_wait() or come back later. `now` as in
// log_stream_reserve(). Control only.
bool log_conn_write(struct log_stream *stream, const struct conn_summary *summary, uint64_t now);
