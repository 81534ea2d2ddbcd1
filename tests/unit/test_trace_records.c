/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/trace.h"

#include "trace_fixture.h"

// Whatever a file holds, reading its records ourselves gives what libpcap alone gives: the same
// frames, the same messages.

#define LINK_USB_MMAPPED 220

static struct trace_bytes bytes;

static bool wait_on(void *context)
{
	return true;
}

// Two buffers in turn, with nothing around them that a read too far would not hit.
static struct {
	uint8_t *memory[2];
	uint32_t given;
} buffers;

static uint8_t *give_buffer(void *context)
{
	uint32_t at = buffers.given++ % 2;

	free(buffers.memory[at]);
	buffers.memory[at] = malloc(RECORDS_BUFFER);
	assert_non_null(buffers.memory[at]);
	return buffers.memory[at];
}

static void free_buffers(void)
{
	free(buffers.memory[0]);
	free(buffers.memory[1]);
	memset(&buffers, 0, sizeof(buffers));
}

// All that reading files says, as one number and a text.
struct account {
	uint64_t sum;
	uint32_t frames;
	uint32_t stayed;
	uint32_t failures;
	char said[sizeof(((struct place *)0)->said)];
};

static void add_bytes(struct account *account, const void *data, size_t length)
{
	const uint8_t *byte = data;

	// FNV-1a.
	for (size_t i = 0; i < length; i++)
		account->sum = (account->sum ^ byte[i]) * UINT64_C(0x100000001b3);
}

static void add_frame(struct account *account, const struct packet_frame *frame)
{
	account->frames++;
	add_bytes(account, &frame->captured, sizeof(frame->captured));
	add_bytes(account, &frame->length, sizeof(frame->length));
	add_bytes(account, &frame->time, sizeof(frame->time));
	add_bytes(account, &frame->link, sizeof(frame->link));
	add_bytes(account, frame->data, frame->captured);
}

static void read_all(struct trace *trace, struct account *account)
{
	struct packet_frame frame;
	int result;

	while ((result = trace_next(trace, &frame)) != 0) {
		add_bytes(account, &result, sizeof(result));
		if (result < 0)
			continue;
		add_frame(account, &frame);
		account->stayed += trace_frame_stays(trace);
	}
	account->failures = trace_failures(trace);
}

static struct account read_files(struct place *place, uint32_t count, bool with_buffers)
{
	struct account account = {.sum = UINT64_C(0xcbf29ce484222325)};
	struct trace *trace;

	listen_begin(place);
	trace = trace_open(place->paths, count, wait_on, NULL);
	if (trace != NULL) {
		if (with_buffers)
			trace_use_buffers(trace, give_buffer);
		read_all(trace, &account);
		trace_close(trace);
	}
	listen_end(place);
	memcpy(account.said, place->said, sizeof(account.said));
	free_buffers();
	return account;
}

// Returns what was read, with buffers.
static struct account assert_same(struct place *place, uint32_t count)
{
	struct account pcap = read_files(place, count, false);
	struct account ours = read_files(place, count, true);

	assert_int_equal(pcap.stayed, 0);
	assert_int_equal(ours.frames, pcap.frames);
	assert_int_equal(ours.sum, pcap.sum);
	assert_int_equal(ours.failures, pcap.failures);
	assert_string_equal(ours.said, pcap.said);
	return ours;
}

static struct account assert_same_bytes(struct place *place)
{
	trace_write(&bytes, place->path[0]);
	return assert_same(place, 1);
}

static void add_noise(uint32_t seconds, uint32_t fraction, uint32_t captured, uint32_t length)
{
	static uint8_t noise[RECORDS_FRAME + 100];

	for (uint32_t i = 0; i < captured; i += 61)
		noise[i] = (uint8_t)random();
	pcap_frame(&bytes, seconds, fraction, noise, captured, length);
}

static void some_frames(uint32_t magic, uint32_t count)
{
	pcap_begin(&bytes, magic, PACKET_LINK_ETHERNET);
	for (uint32_t i = 0; i < count; i++)
		add_noise(1000 + i, 999 * i, 60 + i * 7 % 1400, 60 + i * 7 % 1400);
}

static void swap_words(uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t word;

		memcpy(&word, at + 4 * i, 4);
		word = __builtin_bswap32(word);
		memcpy(at + 4 * i, &word, 4);
	}
}

// As the same trace looks that was written in the other byte order.
static void swap_trace(void)
{
	size_t at = 24;
	uint32_t captured;

	while (at < bytes.length) {
		memcpy(&captured, bytes.byte + at + 8, 4);
		swap_words(bytes.byte + at, 4);
		at += 16 + captured;
	}
	swap_words(bytes.byte, 6);
	// Two fields of 16 bits each.
	memcpy(bytes.byte + 4, (const uint8_t[]){0, 2, 0, 4}, 4);
}

