/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#define MINUTE_12_34 (START - START % TIME_MINUTE)

static struct log_writer *writer;
static struct log_stream *stream;

static struct log_options options_for(const struct place *place)
{
	return (struct log_options){.directory = place->directory, .flush_interval = TIME_HOUR};
}

static void open_log(const struct log_options *options)
{
	writer = log_writer_create(options);
	assert_non_null(writer);
	stream = log_conn_open(writer, START);
	assert_non_null(stream);
}

static void close_log(void)
{
	uint64_t lost = 1;

	assert_int_equal(log_writer_destroy(writer, &lost), 0);
	assert_int_equal(lost, 0);
}

static uint64_t lines_of(const struct place *place, const char *name)
{
	char *text = read_file(place, name);
	uint64_t lines;

	assert_non_null(text);
	assert_int_equal(count_text(text, "#separator"), 1);
	assert_int_equal(count_text(text, "#close"), 1);
	lines = count_text(text, "\n") - 9;
	free(text);
	return lines;
}

static void rotates_by_size_between_lines(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	const uint64_t lines = 5000;
	struct found found;

	options.rotate_size = 10000;
	options.buffers = 3;
	options.buffer_size = 32768;
	open_log(&options);
	for (uint64_t i = 0; i < lines; i++)
		write_numbered(writer, stream, i, START + i * TIME_MILLISECOND);
	close_log();
	found = check_files(place, lines);
	assert_int_equal(found.lines, lines);
	assert_true(found.files > 50);
	assert_true(found.longest_file >= options.rotate_size);
	assert_true(found.longest_file < options.rotate_size + 200);
	assert_true(file_exists(place, "conn.2026-08-05-12-34-56.log"));
	assert_true(file_exists(place, "conn.2026-08-05-12-34-56-1.log"));
}

static void puts_a_line_in_each_file_when_the_size_is_tiny(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct found found;

	options.rotate_size = 1;
	open_log(&options);
	for (uint64_t i = 0; i < 300; i++)
		write_numbered(writer, stream, i, START);
	close_log();
	found = check_files(place, 300);
	assert_int_equal(found.lines, 300);
	assert_int_equal(found.files, 300);
}

static void rotates_by_interval_at_the_full_minute(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);

	options.rotate_interval = TIME_MINUTE;
	open_log(&options);
	write_numbered(writer, stream, 0, START);
	write_numbered(writer, stream, 1, MINUTE_12_34 + TIME_MINUTE - 1);
	write_numbered(writer, stream, 2, MINUTE_12_34 + TIME_MINUTE);
	// A worker that lags behind does not bring the old file back.
	write_numbered(writer, stream, 3, MINUTE_12_34 + TIME_MINUTE - 1);
	write_numbered(writer, stream, 4, MINUTE_12_34 + 2 * TIME_MINUTE + 1);
	close_log();
	assert_int_equal(lines_of(place, "conn.2026-08-05-12-34-56.log"), 2);
	assert_int_equal(lines_of(place, "conn.2026-08-05-12-35-00.log"), 2);
	assert_int_equal(lines_of(place, "conn.log"), 1);
	assert_int_equal(check_files(place, 5).lines, 5);
}

static void rotates_by_tick_when_no_line_comes(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);

	options.rotate_interval = TIME_MINUTE;
	open_log(&options);
	write_numbered(writer, stream, 0, START);
	log_writer_tick(writer, MINUTE_12_34 + TIME_MINUTE);
	close_log();
	assert_int_equal(lines_of(place, "conn.2026-08-05-12-34-56.log"), 1);
	assert_int_equal(lines_of(place, "conn.log"), 0);
}

