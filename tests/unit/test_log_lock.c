/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_lock.h"

static void refuses_a_second_weir_and_names_the_first(void **state)
{
	struct place *place = *state;
	char expected[128], *messages;
	int lock = log_directory_lock(place->directory);

	assert_true(lock >= 0);
	messages_begin(place);
	assert_int_equal(log_directory_lock(place->directory), -EEXIST);
	messages = messages_end(place);
	snprintf(expected, sizeof(expected), "%s: another weir (pid %ld)", place->directory,
		 (long)getpid());
	assert_non_null(strstr(messages, expected));
	assert_non_null(strstr(messages, "-l"));
	assert_int_equal(count_text(messages, "\n"), 1);
	free(messages);
	log_directory_unlock(place->directory, lock);
}

static void removes_its_file_and_can_be_taken_again(void **state)
{
	struct place *place = *state;
	int lock = log_directory_lock(place->directory);

	assert_true(lock >= 0);
	log_directory_unlock(place->directory, lock);
	assert_false(file_exists(place, LOG_LOCK_NAME));
	lock = log_directory_lock(place->directory);
	assert_true(lock >= 0);
	log_directory_unlock(place->directory, lock);
}

static void is_not_stopped_by_a_file_left_over(void **state)
{
	struct place *place = *state;
	int lock;

	write_file(place, LOG_LOCK_NAME, "4194304999\n");
	lock = log_directory_lock(place->directory);
	assert_true(lock >= 0);
	log_directory_unlock(place->directory, lock);
}

static void says_which_directory_is_missing(void **state)
{
	struct place *place = *state;
	char missing[128], *messages;

	snprintf(missing, sizeof(missing), "%s/none", place->directory);
	messages_begin(place);
	assert_int_equal(log_directory_lock(missing), -ENOENT);
	messages = messages_end(place);
	assert_non_null(strstr(messages, missing));
	assert_non_null(strstr(messages, "create it"));
	assert_int_equal(count_text(messages, "\n"), 1);
	free(messages);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_a_second_weir_and_names_the_first),
		TEST(removes_its_file_and_can_be_taken_again),
		TEST(is_not_stopped_by_a_file_left_over),
		TEST(says_which_directory_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
