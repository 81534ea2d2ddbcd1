/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_event.h"

#include <signal.h>
#include <sys/resource.h>

// A limit of file sizes stands for a full disk: a write comes back short, the next one fails.
#define LIMIT 5000

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// Short enough to be waited for; and never, so that nothing changes while a test looks.
#define SOON  (10 * TIME_MILLISECOND)
#define NEVER (1000 * TIME_HOUR)

// The writer thread takes its time, above all when the machine has others to serve: what a test
// waits for is what the thread says when it is done, never a span of time.
static void wait_for_message(const struct place *place, const char *text)
{
	bool said = false;

	for (int i = 0; i < 60000 && !said; i++) {
		char *messages = read_file(place, ".messages");

		said = strstr(messages, text) != NULL;
		free(messages);
		if (!said)
			usleep(1000);
	}
	assert_true(said);
}

static void wait_for_lost_lines(const struct log_writer *writer)
{
	for (int i = 0; i < 60000 && log_writer_lost_lines(writer) == 0; i++)
		usleep(1000);
}

static struct log_options options_for(const struct place *place)
{
	return (struct log_options){.directory = place->directory};
}

static void write_lines(struct log_writer *writer, struct log_stream *stream, uint64_t first,
			uint64_t end)
{
	for (uint64_t i = first; i < end; i++)
		write_numbered(writer, stream, i, START);
	log_stream_flush(stream);
}

static void gives_up_a_trace_at_the_last_whole_line(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer = log_writer_create(&options);
	struct log_stream *stream = log_conn_open(writer, START);
	struct found found;
	uint64_t lost;
	char *messages;

	messages_begin(place);
	limit_file_size(LIMIT);
	write_lines(writer, stream, 0, 1000);
	// The lines are counted a moment after the failure is known.
	wait_for_lost_lines(writer);
	assert_true(log_writer_failed(writer));
	assert_true(log_writer_lost_lines(writer) > 0);
	write_lines(writer, stream, 1000, 1500);
	assert_int_equal(log_writer_destroy(writer, &lost), -EFBIG);
	limit_file_size(RLIM_INFINITY);
	messages = messages_end(place);
	assert_int_equal(count_text(messages, "\n"), 1);
	assert_non_null(
		strstr(messages, "conn.log: cannot write: File too large; raise the limit"));
	free(messages);
	found = check_files(place, 1500);
	assert_true(found.lines > 10);
	assert_int_equal(found.lines + lost, 1500);
}

static void a_reader_sees_whole_lines_while_it_is_full(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;
	uint64_t lost;
	char *text;

	options.retry = true;
	options.retry_period = NEVER;
	writer = log_writer_create(&options);
	messages_begin(place);
	limit_file_size(LIMIT);
	write_lines(writer, log_conn_open(writer, START), 0, 1000);
	wait_for_message(place, "cannot write");
	text = read_file(place, "conn.log");
	assert_true(strlen(text) > LIMIT - 200);
	assert_true(text[strlen(text) - 1] == '\n');
	free(text);
	limit_file_size(RLIM_INFINITY);
	// However long the next attempt is away, there is one at the end.
	assert_int_equal(log_writer_destroy(writer, &lost), 0);
	free(messages_end(place));
	assert_int_equal(lost, 0);
	assert_int_equal(check_files(place, 1000).lines, 1000);
}

static void tries_again_until_there_is_space(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;
	struct log_stream *stream;
	uint64_t lost;
	char *messages;

	options.retry = true;
	options.retry_period = SOON;
	writer = log_writer_create(&options);
	stream = log_conn_open(writer, START);
	messages_begin(place);
	limit_file_size(LIMIT);
	write_lines(writer, stream, 0, 1000);
	wait_for_message(place, "(trying again every second, 1000 lines wait)\n");
	assert_false(log_writer_failed(writer));
	limit_file_size(RLIM_INFINITY);
	wait_for_message(place, "conn.log: can be written again, nothing was lost\n");
	assert_int_equal(check_files(place, 1000).lines, 1000);
	assert_int_equal(log_writer_destroy(writer, &lost), 0);
	messages = messages_end(place);
	assert_int_equal(lost, 0);
	assert_int_equal(count_text(messages, "\n"), 2);
	free(messages);
	assert_int_equal(check_files(place, 1000).lines, 1000);
}

static void tells_at_the_end_what_never_found_space(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;
	struct found found;
	uint64_t lost;
	char *messages;

	options.retry = true;
	options.retry_period = NEVER;
	writer = log_writer_create(&options);
	messages_begin(place);
	limit_file_size(LIMIT);
	write_lines(writer, log_conn_open(writer, START), 0, 1000);
	// Or else the end would come before the first attempt.
	wait_for_message(place, "cannot write");
	assert_int_equal(log_writer_destroy(writer, &lost), -EFBIG);
	limit_file_size(RLIM_INFINITY);
	messages = messages_end(place);
	assert_int_equal(count_text(messages, "\n"), 2);
	assert_non_null(strstr(messages, "conn.log: still cannot write: File too large"));
	free(messages);
	found = check_files(place, 1000);
	assert_int_equal(found.lines + lost, 1000);
}

