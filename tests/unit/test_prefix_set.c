/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/prefix_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define MOST 300

static struct prefix parse(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

static bool contains_plainly(const struct prefix *prefix, size_t count,
			     const struct address *address)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_contains(&prefix[i], address))
			return true;
	return false;
}

static void assert_in(const struct prefix_set *set, const char *text, bool expected)
{
	struct prefix host = parse(text);

	assert_int_equal(prefix_set_contains(set, &host.address), expected);
}

static void an_empty_set_holds_nothing(void **state)
{
	struct prefix_set *set = prefix_set_create(NULL, 0);

	assert_in(set, "0.0.0.0", false);
	assert_in(set, "255.255.255.255", false);
	assert_in(set, "::", false);
	assert_in(set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false);
	prefix_set_destroy(set);
}

static void overlapping_prefixes_hold_what_any_holds(void **state)
{
	struct prefix prefix[] = {parse("10.1.0.0/16"), parse("10.0.0.0/8"), parse("10.1.2.0/24"),
				  parse("11.0.0.0/8"), parse("2001:db8::/32")};
	struct prefix_set *set = prefix_set_create(prefix, sizeof(prefix) / sizeof(prefix[0]));

	assert_in(set, "9.255.255.255", false);
	assert_in(set, "10.0.0.0", true);
	assert_in(set, "10.200.0.1", true);
	assert_in(set, "11.255.255.255", true);
	assert_in(set, "12.0.0.0", false);
	assert_in(set, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false);
	assert_in(set, "2001:db8::", true);
	assert_in(set, "2001:db9::", false);
	prefix_set_destroy(set);
}

static void everything_can_be_inside(void **state)
{
	struct prefix all = parse("::/0"), host = parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	struct prefix both[] = {host, all, host};
	struct prefix_set *set = prefix_set_create(both, 3);

	assert_in(set, "::", true);
	assert_in(set, "1.2.3.4", true);
	assert_in(set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true);
	prefix_set_destroy(set);
}

static void all_of_ipv4_is_not_ipv6(void **state)
{
	struct prefix all = parse("0.0.0.0/0");
	struct prefix_set *set = prefix_set_create(&all, 1);

	assert_in(set, "0.0.0.0", true);
	assert_in(set, "255.255.255.255", true);
	assert_in(set, "::", false);
	assert_in(set, "::fffe:ffff:ffff", false);
	assert_in(set, "::1:0:0:0", false);
	prefix_set_destroy(set);
}

// Few different bits, so that prefixes and addresses meet often.
static struct address random_address(void)
{
	struct address address = {{0}};

	if (random() % 2)
		address.byte[10] = address.byte[11] = 0xff;
	else
		address.byte[0] = (uint8_t)(random() % 2 ? 0x20 : random());
	for (int i = 0; i < 3; i++)
		address.byte[random() % 16] ^= (uint8_t)(1 << random() % 8);
	for (int i = 12; i < 16; i++)
		if (random() % 3 == 0)
			address.byte[i] = (uint8_t)random();
	return address;
}

static void random_sets_agree_with_asking_each_prefix(void **state)
{
	static struct prefix prefix[MOST];

	srandom(1);
	for (int round = 0; round < 300; round++) {
		size_t count = (size_t)(random() % (round % 2 ? MOST : 8));
		struct prefix_set *set;

		for (size_t i = 0; i < count; i++) {
			prefix[i].address = random_address();
			prefix[i].length = (uint8_t)(random() % 6 == 0 ? random() % 129
								       : 128 - random() % 32);
		}
		set = prefix_set_create(prefix, count);
		assert_non_null(set);
		for (int i = 0; i < 500; i++) {
			struct address address = random_address();

			// Next to a prefix: where mistakes by one are.
			if (count > 0 && random() % 2) {
				address = prefix[random() % (long)count].address;
				address.byte[random() % 16] += (uint8_t)(random() % 3 - 1);
			}
			assert_int_equal(prefix_set_contains(set, &address),
					 contains_plainly(prefix, count, &address));
		}
		prefix_set_destroy(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_set_holds_nothing),
		cmocka_unit_test(overlapping_prefixes_hold_what_any_holds),
		cmocka_unit_test(everything_can_be_inside),
		cmocka_unit_test(all_of_ipv4_is_not_ipv6),
		cmocka_unit_test(random_sets_agree_with_asking_each_prefix),
	};

	return cmocka_run_group_tests_name("prefix_set", tests, NULL, NULL);
}
