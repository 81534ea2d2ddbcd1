/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_text.h"

#include <inttypes.h>

static char line[512];

static struct log_text start(enum log_format format)
{
	return (struct log_text){.at = line, .limit = line + 256, .format = format};
}

static const char *finish(struct log_text *text)
{
	*text->at = '\0';
	return line;
}

static const char *count(uint64_t value)
{
	struct log_text text = start(LOG_FORMAT_TSV);

	log_text_count(&text, value);
	return finish(&text);
}

// The same with the functions for numbers that are mostly short, and for ports.
static const char *few(uint64_t value)
{
	struct log_text text = start(LOG_FORMAT_TSV);

	log_text_few(&text, value);
	return finish(&text);
}

static const char *port(uint16_t value)
{
	struct log_text text = start(LOG_FORMAT_TSV);

	log_text_port(&text, value);
	return finish(&text);
}

static void writes_every_port(void **state)
{
	char expected[24];

	for (unsigned number = 0; number < 65536; number++) {
		snprintf(expected, sizeof(expected), "%u", number);
		assert_string_equal(port((uint16_t)number), expected);
		assert_string_equal(few(number), expected);
	}
}

static void writes_numbers_of_every_length(void **state)
{
	char expected[24];

	assert_string_equal(count(0), "0");
	assert_string_equal(count(9), "9");
	assert_string_equal(count(10), "10");
	assert_string_equal(count(99), "99");
	assert_string_equal(count(100), "100");
	assert_string_equal(count(65535), "65535");
	assert_string_equal(count(UINT64_MAX), "18446744073709551615");
	for (uint64_t value = 1; value < UINT64_MAX / 10; value *= 10)
		for (uint64_t near = value - 1; near <= value + 1; near++) {
			snprintf(expected, sizeof(expected), "%llu", (unsigned long long)near);
			assert_string_equal(count(near), expected);
			assert_string_equal(few(near), expected);
		}
}

static const char *when(uint64_t time)
{
	struct log_text text = start(LOG_FORMAT_TSV);

	log_text_time(&text, time);
	return finish(&text);
}

static void writes_times_with_six_decimals(void **state)
{
	assert_string_equal(when(0), "0.000000");
	assert_string_equal(when(1000), "0.000001");
	assert_string_equal(when(UINT64_C(1300475167096535000)), "1300475167.096535");
	assert_string_equal(when(9 * TIME_SECOND + 10 * TIME_MICROSECOND), "9.000010");
}

// A number of any length is as likely as one of any other.
static uint64_t random_number(void)
{
	uint64_t number = (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();

	return number >> random() % 64;
}

static void writes_random_numbers_as_printf_does(void **state)
{
	char expected[64];

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		uint64_t number = random_number();

		snprintf(expected, sizeof(expected), "%" PRIu64, number);
		assert_string_equal(count(number), expected);
		snprintf(expected, sizeof(expected), "%" PRIu64 ".%06" PRIu64, number / TIME_SECOND,
			 number % TIME_SECOND / TIME_MICROSECOND);
		assert_string_equal(when(number), expected);
	}
}

static void writes_all_numbers_of_four_digits(void **state)
{
	char expected[24];

	// As the first and as the last four of eight.
	for (unsigned number = 0; number < 10000; number++) {
		snprintf(expected, sizeof(expected), "%u", number);
		assert_string_equal(count(number), expected);
		snprintf(expected, sizeof(expected), "%u", number * 10000 + number);
		assert_string_equal(count(number * 10000 + number), expected);
	}
}

static void cuts_times_below_the_microsecond(void **state)
{
	assert_string_equal(when(999), "0.000000");
	assert_string_equal(when(1000), "0.000001");
	assert_string_equal(when(1999999999), "1.999999");
	assert_string_equal(when(UINT64_MAX), "18446744073.709551");
}

static void writes_intervals_with_their_sign(void **state)
{
	struct log_text text = start(LOG_FORMAT_JSON);

	log_text_interval(&text, -1500000000);
	log_text_raw(&text, " ", 1);
	log_text_interval(&text, 499);
	log_text_raw(&text, " ", 1);
	log_text_interval(&text, INT64_MIN);
	assert_string_equal(finish(&text), "-1.500000 0.000000 -9223372036.854776");
}

static void writes_bools_as_each_format_does(void **state)
{
	struct log_text text = start(LOG_FORMAT_TSV);

	log_text_bool(&text, true);
	log_text_bool(&text, false);
	text.format = LOG_FORMAT_JSON;
	log_text_bool(&text, true);
	log_text_bool(&text, false);
	assert_string_equal(finish(&text), "TFtruefalse");
}

static const char *string(enum log_format format, const char *bytes, size_t length)
{
	struct log_text text = start(format);

	log_text_string(&text, bytes, length);
	return finish(&text);
}

#define TSV(literal)  string(LOG_FORMAT_TSV, literal, sizeof(literal) - 1)
#define JSON(literal) string(LOG_FORMAT_JSON, literal, sizeof(literal) - 1)

static void escapes_what_would_break_a_tsv_line(void **state)
{
	assert_string_equal(TSV("a\tb\nc\\d\x7f"
				"e\0f"),
			    "a\\x09b\\x0ac\\x5cd\\x7fe\\x00f");
	assert_string_equal(TSV("\"quoted\" text"), "\"quoted\" text");
}

