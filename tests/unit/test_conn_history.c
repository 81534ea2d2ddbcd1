/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

#include "conn/conn_history.h"

// A connection to write to.
static struct conn *start(struct tracking *tracking)
{
	tracking_start(tracking, NULL);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	conn_of(tracking)->end[0].letters = 0;
	conn_cold(tracking->table, conn_of(tracking))->history_length = 0;
	return conn_of(tracking);
}

static void assert_text(struct tracking *tracking, const struct conn *conn, const char *expected)
{
	char text[CONN_HISTORY_SIZE + 1];

	text[conn_history_copy(tracking->table, conn, text)] = '\0';
	assert_string_equal(text, expected);
}

static void the_responder_writes_in_lower_case(void **state)
{
	struct tracking *tracking = *state;
	struct conn *conn = start(tracking);

	conn_history_add(tracking->table, conn, CONN_ORIG, 'S');
	conn_history_add(tracking->table, conn, CONN_RESP, 'H');
	conn_history_add(tracking->table, conn, CONN_RESP, '^');
	assert_text(tracking, conn, "Sh^");
}

static void some_letters_are_written_once_a_side(void **state)
{
	struct tracking *tracking = *state;
	struct conn *conn = start(tracking);

	assert_true(conn_history_once(tracking->table, conn, CONN_ORIG, CONN_LETTER_DATA, 'D'));
	assert_false(conn_history_once(tracking->table, conn, CONN_ORIG, CONN_LETTER_DATA, 'D'));
	assert_true(conn_history_once(tracking->table, conn, CONN_RESP, CONN_LETTER_DATA, 'D'));
	assert_true(conn_history_once(tracking->table, conn, CONN_ORIG, CONN_LETTER_ACK, 'A'));
	assert_text(tracking, conn, "DdA");
}

static void some_letters_are_written_at_powers_of_ten(void **state)
{
	struct tracking *tracking = *state;
	struct conn *conn = start(tracking);

	for (int i = 0; i < 150000; i++) {
		conn_history_scaled(tracking->table, conn, CONN_ORIG, CONN_ZERO_WINDOW, 'W');
		if (i % 1000 == 0)
			conn_history_scaled(tracking->table, conn, CONN_RESP, CONN_RETRANSMISSION,
					    'T');
	}
	// 1, 10, 100, 1000, 10000, 100000 of the one; 1, 10, 100 of the other.
	assert_text(tracking, conn, "WtWWWtWtW");
}

static void one_and_powers_of_ten_are_on_the_scale(void **state)
{
	uint64_t power = 1;

	assert_false(conn_history_scale(0));
	for (int i = 0; i < 20; i++, power *= 10) {
		assert_true(conn_history_scale(power));
		assert_false(conn_history_scale(power + 1 == 10 ? 11 : power + 1));
		assert_false(conn_history_scale(power * 2 == 10 ? 20 : 2 * power));
		if (i == 18)
			break;
	}
}

static void a_long_history_goes_on_in_an_extension(void **state)
{
	struct tracking *tracking = *state;
	struct conn *conn = start(tracking);
	char expected[CONN_HISTORY_SIZE + 1] = {0};

	for (int i = 0; i < CONN_HISTORY_SIZE; i++) {
		char letter = (char)('A' + i % 26);

		conn_history_add(tracking->table, conn, i % 3 == 0, letter);
		expected[i] = (char)(letter | (i % 3 == 0 ? 0x20 : 0));
		assert_text(tracking, conn, expected);
		assert_int_equal(conn_extension_get(tracking->table, conn) != NULL,
				 i >= CONN_HISTORY_INLINE);
	}
}

static void a_full_history_stays_as_it_is(void **state)
{
	struct tracking *tracking = *state;
	struct conn *conn = start(tracking);
	char text[CONN_HISTORY_SIZE], again[CONN_HISTORY_SIZE];

	for (int i = 0; i < CONN_HISTORY_SIZE; i++)
		conn_history_add(tracking->table, conn, CONN_ORIG, (char)('A' + i % 26));
	assert_int_equal(conn_history_copy(tracking->table, conn, text), CONN_HISTORY_SIZE);
	for (int i = 0; i < 300; i++)
		conn_history_add(tracking->table, conn, CONN_RESP, 'Z');
	assert_int_equal(conn_history_copy(tracking->table, conn, again), CONN_HISTORY_SIZE);
	assert_memory_equal(text, again, sizeof(text));
	assert_int_equal(conn_table_counters(tracking->table)->extension_short, 0);
}

static void no_extension_is_counted_and_the_history_ends(void **state)
{
	struct tracking *tracking = *state;
	struct conn *conn = start(tracking);

	tracking->table->pool.extension_end = 0;
	for (int i = 0; i < 20; i++)
		conn_history_add(tracking->table, conn, CONN_ORIG, (char)('A' + i));
	assert_text(tracking, conn, "ABCDEFGHIJK");
	assert_int_equal(conn_table_counters(tracking->table)->extension_short, 9);
}

static void a_single_letter_is_recognized_and_replaced(void **state)
{
	struct tracking *tracking = *state;
	struct conn *conn = start(tracking);

	assert_false(conn_history_is(tracking->table, conn, 'H'));
	conn_history_add(tracking->table, conn, CONN_ORIG, 'H');
	assert_true(conn_history_is(tracking->table, conn, 'H'));
	assert_false(conn_history_is(tracking->table, conn, 'S'));
	conn_history_replace(tracking->table, conn, "^h");
	assert_false(conn_history_is(tracking->table, conn, '^'));
	conn_history_add(tracking->table, conn, CONN_ORIG, 'A');
	assert_text(tracking, conn, "^hA");
}

