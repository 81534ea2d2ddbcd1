/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/uid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct uid_key key = {0x12345678, {1, 0x80000000, 0xdeadbeef, 42}};

static uint32_t random32(void)
{
	return (uint32_t)random() << 16 ^ (uint32_t)random();
}

static void assert_comes_back(const struct uid_key *by, uint8_t worker, uint32_t slot,
			      uint32_t generation)
{
	struct uid uid = uid_make(by, worker, slot, generation);
	uint8_t worker_got;
	uint32_t slot_got, generation_got;

	uid_open(by, uid, &worker_got, &slot_got, &generation_got);
	assert_int_equal(uid.salt, by->salt);
	assert_int_equal(worker_got, worker);
	assert_int_equal(slot_got, slot);
	assert_int_equal(generation_got, generation & 0xffffff);
}

static void the_place_comes_back_out_of_a_uid(void **state)
{
	srandom(2);
	assert_comes_back(&key, 0, 0, 0);
	assert_comes_back(&key, 255, UINT32_MAX, 0xffffff);
	assert_comes_back(&key, 1, 2, 0x1000003);
	for (int i = 0; i < 100000; i++) {
		struct uid_key by = {random32(), {random32(), random32(), random32(), random32()}};

		assert_comes_back(&by, (uint8_t)random(), random32(), random32());
	}
}

static void another_key_gives_another_place(void **state)
{
	struct uid_key other = key;
	struct uid a = uid_make(&key, 1, 2, 3), b;

	other.key[3] ^= 1;
	b = uid_make(&other, 1, 2, 3);
	assert_memory_not_equal(a.place, b.place, sizeof(a.place));
}

static void neighbours_have_nothing_in_common(void **state)
{
	unsigned changed = 0;

	// About half of the 64 bits differ between one slot and the next.
	for (uint32_t slot = 0; slot < 1000; slot++) {
		struct uid a = uid_make(&key, 0, slot, 1), b = uid_make(&key, 0, slot + 1, 1);

		changed += (unsigned)__builtin_popcount(a.place[0] ^ b.place[0]);
		changed += (unsigned)__builtin_popcount(a.place[1] ^ b.place[1]);
	}
	assert_in_range(changed, 31000, 33000);
}

// Long division by 62, one decimal-like digit after the other, as one does on paper.
#define DIGITS_MOST 32

static void format_slowly(struct uid uid, char text[DIGITS_MOST + 2])
{
	static const char digit[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint32_t word[3] = {uid.salt, uid.place[0], uid.place[1]};
	char reversed[DIGITS_MOST];
	int count = 0;

	do {
		uint64_t rest = 0;

		for (int i = 0; i < 3; i++) {
			rest = rest << 32 | word[i];
			word[i] = (uint32_t)(rest / 62);
			rest %= 62;
		}
		reversed[count++] = digit[rest];
	} while (count < DIGITS_MOST && (word[0] != 0 || word[1] != 0 || word[2] != 0));
	*text++ = 'C';
	while (count > 0)
		*text++ = reversed[--count];
	*text = '\0';
}

static void assert_formats(struct uid uid)
{
	char expected[DIGITS_MOST + 2], text[UID_TEXT_SIZE + 1];
	size_t length;

	format_slowly(uid, expected);
	memset(text, '#', sizeof(text));
	length = uid_format(uid, text);
	assert_true(length >= 2 && length <= UID_TEXT_SIZE);
	assert_int_equal(text[UID_TEXT_SIZE], '#');
	text[length] = '\0';
	assert_string_equal(text, expected);
}

static void the_text_is_the_number_in_base_62(void **state)
{
	srandom(3);
	assert_formats((struct uid){0});
	assert_formats((struct uid){0, {0, 61}});
	assert_formats((struct uid){0, {0, 62}});
	assert_formats((struct uid){0, {1, 0}});
	assert_formats((struct uid){1, {0, 0}});
	assert_formats((struct uid){UINT32_MAX, {UINT32_MAX, UINT32_MAX}});
	for (int i = 0; i < 100000; i++)
		assert_formats((struct uid){random32(), {random32(), random32()}});
}

static struct uid uid_of(unsigned __int128 number)
{
	return (struct uid){(uint32_t)(number >> 64), {(uint32_t)(number >> 32), (uint32_t)number}};
}

// Where the length changes, and where halves of ten digits do.
static void the_text_is_right_around_powers_of_62(void **state)
{
	unsigned __int128 power = 1, most = (unsigned __int128)1 << 96;

	srandom(5);
	for (int digits = 0; digits < 17; digits++, power *= 62) {
		for (int i = 0; i < 1000; i++) {
			uint64_t times = (uint64_t)random() << 6 >> random() % 38;

			if (power * times >= most || power * times == 0)
				continue;
			assert_formats(uid_of(power * times - 1));
			assert_formats(uid_of(power * times));
			assert_formats(uid_of(power * times + 1));
		}
	}
}

static void the_text_is_a_letter_and_digits_of_base_62(void **state)
{
	srandom(4);
	for (int i = 0; i < 10000; i++) {
		char text[UID_TEXT_SIZE];
		size_t length = uid_format(uid_make(&key, 1, random32(), random32()), text);

		assert_int_equal(text[0], 'C');
		for (size_t j = 0; j < length; j++)
			assert_true((text[j] >= '0' && text[j] <= '9') ||
				    (text[j] >= 'A' && text[j] <= 'Z') ||
				    (text[j] >= 'a' && text[j] <= 'z'));
	}
}

static void assert_parses(struct uid uid)
{
	char text[UID_TEXT_SIZE];
	struct uid back = {1, {2, 3}};

	assert_int_equal(uid_parse(text, uid_format(uid, text), &back), 0);
	assert_memory_equal(&back, &uid, sizeof(uid));
}

static void a_text_is_read_back(void **state)
{
	srandom(6);
	assert_parses((struct uid){0});
	assert_parses((struct uid){0, {0, 62}});
	assert_parses((struct uid){UINT32_MAX, {UINT32_MAX, UINT32_MAX}});
	for (int i = 0; i < 100000; i++)
		assert_parses((struct uid){random32(), {random32(), random32()}});
}

static void what_is_no_uid_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"C",
		"c1",
		"1",
		"C1 ",
		"C-1",
		"C1.",
		"C1\xff",
		"C1/2",
		"C1:2",
		"C1@2",
		"C1[2",
		"C1`2",
		"C1{2",
		// 2^96, and eighteen digits
		"C1f2SI9UJPXvb7vdJ2",
		"Czzzzzzzzzzzzzzzzz",
		"C000000000000000001",
	};
	struct uid uid;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(uid_parse(wrong[i], strlen(wrong[i]), &uid), -EINVAL);
	assert_int_equal(uid_parse("C1\0", 3, &uid), -EINVAL);
}

static void random_keys_differ(void **state)
{
	struct uid_key a, b;

	assert_int_equal(uid_key_random(&a), 0);
	assert_int_equal(uid_key_random(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_place_comes_back_out_of_a_uid),
		cmocka_unit_test(another_key_gives_another_place),
		cmocka_unit_test(neighbours_have_nothing_in_common),
		cmocka_unit_test(the_text_is_the_number_in_base_62),
		cmocka_unit_test(the_text_is_right_around_powers_of_62),
		cmocka_unit_test(the_text_is_a_letter_and_digits_of_base_62),
		cmocka_unit_test(a_text_is_read_back),
		cmocka_unit_test(what_is_no_uid_is_refused),
		cmocka_unit_test(random_keys_differ),
	};

	return cmocka_run_group_tests_name("uid", tests, NULL, NULL);
}
