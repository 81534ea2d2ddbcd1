/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/trace.h"

#include "trace_fixture.h"

#include <zlib.h>

static struct trace_bytes bytes;

static bool wait_on(void *context)
{
	return true;
}

static struct trace *open_files(struct place *place, uint32_t count)
{
	struct trace *trace = trace_open(place->paths, count, wait_on, NULL);

	assert_non_null(trace);
	return trace;
}

// Frame `number` of `count` bytes, each of which is its number.
static void add_frame(struct trace_bytes *trace, uint8_t number, uint32_t count)
{
	uint8_t data[2000];

	memset(data, number, sizeof(data));
	pcap_frame(trace, 1000 + number, 500 + number, data, count, count + 7);
}

static void pcap_of(struct trace_bytes *trace, uint32_t magic, uint8_t first, uint8_t end)
{
	pcap_begin(trace, magic, PACKET_LINK_ETHERNET);
	for (uint8_t i = first; i < end; i++)
		add_frame(trace, i, 60 + i);
}

static void assert_frame(struct trace *trace, uint8_t number, uint64_t unit)
{
	struct packet_frame frame;

	assert_int_equal(trace_next(trace, &frame), 1);
	assert_int_equal(frame.captured, 60 + number);
	assert_int_equal(frame.length, 67 + number);
	assert_int_equal(frame.time, (1000 + number) * TIME_SECOND + (500 + number) * unit);
	assert_int_equal(frame.link, PACKET_LINK_ETHERNET);
	for (uint32_t i = 0; i < frame.captured; i++)
		assert_int_equal(frame.data[i], number);
}

static void assert_end(struct trace *trace)
{
	struct packet_frame frame;

	assert_int_equal(trace_next(trace, &frame), 0);
	assert_int_equal(trace_next(trace, &frame), 0);
}

static void a_pcap_file_is_read(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 10);
	trace_write(&bytes, place->path[0]);
	trace = open_files(place, 1);
	for (uint8_t i = 0; i < 10; i++)
		assert_frame(trace, i, TIME_MICROSECOND);
	assert_end(trace);
	trace_close(trace);
}

static void nanoseconds_are_kept(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcap_of(&bytes, PCAP_NANOSECONDS, 0, 2);
	trace_write(&bytes, place->path[0]);
	trace = open_files(place, 1);
	assert_frame(trace, 0, 1);
	assert_frame(trace, 1, 1);
	assert_end(trace);
	trace_close(trace);
}

static void a_gzipped_file_is_read(void **state)
{
	struct place *place = *state;
	struct trace *trace;
	gzFile file;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 200);
	file = gzopen(place->path[0], "wb");
	assert_int_equal(gzwrite(file, bytes.byte, (unsigned)bytes.length), bytes.length);
	gzclose(file);
	trace = open_files(place, 1);
	for (uint8_t i = 0; i < 200; i++)
		assert_frame(trace, i, TIME_MICROSECOND);
	assert_end(trace);
	trace_close(trace);
}

// A section, an interface with nanoseconds, and frames.
static void pcapng_of(struct trace_bytes *trace, uint8_t first, uint8_t end)
{
	static const uint8_t nanoseconds = 9;

	trace->length = 0;
	trace_32(trace, 0x0a0d0d0a);
	trace_32(trace, 28);
	trace_32(trace, 0x1a2b3c4d);
	trace_16(trace, 1);
	trace_16(trace, 0);
	trace_32(trace, UINT32_MAX);
	trace_32(trace, UINT32_MAX);
	trace_32(trace, 28);
	trace_32(trace, 1);
	trace_32(trace, 32);
	trace_16(trace, PACKET_LINK_ETHERNET);
	trace_16(trace, 0);
	trace_32(trace, 262144);
	trace_16(trace, 9);
	trace_16(trace, 1);
	trace_32(trace, nanoseconds);
	trace_32(trace, 0);
	trace_32(trace, 32);
	for (uint8_t i = first; i < end; i++) {
		uint64_t time = (1000 + i) * TIME_SECOND + 500 + i;
		uint32_t captured = 60 + i, padded = (captured + 3) & ~3u;
		uint8_t data[400];

		memset(data, i, sizeof(data));
		trace_32(trace, 6);
		trace_32(trace, 32 + padded);
		trace_32(trace, 0);
		trace_32(trace, (uint32_t)(time >> 32));
		trace_32(trace, (uint32_t)time);
		trace_32(trace, captured);
		trace_32(trace, captured + 7);
		trace_data(trace, data, padded);
		trace_32(trace, 32 + padded);
	}
}

