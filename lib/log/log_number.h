/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

// Numbers as text: eight digits at a time in one register, or four by a table of two where more are
// seldom. How many digits a number has is never left to a branch: a line has a dozen numbers of any
// length, and each wrong guess costs as much as formatting two of them. Each function returns where
// the text ends, and may write up to eight bytes from there.

#define LOG_EIGHT_DIGITS UINT64_C(100000000)

// The digits of a number below LOG_EIGHT_DIGITS, each in a byte of its own, the first one lowest.
static inline uint64_t log_digits(uint32_t value)
{
	// Two numbers of four digits, then four of two, then eight of one; each is divided by
	// multiplying with the inverse, which is exact in the range at hand.
	const uint64_t seven_bits = UINT64_C(0x0000007f0000007f);
	const uint64_t four_bits = UINT64_C(0x000f000f000f000f);
	uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
	uint64_t hundreds = fours * 10486 >> 20 & seven_bits;
	uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
	uint64_t tens = twos * 103 >> 10 & four_bits;

	return tens | (twos - 10 * tens) << 8;
}

static inline void log_put_digits(char *at, uint64_t digits)
{
	digits = htole64(digits | UINT64_C(0x3030303030303030));
	memcpy(at, &digits, sizeof(digits));
}

// A number below LOG_EIGHT_DIGITS.
static inline char *log_put_small(char *at, uint32_t value)
{
	uint64_t digits = log_digits(value);
	// The bit says that the last digit stays, even when it is 0.
	unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;

	log_put_digits(at, digits >> 8 * zeros);
	return at + 8 - zeros;
}

// All eight digits of such a number, with leading zeros.
static inline char *log_put_eight(char *at, uint32_t value)
{
	log_put_digits(at, log_digits(value));
	return at + 8;
}

// log_text.c: a number from LOG_EIGHT_DIGITS.
char *log_put_large(char *at, uint64_t value);

static inline char *log_put_number(char *at, uint64_t value)
{
	if (__builtin_expect(value < LOG_EIGHT_DIGITS, 1))
		return log_put_small(at, (uint32_t)value);
	return log_put_large(at, value);
}

// log_text.c: "00" to "99".
extern const char log_pair[201];

// Both digits of a number below 100.
static inline char *log_put_two(char *at, uint32_t value)
{
	memcpy(at, log_pair + 2 * value, 2);
	return at + 2;
}

// The text of a number below 10000, with leading zeros, the first digit lowest.
static inline uint32_t log_four(uint32_t value)
{
	uint16_t high, low;

	memcpy(&high, log_pair + 2 * (value / 100), sizeof(high));
	memcpy(&low, log_pair + 2 * (value % 100), sizeof(low));
	return le16toh(high) | (uint32_t)le16toh(low) << 16;
}

// A number of up to `most` digits, at most eight, of which `text` is what log_four() would make,
// without its leading zeros.
static inline char *log_put_stripped(char *at, uint64_t text, unsigned most)
{
	// As in log_put_small().
	uint64_t stays = (text & UINT64_C(0x0f0f0f0f0f0f0f0f)) | UINT64_C(1) << 8 * (most - 1);
	unsigned zeros = (unsigned)__builtin_ctzll(stays) / 8;

	text = htole64(text >> 8 * zeros);
	memcpy(at, &text, sizeof(text));
	return at + most - zeros;
}

// Any number; most are below 10000.
static inline char *log_put_few(char *at, uint64_t value)
{
	if (__builtin_expect(value >= 10000, 0))
		return log_put_number(at, value);
	return log_put_stripped(at, log_four((uint32_t)value), 4);
}

// A number of sixteen bits.
static inline char *log_put_port(char *at, uint16_t value)
{
	uint32_t first = (uint32_t)'0' + value / 10000;

	return log_put_stripped(at, (uint64_t)log_four(value % 10000) << 8 | first, 5);
}

// "." and the six digits of a number of microseconds below a second.
static inline char *log_put_fraction(char *at, uint32_t microseconds)
{
	uint32_t digits = htole32(log_four(microseconds % 10000));

	*at = '.';
	log_put_two(at + 1, microseconds / 10000);
	memcpy(at + 3, &digits, sizeof(digits));
	return at + 7;
}