static void all_frames_of_a_good_file_stay(void **state)
{
	static const uint32_t magics[] = {PCAP_MICROSECONDS, PCAP_NANOSECONDS};

	for (int swapped = 0; swapped < 2; swapped++) {
		for (int i = 0; i < 2; i++) {
			some_frames(magics[i], 2000);
			if (swapped)
				swap_trace();
			assert_int_equal(assert_same_bytes(*state).stayed, 2000);
		}
	}
}

static void times_that_are_odd_are_the_same(void **state)
{
	static const uint32_t seconds[] = {0, 1, INT32_MAX, 0x80000000, UINT32_MAX};
	static const uint32_t fractions[] = {0,          999999,    1000000,    4294967,
					     4294968,    999999999, 1000000000, 0x7fffffff,
					     0x80000000, UINT32_MAX};

	for (int swapped = 0; swapped < 2; swapped++) {
		for (int i = 0; i < 2; i++) {
			pcap_begin(&bytes, i ? PCAP_NANOSECONDS : PCAP_MICROSECONDS,
				   PACKET_LINK_ETHERNET);
			for (size_t s = 0; s < sizeof(seconds) / 4; s++) {
				for (size_t f = 0; f < sizeof(fractions) / 4; f++)
					add_noise(seconds[s], fractions[f], 60, 60);
			}
			if (swapped)
				swap_trace();
			assert_int_equal(assert_same_bytes(*state).stayed, 50);
		}
	}
}

static void wire_lengths_below_the_captured_one_are_the_same(void **state)
{
	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_ETHERNET);
	add_noise(1, 1, 100, 0);
	add_noise(1, 2, 100, 99);
	add_noise(1, 3, 0, 0);
	add_noise(1, 4, 0, UINT32_MAX);
	assert_int_equal(assert_same_bytes(*state).stayed, 4);
}

// Frames as large as they can be, which lie across the pieces in all ways.
static void large_frames_are_the_same(void **state)
{
	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_ETHERNET);
	for (uint32_t i = 0; i < 6; i++) {
		add_noise(1, i, RECORDS_FRAME, RECORDS_FRAME);
		add_noise(1, i, RECORDS_FRAME - 16 + i, RECORDS_FRAME);
	}
	assert_int_equal(assert_same_bytes(*state).stayed, 12);
	add_noise(2, 0, RECORDS_FRAME + 1, RECORDS_FRAME + 1);
	add_noise(3, 0, 60, 60);
	assert_int_equal(assert_same_bytes(*state).failures, 1);
}

// The header of a record, and the first one's data, meet the end of a piece at every byte.
static void records_are_cut_by_pieces_at_any_byte(void **state)
{
	for (uint32_t at = 0; at < 60; at++) {
		pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_ETHERNET);
		add_noise(1, 0, RECORDS_PIECE - 24 - 16 - at, RECORDS_PIECE);
		for (uint32_t i = 0; i < 4; i++)
			add_noise(1, i, 40, 40);
		assert_int_equal(assert_same_bytes(*state).stayed, 5);
	}
}

static void files_that_were_cut_are_the_same(void **state)
{
	struct place *place = *state;
	size_t all;

	some_frames(PCAP_MICROSECONDS, 3);
	all = bytes.length;
	for (size_t length = 0; length <= all; length++) {
		bytes.length = length;
		assert_same_bytes(place);
	}
}

static void frames_above_the_limit_of_the_file_are_the_same(void **state)
{
	static const uint32_t limits[] = {0, 1, 64, 100, 0x7fffffff, 0x80000000, UINT32_MAX};

	for (size_t i = 0; i < sizeof(limits) / 4; i++) {
		some_frames(PCAP_MICROSECONDS, 100);
		memcpy(bytes.byte + 16, &limits[i], 4);
		assert_int_equal(assert_same_bytes(*state).frames, 100);
	}
}

static void other_kinds_of_pcap_are_left_to_libpcap(void **state)
{
	static const uint32_t magics[] = {0xa1b2cd34, 0xa1e2cb12, 0x1c0001ac, 0x1c0001ab,
					  0x0a0d0d0a};

	for (size_t i = 0; i < sizeof(magics) / 4; i++) {
		some_frames(magics[i], 10);
		assert_int_equal(assert_same_bytes(*state).stayed, 0);
	}
	for (uint8_t minor = 0; minor < 6; minor++) {
		some_frames(PCAP_MICROSECONDS, 10);
		bytes.byte[6] = minor;
		assert_int_equal(assert_same_bytes(*state).stayed, minor == 4 ? 10 : 0);
	}
}

static void link_types_that_libpcap_rewrites_are_left_to_it(void **state)
{
	static const uint32_t links[] = {PACKET_LINK_NFLOG, LINK_USB_MMAPPED};

	for (size_t i = 0; i < sizeof(links) / 4; i++) {
		some_frames(PCAP_MICROSECONDS, 100);
		bytes.byte[20] = (uint8_t)links[i];
		assert_int_equal(assert_same_bytes(*state).stayed, 0);
		some_frames(PCAP_MICROSECONDS, 100);
		bytes.byte[20] = (uint8_t)links[i];
		swap_trace();
		assert_int_equal(assert_same_bytes(*state).stayed, 0);
	}
}

