/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"
#include "log/log_column.h"

// The columns with which every log about connections begins: when, which, between whom. A log whose
// records have the members time, uid, address, port and protocol says LOG_TUPLE(its type) once, and
// puts LOG_TUPLE_COLUMNS(X) at the head of its list.

#define LOG_TUPLE_COLUMN(name, type, value)                                                        \
	LOG_COLUMN(name)                                                                           \
	{                                                                                          \
		const struct type *tuple = record;                                                 \
                                                                                                   \
		value;                                                                             \
	}

#define LOG_TUPLE(type)                                                                            \
	LOG_TUPLE_COLUMN(time, type, log_text_time(text, tuple->time))                             \
	LOG_TUPLE_COLUMN(uid, type, log_text_uid(text, tuple->uid))                                \
	LOG_TUPLE_COLUMN(orig_address, type, log_text_address(text, &tuple->address[CONN_ORIG]))   \
	LOG_TUPLE_COLUMN(orig_port, type, log_text_port(text, tuple->port[CONN_ORIG]))             \
	LOG_TUPLE_COLUMN(resp_address, type, log_text_address(text, &tuple->address[CONN_RESP]))   \
	LOG_TUPLE_COLUMN(resp_port, type, log_text_port(text, tuple->port[CONN_RESP]))             \
	LOG_TUPLE_COLUMN(transport, type,                                                          \
			 log_text_ready(text, &log_transport_word[tuple->protocol]))

// clang-format off
#define LOG_TUPLE_COLUMNS(X)                                                                       \
	X("ts", "time", time)                                                                      \
	X("uid", "string", uid)                                                                    \
	X("id.orig_h", "addr", orig_address)                                                       \
	X("id.orig_p", "port", orig_port)                                                          \
	X("id.resp_h", "addr", resp_address)                                                       \
	X("id.resp_p", "port", resp_port)                                                          \
	X("proto", "enum", transport)
// clang-format on
