/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_watch.h"

#include "base/message.h"
#include "log/log_conn_internal.h"
#include "log/log_found.h"

#define WATCH const struct watch_record *watch = record

static_assert(offsetof(struct watch_record, conn) == 0, "conn.log's columns find the connection");

LOG_COLUMN(time)
{
	WATCH;

	log_text_time(text, watch->time);
}

LOG_COLUMN(rule)
{
	WATCH;

	if (watch->name != 0)
		log_text_word(text, watch_name_text(watch->name));
}

LOG_COLUMN(what)
{
	WATCH;

	log_text_word(text, log_found_name(watch->poll, watch->kind));
}

LOG_COLUMN(value)
{
	WATCH;

	log_found_value(text, watch->poll, watch->kind, watch->value);
}

// clang-format off
#define COLUMNS(X)                                                                                 \
	X("ts", "time", time)                                                                      \
	X("rule", "string", rule)                                                                  \
	X("what", "string", what)                                                                  \
	X("value", "double", value)
// clang-format on

static const struct log_column columns[] = {COLUMNS(LOG_COLUMN_ENTRY)};

int log_watch_layout(struct log_layout *layout, uint32_t optional)
{
	int result = log_layout_add(layout, columns, sizeof(columns) / sizeof(columns[0]));

	return result < 0 ? result : log_conn_layout_live(layout, optional);
}

struct log_stream *log_watch_open(struct log_writer *writer, uint64_t now)
{
	struct log_layout layout = {0};

	if (log_watch_layout(&layout, log_writer_options(writer)->columns) < 0) {
		message_error("watch.log: more than %d columns", LOG_COLUMN_MAX);
		return NULL;
	}
	return log_stream_create(writer, "watch", &layout, now);
}

bool log_watch_write(struct log_stream *stream, const struct watch_record *record, uint64_t now)
{
	return log_stream_write(stream, record, now);
}
