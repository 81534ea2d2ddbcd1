/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_conn_internal.h"

#include "base/message.h"
#include "base/prefix_set.h"

static_assert(sizeof(((struct conn_summary *)0)->history) % sizeof(log_chunk) == 0,
	      "a history may be read by chunks");
static_assert(CONN_PARENTS_MOST <= LOG_UIDS_MOST, "a line has room for all parents");

LOG_TUPLE(conn_summary)

LOG_COLUMN(nothing)
{
}

LOG_COLUMN(duration)
{
	SUMMARY;

	if (summary->duration > 0)
		log_text_interval(text, summary->duration);
}

LOG_COLUMN(orig_bytes)
{
	SUMMARY;

	if (summary->duration > 0)
		log_text_count(text, summary->bytes[CONN_ORIG]);
}

LOG_COLUMN(resp_bytes)
{
	SUMMARY;

	if (summary->duration > 0)
		log_text_count(text, summary->bytes[CONN_RESP]);
}

LOG_COLUMN(state)
{
	SUMMARY;

	log_text_ready(text, &log_state_word[summary->state < CONN_STATE_COUNT ? summary->state
									       : CONN_STATE_OTH]);
}

LOG_INLINE void write_local(struct log_text *text, const struct address *address,
			    const struct log_options *options)
{
	if (options->local_set != NULL)
		log_text_bool(text, prefix_set_contains(options->local_set, address));
}

LOG_COLUMN(local_orig)
{
	SUMMARY;

	write_local(text, &summary->address[CONN_ORIG], options);
}

LOG_COLUMN(local_resp)
{
	SUMMARY;

	write_local(text, &summary->address[CONN_RESP], options);
}

LOG_COLUMN(missed_bytes)
{
	SUMMARY;

	log_text_few(text, summary->missed_bytes);
}

LOG_COLUMN(history)
{
	SUMMARY;
	size_t length = summary->history_length;

	if (length > sizeof(summary->history))
		length = sizeof(summary->history);
	if (length > 0)
		log_text_letters(text, summary->history, length);
}

LOG_COLUMN(orig_packets)
{
	SUMMARY;

	log_text_few(text, summary->packets[CONN_ORIG]);
}

LOG_COLUMN(orig_ip_bytes)
{
	SUMMARY;

	log_text_count(text, summary->ip_bytes[CONN_ORIG]);
}

LOG_COLUMN(resp_packets)
{
	SUMMARY;

	log_text_few(text, summary->packets[CONN_RESP]);
}

LOG_COLUMN(resp_ip_bytes)
{
	SUMMARY;

	log_text_count(text, summary->ip_bytes[CONN_RESP]);
}

LOG_COLUMN(protocol)
{
	SUMMARY;

	log_text_few(text, summary->protocol);
}

LOG_COLUMN(tunnel_parents)
{
	SUMMARY;

	if (summary->parents > 0)
		log_text_uids(text, summary->parent, summary->parents);
}

// clang-format off
#define COLUMNS(X)                                                                                 \
	LOG_TUPLE_COLUMNS(X)                                                                       \
	X("service", "string", nothing)                                                            \
	X("duration", "interval", duration)                                                        \
	X("orig_bytes", "count", orig_bytes)                                                       \
	X("resp_bytes", "count", resp_bytes)                                                       \
	X("conn_state", "string", state)                                                           \
	X("local_orig", "bool", local_orig)                                                        \
	X("local_resp", "bool", local_resp)                                                        \
	X("missed_bytes", "count", missed_bytes)                                                   \
	X("history", "string", history)                                                            \
	X("orig_pkts", "count", orig_packets)                                                      \
	X("orig_ip_bytes", "count", orig_ip_bytes)                                                 \
	X("resp_pkts", "count", resp_packets)                                                      \
	X("resp_ip_bytes", "count", resp_ip_bytes)                                                 \
	X("tunnel_parents", "set[string]", tunnel_parents)                                         \
	X("ip_proto", "count", protocol)
// clang-format on

LOG_LINE(COLUMNS)

int log_conn_layout(struct log_layout *layout, uint32_t optional)
{
	int result = log_layout_add(layout, columns, sizeof(columns) / sizeof(columns[0]));

	log_words_prepare();
	log_layout_together(layout, write_columns);
	return result < 0 ? result : log_conn_layout_optional(layout, optional);
}

int log_conn_layout_live(struct log_layout *layout, uint32_t optional)
{
	size_t count = sizeof(columns) / sizeof(columns[0]);
	struct log_column start = columns[0];
	int result;

	log_words_prepare();
	start.name = "start";
	result = log_layout_add(layout, &start, 1);
	if (result == 0)
		result = log_layout_add(layout, columns + 1, count - 1);
	return result < 0 ? result : log_conn_layout_optional(layout, optional);
}

struct log_stream *log_conn_open(struct log_writer *writer, uint64_t now)
{
	struct log_layout layout = {0};

	if (log_conn_layout(&layout, log_writer_options(writer)->columns) < 0) {
		message_error("conn.log: more than %d columns", LOG_COLUMN_MAX);
		return NULL;
	}
	return log_stream_create(writer, "conn", &layout, now);
}

bool log_conn_write(struct log_stream *stream, const struct conn_summary *summary, uint64_t now)
{
	return log_stream_write(stream, summary, now);
}
