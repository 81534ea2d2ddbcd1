/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_rename.h"

static char name[LOG_NAME_SIZE];

static const char *name_of(const char *pattern, unsigned attempt)
{
	assert_int_equal(log_name_format(pattern, "conn", START / TIME_SECOND, attempt, name), 0);
	return name;
}

static void puts_path_and_time_into_the_name(void **state)
{
	assert_string_equal(name_of(LOG_ROTATE_NAME, 0), "conn.2026-08-05-12-34-56.log");
	assert_string_equal(name_of("%Y-{path}-{path}", 0), "2026-conn-conn");
}

static void puts_the_attempt_before_the_extension(void **state)
{
	assert_string_equal(name_of(LOG_ROTATE_NAME, 1), "conn.2026-08-05-12-34-56-1.log");
	assert_string_equal(name_of(LOG_ROTATE_NAME, 12), "conn.2026-08-05-12-34-56-12.log");
	assert_string_equal(name_of("{path}-%H", 2), "conn-12-2");
	assert_string_equal(name_of(".{path}", 2), ".conn-2");
}

static void uses_local_time(void **state)
{
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	// Without the zone's data the library falls back to UTC.
	if (strcmp(tzname[0], "CET") == 0)
		assert_string_equal(name_of(LOG_ROTATE_NAME, 0), "conn.2026-08-05-14-34-56.log");
	setenv("TZ", "UTC", 1);
	tzset();
}

static void refuses_patterns_that_are_no_file_name(void **state)
{
	static const char *const wrong[] = {"", "%Y.log", "{path}.log", "{path}/%Y.log",
					    "{path}%D"};
	struct place *place = *state;
	char *messages;

	messages_begin(place);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(log_name_check(wrong[i]), -EINVAL);
	messages = messages_end(place);
	assert_int_equal(count_text(messages, "rotate_name"), 5);
	free(messages);
	assert_int_equal(log_name_check(LOG_ROTATE_NAME), 0);
}

static void never_overwrites_an_existing_file(void **state)
{
	struct place *place = *state;
	int directory = open(place->directory, O_RDONLY | O_DIRECTORY);
	char *text;

	write_file(place, "conn.2026.log", "first");
	write_file(place, "conn.2026-1.log", "second");
	write_file(place, "conn.log", "third");
	assert_int_equal(log_rename(directory, "conn.log", "{path}.%Y.log", "conn",
				    START / TIME_SECOND, name),
			 0);
	assert_string_equal(name, "conn.2026-2.log");
	assert_int_equal(log_rename(directory, "conn.log", "{path}.%Y.log", "conn",
				    START / TIME_SECOND, name),
			 -ENOENT);
	text = read_file(place, "conn.2026.log");
	assert_string_equal(text, "first");
	free(text);
	text = read_file(place, "conn.2026-2.log");
	assert_string_equal(text, "third");
	free(text);
	assert_false(file_exists(place, "conn.log"));
	close(directory);
}

static void rotates_at_multiples_of_the_interval(void **state)
{
	const uint64_t midnight = START - START % TIME_DAY;

	assert_int_equal(log_rotation_next(START, TIME_HOUR), midnight + 13 * TIME_HOUR);
	assert_int_equal(log_rotation_next(midnight + 13 * TIME_HOUR, TIME_HOUR),
			 midnight + 14 * TIME_HOUR);
	assert_int_equal(log_rotation_next(START, TIME_DAY), midnight + TIME_DAY);
	assert_int_equal(log_rotation_next(START, 90 * TIME_MINUTE), midnight + 27 * TIME_HOUR / 2);
	assert_int_equal(log_rotation_next(1, TIME_HOUR), TIME_HOUR);
	assert_int_equal(log_rotation_next(START, 0), TIME_NEVER);
	assert_int_equal(log_rotation_next(START, UINT64_MAX), TIME_NEVER);
	assert_int_equal(log_rotation_next(UINT64_MAX, TIME_HOUR), TIME_NEVER);
	assert_int_equal(log_rotation_next(INT64_MAX, INT64_MAX), TIME_NEVER);
}

static void aligns_the_interval_to_local_midnight(void **state)
{
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	assert_int_equal(log_rotation_next(START, TIME_DAY),
			 START - START % TIME_DAY + 18 * TIME_HOUR + 30 * TIME_MINUTE);
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_path_and_time_into_the_name),
		cmocka_unit_test(puts_the_attempt_before_the_extension),
		cmocka_unit_test(uses_local_time),
		cmocka_unit_test_setup_teardown(refuses_patterns_that_are_no_file_name,
						place_create, place_remove),
		cmocka_unit_test_setup_teardown(never_overwrites_an_existing_file, place_create,
						place_remove),
		cmocka_unit_test(rotates_at_multiples_of_the_interval),
		cmocka_unit_test(aligns_the_interval_to_local_midnight),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
