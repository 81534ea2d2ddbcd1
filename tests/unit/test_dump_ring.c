/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump_fixture.h"

// A ring of 8 has room for 7 packets; as long as the thread is not started, nobody takes them out.
static struct dump *create_small(const struct place *place)
{
	struct dump_settings settings = settings_for(place);

	settings.ring_packets = 8;
	return dump_create(&settings);
}

static void says_how_many_packets_found_no_room(void **state)
{
	struct place *place = *state;
	struct dump *dump = create_small(place);
	struct dump_ring *ring = dump_ring(dump, 1);
	uint64_t received, dropped;

	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(put(ring, 1, i, 60), i < 7);
	assert_false(put(ring, 2, 0, 60));
	assert_int_equal(counters_of(dump).lost, 4);
	dump_start(dump);
	assert_int_equal(dump_finish(dump), 0);
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 60), 7);
	assert_true(read_statistics(file_of(place, 1, ""), &received, &dropped));
	assert_int_equal(received, 10);
	assert_int_equal(dropped, 3);
	// Even a connection of which there is nothing has a file, which says so.
	assert_int_equal(check_packets(file_of(place, 2, ""), 2, 0, 60), 0);
	assert_true(read_statistics(file_of(place, 2, ""), &received, &dropped));
	assert_int_equal(dropped, 1);
	dump_destroy(dump);
}

static void a_loss_is_told_before_the_next_packet(void **state)
{
	struct place *place = *state;
	struct dump *dump = create_small(place);
	struct dump_ring *ring = dump_ring(dump, 0);
	uint64_t received, dropped;

	for (uint32_t i = 0; i < 9; i++)
		put(ring, 1, i, 60);
	dump_start(dump);
	WAIT_UNTIL(counters_of(dump).packets == 7);
	WAIT_UNTIL(put(ring, 1, 9, 60));
	assert_true(dump_end(ring, uid_of(1)));
	// The file is complete while the run goes on, so that nothing comes from the worker's notes.
	WAIT_UNTIL(read_statistics(file_of(place, 1, ""), &received, &dropped));
	assert_int_equal(received, 10);
	assert_int_equal(dropped, 2);
	dump_destroy(dump);
}

static void an_end_without_room_is_remembered(void **state)
{
	struct place *place = *state;
	struct dump *dump = create_small(place);
	struct dump_ring *ring = dump_ring(dump, 0);
	uint64_t received, dropped;

	for (uint32_t i = 0; i < 7; i++)
		put(ring, 1, i, 60);
	assert_true(dump_end(ring, uid_of(1)));
	dump_start(dump);
	WAIT_UNTIL(counters_of(dump).packets == 7);
	put(ring, 2, 0, 60);
	WAIT_UNTIL(read_statistics(file_of(place, 1, ""), &received, &dropped));
	assert_int_equal(dropped, 0);
	dump_destroy(dump);
}

static void what_cannot_be_remembered_is_counted(void **state)
{
	struct place *place = *state;
	struct dump *dump = create_small(place);
	struct dump_ring *ring = dump_ring(dump, 0);
	uint64_t received, dropped;

	for (uint32_t i = 0; i < 107; i++)
		put(ring, i, 0, 60);
	assert_false(dump_end(ring, uid_of(1)));
	assert_int_equal(counters_of(dump).lost, 100);
	dump_start(dump);
	dump_finish(dump);
	assert_int_equal(counters_of(dump).packets, 7);
	// All the same: the run has ended.
	assert_true(read_statistics(file_of(place, 1, ""), &received, &dropped));
	dump_destroy(dump);
}

static void loses_nothing_where_a_worker_may_wait(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;

	settings.ring_packets = 4;
	settings.wait = true;
	dump = dump_create(&settings);
	dump_start(dump);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(put(dump_ring(dump, 0), 1, i, 60));
	assert_true(dump_end(dump_ring(dump, 0), uid_of(1)));
	dump_finish(dump);
	assert_int_equal(check_packets(file_of(place, 1, ""), 1, 0, 60), 100);
	dump_destroy(dump);
}

static void nobody_waits_for_a_thread_that_does_not_run(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;

	settings.ring_packets = 4;
	settings.wait = true;
	dump = dump_create(&settings);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(put(dump_ring(dump, 0), 1, i, 60), i < 3);
	dump_start(dump);
	dump_finish(dump);
	for (uint32_t i = 0; i < 10; i++)
		put(dump_ring(dump, 0), 1, i, 60);
	dump_destroy(dump);
}

static void takes_packets_of_any_length(void **state)
{
	struct place *place = *state;
	struct dump_settings settings = settings_for(place);
	struct dump *dump;

	settings.packet_bytes = 13;
	dump = dump_create(&settings);
	for (uint32_t length = 0; length < 20; length++)
		put(dump_ring(dump, 0), length, 0, length);
	dump_start(dump);
	dump_finish(dump);
	for (uint32_t length = 0; length < 20; length++)
		assert_int_equal(check_packets(file_of(place, length, ""), length, 0,
					       length < 13 ? length : 13),
				 1);
	dump_destroy(dump);
}

static void refuses_settings_that_make_no_sense(void **state)
{
	struct place *place = *state;
	struct dump_settings settings;

	begin_messages(place);
	settings = settings_for(place);
	settings.ring_packets = 1000;
	assert_null(dump_create(&settings));
	settings = settings_for(place);
	settings.packet_bytes = DUMP_PACKET_MOST + 1;
	assert_null(dump_create(&settings));
	settings = settings_for(place);
	settings.file_bytes = DUMP_FILE_LEAST - 1;
	assert_null(dump_create(&settings));
	settings = settings_for(place);
	settings.directory = "";
	assert_null(dump_create(&settings));
	end_messages(place);
	dump_destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_how_many_packets_found_no_room),
		TEST(a_loss_is_told_before_the_next_packet),
		TEST(an_end_without_room_is_remembered),
		TEST(what_cannot_be_remembered_is_counted),
		TEST(loses_nothing_where_a_worker_may_wait),
		TEST(nobody_waits_for_a_thread_that_does_not_run),
		TEST(takes_packets_of_any_length),
		TEST(refuses_settings_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