// Client 1 sends every other segment: a hole each time.
static void send_holes(struct tracking *tracking, uint32_t client, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		track_tcp(tracking, client, SERVER(client), PACKET_TCP_ACK, 101 + (2 * i + 1) * 10,
			  101, 10);
}

static void acknowledged_holes_are_missed_bytes(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	track_open(tracking, 1);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 10);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 111, 0);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 121, 101, 10);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 141, 101, 10);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 151, 0);
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &summary);
	assert_int_equal(summary.missed_bytes, 20);
	assert_int_equal(summary.bytes[CONN_ORIG], 50);
	assert_history(&summary, "ShADaG");
}

static void filled_holes_are_not_missed(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	track_open(tracking, 1);
	for (uint32_t i = 0; i < 100; i++)
		track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101 + (i * 37 % 100) * 10, 101,
			  10);
	assert_int_equal(tracking->table->pool.range_fresh > 0, 1);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 1101, 0);
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &summary);
	assert_int_equal(summary.missed_bytes, 0);
	assert_int_equal(summary.bytes[CONN_ORIG], 1000);
}

static uint32_t ranges_free(const struct conn_table *table)
{
	uint32_t count = table->pool.range_end - table->pool.range_fresh;

	for (uint32_t at = table->pool.range_free; at != CONN_NO_EXTENSION;
	     at = table->pool.range[at].next)
		count++;
	return count;
}

static uint32_t extensions_free(const struct conn_table *table)
{
	uint32_t count = table->pool.extension_end - table->pool.extension_fresh;

	for (uint32_t at = table->pool.extension_free; at != CONN_NO_EXTENSION;
	     at = table->pool.extension[at].range[0])
		count++;
	return count;
}

static void extensions_and_ranges_come_back(void **state)
{
	struct tracking *tracking = *state;
	uint32_t ranges, extensions;

	tracking_start(tracking, NULL);
	ranges = ranges_free(tracking->table);
	extensions = extensions_free(tracking->table);
	for (int round = 0; round < 100; round++) {
		for (uint32_t client = 1; client <= 20; client++) {
			track_open(tracking, client);
			track_tcp(tracking, SERVER(client), client, PACKET_TCP_ACK, 101, 102, 0);
			send_holes(tracking, client, 50);
		}
		assert_int_equal(ranges_free(tracking->table), ranges - 20 * 50);
		assert_int_equal(extensions_free(tracking->table), extensions - 20);
		advance(tracking, TIME_HOUR);
		assert_int_equal(finish_all(tracking), 20);
		assert_int_equal(ranges_free(tracking->table), ranges);
		assert_int_equal(extensions_free(tracking->table), extensions);
	}
	assert_int_equal(conn_table_counters(tracking->table)->extension_short, 0);
}

static void without_extensions_tracking_goes_on(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	tracking->table->pool.extension_end = 3;
	for (uint32_t client = 1; client <= 10; client++) {
		track_open(tracking, client);
		track_tcp(tracking, SERVER(client), client, PACKET_TCP_ACK, 101, 102, 0);
		send_holes(tracking, client, 5);
	}
	assert_true(conn_table_counters(tracking->table)->extension_short >= 7);
	conn_table_drain(tracking->table, SIZE_MAX);
	for (uint32_t client = 1; client <= 10; client++) {
		assert_finished(tracking, &summary);
		assert_int_equal(summary.bytes[CONN_ORIG], 100);
		assert_int_equal(summary.packets[CONN_ORIG], 7);
	}
	assert_int_equal(extensions_free(tracking->table), 3);
}

static void without_ranges_tracking_goes_on(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	tracking->table->pool.range_end = 20;
	for (uint32_t client = 1; client <= 10; client++) {
		track_open(tracking, client);
		track_tcp(tracking, SERVER(client), client, PACKET_TCP_ACK, 101, 102, 0);
		send_holes(tracking, client, 8);
	}
	assert_true(conn_table_counters(tracking->table)->extension_short >= 7);
	conn_table_drain(tracking->table, SIZE_MAX);
	for (uint32_t client = 1; client <= 10; client++) {
		assert_finished(tracking, &summary);
		assert_int_equal(summary.bytes[CONN_ORIG], 160);
	}
	assert_int_equal(ranges_free(tracking->table), 20);
}

static void a_stream_of_very_many_holes_is_given_up(void **state)
{
	struct tracking *tracking = *state;
	uint32_t ranges;

	tracking_start(tracking, NULL);
	ranges = ranges_free(tracking->table);
	track_open(tracking, 1);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 102, 0);
	send_holes(tracking, 1, CONN_RANGES_MOST);
	assert_int_equal(ranges_free(tracking->table), ranges - CONN_RANGES_MOST);
	send_holes(tracking, 1, CONN_RANGES_MOST + 1);
	assert_int_equal(ranges_free(tracking->table), ranges);
	assert_int_equal(conn_of(tracking)->end[CONN_ORIG].gave_up, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_responder_writes_in_lower_case),
		TEST(some_letters_are_written_once_a_side),
		TEST(some_letters_are_written_at_powers_of_ten),
		TEST(one_and_powers_of_ten_are_on_the_scale),
		TEST(a_long_history_goes_on_in_an_extension),
		TEST(a_full_history_stays_as_it_is),
		TEST(no_extension_is_counted_and_the_history_ends),
		TEST(a_single_letter_is_recognized_and_replaced),
		TEST(acknowledged_holes_are_missed_bytes),
		TEST(filled_holes_are_not_missed),
		TEST(extensions_and_ranges_come_back),
		TEST(without_extensions_tracking_goes_on),
		TEST(without_ranges_tracking_goes_on),
		TEST(a_stream_of_very_many_holes_is_given_up),
	};

	return cmocka_run_group_tests_name("conn_history", tests, NULL, NULL);
}
