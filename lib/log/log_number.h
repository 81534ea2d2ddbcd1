/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

// Numbers as text, eight digits at a time in one register. How many digits a number has is never
// left to a branch: a line has a dozen numbers of any length, and each wrong guess costs as much as
// formatting two of them. Each function returns where the text ends, and may write up to eight bytes
// from there.

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

// "." and the six digits of a number of microseconds below a second.
static inline char *log_put_fraction(char *at, uint32_t microseconds)
{
	*at = '.';
	log_put_digits(at + 1, log_digits(microseconds * 100));
	return at + 7;
}
