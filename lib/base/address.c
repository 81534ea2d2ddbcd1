/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/address.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

// "0." to "255.", four bytes each.
// clang-format off
#define TEN(tens, fill)                                                                            \
	tens "0." fill tens "1." fill tens "2." fill tens "3." fill tens "4." fill                 \
	tens "5." fill tens "6." fill tens "7." fill tens "8." fill tens "9." fill
static const char octets[] =
	TEN("", "\0\0") TEN("1", "\0") TEN("2", "\0") TEN("3", "\0") TEN("4", "\0") TEN("5", "\0")
	TEN("6", "\0") TEN("7", "\0") TEN("8", "\0") TEN("9", "\0") TEN("10", "") TEN("11", "")
	TEN("12", "") TEN("13", "") TEN("14", "") TEN("15", "") TEN("16", "") TEN("17", "")
	TEN("18", "") TEN("19", "") TEN("20", "") TEN("21", "") TEN("22", "") TEN("23", "")
	TEN("24", "") "250." "251." "252." "253." "254." "255.";
// clang-format on

static const uint8_t octet_length[256] = {[0 ... 9] = 2, [10 ... 99] = 3, [100 ... 255] = 4};

// The number of digits is not for a branch to guess: addresses are random.
static size_t format_v4(const uint8_t byte[4], char *text)
{
	char *at = text;

	for (int i = 0; i < 4; i++) {
		memcpy(at, octets + 4 * byte[i], 4);
		at += octet_length[byte[i]];
	}
	return (size_t)(at - text) - 1;
}

// One group of an IPv6 address: hexadecimal, no leading zeros. Writes four bytes in any case.
static size_t format_group(char *text, uint32_t value)
{
	unsigned zeros = (unsigned)(__builtin_clz(value | 1) - 16) / 4;
	uint32_t digits = value;

	// A nibble in each byte, the first one lowest; then 10 to 15 go on at 'a'.
	digits = (digits | digits << 8) & 0x00ff00ff;
	digits = (digits | digits << 4) & 0x0f0f0f0f;
	digits = __builtin_bswap32(digits);
	digits += 0x30303030 + ((digits + 0x06060606) >> 4 & 0x01010101) * ('a' - '0' - 10);
	digits = htole32(digits >> 8 * zeros);
	memcpy(text, &digits, sizeof(digits));
	return 4 - zeros;
}

// The longest run of at least two zero groups is written "::", the first of equals (RFC 5952,
// section 4.2). `zero` has a bit for each zero group. Without a run both are 8.
static void longest_zero_run(unsigned zero, int *start, int *end)
{
	unsigned starts = zero & zero >> 1; // of runs of `length`
	int length = 2;

	*start = *end = 8;
	if (starts == 0)
		return;
	for (; starts & starts >> 1; length++)
		starts &= starts >> 1;
	*start = __builtin_ctz(starts);
	*end = *start + length;
}

static size_t format_v6(const struct address *address, char *text)
{
	uint32_t group[8];
	int zero_start, zero_end;
	unsigned zero = 0;
	char *at = text;

	for (int i = 0; i < 8; i++) {
		group[i] = (uint32_t)address->byte[2 * i] << 8 | address->byte[2 * i + 1];
		zero |= (unsigned)(group[i] == 0) << i;
	}
	longest_zero_run(zero, &zero_start, &zero_end);
	for (int i = 0; i < zero_start; i++) {
		at += format_group(at, group[i]);
		*at++ = ':';
	}
	if (zero_start == 8)
		return (size_t)(at - text) - 1;
	if (zero_start == 0)
		*at++ = ':';
	*at++ = ':';
	for (int i = zero_end; i < 8; i++) {
		at += format_group(at, group[i]);
		*at++ = ':';
	}
	return (size_t)(at - text) - (zero_end < 8);
}

size_t address_format(const struct address *address, char *text)
{
	return address_is_v4(address) ? format_v4(address->byte + 12, text)
				      : format_v6(address, text);
}

int prefix_parse(const char *text, struct prefix *prefix)
{
	char address[ADDRESS_TEXT_SIZE + 1];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits = 128, most;

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	memset(prefix, 0, sizeof(*prefix));
	if (inet_pton(AF_INET, address, prefix->address.byte + 12) == 1) {
		prefix->address.byte[10] = prefix->address.byte[11] = 0xff;
		most = 32;
	} else if (inet_pton(AF_INET6, address, prefix->address.byte) == 1) {
		most = 128;
	} else {
		return -EINVAL;
	}
	if (slash) {
		char *end;

		if (slash[1] < '0' || slash[1] > '9')
			return -EINVAL;
		bits = strtoul(slash + 1, &end, 10);
		if (*end != '\0' || bits > most)
			return -EINVAL;
		bits += 128 - most;
	}
	prefix->length = (uint8_t)bits;
	return 0;
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
	unsigned whole = prefix->length / 8, rest = prefix->length % 8;

	if (memcmp(prefix->address.byte, address->byte, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return ((prefix->address.byte[whole] ^ address->byte[whole]) >> (8 - rest)) == 0;
}