static void damaged_files_are_the_same(void **state)
{
	srandom(4);
	for (uint32_t round = 0; round < 300; round++) {
		some_frames(PCAP_MICROSECONDS, 50);
		if (round % 2)
			swap_trace();
		for (uint32_t i = 0; i <= round % 3; i++)
			bytes.byte[random() % (long)bytes.length] = (uint8_t)random();
		assert_same_bytes(*state);
	}
}

static void several_files_are_the_same(void **state)
{
	struct place *place = *state;

	some_frames(PCAP_NANOSECONDS, 1000);
	trace_write(&bytes, place->path[0]);
	bytes.length -= 5;
	trace_write(&bytes, place->path[1]);
	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_RAW);
	trace_write(&bytes, place->path[2]);
	some_frames(PCAP_MICROSECONDS, 10);
	swap_trace();
	trace_write(&bytes, place->path[3]);
	assert_int_equal(assert_same(place, 4).frames, 1000 + 999 + 0 + 10);
}

static void a_file_that_grows_is_read_on(void **state)
{
	struct place *place = *state;
	struct packet_frame frame;
	struct trace *trace;
	size_t half;

	some_frames(PCAP_MICROSECONDS, 20);
	half = bytes.length;
	some_frames(PCAP_MICROSECONDS, 40);
	// In the midst of a record, and between two.
	for (size_t cut = 0; cut <= 30; cut += 30) {
		write_file(place->path[0], bytes.byte, half - cut);
		trace = trace_open(place->paths, 1, wait_on, NULL);
		assert_non_null(trace);
		trace_use_buffers(trace, give_buffer);
		for (int i = 0; i < 19; i++)
			assert_int_equal(trace_next(trace, &frame), 1);
		write_file(place->path[0], bytes.byte, bytes.length);
		for (int i = 19; i < 40; i++)
			assert_int_equal(trace_next(trace, &frame), 1);
		assert_int_equal(trace_next(trace, &frame), 0);
		assert_int_equal(trace_failures(trace), 0);
		trace_close(trace);
		free_buffers();
	}
}

static void a_file_that_becomes_shorter_is_complained_about(void **state)
{
	struct place *place = *state;
	struct packet_frame frame;
	struct trace *trace;

	some_frames(PCAP_MICROSECONDS, 40);
	write_file(place->path[0], bytes.byte, bytes.length);
	listen_begin(place);
	trace = trace_open(place->paths, 1, wait_on, NULL);
	assert_non_null(trace);
	trace_use_buffers(trace, give_buffer);
	assert_int_equal(trace_next(trace, &frame), 1);
	assert_int_equal(truncate(place->path[0], 100), 0);
	for (int i = 1; i < 40; i++)
		assert_int_equal(trace_next(trace, &frame), 1);
	assert_true(trace_next(trace, &frame) < 0);
	assert_int_equal(trace_failures(trace), 1);
	trace_close(trace);
	listen_end(place);
	assert_non_null(strstr(place->said, "after 40 packets: the file became shorter while"));
	free_buffers();
}

// A shell may have read the first lines of a file that it hands on.
static void a_trace_in_the_midst_of_standard_input_is_read(void **state)
{
	static const char *const paths[] = {"-"};
	struct place *place = *state;
	struct account account = {0};
	struct trace *trace;
	FILE *file = fopen(place->path[0], "wb");
	int input = dup(STDIN_FILENO), descriptor;

	some_frames(PCAP_MICROSECONDS, 100);
	fputs("a line before it\n", file);
	assert_int_equal(fwrite(bytes.byte, 1, bytes.length, file), bytes.length);
	fclose(file);
	descriptor = open(place->path[0], O_RDONLY);
	assert_int_equal(lseek(descriptor, 17, SEEK_SET), 17);
	dup2(descriptor, STDIN_FILENO);
	close(descriptor);
	trace = trace_open(paths, 1, wait_on, NULL);
	assert_non_null(trace);
	trace_use_buffers(trace, give_buffer);
	read_all(trace, &account);
	assert_int_equal(account.stayed, 100);
	assert_int_equal(account.failures, 0);
	trace_close(trace);
	free_buffers();
	dup2(input, STDIN_FILENO);
	close(input);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_frames_of_a_good_file_stay),
		TEST(times_that_are_odd_are_the_same),
		TEST(wire_lengths_below_the_captured_one_are_the_same),
		TEST(large_frames_are_the_same),
		TEST(records_are_cut_by_pieces_at_any_byte),
		TEST(files_that_were_cut_are_the_same),
		TEST(frames_above_the_limit_of_the_file_are_the_same),
		TEST(other_kinds_of_pcap_are_left_to_libpcap),
		TEST(link_types_that_libpcap_rewrites_are_left_to_it),
		TEST(damaged_files_are_the_same),
		TEST(several_files_are_the_same),
		TEST(a_file_that_grows_is_read_on),
		TEST(a_file_that_becomes_shorter_is_complained_about),
		TEST(a_trace_in_the_midst_of_standard_input_is_read),
	};

	return cmocka_run_group_tests_name("trace_records", tests, NULL, NULL);
}
