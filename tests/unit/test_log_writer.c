/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_watch.h"

#include <pthread.h>

static struct log_options options_for(const struct place *place)
{
	return (struct log_options){.directory = place->directory, .flush_interval = TIME_HOUR};
}

// Waits up to ten seconds until a file has grown beyond `size` bytes.
static bool grows_beyond(const struct place *place, const char *name, off_t size)
{
	struct stat status;

	for (int i = 0; i < 1000; i++) {
		if (stat(path_of(place, name), &status) == 0 && status.st_size > size)
			return true;
		usleep(10000);
	}
	return false;
}

static void writes_the_header_at_once(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer = log_writer_create(&options);
	char *text;

	assert_non_null(log_conn_open(writer, START));
	text = read_file(place, "conn.log");
	assert_non_null(strstr(text, "#path\tconn\n"));
	assert_non_null(strstr(text, "\tip_proto\n#types\ttime"));
	assert_null(strstr(text, "#close"));
	free(text);
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	text = read_file(place, "conn.log");
	assert_int_equal(count_text(text, "#close\t"), 1);
	free(text);
}

static void writes_every_line_once_and_in_order(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	const uint64_t lines = 20000;
	struct log_writer *writer;
	struct log_stream *stream;
	uint64_t lost = 1, number = 0;
	char *text, *at;

	options.buffers = 2;
	options.buffer_size = LOG_LINE_SIZE;
	writer = log_writer_create(&options);
	stream = log_conn_open(writer, START);
	for (uint64_t i = 0; i < lines; i++)
		write_numbered(writer, stream, i, START);
	assert_int_equal(log_writer_destroy(writer, &lost), 0);
	assert_int_equal(lost, 0);
	assert_int_equal(check_files(place, lines).lines, lines);
	text = read_file(place, "conn.log");
	for (at = text; (at = strstr(at, "\t-\t-\t")); at += 5, number++)
		assert_int_equal(strtoull(at + 5, NULL, 10), number);
	assert_int_equal(number, lines);
	free(text);
}

static void writes_json_without_header_and_footer(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;
	char *text;

	options.format = LOG_FORMAT_JSON;
	writer = log_writer_create(&options);
	write_numbered(writer, log_conn_open(writer, START), 7, START);
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	text = read_file(place, "conn.log");
	assert_memory_equal(text, "{\"ts\":", 6);
	assert_string_equal(text + strlen(text) - 3, "6}\n");
	assert_int_equal(count_text(text, "\n"), 1);
	free(text);
}

