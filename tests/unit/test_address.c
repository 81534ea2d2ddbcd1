/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct address parse(const char *text)
{
	struct address address = {{[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, address.byte + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, address.byte), 1);
	return address;
}

static void assert_formats(const char *text)
{
	struct address address = parse(text);
	char formatted[ADDRESS_TEXT_SIZE + 1];

	memset(formatted, '#', sizeof(formatted));
	formatted[address_format(&address, formatted)] = '\0';
	assert_string_equal(formatted, text);
}

static void ipv4_is_written_with_dots(void **state)
{
	assert_formats("0.0.0.0");
	assert_formats("10.0.0.1");
	assert_formats("9.99.100.101");
	assert_formats("255.255.255.255");
}

static void every_octet_is_written_in_every_place(void **state)
{
	for (int i = 0; i < 256; i++) {
		char text[ADDRESS_TEXT_SIZE];

		for (int place = 0; place < 4; place++) {
			int octet[4] = {1, 20, 30, 255};

			octet[place] = i;
			snprintf(text, sizeof(text), "%d.%d.%d.%d", octet[0], octet[1], octet[2],
				 octet[3]);
			assert_formats(text);
		}
	}
}

static void ipv6_is_written_shortest(void **state)
{
	assert_formats("::");
	assert_formats("::1");
	assert_formats("1::");
	assert_formats("2001:db8::1");
	assert_formats("2001:db8::");
	assert_formats("fe80::abcd:0:0:1");
	assert_formats("2001:0:0:1::1");
	assert_formats("2001:db8:0:1:1:1:1:1");
	assert_formats("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_formats("0:2:3:4:5:6:7:8");
	assert_formats("1:2:3:4:5:6:7:0");
}

static void the_first_of_two_equal_zero_runs_is_shortened(void **state)
{
	assert_formats("1::2:0:0:3:4");
	assert_formats("1::2:3:0:0:4");
}

static void zeros_are_written_as_by_libc_wherever_they_are(void **state)
{
	// Some addresses that begin with 80 zero bits are written as IPv4 by libc.
	for (unsigned zero = 0; zero < 255; zero++) {
		struct address address;
		char expected[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 1];

		for (int i = 0; i < 8; i++) {
			address.byte[2 * i] = 0;
			address.byte[2 * i + 1] = zero >> i & 1 ? 0 : (uint8_t)(i + 1);
		}
		if ((zero & 0x1f) == 0x1f)
			continue;
		inet_ntop(AF_INET6, address.byte, expected, sizeof(expected));
		text[address_format(&address, text)] = '\0';
		assert_string_equal(text, expected);
	}
}

static void random_addresses_are_written_as_by_libc(void **state)
{
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		struct address address;
		char expected[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 1];

		// Half of the groups are zero, and small digits are frequent.
		for (int j = 0; j < 16; j++)
			address.byte[j] = (uint8_t)(random() >> (random() % 8 + 8));
		for (int j = 0; j < 8; j++) {
			if (random() % 2)
				memset(address.byte + 2 * j, 0, 2);
		}
		address.byte[0] |= 0x20;
		inet_ntop(AF_INET6, address.byte, expected, sizeof(expected));
		text[address_format(&address, text)] = '\0';
		assert_string_equal(text, expected);
	}
}

static void the_longest_text_fits(void **state)
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];

	memset(&address, 0xaa, sizeof(address));
	assert_true(address_format(&address, text) <= ADDRESS_TEXT_SIZE);
}

static void only_v4_mapped_addresses_are_v4(void **state)
{
	struct address v4 = parse("10.0.0.1"), compatible = parse("::10.0.0.1"),
		       v6 = parse("2001:db8::1"), zero = parse("::");

	assert_true(address_is_v4(&v4));
	assert_false(address_is_v4(&compatible));
	assert_false(address_is_v4(&v6));
	assert_false(address_is_v4(&zero));
}

static void assert_contains(const char *text, const char *inside, bool expected)
{
	struct prefix prefix;
	struct address address = parse(inside);

	assert_int_equal(prefix_parse(text, &prefix), 0);
	assert_int_equal(prefix_contains(&prefix, &address), expected);
}

static void a_prefix_contains_what_shares_its_bits(void **state)
{
	assert_contains("10.0.0.0/8", "10.255.1.2", true);
	assert_contains("10.0.0.0/8", "11.0.0.0", false);
	assert_contains("172.16.0.0/12", "172.31.255.255", true);
	assert_contains("172.16.0.0/12", "172.32.0.0", false);
	assert_contains("10.1.2.3", "10.1.2.3", true);
	assert_contains("10.1.2.3", "10.1.2.2", false);
	assert_contains("10.1.2.2/31", "10.1.2.3", true);
	assert_contains("fe80::/10", "febf::1", true);
	assert_contains("fe80::/10", "fec0::1", false);
	assert_contains("2001:db8::1", "2001:db8::1", true);
	assert_contains("2001:db8::1", "2001:db8::", false);
}

static void a_prefix_of_no_bits_contains_its_family(void **state)
{
	assert_contains("0.0.0.0/0", "255.1.2.3", true);
	assert_contains("0.0.0.0/0", "2001:db8::1", false);
	assert_contains("::/0", "2001:db8::1", true);
}

static void a_prefix_may_have_bits_beyond_its_length(void **state)
{
	assert_contains("10.1.2.3/8", "10.9.9.9", true);
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"/8",
		"10",
		"10.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/ 8",
		"10.0.0.0/8x",
		"10.0.0.0/+8",
		"2001:db8::/129",
		"2001:::1",
		"host",
		"10.0.0.256/8",
		"10.0.0.0/8/8",
		"10.0.0.0/18446744073709551624",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct prefix prefix;

		assert_int_equal(prefix_parse(wrong[i], &prefix), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_is_written_with_dots),
		cmocka_unit_test(every_octet_is_written_in_every_place),
		cmocka_unit_test(ipv6_is_written_shortest),
		cmocka_unit_test(the_first_of_two_equal_zero_runs_is_shortened),
		cmocka_unit_test(zeros_are_written_as_by_libc_wherever_they_are),
		cmocka_unit_test(random_addresses_are_written_as_by_libc),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(only_v4_mapped_addresses_are_v4),
		cmocka_unit_test(a_prefix_contains_what_shares_its_bits),
		cmocka_unit_test(a_prefix_of_no_bits_contains_its_family),
		cmocka_unit_test(a_prefix_may_have_bits_beyond_its_length),
		cmocka_unit_test(what_is_no_prefix_is_refused),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
