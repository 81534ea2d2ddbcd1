/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_text.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_numbers_of_every_length),
		cmocka_unit_test(writes_times_with_six_decimals),
		cmocka_unit_test(cuts_times_below_the_microsecond),
		cmocka_unit_test(writes_intervals_with_their_sign),
		cmocka_unit_test(writes_bools_as_each_format_does),
		cmocka_unit_test(escapes_what_would_break_a_tsv_line),
		cmocka_unit_test(keeps_strings_apart_from_the_tsv_markers),
		cmocka_unit_test(escapes_json_strings),
		cmocka_unit_test(keeps_valid_utf8_and_escapes_the_rest),
		cmocka_unit_test(cuts_strings_at_the_limit_of_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