static void a_pcapng_file_is_read(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcapng_of(&bytes, 0, 10);
	trace_write(&bytes, place->path[0]);
	trace = open_files(place, 1);
	for (uint8_t i = 0; i < 10; i++)
		assert_frame(trace, i, 1);
	assert_end(trace);
	trace_close(trace);
}

static void files_are_read_one_after_the_other(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcapng_of(&bytes, 0, 3);
	trace_write(&bytes, place->path[0]);
	pcap_of(&bytes, PCAP_MICROSECONDS, 3, 5);
	trace_write(&bytes, place->path[1]);
	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 0);
	trace_write(&bytes, place->path[2]);
	pcapng_of(&bytes, 5, 7);
	trace_write(&bytes, place->path[3]);
	trace = open_files(place, 4);
	for (uint8_t i = 0; i < 7; i++)
		assert_frame(trace, i, i == 3 || i == 4 ? TIME_MICROSECOND : 1);
	assert_end(trace);
	trace_close(trace);
}

static void each_file_has_its_own_link_type(void **state)
{
	struct place *place = *state;
	struct packet_frame frame;
	struct trace *trace;

	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_COOKED);
	add_frame(&bytes, 0, 60);
	trace_write(&bytes, place->path[0]);
	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_PPP);
	add_frame(&bytes, 1, 61);
	trace_write(&bytes, place->path[1]);
	trace = open_files(place, 2);
	assert_int_equal(trace_next(trace, &frame), 1);
	assert_int_equal(frame.link, PACKET_LINK_COOKED);
	assert_int_equal(trace_next(trace, &frame), 1);
	assert_int_equal(frame.link, PACKET_LINK_PPP);
	trace_close(trace);
}

// One line was said. It names file number `file` and says `why`.
static void assert_said(const struct place *place, int file, const char *why)
{
	assert_non_null(strstr(place->said, place->path[file]));
	assert_non_null(strstr(place->said, why));
	assert_ptr_equal(strchr(place->said, '\n'), place->said + strlen(place->said) - 1);
}

// File 1, with some good frames, fails once, with a message that says `why`, and files 0 and 2 are
// read.
static void assert_fails_and_goes_on(struct place *place, uint8_t good_frames, const char *why)
{
	struct packet_frame frame;
	struct trace *trace;

	pcap_of(&bytes, PCAP_MICROSECONDS, 9, 10);
	trace_write(&bytes, place->path[0]);
	trace_write(&bytes, place->path[2]);
	trace = open_files(place, 3);
	listen_begin(place);
	assert_frame(trace, 9, TIME_MICROSECOND);
	for (uint8_t i = 0; i < good_frames; i++)
		assert_frame(trace, i, TIME_MICROSECOND);
	assert_true(trace_next(trace, &frame) < 0);
	assert_frame(trace, 9, TIME_MICROSECOND);
	assert_end(trace);
	assert_int_equal(trace_failures(trace), 1);
	trace_close(trace);
	listen_end(place);
	assert_said(place, 1, why);
}

static void a_file_that_ends_within_a_frame_is_told(void **state)
{
	struct place *place = *state;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 3);
	bytes.length -= 10;
	trace_write(&bytes, place->path[1]);
	assert_fails_and_goes_on(place, 2, "after 2 packets");
}

static void a_file_that_ends_within_a_frame_header_is_told(void **state)
{
	struct place *place = *state;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 3);
	bytes.length -= 62 + 10;
	trace_write(&bytes, place->path[1]);
	assert_fails_and_goes_on(place, 2, "after 2 packets");
}

