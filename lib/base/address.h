/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// An IPv4 or IPv6 address in network byte order; IPv4 is kept v4-mapped (::ffff:a.b.c.d), so that
// one comparison serves both and the two never collide.
struct address {
	uint8_t byte[16];
};

#define ADDRESS_TEXT_SIZE 46

static inline bool address_is_v4(const struct address *address)
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(address->byte, prefix, sizeof(prefix)) == 0;
}

// Writes the usual text form ("10.0.0.1", "2001:db8::1") without a terminating NUL into `text`,
// which has room for ADDRESS_TEXT_SIZE bytes, and returns its length. Any thread.
size_t address_format(const struct address *address, char *text);

// A prefix such as 10.0.0.0/8 or fe80::/10. `length` counts bits of the 128-bit form (10.0.0.0/8:
// 104).
struct prefix {
	struct address address;
	uint8_t length;
};

// Reads "10.0.0.0/8", "10.1.2.3" or "2001:db8::/32". Returns 0, or -EINVAL when it is none of
// these.
int prefix_parse(const char *text, struct prefix *prefix);

// Is `address` inside `prefix`?
bool prefix_contains(const struct prefix *prefix, const struct address *address);
