/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump_fixture.h"

#include "dump/dump_internal.h"

#include <sys/resource.h>

// A limit of file sizes stands for a full disk: a write comes back short, the next one fails. No
// signal is ignored for it: the thread is to block that itself.
static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_is_full_ends_files_at_a_whole_packet(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	struct dump_counters counters;
	char *messages;

	settings.wait = true;
	dump = dump_create(&settings);
	begin_messages(place);
	limit_file_size(20000);
	dump_start(dump);
	put(dump_ring(dump, 1), 2, 0, 60);
	WAIT_UNTIL(counters_of(dump).packets == 1);
	for (uint32_t i = 0; i < 500; i++)
		put(dump_ring(dump, 0), 1, i, 60);
	WAIT_UNTIL(counters_of(dump).failed > 0);
	// Others go on.
	put(dump_ring(dump, 1), 2, 1, 60);
	assert_int_equal(dump_finish(dump), -EFBIG);
	limit_file_size(RLIM_INFINITY);
	messages = read_messages(place);
	end_messages(place);
	counters = counters_of(dump);
	assert_int_equal(counters.packets + counters.failed, 502);
	assert_in_range(counters.failed, 200, 450);
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 60), counters.packets - 2);
	assert_int_equal(check_packets(file_of(place, 2, ""), 2, 0, 60), 2);
	assert_int_equal(count_text(messages, "error"), 1);
	assert_non_null(strstr(messages, "cannot write"));
	assert_non_null(strstr(messages, "raise the limit of file sizes"));
	free(messages);
	dump_destroy(dump);
}

static void new_files_are_tried_again_after_a_while(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	struct dump_ring *ring = dump_ring(dump, 0);
	uint32_t number = 0;
	char *messages;

	begin_messages(place);
	limit_file_size(0);
	dump_start(dump);
	put(ring, 1, 0, 60);
	WAIT_UNTIL(counters_of(dump).failed == 1);
	// Too early, whatever the disk says by now.
	put(ring, 2, 0, 60);
	WAIT_UNTIL(counters_of(dump).failed == 2);
	assert_int_equal(counters_of(dump).files, 0);
	limit_file_size(RLIM_INFINITY);
	WAIT_UNTIL(put(ring, 3, number++, 60) && usleep(20000) == 0 &&
		   counters_of(dump).packets > 0);
	assert_int_equal(dump_finish(dump), -EFBIG);
	messages = read_messages(place);
	end_messages(place);
	assert_int_equal(count_text(messages, "error"), 1);
	assert_int_equal(count_text(messages, "can be written again"), 1);
	// Nothing is left of what failed.
	assert_int_equal(count_files(place->captures), 1);
	assert_int_equal(counters_of(dump).files, 1);
	free(messages);
	dump_destroy(dump);
}

// The one file that is always on a full disk.
static void a_full_disk_is_an_error_that_counts_its_packets(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	struct dump_file file = {.fd = open("/dev/full", O_WRONLY), .buffer = malloc(DUMP_BUFFER)};
	struct {
		struct dump_element head;
		uint8_t data[60];
	} element = {.head = {.captured = 60, .length = 60}};

	assert_true(file.fd >= 0);
	assert_int_equal(dump_file_put(dump, &file, &element.head), 0);
	assert_int_equal(dump_file_put(dump, &file, &element.head), 0);
	assert_int_equal(dump_file_flush(dump, &file), -ENOSPC);
	assert_int_equal(counters_of(dump).failed, 2);
	assert_int_equal(counters_of(dump).packets, 0);
	assert_int_equal(file.size, 0);
	dump_file_close(&file);
	dump_destroy(dump);
}

