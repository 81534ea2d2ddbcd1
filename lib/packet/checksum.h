/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

// The Internet checksum (RFC 1071), summed in the byte order of the machine: the sum of a correct
// range is 0xffff in either order.

static inline uint64_t checksum_add(uint64_t sum, uint64_t value)
{
	sum += value;
	return sum + (sum < value);
}

// Adds `length` bytes. Only the last range of a message may have an odd length.
static inline uint64_t checksum_bytes(uint64_t sum, const uint8_t *bytes, size_t length)
{
	for (; length >= 8; bytes += 8, length -= 8)
		sum = checksum_add(sum, bytes_host64(bytes));
	if (length > 0) {
		uint8_t rest[8] = {0};

		memcpy(rest, bytes, length);
		sum = checksum_add(sum, bytes_host64(rest));
	}
	return sum;
}

static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}
