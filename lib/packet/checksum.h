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

// Two 64-bit words side by side; GCC and clang make of it what the processor has (SSE2, NEON), or
// two ordinary words.
typedef uint64_t checksum_pair __attribute__((vector_size(16)));

static inline checksum_pair checksum_load(const uint8_t *bytes)
{
	checksum_pair pair;

	memcpy(&pair, bytes, sizeof(pair));
	return pair;
}

// What is done at once; shorter ranges, such as headers, are not worth the folding afterwards.
#define CHECKSUM_BLOCK 64

// Adds `count` blocks. Vectors have no carry: hence the words are summed up modulo 2^64, and their
// upper halves once more by themselves, where nothing is lost; the difference is the sum of the
// lower halves.
static inline uint64_t checksum_blocks(uint64_t sum, const uint8_t *bytes, size_t count)
{
	checksum_pair word[2] = {{0}}, upper[2] = {{0}};

	for (; count > 0; bytes += CHECKSUM_BLOCK, count--) {
		for (int i = 0; i < 2; i++) {
			checksum_pair a = checksum_load(bytes + 32 * i);
			checksum_pair b = checksum_load(bytes + 32 * i + 16);

			word[0] += a;
			word[1] += b;
			upper[0] += a >> 32;
			upper[1] += b >> 32;
		}
	}
	word[0] += word[1];
	upper[0] += upper[1];
	for (int i = 0; i < 2; i++) {
		sum = checksum_add(sum, word[0][i] - (upper[0][i] << 32));
		// 2^32 is 1 in this arithmetic.
		sum = checksum_add(sum, upper[0][i]);
	}
	return sum;
}

// Adds `length` bytes, less than 2^32. Only the last range of a message may have an odd length.
static inline uint64_t checksum_bytes(uint64_t sum, const uint8_t *bytes, size_t length)
{
	if (length >= CHECKSUM_BLOCK) {
		sum = checksum_blocks(sum, bytes, length / CHECKSUM_BLOCK);
		bytes += length & ~(size_t)(CHECKSUM_BLOCK - 1);
		length &= CHECKSUM_BLOCK - 1;
	}
	for (; length >= 8; bytes += 8, length -= 8)
		sum = checksum_add(sum, bytes_host64(bytes));
	if (length & 4) {
		sum = checksum_add(sum, bytes_host32(bytes));
		bytes += 4;
	}
	if (length & 2) {
		uint16_t word;

		memcpy(&word, bytes, sizeof(word));
		sum = checksum_add(sum, word);
		bytes += 2;
	}
	if (length & 1) {
		uint8_t word[2] = {bytes[0], 0};
		uint16_t value;

		memcpy(&value, word, sizeof(value));
		sum = checksum_add(sum, value);
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