static void a_file_in_place_of_the_directory_is_told_once(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	char *messages;

	close(open(place->captures, O_WRONLY | O_CREAT, 0600));
	begin_messages(place);
	assert_int_equal(dump_prepare(dump), -ENOTDIR);
	dump_start(dump);
	for (uint32_t i = 0; i < 10; i++)
		put(dump_ring(dump, 0), i, 0, 60);
	assert_int_equal(dump_finish(dump), -ENOTDIR);
	messages = read_messages(place);
	end_messages(place);
	assert_int_equal(counters_of(dump).failed, 10);
	assert_int_equal(count_text(messages, "error: capture "), 1);
	assert_int_equal(count_text(messages, "name a directory"), 2);
	unlink(place->captures);
	free(messages);
	dump_destroy(dump);
}

static void a_directory_without_permission_is_told_with_what_would_be_right(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	uid_t before = geteuid();
	char *messages;

	assert_int_equal(mkdir(place->captures, 0555), 0);
	assert_int_equal(chmod(place->directory, 0755), 0);
	begin_messages(place);
	// Root may write anywhere.
	assert_int_equal(before == 0 ? seteuid(65534) : 0, 0);
	dump_start(dump);
	put(dump_ring(dump, 0), 1, 0, 60);
	assert_int_equal(dump_finish(dump), -EACCES);
	assert_int_equal(seteuid(before), 0);
	messages = read_messages(place);
	end_messages(place);
	assert_non_null(strstr(messages, place->captures));
	assert_non_null(strstr(messages, "Permission denied; let this user write there"));
	free(messages);
	dump_destroy(dump);
}

static void a_directory_that_is_gone_is_made_again(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);

	dump_start(dump);
	put(dump_ring(dump, 0), 1, 0, 60);
	WAIT_UNTIL(counters_of(dump).packets == 1);
	empty_directory(place->captures);
	put(dump_ring(dump, 0), 2, 0, 60);
	WAIT_UNTIL(counters_of(dump).packets == 2);
	assert_int_equal(dump_finish(dump), 0);
	assert_int_equal(check_packets(file_of(place, 2, ""), 2, 0, 60), 1);
	dump_destroy(dump);
}

static void a_directory_is_not_made_inside_one_that_is_missing(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	char path[PATH_SIZE];
	struct dump *dump;

	snprintf(path, sizeof(path), "%s/missing/captures", place->directory);
	settings.directory = path;
	dump = dump_create(&settings);
	begin_messages(place);
	assert_int_equal(dump_prepare(dump), -ENOENT);
	end_messages(place);
	dump_destroy(dump);
}

// Seventy connections, so that the first file has been closed meanwhile.
static void does_not_go_on_with_a_file_that_somebody_changed(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	char *messages;

	begin_messages(place);
	dump_start(dump);
	for (uint32_t i = 0; i < 70; i++)
		put(dump_ring(dump, 0), i, 0, 60);
	WAIT_UNTIL(counters_of(dump).packets == 70);
	assert_int_equal(truncate(file_of(place, 0, ""), 10), 0);
	assert_int_equal(unlink(file_of(place, 1, "")), 0);
	put(dump_ring(dump, 0), 0, 1, 60);
	put(dump_ring(dump, 0), 1, 1, 60);
	put(dump_ring(dump, 0), 2, 1, 60);
	assert_int_equal(dump_finish(dump), -ESTALE);
	messages = read_messages(place);
	end_messages(place);
	assert_int_equal(count_text(messages, "somebody changed it meanwhile"), 1);
	assert_int_equal(check_packets(file_of(place, 2, ""), 2, 0, 60), 2);
	assert_int_equal(counters_of(dump).packets, 71);
	assert_int_equal(counters_of(dump).failed, 2);
	free(messages);
	dump_destroy(dump);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_disk_that_is_full_ends_files_at_a_whole_packet),
		TEST(new_files_are_tried_again_after_a_while),
		TEST(a_full_disk_is_an_error_that_counts_its_packets),
		TEST(a_file_in_place_of_the_directory_is_told_once),
		TEST(a_directory_without_permission_is_told_with_what_would_be_right),
		TEST(a_directory_that_is_gone_is_made_again),
		TEST(a_directory_is_not_made_inside_one_that_is_missing),
		TEST(does_not_go_on_with_a_file_that_somebody_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
