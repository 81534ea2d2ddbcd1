/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump_fixture.h"

#include <pthread.h>

struct worker {
	struct dump_ring *ring;
	uint32_t first, count; // connections
	uint32_t packets;
};

// All its connections by turns, as a link brings them.
static void *run_worker(void *argument)
{
	const struct worker *worker = argument;

	for (uint32_t number = 0; number < worker->packets; number++)
		for (uint32_t i = 0; i < worker->count; i++)
			put(worker->ring, worker->first + i, number, 60);
	for (uint32_t i = 0; i < worker->count; i++)
		dump_end(worker->ring, uid_of(worker->first + i));
	return NULL;
}

static void run_workers(struct dump *dump, uint32_t connections, uint32_t packets)
{
	struct worker worker[2];
	pthread_t thread[2];

	for (uint32_t i = 0; i < 2; i++) {
		worker[i] = (struct worker){dump_ring(dump, i), i * connections / 2,
					    connections / 2, packets};
		assert_int_equal(pthread_create(&thread[i], NULL, run_worker, &worker[i]), 0);
	}
	for (uint32_t i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

static void writes_packets_of_two_workers_with_time_and_bytes(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	struct dump_counters counters;

	assert_int_equal(dump_start(dump), 0);
	run_workers(dump, 2, 100);
	assert_int_equal(dump_finish(dump), 0);
	counters = counters_of(dump);
	assert_int_equal(check_packets(file_of(place, 0, ""), 0, 0, 60), 100);
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 60), 100);
	assert_int_equal(counters.files, 2);
	assert_int_equal(counters.packets, 200);
	assert_int_equal(counters.lost + counters.refused + counters.beyond + counters.failed, 0);
	dump_destroy(dump);
}

static void says_connection_and_rule_in_the_section_header(void **state)
{
	struct packet_key six = {.address = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
					     {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}}},
				 .port = {53, 1024},
				 .protocol = PACKET_UDP};
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	struct dump_packet packet = packet_of(2, 0, 60);
	char uid[2][UID_TEXT_SIZE + 1] = {"", ""}, expected[200];

	for (uint32_t i = 0; i < 2; i++)
		uid[i][uid_format(uid_of(i + 1), uid[i])] = '\0';
	assert_int_equal(dump_start(dump), 0);
	put(dump_ring(dump, 0), 1, 0, 60);
	packet.key = &six;
	packet.originator = 0;
	packet.rule = 12;
	dump_put(dump_ring(dump, 0), &packet);
	dump_finish(dump);
	snprintf(expected, sizeof(expected),
		 "weir connection %s, rule rule3, tcp 10.0.0.2:40000 > 10.0.0.1:80", uid[0]);
	check_comment(file_of(place, 1, ""), BLOCK_SECTION, 24, expected);
	snprintf(expected, sizeof(expected),
		 "weir connection %s, rule rule12, udp [2001:db8::1]:53 > [2001:db8::2]:1024",
		 uid[1]);
	check_comment(file_of(place, 2, ""), BLOCK_SECTION, 24, expected);
	dump_destroy(dump);
}

static void marks_which_side_sent_a_packet(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	struct dump_packet packet = packet_of(1, 0, 61);
	uint16_t length;
	uint8_t *bytes;
	size_t size;

	dump_start(dump);
	dump_put(dump_ring(dump, 0), &packet);
	packet.from_originator = false;
	dump_put(dump_ring(dump, 0), &packet);
	dump_finish(dump);
	bytes = read_file(file_of(place, 1, ""), &size);
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *block = find_block(bytes, size, BLOCK_PACKET, i);

		assert_non_null(block);
		assert_int_equal(bytes_host32(find_option(block, 28 + 64, 2, &length)), 2 - i);
	}
	free(bytes);
	dump_destroy(dump);
}

static void describes_one_ethernet_with_the_length_of_packets(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	const uint8_t *block;
	uint8_t *bytes;
	size_t size;

	settings.packet_bytes = 99;
	dump = dump_create(&settings);
	dump_start(dump);
	put(dump_ring(dump, 0), 1, 0, 60);
	put(dump_ring(dump, 0), 1, 1, 60);
	dump_finish(dump);
	bytes = read_file(file_of(place, 1, ""), &size);
	block = find_block(bytes, size, BLOCK_INTERFACE, 0);
	assert_non_null(block);
	assert_int_equal(bytes_host32(block + 8) & 0xffff, 1);
	assert_int_equal(bytes_host32(block + 12), 99);
	assert_null(find_block(bytes, size, BLOCK_INTERFACE, 1));
	free(bytes);
	dump_destroy(dump);
}