static void a_gzipped_file_that_ends_early_is_told(void **state)
{
	struct place *place = *state;
	struct stat status;
	gzFile file;
	uint8_t noise[1000];

	srandom(8);
	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 2);
	for (int i = 0; i < 100; i++) {
		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)random();
		pcap_frame(&bytes, 2000, 0, noise, sizeof(noise), sizeof(noise));
	}
	file = gzopen(place->path[0], "wb");
	assert_int_equal(gzwrite(file, bytes.byte, (unsigned)bytes.length), bytes.length);
	gzclose(file);
	assert_int_equal(stat(place->path[0], &status), 0);
	assert_int_equal(truncate(place->path[0], status.st_size / 2), 0);

	struct trace *trace = open_files(place, 1);
	struct packet_frame frame;
	int result, frames = 0;

	listen_begin(place);
	while ((result = trace_next(trace, &frame)) == 1)
		frames++;
	listen_end(place);
	assert_true(result < 0);
	assert_in_range(frames, 2, 60);
	assert_non_null(strstr(place->said, place->path[0]));
	assert_end(trace);
	trace_close(trace);
}

static void a_file_that_is_no_trace_is_told(void **state)
{
	struct place *place = *state;
	static const char text[] = "Dear reader, this file is a letter and not a trace.\n";

	write_file(place->path[1], text, sizeof(text));
	assert_fails_and_goes_on(place, 0, "is not a trace");
}

static void an_empty_file_is_told(void **state)
{
	struct place *place = *state;

	write_file(place->path[1], "", 0);
	assert_fails_and_goes_on(place, 0, "is not a trace");
}

static void a_file_header_alone_is_an_empty_trace(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 0);
	trace_write(&bytes, place->path[0]);
	trace = open_files(place, 1);
	assert_end(trace);
	trace_close(trace);
}

static void a_missing_file_is_told(void **state)
{
	assert_fails_and_goes_on(*state, 0, "No such file");
}

static void a_directory_is_told(void **state)
{
	struct place *place = *state;

	assert_int_equal(mkdir(place->path[1], 0700), 0);
	assert_fails_and_goes_on(place, 0, "is a directory");
	rmdir(place->path[1]);
}

static void an_unreadable_first_file_is_told_when_it_is_opened(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 1);
	trace_write(&bytes, place->path[1]);
	listen_begin(place);
	trace = open_files(place, 2);
	listen_end(place);
	assert_said(place, 0, "No such file");
	assert_int_equal(trace_failures(trace), 1);
	assert_frame(trace, 0, TIME_MICROSECOND);
	assert_end(trace);
	trace_close(trace);
}

static void files_that_cannot_be_read_at_all_are_no_trace(void **state)
{
	struct place *place = *state;

	listen_begin(place);
	assert_null(trace_open(place->paths, 1, wait_on, NULL));
	listen_end(place);
	assert_said(place, 0, "No such file");
}

static void progress_goes_from_nothing_to_all(void **state)
{
	struct place *place = *state;
	struct packet_frame frame;
	struct trace *trace;
	double before = 0;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 200);
	trace_write(&bytes, place->path[0]);
	trace_write(&bytes, place->path[1]);
	trace = open_files(place, 2);
	assert_true(trace_progress(trace) == 0);
	while (trace_next(trace, &frame) == 1) {
		double now = trace_progress(trace);

		assert_true(now >= before && now <= 1);
		before = now;
	}
	assert_true(trace_progress(trace) == 1);
	trace_close(trace);
}

static void progress_with_a_missing_file_is_unknown(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 1);
	trace_write(&bytes, place->path[0]);
	trace = open_files(place, 2);
	assert_true(trace_progress(trace) < 0);
	trace_close(trace);
}

static void standard_input_is_read(void **state)
{
	static const char *const paths[] = {"-"};
	struct place *place = *state;
	int input = dup(STDIN_FILENO);
	struct trace *trace;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 3);
	trace_write(&bytes, place->path[0]);
	assert_ptr_equal(freopen(place->path[0], "rb", stdin), stdin);
	trace = trace_open(paths, 1, wait_on, NULL);
	for (uint8_t i = 0; i < 3; i++)
		assert_frame(trace, i, TIME_MICROSECOND);
	assert_end(trace);
	trace_close(trace);
	dup2(input, STDIN_FILENO);
	close(input);
}

// A pipe in place of standard input, with `bytes` in it.
static int pipe_begin(int *input)
{
	int ends[2];

	*input = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(write(ends[1], bytes.byte, bytes.length), bytes.length);
	return ends[1];
}

