/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_event.h"
#include "log/log_column.h"
#include "log/log_writer.h"

// events.log: one line for each event that is subscribed to.

// Appends the columns of events.log to `layout`. Returns 0 or a negative errno as log_layout_add()
// does.
int log_event_layout(struct log_layout *layout);

// Opens events.log, as log_stream_create() does.
struct log_stream *log_event_open(struct log_writer *writer, uint64_t now);

// Appends one line, as log_conn_write() does. Control only.
bool log_event_write(struct log_stream *stream, const struct conn_event *event, uint64_t now);