static void cuts_long_packets_and_says_their_length(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump_packet packet = packet_of(1, 0, 3000);
	struct dump *dump;
	const uint8_t *block;
	uint8_t *bytes;
	size_t size;

	settings.packet_bytes = 99;
	packet.length = 4000;
	dump = dump_create(&settings);
	dump_start(dump);
	dump_put(dump_ring(dump, 0), &packet);
	dump_finish(dump);
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 99), 1);
	bytes = read_file(file_of(place, 1, ""), &size);
	block = find_block(bytes, size, BLOCK_PACKET, 0);
	assert_int_equal(bytes_host32(block + 20), 99);
	assert_int_equal(bytes_host32(block + 24), 4000);
	free(bytes);
	dump_destroy(dump);
}

static void stops_a_file_at_its_size(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	struct dump_counters counters;
	uint64_t received, dropped;
	struct stat status;

	settings.file_bytes = 10000;
	settings.wait = true;
	dump = dump_create(&settings);
	dump_start(dump);
	for (uint32_t i = 0; i < 500; i++)
		put(dump_ring(dump, 0), 1, i, 200);
	put(dump_ring(dump, 0), 2, 0, 200);
	dump_finish(dump);
	counters = counters_of(dump);
	assert_int_equal(counters.filled, 1);
	assert_int_equal(counters.packets + counters.beyond, 501);
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 200), counters.packets - 1);
	assert_int_equal(stat(file_of(place, 1, ""), &status), 0);
	assert_in_range(status.st_size, 9000, 10000);
	check_comment(file_of(place, 1, ""), BLOCK_STATISTICS, 20, "stopped at 10000 bytes");
	assert_true(read_statistics(file_of(place, 1, ""), &received, &dropped));
	assert_int_equal(received, counters.packets - 1);
	assert_int_equal(check_packets(file_of(place, 2, ""), 2, 0, 200), 1);
	dump_destroy(dump);
}

static void the_smallest_file_has_room_for_the_largest_packet(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	struct stat status;

	settings.file_bytes = DUMP_FILE_LEAST;
	dump = dump_create(&settings);
	dump_start(dump);
	put(dump_ring(dump, 0), 1, 0, DUMP_PACKET_MOST);
	put(dump_ring(dump, 0), 1, 1, DUMP_PACKET_MOST);
	dump_finish(dump);
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, DUMP_PACKET_MOST), 1);
	assert_int_equal(stat(file_of(place, 1, ""), &status), 0);
	assert_in_range(status.st_size, 1, DUMP_FILE_LEAST);
	dump_destroy(dump);
}

static void makes_no_more_files_than_allowed(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	struct dump_counters counters;
	char *messages;

	settings.files = 3;
	dump = dump_create(&settings);
	begin_messages(place);
	dump_start(dump);
	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t connection = 0; connection < 10; connection++)
			put(dump_ring(dump, 0), connection, i, 60);
	// An end makes room on the disk for nobody.
	dump_end(dump_ring(dump, 0), uid_of(0));
	put(dump_ring(dump, 0), 11, 0, 60);
	dump_finish(dump);
	messages = read_messages(place);
	end_messages(place);
	counters = counters_of(dump);
	assert_int_equal(counters.files, 3);
	assert_int_equal(count_files(place->captures), 3);
	assert_int_equal(counters.packets, 6);
	assert_int_equal(counters.refused, 15);
	assert_int_equal(count_text(messages, "3 files of this run"), 1);
	free(messages);
	dump_destroy(dump);
}

static unsigned count_open(void)
{
	return count_files("/proc/self/fd");
}

static void writes_two_hundred_connections_with_few_open_files(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	unsigned open_before = count_open();

	settings.wait = true;
	dump = dump_create(&settings);
	dump_start(dump);
	for (uint32_t number = 0; number < 20; number++)
		for (uint32_t i = 0; i < 200; i++)
			put(dump_ring(dump, i & 1), i, number, 60);
	WAIT_UNTIL(counters_of(dump).packets == 4000);
	assert_in_range(count_open(), open_before + 1, open_before + 64);
	assert_int_equal(dump_finish(dump), 0);
	for (uint32_t i = 0; i < 200; i++) {
		uint64_t received, dropped;

		assert_int_equal(check_packets(file_of(place, i, ""), i, 0, 60), 20);
		assert_true(read_statistics(file_of(place, i, ""), &received, &dropped));
		assert_int_equal(received, 20);
	}
	assert_int_equal(count_open(), open_before);
	dump_destroy(dump);
}

