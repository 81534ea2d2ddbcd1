/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "log/log_conn.h"
#include "log/log_tuple.h"

// Names the type of conn.log's records.
#define SUMMARY const struct conn_summary *summary = record

// log_conn_optional.c: appends those in `optional`, one bit each.
int log_conn_layout_optional(struct log_layout *layout, uint32_t optional);

// log_conn.c: the same columns as log_conn_layout(), for a record of another log that begins with a
// struct conn_summary; `ts` is called `start` there.
int log_conn_layout_live(struct log_layout *layout, uint32_t optional);

// log_community.c: the Community ID of a connection, up to LOG_COMMUNITY_SIZE bytes without a
// terminating NUL. Returns its length; 0 when OpenSSL gives no SHA-1.
#define LOG_COMMUNITY_SIZE 30
size_t log_community_id(const struct conn_summary *summary, uint16_t seed, char *text);
