/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "log/log_text.h"
#include "watch/watch_name.h"
#include "watch/watch_request.h"

// What a rule found: of a threshold its enum watch_kind, of a poll its enum watch_feature.

static inline const char *log_found_name(bool poll, unsigned kind)
{
	return poll ? watch_feature_name(kind) : watch_kind_name(kind);
}

// A count as it is, a span in seconds.
static inline void log_found_value(struct log_text *text, bool poll, unsigned kind, uint64_t value)
{
	if (poll ? watch_feature_is_span(kind) : watch_kind_is_span(kind))
		log_text_interval(text, (int64_t)value);
	else
		log_text_count(text, value);
}