static void does_not_rotate_an_empty_log(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);

	options.rotate_interval = TIME_MINUTE;
	open_log(&options);
	for (uint64_t minute = 1; minute < 10; minute++)
		log_writer_tick(writer, START + minute * TIME_MINUTE);
	write_numbered(writer, stream, 0, START + 9 * TIME_MINUTE);
	log_writer_tick(writer, START + 10 * TIME_MINUTE);
	close_log();
	assert_int_equal(count_files(place, "conn"), 2);
	// The name tells when the time of its lines began.
	assert_int_equal(lines_of(place, "conn.2026-08-05-12-43-56.log"), 1);
}

static void takes_the_first_time_it_hears_of(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);

	options.rotate_interval = TIME_HOUR;
	writer = log_writer_create(&options);
	stream = log_conn_open(writer, 0);
	log_writer_tick(writer, 0);
	write_numbered(writer, stream, 0, START);
	write_numbered(writer, stream, 1, START + TIME_HOUR);
	close_log();
	assert_int_equal(lines_of(place, "conn.2026-08-05-12-34-56.log"), 1);
	assert_int_equal(lines_of(place, "conn.log"), 1);
}

static void never_overwrites_a_rotated_file(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	char *text;

	options.rotate_interval = TIME_MINUTE;
	write_file(place, "conn.2026-08-05-12-34-56.log", "precious");
	open_log(&options);
	write_numbered(writer, stream, 0, START);
	write_numbered(writer, stream, 1, START + TIME_MINUTE);
	close_log();
	text = read_file(place, "conn.2026-08-05-12-34-56.log");
	assert_string_equal(text, "precious");
	free(text);
	assert_int_equal(lines_of(place, "conn.2026-08-05-12-34-56-1.log"), 1);
}

static void reopens_after_the_file_was_moved(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	char moved[512];

	open_log(&options);
	for (uint64_t i = 0; i < 100; i++)
		write_numbered(writer, stream, i, START);
	snprintf(moved, sizeof(moved), "%s", path_of(place, "conn.log.1"));
	assert_int_equal(rename(path_of(place, "conn.log"), moved), 0);
	log_writer_reopen(writer);
	for (uint64_t i = 100; i < 150; i++)
		write_numbered(writer, stream, i, START);
	close_log();
	assert_int_equal(lines_of(place, "conn.log.1"), 100);
	assert_int_equal(lines_of(place, "conn.log"), 50);
	assert_int_equal(check_files(place, 150).files, 2);
}

static void keeps_the_mode_of_a_file_made_for_it(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct stat status;
	char moved[512];

	open_log(&options);
	write_numbered(writer, stream, 0, START);
	snprintf(moved, sizeof(moved), "%s", path_of(place, "conn.log.1"));
	assert_int_equal(rename(path_of(place, "conn.log"), moved), 0);
	write_file(place, "conn.log", "");
	chmod(path_of(place, "conn.log"), 0600);
	log_writer_reopen(writer);
	write_numbered(writer, stream, 1, START);
	close_log();
	assert_int_equal(stat(path_of(place, "conn.log"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(lines_of(place, "conn.log"), 1);
}

static void rotates_a_file_that_nobody_moved_at_reopen(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);

	open_log(&options);
	log_writer_reopen(writer);
	write_numbered(writer, stream, 0, START);
	log_writer_reopen(writer);
	log_writer_reopen(writer);
	close_log();
	assert_int_equal(count_files(place, "conn"), 2);
	assert_int_equal(lines_of(place, "conn.2026-08-05-12-34-56.log"), 1);
	assert_int_equal(lines_of(place, "conn.log"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rotates_by_size_between_lines),
		TEST(puts_a_line_in_each_file_when_the_size_is_tiny),
		TEST(rotates_by_interval_at_the_full_minute),
		TEST(rotates_by_tick_when_no_line_comes),
		TEST(does_not_rotate_an_empty_log),
		TEST(takes_the_first_time_it_hears_of),
		TEST(never_overwrites_a_rotated_file),
		TEST(reopens_after_the_file_was_moved),
		TEST(keeps_the_mode_of_a_file_made_for_it),
		TEST(rotates_a_file_that_nobody_moved_at_reopen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
