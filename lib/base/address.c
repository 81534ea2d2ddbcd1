/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

static size_t format_octet(char *text, uint8_t value)
{
	size_t length = 0;

	if (value >= 100)
		text[length++] = (char)('0' + value / 100);
	if (value >= 10)
		text[length++] = (char)('0' + value / 10 % 10);
	text[length++] = (char)('0' + value % 10);
	return length;
}

// One group of an IPv6 address: hexadecimal, no leading zeros.
static size_t format_group(char *text, uint16_t value)
{
	static const char digit[] = "0123456789abcdef";
	size_t length = 0;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned nibble = value >> shift & 0xf;

		if (nibble != 0 || length > 0 || shift == 0)
			text[length++] = digit[nibble];
	}
	return length;
}

// The longest run of at least two zero groups is written "::" (RFC 5952, section 4.2).
static void longest_zero_run(const uint16_t *group, int *start, int *end)
{
	*start = *end = -1;
	for (int i = 0; i < 8; i++) {
		int j = i;

		while (j < 8 && group[j] == 0)
			j++;
		if (j - i >= 2 && j - i > *end - *start) {
			*start = i;
			*end = j;
		}
		if (j > i)
			i = j - 1;
	}
}

static size_t format_v6(const struct address *address, char *text)
{
	uint16_t group[8];
	int zero_start, zero_end;
	size_t length = 0;

	for (int i = 0; i < 8; i++)
		group[i] = (uint16_t)(address->byte[2 * i] << 8 | address->byte[2 * i + 1]);
	longest_zero_run(group, &zero_start, &zero_end);
	for (int i = 0; i < 8; i++) {
		if (i == zero_start) {
			text[length++] = ':';
			text[length++] = ':';
			i = zero_end - 1;
			continue;
		}
		if (i > 0 && i != zero_end)
			text[length++] = ':';
		length += format_group(text + length, group[i]);
	}
	return length;
}

size_t address_format(const struct address *address, char *text)
{
	size_t length = 0;

	if (!address_is_v4(address))
		return format_v6(address, text);
	for (int i = 12; i < 16; i++) {
		if (i > 12)
			text[length++] = '.';
		length += format_octet(text + length, address->byte[i]);
	}
	return length;
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