static void pipe_end(int pipe, int input)
{
	close(pipe);
	dup2(input, STDIN_FILENO);
	close(input);
}

static void what_a_pipe_delivered_is_not_held_back(void **state)
{
	static const char *const paths[] = {"-"};
	struct trace *trace;
	int input, pipe;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 3);
	pipe = pipe_begin(&input);
	trace = trace_open(paths, 1, wait_on, NULL);
	assert_non_null(trace);
	// The writer keeps it open, and yet all frames are there.
	for (uint8_t i = 0; i < 3; i++)
		assert_frame(trace, i, TIME_MICROSECOND);
	trace_close(trace);
	pipe_end(pipe, input);
}

static bool wait_twice(void *context)
{
	int *times = context;

	return ++*times < 2;
}

static void an_input_that_waits_can_be_ended(void **state)
{
	static const char *const paths[] = {"-"};
	struct place *place = *state;
	struct trace *trace;
	int input, pipe, times = 0;

	// Between two frames, and within one.
	for (size_t missing = 0; missing <= 10; missing += 10) {
		times = 0;
		pcap_of(&bytes, PCAP_MICROSECONDS, 0, 3);
		bytes.length -= missing;
		pipe = pipe_begin(&input);
		trace = trace_open(paths, 1, wait_twice, &times);
		assert_non_null(trace);
		listen_begin(place);
		for (uint8_t i = 0; i < (missing > 0 ? 2 : 3); i++)
			assert_frame(trace, i, TIME_MICROSECOND);
		assert_end(trace);
		listen_end(place);
		assert_string_equal(place->said, "");
		assert_int_equal(trace_failures(trace), 0);
		assert_int_equal(times, 2);
		trace_close(trace);
		pipe_end(pipe, input);
	}
}

static void gzipped_files_put_one_after_the_other_are_one_file(void **state)
{
	struct place *place = *state;
	size_t half;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 100);
	half = bytes.length / 2;
	for (int i = 0; i < 2; i++) {
		gzFile file = gzopen(place->path[0], "ab");

		assert_int_equal(gzwrite(file, bytes.byte + i * half,
					 (unsigned)(i == 0 ? half : bytes.length - half)),
				 i == 0 ? half : bytes.length - half);
		gzclose(file);
	}

	struct trace *trace = open_files(place, 1);

	for (uint8_t i = 0; i < 100; i++)
		assert_frame(trace, i, TIME_MICROSECOND);
	assert_end(trace);
	trace_close(trace);
}

static void a_trace_can_be_closed_before_its_end(void **state)
{
	struct place *place = *state;
	struct trace *trace;

	pcap_of(&bytes, PCAP_MICROSECONDS, 0, 10);
	trace_write(&bytes, place->path[0]);
	trace = open_files(place, 1);
	assert_frame(trace, 0, TIME_MICROSECOND);
	trace_close(trace);
	trace_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pcap_file_is_read),
		TEST(nanoseconds_are_kept),
		TEST(a_gzipped_file_is_read),
		TEST(a_pcapng_file_is_read),
		TEST(files_are_read_one_after_the_other),
		TEST(each_file_has_its_own_link_type),
		TEST(a_file_that_ends_within_a_frame_is_told),
		TEST(a_file_that_ends_within_a_frame_header_is_told),
		TEST(a_gzipped_file_that_ends_early_is_told),
		TEST(a_file_that_is_no_trace_is_told),
		TEST(an_empty_file_is_told),
		TEST(a_file_header_alone_is_an_empty_trace),
		TEST(a_missing_file_is_told),
		TEST(a_directory_is_told),
		TEST(an_unreadable_first_file_is_told_when_it_is_opened),
		TEST(files_that_cannot_be_read_at_all_are_no_trace),
		TEST(what_a_pipe_delivered_is_not_held_back),
		TEST(an_input_that_waits_can_be_ended),
		TEST(gzipped_files_put_one_after_the_other_are_one_file),
		TEST(progress_goes_from_nothing_to_all),
		TEST(progress_with_a_missing_file_is_unknown),
		TEST(standard_input_is_read),
		TEST(a_trace_can_be_closed_before_its_end),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
