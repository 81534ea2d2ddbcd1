/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_text.h"

#include "base/time.h"

#define MICROSECONDS UINT64_C(1000000)

// "00" to "99": halves the divisions.
static const char pairs[] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";

static unsigned digits_of(uint64_t value)
{
	unsigned digits = 1;

	for (;;) {
		if (value < 10)
			return digits;
		if (value < 100)
			return digits + 1;
		if (value < 1000)
			return digits + 2;
		if (value < 10000)
			return digits + 3;
		value /= 10000;
		digits += 4;
	}
}

void log_text_count(struct log_text *text, uint64_t value)
{
	char *at = text->at + digits_of(value);

	text->at = at;
	while (value >= 100) {
		at -= 2;
		memcpy(at, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10)
		memcpy(at - 2, pairs + value * 2, 2);
	else
		at[-1] = (char)('0' + value);
}

static void microseconds(struct log_text *text, uint64_t value)
{
	uint32_t fraction = (uint32_t)(value % MICROSECONDS);
	char *at;

	log_text_count(text, value / MICROSECONDS);
	at = text->at;
	at[0] = '.';
	memcpy(at + 1, pairs + fraction / 10000 * 2, 2);
	memcpy(at + 3, pairs + fraction / 100 % 100 * 2, 2);
	memcpy(at + 5, pairs + fraction % 100 * 2, 2);
	text->at = at + 7;
}

void log_text_time(struct log_text *text, uint64_t time)
{
	microseconds(text, time / TIME_MICROSECOND);
}

void log_text_interval(struct log_text *text, int64_t span)
{
	uint64_t size = span < 0 ? -(uint64_t)span : (uint64_t)span;

	if (span < 0)
		*text->at++ = '-';
	microseconds(text, (size + TIME_MICROSECOND / 2) / TIME_MICROSECOND);
}

void log_text_bool(struct log_text *text, bool value)
{
	if (text->format == LOG_FORMAT_TSV)
		*text->at++ = value ? 'T' : 'F';
	else if (value)
		log_text_raw(text, "true", 4);
	else
		log_text_raw(text, "false", 5);
}

static inline void quote(struct log_text *text)
{
	if (text->format == LOG_FORMAT_JSON)
		*text->at++ = '"';
}

void log_text_address(struct log_text *text, const struct address *address)
{
	quote(text);
	text->at += address_format(address, text->at);
	quote(text);
}

void log_text_uid(struct log_text *text, struct uid uid)
{
	quote(text);
	text->at += uid_format(uid, text->at);
	quote(text);
}

void log_text_uids(struct log_text *text, const struct uid *uids, size_t count)
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

void log_text_word(struct log_text *text, const char *word)
{
	quote(text);
	log_text_raw(text, word, strlen(word));
	quote(text);
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

static void string_body(struct log_text *text, const uint8_t *bytes, size_t length)
{
	const size_t longest = 6;
	size_t i = 0;

	while (i < length && text->at + longest <= text->limit) {
		size_t step = utf8_length(bytes + i, length - i);

		if (step > 1 || (step == 1 && is_plain(text->format, bytes[i]))) {
			log_text_raw(text, (const char *)bytes + i, step);
			i += step;
		} else {
			text->at += text->format == LOG_FORMAT_TSV
					    ? escape_tsv(text->at, bytes[i])
					    : escape_json(text->at, bytes[i]);
			i++;
		}
	}
}

static bool equals(const char *bytes, size_t length, const char *word)
{
	return length == strlen(word) && memcmp(bytes, word, length) == 0;
}

void log_text_string(struct log_text *text, const char *bytes, size_t length)
{
	if (text->format == LOG_FORMAT_JSON) {
		*text->at++ = '"';
		string_body(text, (const uint8_t *)bytes, length);
		*text->at++ = '"';
		return;
	}
	if (length == 0) {
		log_text_raw(text, "(empty)", 7);
		return;
	}
	// A value that looks like one of the two markers must not be taken for it.
	if (equals(bytes, length, "-") || equals(bytes, length, "(empty)")) {
		text->at += escape_tsv(text->at, (uint8_t)bytes[0]);
		bytes++;
		length--;
	}
	string_body(text, (const uint8_t *)bytes, length);
}