static void *drain(void *argument)
{
	static char bytes[65536];
	int fd = *(int *)argument;
	size_t *lines = calloc(1, sizeof(*lines));
	ssize_t length;

	while ((length = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < length; i++)
			*lines += bytes[i] == '\n';
	return lines;
}

// A pipe that nobody reads stands for a disk that does not keep up.
static void tells_when_no_buffer_is_free_and_loses_nothing(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct conn_summary summary = summary_example();
	struct log_writer *writer;
	struct log_stream *stream;
	size_t accepted = 0, *lines;
	pthread_t reader;
	int fd;

	options.format = LOG_FORMAT_JSON;
	options.buffers = 4;
	options.buffer_size = 65536;
	assert_int_equal(mkfifo(path_of(place, "conn.log"), 0600), 0);
	fd = open(path_of(place, "conn.log"), O_RDONLY | O_NONBLOCK);
	fcntl(fd, F_SETFL, 0);
	writer = log_writer_create(&options);
	stream = log_conn_open(writer, START);
	do {
		while (accepted < 100000 && log_conn_write(stream, &summary, START))
			accepted++;
		assert_true(accepted < 100000);
	} while (log_writer_wait(writer, TIME_SECOND / 5));
	assert_false(log_conn_write(stream, &summary, START));
	assert_int_equal(pthread_create(&reader, NULL, drain, &fd), 0);
	assert_true(log_writer_wait(writer, 10 * TIME_SECOND));
	assert_true(log_conn_write(stream, &summary, START));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	pthread_join(reader, (void **)&lines);
	assert_int_equal(*lines, accepted + 1);
	free(lines);
	close(fd);
}

static void write_numbers(struct log_writer *writer, struct log_stream *stream, uint64_t first,
			  uint64_t end)
{
	for (uint64_t number = first; number < end; number++)
		write_numbered(writer, stream, number, START);
}

// A rule that came at run time may be the first to want its log.
static void a_log_may_be_opened_while_another_is_written(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct watch_record record = {.conn = summary_example()};
	struct log_writer *writer = log_writer_create(&options);
	struct log_stream *stream = log_conn_open(writer, START), *late = NULL;
	char *text;

	write_numbers(writer, stream, 0, 20000);
	late = log_watch_open(writer, START);
	assert_non_null(late);
	assert_true(log_watch_write(late, &record, START));
	write_numbers(writer, stream, 20000, 40000);
	log_writer_reopen(writer);
	while (!log_watch_write(late, &record, START))
		log_writer_wait(writer, TIME_SECOND);
	write_numbers(writer, stream, 40000, 41000);
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	assert_int_equal(check_files(place, 41000).lines, 41000);
	assert_int_equal(count_files(place, "watch"), 2);
	text = read_file(place, "watch.log");
	assert_int_equal(count_text(text, "\tSF\t"), 1);
	assert_int_equal(count_text(text, "#close"), 1);
	free(text);
}

static void keeps_lines_before_the_flush_interval(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer = log_writer_create(&options);
	struct log_stream *stream = log_conn_open(writer, START);
	struct stat before, after;

	assert_int_equal(stat(path_of(place, "conn.log"), &before), 0);
	write_numbered(writer, stream, 0, START);
	log_writer_tick(writer, START);
	usleep(20000);
	assert_int_equal(stat(path_of(place, "conn.log"), &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
}

static void hands_over_lines_after_the_flush_interval(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;
	struct log_stream *stream;
	struct stat before;

	options.flush_interval = TIME_MILLISECOND;
	writer = log_writer_create(&options);
	stream = log_conn_open(writer, START);
	assert_int_equal(stat(path_of(place, "conn.log"), &before), 0);
	write_numbered(writer, stream, 0, START);
	usleep(2000);
	log_writer_tick(writer, START);
	assert_true(grows_beyond(place, "conn.log", before.st_size));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
}

static void keeps_several_logs_apart(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer = log_writer_create(&options);
	struct log_stream *conn = log_conn_open(writer, START), *other;
	struct log_layout layout = {0};
	char *text;

	assert_int_equal(log_conn_layout(&layout, 0), 0);
	other = log_stream_create(writer, "other", &layout, START);
	for (uint64_t i = 0; i < 1000; i++)
		write_numbered(writer, i % 2 ? conn : other, i, START);
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	assert_int_equal(check_files(place, 1000).lines, 500);
	text = read_file(place, "other.log");
	assert_non_null(strstr(text, "#path\tother\n"));
	assert_int_equal(count_text(text, "\tShADadFf\t"), 500);
	free(text);
}

static void takes_lines_that_were_made_elsewhere(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer = log_writer_create(&options);
	struct log_stream *stream = log_conn_open(writer, START);
	char *line = log_stream_reserve(stream, START), *text;

	memcpy(line, "one\n", 4);
	log_stream_commit(stream, 4);
	log_stream_flush(stream);
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	text = read_file(place, "conn.log");
	assert_non_null(strstr(text, "\none\n#close"));
	free(text);
}

static void renames_the_log_of_an_earlier_run(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	const struct timespec times[2] = {{.tv_sec = START / TIME_SECOND},
					  {.tv_sec = START / TIME_SECOND}};
	struct log_writer *writer;
	char *text;

	options.keep_existing = true;
	write_file(place, "conn.log", "#fields\n1\t2\n");
	utimensat(AT_FDCWD, path_of(place, "conn.log"), times, 0);
	messages_begin(place);
	writer = log_writer_create(&options);
	assert_non_null(log_conn_open(writer, START));
	free(messages_end(place));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	text = read_file(place, "conn.2026-08-05-12-34-56.log");
	assert_string_equal(text, "#fields\n1\t2\n");
	free(text);
	assert_int_equal(count_files(place, "conn"), 2);
}

static void overwrites_an_earlier_log_without_lines(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;

	options.keep_existing = true;
	write_file(place, "conn.log", "#fields\n#close\n");
	writer = log_writer_create(&options);
	assert_non_null(log_conn_open(writer, START));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	assert_int_equal(count_files(place, "conn"), 1);
}

static void overwrites_an_earlier_log_when_told_so(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;

	write_file(place, "conn.log", "1\t2\n");
	writer = log_writer_create(&options);
	assert_non_null(log_conn_open(writer, START));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	assert_int_equal(check_files(place, 1).lines, 0);
	assert_int_equal(count_files(place, "conn"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_the_header_at_once),
		TEST(writes_every_line_once_and_in_order),
		TEST(writes_json_without_header_and_footer),
		TEST(tells_when_no_buffer_is_free_and_loses_nothing),
		TEST(a_log_may_be_opened_while_another_is_written),
		TEST(keeps_lines_before_the_flush_interval),
		TEST(hands_over_lines_after_the_flush_interval),
		TEST(keeps_several_logs_apart),
		TEST(takes_lines_that_were_made_elsewhere),
		TEST(renames_the_log_of_an_earlier_run),
		TEST(overwrites_an_earlier_log_without_lines),
		TEST(overwrites_an_earlier_log_when_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
