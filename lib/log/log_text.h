/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"
#include "base/time.h"
#include "base/uid.h"
#include "log/log_number.h"
#include "log/log_options.h"
#include "log/log_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Appends values as text: one function for each kind of value, each knowing how TSV and JSON spell
// it. Only those for strings check for room. No other value is longer than LOG_VALUE_SIZE, but any
// may write that much, however short it is. Whoever starts a line gives it LOG_LINE_SIZE bytes,
// which is enough for every column. Any thread, no locks, no printf.
//
// They are inline, and none hands the address of a log_text on: within the lines that LOG_LINE() in
// log_column.h makes it then lives in registers, and `format` is a constant.
struct log_text {
	char *at;    // where the next byte goes
	char *limit; // strings are cut here; behind it is room for all other values
	enum log_format format;
};

#define LOG_VALUE_SIZE 64

#define LOG_INLINE     static inline __attribute__((always_inline))

// Bytes as they are: for text that is known to need no escapes.
LOG_INLINE void log_text_raw(struct log_text *text, const char *bytes, size_t length)
{
	memcpy(text->at, bytes, length);
	text->at += length;
}

// A non-negative number: of any length; mostly below 10000; a port.
LOG_INLINE void log_text_count(struct log_text *text, uint64_t value)
{
	text->at = log_put_number(text->at, value);
}

LOG_INLINE void log_text_few(struct log_text *text, uint64_t value)
{
	text->at = log_put_few(text->at, value);
}

LOG_INLINE void log_text_port(struct log_text *text, uint16_t value)
{
	text->at = log_put_port(text->at, value);
}

// Nanoseconds since 1970 as seconds with six decimals; what is below a microsecond is cut off, as
// Zeek does.
LOG_INLINE void log_text_time(struct log_text *text, uint64_t time)
{
	uint64_t seconds = time / TIME_SECOND;
	uint32_t fraction = (uint32_t)(time % TIME_SECOND / TIME_MICROSECOND);

	// Ten digits, from 2001 to 2286.
	if (__builtin_expect(seconds / LOG_EIGHT_DIGITS - 10 < 90, 1)) {
		text->at = log_put_two(text->at, (uint32_t)(seconds / LOG_EIGHT_DIGITS));
		text->at = log_put_eight(text->at, (uint32_t)(seconds % LOG_EIGHT_DIGITS));
	} else {
		text->at = log_put_number(text->at, seconds);
	}
	text->at = log_put_fraction(text->at, fraction);
}

// A span in nanoseconds, rounded to the nearest microsecond; a negative one has a minus sign.
LOG_INLINE void log_text_interval(struct log_text *text, int64_t span)
{
	uint64_t size = span < 0 ? -(uint64_t)span : (uint64_t)span;
	uint64_t microseconds = (size + TIME_MICROSECOND / 2) / TIME_MICROSECOND;

	if (span < 0)
		*text->at++ = '-';
	text->at = log_put_few(text->at, microseconds / 1000000);
	text->at = log_put_fraction(text->at, (uint32_t)(microseconds % 1000000));
}

// T and F, or true and false.
LOG_INLINE void log_text_bool(struct log_text *text, bool value)
{
	if (text->format == LOG_FORMAT_TSV) {
		*text->at++ = value ? 'T' : 'F';
	} else {
		memcpy(text->at, value ? "true" : "false", 5);
		text->at += value ? 4 : 5;
	}
}

LOG_INLINE void log_text_quote(struct log_text *text)
{
	if (text->format == LOG_FORMAT_JSON)
		*text->at++ = '"';
}

LOG_INLINE void log_text_address(struct log_text *text, const struct address *address)
{
	log_text_quote(text);
	text->at += address_format(address, text->at);
	log_text_quote(text);
}

LOG_INLINE void log_text_uid(struct log_text *text, struct uid uid)
{
	log_text_quote(text);
	text->at += uid_format(uid, text->at);
	log_text_quote(text);
}

// A set of names, at least one; they take up to LOG_UIDS_SIZE bytes.
#define LOG_UIDS_MOST 6
#define LOG_UIDS_SIZE (LOG_UIDS_MOST * (UID_TEXT_SIZE + 3) + 1)
LOG_INLINE void log_text_uids(struct log_text *text, const struct uid *uids, size_t count)
{
	if (text->format == LOG_FORMAT_JSON)
		*text->at++ = '[';
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*text->at++ = ',';
		log_text_uid(text, uids[i]);
	}
	if (text->format == LOG_FORMAT_JSON)
		*text->at++ = ']';
}

// A word of our own that needs no escapes (an enum's name): one that lies ready, or any of at most
// LOG_VALUE_SIZE - 2 bytes.
LOG_INLINE void log_text_ready(struct log_text *text, const struct log_word *word)
{
	log_text_quote(text);
	memcpy(text->at, word, sizeof(*word));
	text->at += word->length;
	log_text_quote(text);
}

LOG_INLINE void log_text_word(struct log_text *text, const char *word)
{
	log_text_quote(text);
	log_text_raw(text, word, strlen(word));
	log_text_quote(text);
}

// log_text.c: what log_text_string() appends. Returns the new end.
char *log_put_string(char *at, const char *limit, enum log_format format, const char *bytes,
		     size_t length);

// Any bytes. What would break the line or is not valid UTF-8 is escaped: \x09 in TSV; \t, \u0000
// and the like in JSON, where bytes that are no UTF-8 become \\x80. An empty string is "(empty)" in
// TSV and "" in JSON. What goes beyond the limit of the line is cut, never in the midst of an
// escape.
LOG_INLINE void log_text_string(struct log_text *text, const char *bytes, size_t length)
{
	text->at = log_put_string(text->at, text->limit, text->format, bytes, length);
}

// Sixteen bytes at a time.
typedef uint8_t log_chunk __attribute__((vector_size(16)));

// Which of the bytes are neither letters nor any of @ [ ] ^ _ ` { | } ~? Those need no escapes in
// either format, and no other marks an unset or empty value.
static inline log_chunk log_chunk_others(log_chunk chunk)
{
	return (log_chunk)((chunk & 0xc0) != 0x40) | (log_chunk)(chunk == '\\') |
	       (log_chunk)(chunk == 0x7f);
}

// The same as log_text_string() for a string that is made of letters as a rule, in an array of
// which `length` rounded up to a multiple of 16 may be read.
LOG_INLINE void log_text_letters(struct log_text *text, const char *bytes, size_t length)
{
	const log_chunk place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	log_chunk others = {0};
	uint64_t half[2];
	char *start;

	if (length == 0 || text->limit - text->at < (ptrdiff_t)(length + 2 * sizeof(log_chunk))) {
		log_text_string(text, bytes, length);
		return;
	}
	log_text_quote(text);
	start = text->at;
	for (size_t i = 0; i < length; i += sizeof(log_chunk)) {
		size_t left = length - i < sizeof(log_chunk) ? length - i : sizeof(log_chunk);
		log_chunk chunk;

		memcpy(&chunk, bytes + i, sizeof(chunk));
		memcpy(start + i, &chunk, sizeof(chunk));
		others |= log_chunk_others(chunk) & (log_chunk)(place < (uint8_t)left);
	}
	memcpy(half, &others, sizeof(half));
	if (__builtin_expect((half[0] | half[1]) == 0, 1)) {
		text->at += length;
		log_text_quote(text);
		return;
	}
	if (text->format == LOG_FORMAT_JSON)
		text->at--;
	log_text_string(text, bytes, length);
}
