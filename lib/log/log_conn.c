/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_conn_internal.h"

#include "base/message.h"

static_assert(CONN_PARENTS_MOST <= LOG_UIDS_MOST, "a line has room for all parents");

LOG_TUPLE(conn_summary)

COLUMN(nothing)
{
}

COLUMN(duration)
{
	SUMMARY;

	if (summary->duration > 0)
		log_text_interval(text, summary->duration);
}

COLUMN(orig_bytes)
{
	SUMMARY;

	if (summary->duration > 0)
		log_text_count(text, summary->bytes[CONN_ORIG]);
}

COLUMN(resp_bytes)
{
	SUMMARY;

	if (summary->duration > 0)
		log_text_count(text, summary->bytes[CONN_RESP]);
}

COLUMN(state)
{
	SUMMARY;

	log_text_word(text, conn_state_name(summary->state));
}

static void write_local(struct log_text *text, const struct address *address,
			const struct log_options *options)
{
	bool local = false;

	if (options->local_count == 0)
		return;
	for (size_t i = 0; i < options->local_count && !local; i++)
		local = prefix_contains(&options->local[i], address);
	log_text_bool(text, local);
}

COLUMN(local_orig)
{
	SUMMARY;

	write_local(text, &summary->address[CONN_ORIG], options);
}

COLUMN(local_resp)
{
	SUMMARY;

	write_local(text, &summary->address[CONN_RESP], options);
}

COLUMN(missed_bytes)
{
	SUMMARY;

	log_text_count(text, summary->missed_bytes);
}

COLUMN(history)
{
	SUMMARY;
	size_t length = summary->history_length;

	if (length > sizeof(summary->history))
		length = sizeof(summary->history);
	if (length > 0)
		log_text_string(text, summary->history, length);
}

COLUMN(orig_packets)
{
	SUMMARY;

	log_text_count(text, summary->packets[CONN_ORIG]);
}

COLUMN(orig_ip_bytes)
{
	SUMMARY;

	log_text_count(text, summary->ip_bytes[CONN_ORIG]);
}

COLUMN(resp_packets)
{
	SUMMARY;

	log_text_count(text, summary->packets[CONN_RESP]);
}

COLUMN(resp_ip_bytes)
{
	SUMMARY;

	log_text_count(text, summary->ip_bytes[CONN_RESP]);
}

COLUMN(protocol)
{
	SUMMARY;

	log_text_count(text, summary->protocol);
}

COLUMN(tunnel_parents)
{
	SUMMARY;

	if (summary->parents > 0)
		log_text_uids(text, summary->parent, summary->parents);
}

static const struct log_column columns[] = {
	LOG_TUPLE_COLUMNS,
	{"service", "string", write_nothing},
	{"duration", "interval", write_duration},
	{"orig_bytes", "count", write_orig_bytes},
	{"resp_bytes", "count", write_resp_bytes},
	{"conn_state", "string", write_state},
	{"local_orig", "bool", write_local_orig},
	{"local_resp", "bool", write_local_resp},
	{"missed_bytes", "count", write_missed_bytes},
	{"history", "string", write_history},
	{"orig_pkts", "count", write_orig_packets},
	{"orig_ip_bytes", "count", write_orig_ip_bytes},
	{"resp_pkts", "count", write_resp_packets},
	{"resp_ip_bytes", "count", write_resp_ip_bytes},
	{"tunnel_parents", "set[string]", write_tunnel_parents},
	{"ip_proto", "count", write_protocol},
};

int log_conn_layout(struct log_layout *layout, uint32_t optional)
{
	int result = log_layout_add(layout, columns, sizeof(columns) / sizeof(columns[0]));

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
