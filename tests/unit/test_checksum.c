/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

// RFC 1071, section 4.1, with the words read in network byte order.
static uint16_t naive(const uint8_t *bytes, size_t length)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint64_t)bytes[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t in_network_order(uint16_t sum)
{
	uint8_t bytes[2];

	memcpy(bytes, &sum, sizeof(sum));
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

// In an allocation of exactly its length, so that a sanitizer sees a byte too much.
static void check(const uint8_t *bytes, size_t length)
{
	uint8_t *exact = malloc(length + 1);

	memcpy(exact + 1, bytes, length);
	assert_int_equal(in_network_order(checksum_fold(checksum_bytes(0, exact + 1, length))),
			 naive(bytes, length));
	free(exact);
}

static uint8_t data[70000];

static void fill_with_noise(void)
{
	srandom(1071);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random();
}

static void every_length_is_summed_as_the_standard_says(void **state)
{
	fill_with_noise();
	for (size_t length = 0; length <= 1600; length++)
		check(data, length);
	check(data, 65535);
}

static void every_alignment_is_summed_alike(void **state)
{
	fill_with_noise();
	for (size_t at = 0; at < 64; at++) {
		for (size_t length = 1400; length < 1470; length++)
			assert_int_equal(in_network_order(checksum_fold(
						 checksum_bytes(0, data + at, length))),
					 naive(data + at, length));
	}
}

// All carries that there can be.
static void the_largest_words_are_summed_right(void **state)
{
	memset(data, 0xff, sizeof(data));
	for (size_t length = 0; length <= 300; length++)
		check(data, length);
	check(data, 65535);
	for (size_t i = 0; i < sizeof(data); i += 3)
		data[i] = 0xfe;
	check(data, 65534);
}

static void a_sum_goes_on_where_another_ended(void **state)
{
	fill_with_noise();
	for (size_t first = 0; first <= 400; first += 2) {
		uint64_t sum = checksum_bytes(0, data, first);

		sum = checksum_bytes(sum, data + first, 1001 - first);
		assert_int_equal(in_network_order(checksum_fold(sum)), naive(data, 1001));
	}
	assert_int_equal(checksum_fold(checksum_bytes(UINT64_MAX, data, 0)), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_is_summed_as_the_standard_says),
		cmocka_unit_test(every_alignment_is_summed_alike),
		cmocka_unit_test(the_largest_words_are_summed_right),
		cmocka_unit_test(a_sum_goes_on_where_another_ended),
	};

	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