static void each_log_counts_its_own_lost_lines(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer = log_writer_create(&options);
	struct log_stream *stream = log_conn_open(writer, START);
	struct log_stream *events = log_event_open(writer, START);
	struct conn_event event = {.kind = CONN_EVENT_NEW};
	uint64_t lost, all;

	messages_begin(place);
	limit_file_size(LIMIT);
	write_lines(writer, stream, 0, 1000);
	wait_for_lost_lines(writer);
	// Once one log has failed, neither is written.
	for (int i = 0; i < 7; i++)
		assert_true(log_event_write(events, &event, START));
	assert_int_equal(log_writer_finish(writer), -EFBIG);
	limit_file_size(RLIM_INFINITY);
	free(messages_end(place));
	assert_int_equal(log_stream_lost_lines(events), 7);
	lost = log_stream_lost_lines(stream);
	assert_int_equal(check_files(place, 1000).lines + lost, 1000);
	assert_int_equal(log_writer_destroy(writer, &all), -EFBIG);
	assert_int_equal(all, lost + 7);
}

static void reopens_a_directory_that_was_made_again(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;
	struct log_stream *stream;
	uint64_t lost;

	options.retry = true;
	options.retry_period = SOON;
	writer = log_writer_create(&options);
	stream = log_conn_open(writer, START);
	assert_int_equal(unlink(path_of(place, "conn.log")), 0);
	assert_int_equal(rmdir(place->directory), 0);
	assert_int_equal(mkdir(place->directory, 0700), 0);
	messages_begin(place);
	log_writer_reopen(writer);
	write_lines(writer, stream, 0, 10);
	for (int i = 0; i < 60000 && !file_exists(place, "conn.log"); i++)
		usleep(1000);
	assert_int_equal(log_writer_destroy(writer, &lost), 0);
	free(messages_end(place));
	assert_int_equal(lost, 0);
	assert_int_equal(check_files(place, 10).lines, 10);
}

static void tells_that_a_device_is_full(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	struct log_writer *writer;
	uint64_t lost;
	char *messages;

	options.format = LOG_FORMAT_JSON;
	assert_int_equal(symlink("/dev/full", path_of(place, "conn.log")), 0);
	messages_begin(place);
	writer = log_writer_create(&options);
	write_lines(writer, log_conn_open(writer, START), 0, 10);
	assert_int_equal(log_writer_destroy(writer, &lost), -ENOSPC);
	messages = messages_end(place);
	assert_int_equal(lost, 10);
	assert_non_null(strstr(messages, "No space left on device; free some space"));
	assert_int_equal(count_text(messages, "\n"), 1);
	free(messages);
}

// Creates a writer and opens conn.log; returns what was said when one of the two failed.
static char *refusal(struct place *place, const struct log_options *options)
{
	struct log_writer *writer;

	messages_begin(place);
	writer = log_writer_create(options);
	if (writer)
		assert_null(log_conn_open(writer, START));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	return messages_end(place);
}

static void refuses_to_start_on_a_full_disk(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	char *messages;

	assert_int_equal(symlink("/dev/full", path_of(place, "conn.log")), 0);
	messages = refusal(place, &options);
	assert_non_null(strstr(messages, "conn.log: cannot write: No space left on device"));
	assert_int_equal(count_text(messages, "\n"), 1);
	free(messages);
}

static void refuses_a_missing_directory(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	char missing[128], *messages;

	snprintf(missing, sizeof(missing), "%s/none", place->directory);
	options.directory = missing;
	messages = refusal(place, &options);
	assert_non_null(strstr(messages, missing));
	assert_non_null(strstr(messages, "No such file or directory; create the directory"));
	assert_int_equal(count_text(messages, "\n"), 1);
	free(messages);
}

static void refuses_a_file_in_place_of_a_directory(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	char file[128], *messages;

	snprintf(file, sizeof(file), "%s/file", place->directory);
	write_file(place, "file", "");
	options.directory = file;
	messages = refusal(place, &options);
	assert_non_null(strstr(messages, "Not a directory; name a directory"));
	free(messages);
}

static void refuses_a_directory_that_it_may_not_write_to(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	char *messages;

	if (geteuid() == 0)
		skip();
	write_file(place, ".messages", "");
	chmod(place->directory, 0500);
	messages = refusal(place, &options);
	chmod(place->directory, 0700);
	assert_non_null(
		strstr(messages, "conn.log: cannot open: Permission denied; let this user"));
	assert_int_equal(count_text(messages, "\n"), 1);
	free(messages);
}

static void refuses_a_directory_in_place_of_the_log(void **state)
{
	struct place *place = *state;
	struct log_options options = options_for(place);
	char *messages;

	assert_int_equal(mkdir(path_of(place, "conn.log"), 0700), 0);
	messages = refusal(place, &options);
	rmdir(path_of(place, "conn.log"));
	assert_non_null(strstr(messages, "conn.log: cannot open: Is a directory; move"));
	assert_int_equal(count_text(messages, "\n"), 1);
	free(messages);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_up_a_trace_at_the_last_whole_line),
		TEST(a_reader_sees_whole_lines_while_it_is_full),
		TEST(tries_again_until_there_is_space),
		TEST(tells_at_the_end_what_never_found_space),
		TEST(each_log_counts_its_own_lost_lines),
		TEST(reopens_a_directory_that_was_made_again),
		TEST(tells_that_a_device_is_full),
		TEST(refuses_to_start_on_a_full_disk),
		TEST(refuses_a_missing_directory),
		TEST(refuses_a_file_in_place_of_a_directory),
		TEST(refuses_a_directory_that_it_may_not_write_to),
		TEST(refuses_a_directory_in_place_of_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
