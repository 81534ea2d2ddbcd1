/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"

#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

#define PACKET_SECRET_WORDS 6

// The words of a key without the two bytes that belong to the connection record.
static inline void packet_key_words(const struct packet_key *key, uint64_t word[5])
{
	memcpy(word, key, sizeof(*key));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word[4] &= UINT64_C(0x0000ffffffffffff);
#else
	word[4] &= UINT64_C(0xffffffffffff0000);
#endif
}

static inline bool packet_key_equal(const struct packet_key *a, const struct packet_key *b)
{
#if defined(__SSE4_1__)
	__m128i low = _mm_xor_si128(_mm_loadu_si128((const __m128i *)a),
				    _mm_loadu_si128((const __m128i *)b));
	__m128i high = _mm_xor_si128(_mm_loadu_si128((const __m128i *)a + 1),
				     _mm_loadu_si128((const __m128i *)b + 1));

	uint64_t x, y;

	memcpy(&x, (const uint8_t *)a + 32, sizeof(x));
	memcpy(&y, (const uint8_t *)b + 32, sizeof(y));
	// The upper two of these bytes are the record's own.
	low = _mm_or_si128(_mm_or_si128(low, high), _mm_cvtsi64_si128((long long)((x ^ y) << 16)));
	return _mm_testz_si128(low, low);
#else
	uint64_t x[5], y[5];

	packet_key_words(a, x);
	packet_key_words(b, y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
#endif
}

static inline uint64_t packet_fold_multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// A keyed hash of a key: folded multiplications in the manner of wyhash, two of them independent.
// The receive-side scaling hash would not do for the table: with its symmetric key it has 16 bits,
// and anybody can compute it.
static inline uint64_t packet_words_hash(uint64_t word0, uint64_t word1, uint64_t word2,
					 uint64_t word3, uint64_t word4,
					 const uint64_t secret[PACKET_SECRET_WORDS])
{
	return packet_fold_multiply(
		packet_fold_multiply(word0 ^ secret[0], word1 ^ secret[1]) ^ word4 ^ secret[4],
		packet_fold_multiply(word2 ^ secret[2], word3 ^ secret[3]) ^ secret[5]);
}

static inline uint64_t packet_key_hash(const struct packet_key *key,
				       const uint64_t secret[PACKET_SECRET_WORDS])
{
	uint64_t word[5];

	packet_key_words(key, word);
	return packet_words_hash(word[0], word[1], word[2], word[3], word[4], secret);
}