static void two_workers_write_many_connections_at_the_same_time(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	struct dump_counters counters;

	settings.wait = true;
	dump = dump_create(&settings);
	dump_start(dump);
	run_workers(dump, 200, 50);
	assert_int_equal(dump_finish(dump), 0);
	counters = counters_of(dump);
	assert_int_equal(counters.files, 200);
	assert_int_equal(counters.packets, 10000);
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(check_packets(file_of(place, i, ""), i, 0, 60), 50);
	dump_destroy(dump);
}

static void completes_a_file_when_its_connection_ends(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	unsigned open_before = count_open();
	uint64_t received, dropped;

	dump_start(dump);
	put(dump_ring(dump, 0), 1, 0, 60);
	put(dump_ring(dump, 0), 2, 0, 60);
	WAIT_UNTIL(counters_of(dump).packets == 2);
	// They can be read as far as they go.
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 60), 1);
	assert_false(read_statistics(file_of(place, 1, ""), &received, &dropped));
	dump_end(dump_ring(dump, 0), uid_of(1));
	dump_end(dump_ring(dump, 0), uid_of(99));
	WAIT_UNTIL(count_open() == open_before + 1);
	assert_true(read_statistics(file_of(place, 1, ""), &received, &dropped));
	assert_false(read_statistics(file_of(place, 2, ""), &received, &dropped));
	dump_finish(dump);
	assert_true(read_statistics(file_of(place, 2, ""), &received, &dropped));
	dump_destroy(dump);
}

static void leaves_files_of_an_earlier_run_alone(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;

	settings.files = 1;
	for (unsigned run = 0; run < 3; run++) {
		dump = dump_create(&settings);
		dump_start(dump);
		put(dump_ring(dump, 0), 1, run, 60);
		dump_finish(dump);
		assert_int_equal(counters_of(dump).files, 1);
		dump_destroy(dump);
	}
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 60), 1);
	assert_int_equal(check_packets(file_of(place, 1, "-1"), 1, 1, 60), 1);
	assert_int_equal(check_packets(file_of(place, 1, "-2"), 1, 2, 60), 1);
}

static void makes_directory_and_files_that_others_cannot_read(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump = dump_create(&settings);
	mode_t before = umask(022);
	struct stat status;

	dump_start(dump);
	put(dump_ring(dump, 0), 1, 0, 60);
	dump_finish(dump);
	umask(before);
	assert_int_equal(stat(place->captures, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0750);
	assert_int_equal(stat(file_of(place, 1, ""), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	dump_destroy(dump);
}

static long resident_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long size, resident = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld", &size, &resident), 2);
	fclose(file);
	return resident;
}

static void costs_nothing_without_packets(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;
	long before;

	settings.ring_packets = 65536;
	settings.workers = 8;
	before = resident_pages();
	dump = dump_create(&settings);
	assert_in_range(resident_pages() - before, 0, 512);
	dump_start(dump);
	assert_int_equal(dump_finish(dump), 0);
	assert_int_equal(access(place->captures, F_OK), -1);
	dump_destroy(dump);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_packets_of_two_workers_with_time_and_bytes),
		TEST(says_connection_and_rule_in_the_section_header),
		TEST(marks_which_side_sent_a_packet),
		TEST(describes_one_ethernet_with_the_length_of_packets),
		TEST(cuts_long_packets_and_says_their_length),
		TEST(stops_a_file_at_its_size),
		TEST(the_smallest_file_has_room_for_the_largest_packet),
		TEST(makes_no_more_files_than_allowed),
		TEST(writes_two_hundred_connections_with_few_open_files),
		TEST(two_workers_write_many_connections_at_the_same_time),
		TEST(completes_a_file_when_its_connection_ends),
		TEST(leaves_files_of_an_earlier_run_alone),
		TEST(makes_directory_and_files_that_others_cannot_read),
		TEST(costs_nothing_without_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
