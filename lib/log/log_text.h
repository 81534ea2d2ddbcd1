/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"
#include "base/uid.h"
#include "log/log_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Appends values as text: one function for each kind of value, each knowing how TSV and JSON spell
// it. No function but log_text_string() checks for room, because no other value is longer than
// LOG_VALUE_SIZE; whoever starts a line gives it LOG_LINE_SIZE bytes, which is enough for every
// column. Any thread, no locks, no printf.
struct log_text {
	char *at;    // where the next byte goes
	char *limit; // strings are cut here; behind it is room for all other values
	enum log_format format;
};

#define LOG_VALUE_SIZE 64

// Bytes as they are: for text that is known to need no escapes.
static inline void log_text_raw(struct log_text *text, const char *bytes, size_t length)
{
	memcpy(text->at, bytes, length);
	text->at += length;
}

// A non-negative number. Also for ports.
void log_text_count(struct log_text *text, uint64_t value);

// Nanoseconds since 1970 as seconds with six decimals; what is below a microsecond is cut off, as
// Zeek does.
void log_text_time(struct log_text *text, uint64_t time);

// A span in nanoseconds, rounded to the nearest microsecond; a negative one has a minus sign.
void log_text_interval(struct log_text *text, int64_t span);

// T and F, or true and false.
void log_text_bool(struct log_text *text, bool value);

void log_text_address(struct log_text *text, const struct address *address);
void log_text_uid(struct log_text *text, struct uid uid);

// A set of names, at least one; they take up to LOG_UIDS_SIZE bytes.
#define LOG_UIDS_MOST 6
#define LOG_UIDS_SIZE (LOG_UIDS_MOST * (UID_TEXT_SIZE + 3) + 1)
void log_text_uids(struct log_text *text, const struct uid *uids, size_t count);

// A word of our own, at most LOG_VALUE_SIZE - 2 bytes, that needs no escapes (an enum's name).
void log_text_word(struct log_text *text, const char *word);

// Any bytes. What would break the line or is not valid UTF-8 is escaped: \x09 in TSV; \t, \u0000
// and the like in JSON, where bytes that are no UTF-8 become \\x80. An empty string is "(empty)" in
// TSV and "" in JSON. What goes beyond the limit of the line is cut, never in the midst of an
// escape.
void log_text_string(struct log_text *text, const char *bytes, size_t length);
