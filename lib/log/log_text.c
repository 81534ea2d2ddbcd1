/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_text.h"

#define TEN(tens)                                                                                  \
	tens "0" tens "1" tens "2" tens "3" tens "4" tens "5" tens "6" tens "7" tens "8" tens "9"
const char log_pair[201] = TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7")
	TEN("8") TEN("9");

char *log_put_large(char *at, uint64_t value)
{
	uint64_t above = value / LOG_EIGHT_DIGITS;

	at = above < LOG_EIGHT_DIGITS ? log_put_small(at, (uint32_t)above)
				      : log_put_large(at, above);
	return log_put_eight(at, (uint32_t)(value % LOG_EIGHT_DIGITS));
}

// How many bytes at `bytes` are one valid UTF-8 character (RFC 3629)? 0: none.
static size_t utf8_length(const uint8_t *bytes, size_t left)
{
	uint8_t first = bytes[0], lowest = 0x80, highest = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		length = 2;
	else if (first >= 0xe0 && first <= 0xef)
		length = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		length = 4;
	else
		return 0;
	if (left < length)
		return 0;
	// The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
	if (first == 0xe0)
		lowest = 0xa0;
	else if (first == 0xed)
		highest = 0x9f;
	else if (first == 0xf0)
		lowest = 0x90;
	else if (first == 0xf4)
		highest = 0x8f;
	if (bytes[1] < lowest || bytes[1] > highest)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	return length;
}

static size_t escape_hex(char *to, const char *prefix, uint8_t byte, const char *digit)
{
	size_t length = strlen(prefix);

	memcpy(to, prefix, length);
	to[length] = digit[byte >> 4];
	to[length + 1] = digit[byte & 0xf];
	return length + 2;
}

static size_t escape_tsv(char *to, uint8_t byte)
{
	return escape_hex(to, "\\x", byte, "0123456789abcdef");
}

static size_t escape_json(char *to, uint8_t byte)
{
	static const char from[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *found = byte ? strchr(from, byte) : NULL;

	if (byte >= 0x80)
		return escape_hex(to, "\\\\x", byte, "0123456789abcdef");
	if (!found)
		return escape_hex(to, "\\u00", byte, "0123456789ABCDEF");
	to[0] = '\\';
	to[1] = letter[found - from];
	return 2;
}

static bool is_plain(enum log_format format, uint8_t byte)
{
	if (byte < ' ' || byte == '\\')
		return false;
	return format == LOG_FORMAT_TSV ? byte != 0x7f : byte != '"';
}

static char *put_body(char *at, const char *limit, enum log_format format, const uint8_t *bytes,
		      size_t length)
{
	const size_t longest = 6;
	size_t i = 0;

	while (i < length && at + longest <= limit) {
		size_t step = utf8_length(bytes + i, length - i);

		if (step > 1 || (step == 1 && is_plain(format, bytes[i]))) {
			memcpy(at, bytes + i, step);
			at += step;
			i += step;
		} else {
			at += format == LOG_FORMAT_TSV ? escape_tsv(at, bytes[i])
						       : escape_json(at, bytes[i]);
			i++;
		}
	}
	return at;
}

static bool equals(const char *bytes, size_t length, const char *word)
{
	return length == strlen(word) && memcmp(bytes, word, length) == 0;
}

char *log_put_string(char *at, const char *limit, enum log_format format, const char *bytes,
		     size_t length)
{
	if (format == LOG_FORMAT_JSON) {
		*at++ = '"';
		at = put_body(at, limit, format, (const uint8_t *)bytes, length);
		*at++ = '"';
		return at;
	}
	if (length == 0) {
		memcpy(at, "(empty)", 7);
		return at + 7;
	}
	// A value that looks like one of the two markers must not be taken for it.
	if (equals(bytes, length, "-") || equals(bytes, length, "(empty)")) {
		at += escape_tsv(at, (uint8_t)bytes[0]);
		bytes++;
		length--;
	}
	return put_body(at, limit, format, (const uint8_t *)bytes, length);
}
