/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"
#include "log/log_column.h"

// The columns with which every log about connections begins: when, which, between whom. A log whose
// records have the members time, uid, address, port and protocol says LOG_TUPLE(its type) once, and
// puts LOG_TUPLE_COLUMNS at the head of its table.

// Each column has a writer of this shape.
#define COLUMN(name)                                                                               \
	static void write_##name(struct log_text *text, const void *record,                        \
				 const struct log_options *options)

#define LOG_TUPLE_COLUMN(name, type, value)                                                        \
	COLUMN(name)                                                                               \
	{                                                                                          \
		const struct type *tuple = record;                                                 \
                                                                                                   \
		value;                                                                             \
	}

#define LOG_TUPLE(type)                                                                            \
	LOG_TUPLE_COLUMN(time, type, log_text_time(text, tuple->time))                             \
	LOG_TUPLE_COLUMN(uid, type, log_text_uid(text, tuple->uid))                                \
	LOG_TUPLE_COLUMN(orig_address, type, log_text_address(text, &tuple->address[CONN_ORIG]))   \
	LOG_TUPLE_COLUMN(orig_port, type, log_text_count(text, tuple->port[CONN_ORIG]))            \
	LOG_TUPLE_COLUMN(resp_address, type, log_text_address(text, &tuple->address[CONN_RESP]))   \
	LOG_TUPLE_COLUMN(resp_port, type, log_text_count(text, tuple->port[CONN_RESP]))            \
	LOG_TUPLE_COLUMN(transport, type, log_text_word(text, conn_transport_name(tuple->protocol)))

// clang-format off
#define LOG_TUPLE_COLUMNS                                                                          \
	{"ts", "time", write_time},                                                                \
	{"uid", "string", write_uid},                                                              \
	{"id.orig_h", "addr", write_orig_address},                                                 \
	{"id.orig_p", "port", write_orig_port},                                                    \
	{"id.resp_h", "addr", write_resp_address},                                                 \
	{"id.resp_p", "port", write_resp_port},                                                    \
	{"proto", "enum", write_transport}
// clang-format on