static void keeps_strings_apart_from_the_tsv_markers(void **state)
{
	assert_string_equal(TSV(""), "(empty)");
	assert_string_equal(TSV("-"), "\\x2d");
	assert_string_equal(TSV("(empty)"), "\\x28empty)");
	assert_string_equal(TSV("--"), "--");
	assert_string_equal(JSON("-"), "\"-\"");
}

static void escapes_json_strings(void **state)
{
	assert_string_equal(JSON(""), "\"\"");
	assert_string_equal(JSON("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	assert_string_equal(JSON("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	assert_string_equal(JSON("\0\x1f\x7f"), "\"\\u0000\\u001F\x7f\"");
}

static void keeps_valid_utf8_and_escapes_the_rest(void **state)
{
	assert_string_equal(JSON("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x9f"),
			    "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x9f\"");
	assert_string_equal(JSON("\xff\xc3"), "\"\\\\xff\\\\xc3\"");
	assert_string_equal(TSV("\xc3\xa4\x80"), "\xc3\xa4\\x80");
	// Overlong, a surrogate, beyond U+10FFFF.
	assert_string_equal(TSV("\xc0\xaf"), "\\xc0\\xaf");
	assert_string_equal(TSV("\xe0\x80\x80"), "\\xe0\\x80\\x80");
	assert_string_equal(TSV("\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(TSV("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

static void cuts_strings_at_the_limit_of_the_line(void **state)
{
	char bytes[400];
	const char *text;

	memset(bytes, '\n', sizeof(bytes));
	text = string(LOG_FORMAT_JSON, bytes, sizeof(bytes));
	assert_true(strlen(text) <= 257);
	assert_string_equal(text + strlen(text) - 3, "\\n\"");
}

static void assert_letters_are_a_string(enum log_format format, const char *bytes, size_t length)
{
	struct log_text text = start(format);
	char expected[sizeof(line)];

	strcpy(expected, string(format, bytes, length));
	log_text_letters(&text, bytes, length);
	assert_string_equal(finish(&text), expected);
}

static void writes_letters_as_any_string(void **state)
{
	static const char *const examples[] = {"", "-", "(empty)", "^", "ShADadFf", "S\\", "S\x7f"};
	char bytes[112];

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, examples[i], strlen(examples[i]));
		assert_letters_are_a_string(LOG_FORMAT_TSV, bytes, strlen(bytes));
		assert_letters_are_a_string(LOG_FORMAT_JSON, bytes, strlen(bytes));
	}
	srandom(2);
	for (int i = 0; i < 50000; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (char)('A' + random() % 26);
		// Any byte anywhere, be it within the string or behind it.
		if (random() % 2)
			bytes[random() % (long)sizeof(bytes)] = (char)random();
		assert_letters_are_a_string(i % 2 ? LOG_FORMAT_TSV : LOG_FORMAT_JSON, bytes,
					    (size_t)random() % (sizeof(bytes) + 1));
	}
}

static void cuts_letters_at_the_limit_of_the_line(void **state)
{
	char bytes[112];

	memset(bytes, 'A', sizeof(bytes));
	for (size_t used = 200; used <= 256; used++) {
		struct log_text text = start(LOG_FORMAT_JSON), other = text;

		text.at += used;
		other.at += used;
		log_text_string(&other, bytes, sizeof(bytes));
		log_text_letters(&text, bytes, sizeof(bytes));
		assert_ptr_equal(text.at, other.at);
		assert_true(text.at <= text.limit + 2);
	}
}

static void writes_the_name_of_every_state_and_protocol(void **state)
{
	log_words_prepare();
	for (int i = 0; i < CONN_STATE_COUNT; i++) {
		struct log_text text = start(LOG_FORMAT_TSV);

		log_text_ready(&text, &log_state_word[i]);
		assert_string_equal(finish(&text), conn_state_name((enum conn_state)i));
	}
	for (int i = 0; i < 256; i++) {
		struct log_text text = start(LOG_FORMAT_TSV);

		log_text_ready(&text, &log_transport_word[i]);
		assert_string_equal(finish(&text), conn_transport_name((uint8_t)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_every_port),
		cmocka_unit_test(writes_numbers_of_every_length),
		cmocka_unit_test(writes_times_with_six_decimals),
		cmocka_unit_test(writes_random_numbers_as_printf_does),
		cmocka_unit_test(writes_all_numbers_of_four_digits),
		cmocka_unit_test(cuts_times_below_the_microsecond),
		cmocka_unit_test(writes_intervals_with_their_sign),
		cmocka_unit_test(writes_bools_as_each_format_does),
		cmocka_unit_test(escapes_what_would_break_a_tsv_line),
		cmocka_unit_test(keeps_strings_apart_from_the_tsv_markers),
		cmocka_unit_test(escapes_json_strings),
		cmocka_unit_test(keeps_valid_utf8_and_escapes_the_rest),
		cmocka_unit_test(cuts_strings_at_the_limit_of_the_line),
		cmocka_unit_test(writes_letters_as_any_string),
		cmocka_unit_test(cuts_letters_at_the_limit_of_the_line),
		cmocka_unit_test(writes_the_name_of_every_state_and_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
