/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

// What a summary has for the optional columns of conn.log.

#define CLIENT     1
#define SYN        PACKET_TCP_SYN
#define ACK        PACKET_TCP_ACK
#define FROM_ORIG  CLIENT, SERVER(CLIENT)
#define FROM_RESP  SERVER(CLIENT), CLIENT
#define MILLI      TIME_MILLISECOND
#define ISN        100u
#define FIRST_BYTE (ISN + 1)

// `now` moves by this before the packet.
static void after(struct tracking *tracking, uint64_t span)
{
	tracking->now += span;
}

static struct conn_summary summary_of(struct tracking *tracking)
{
	struct conn_summary summary;

	while (conn_table_drain(tracking->table, SIZE_MAX) > 0)
		;
	assert_finished(tracking, &summary);
	return summary;
}

static void start(struct tracking *tracking)
{
	tracking->settings.keep_link = tracking->settings.count_segments = true;
	tracking_start(tracking, NULL);
}

// Data of the client at that position (0 is the first byte), with an ACK of all that the server
// said.
static void data(struct tracking *tracking, uint32_t position, uint32_t length)
{
	track_tcp(tracking, FROM_ORIG, ACK, FIRST_BYTE + position, FIRST_BYTE, length);
}

static void server_acknowledges(struct tracking *tracking, uint32_t position)
{
	track_tcp(tracking, FROM_RESP, ACK, FIRST_BYTE, FIRST_BYTE + position, 0);
}

static void assert_segments(struct tracking *tracking, uint32_t retransmitted,
			    uint32_t out_of_order)
{
	struct conn_summary summary = summary_of(tracking);

	assert_int_equal(summary.retransmitted[CONN_ORIG], retransmitted);
	assert_int_equal(summary.out_of_order[CONN_ORIG], out_of_order);
	assert_int_equal(summary.retransmitted[CONN_RESP], 0);
	assert_int_equal(summary.out_of_order[CONN_RESP], 0);
}

static void assert_round_trips(struct tracking *tracking, uint32_t orig, uint32_t resp)
{
	struct conn_summary summary = summary_of(tracking);

	assert_int_equal(summary.round_trip[CONN_ORIG], orig);
	assert_int_equal(summary.round_trip[CONN_RESP], resp);
}

static void a_handshake_is_timed_each_way(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	after(tracking, 30 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	after(tracking, 20 * MILLI);
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 1, ISN + 1, 0);
	after(tracking, 10 * MILLI);
	data(tracking, 0, 10);
	server_acknowledges(tracking, 10);
	assert_round_trips(tracking, 30000, 20000);
}

static void the_answer_may_carry_data(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	after(tracking, 30 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	after(tracking, 20 * MILLI);
	data(tracking, 0, 10);
	assert_round_trips(tracking, 30000, 20000);
}

static void numbers_that_wrap_are_timed(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, UINT32_MAX, 0, 0);
	after(tracking, 3 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, UINT32_MAX, 0, 0);
	after(tracking, 2 * MILLI);
	track_tcp(tracking, FROM_ORIG, ACK, 0, 0, 0);
	assert_round_trips(tracking, 3000, 2000);
}

static void a_repeated_syn_leaves_both_times_unknown(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	after(tracking, 1000 * MILLI);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	after(tracking, 30 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 1, ISN + 1, 0);
	assert_round_trips(tracking, 0, 0);
}

static void a_repeated_syn_ack_leaves_its_answer_unknown(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	after(tracking, 30 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	after(tracking, 1000 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 1, ISN + 1, 0);
	assert_round_trips(tracking, 30000, 0);
}

static void an_answer_to_something_else_is_not_timed(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	after(tracking, 30 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 5000, 0);
	after(tracking, 20 * MILLI);
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 1, ISN + 1, 0);
	assert_round_trips(tracking, 0, 0);
}

static void an_ack_of_something_else_is_not_timed(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	after(tracking, 30 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	after(tracking, 20 * MILLI);
	// An RFC 5961 challenge for a SYN-ACK that this host never asked for.
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 1, ISN - 5000, 0);
	assert_round_trips(tracking, 30000, 0);
}

static void time_that_runs_back_is_not_a_round_trip(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 0);
	tracking->now -= MILLI;
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	after(tracking, 3 * MILLI);
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 1, ISN + 1, 0);
	assert_round_trips(tracking, 0, 0);
}

static void a_round_trip_within_a_microsecond_is_one(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_open(tracking, CLIENT);
	assert_round_trips(tracking, 1, 1);
}

static void a_copy_is_retransmitted(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_open(tracking, CLIENT);
	data(tracking, 0, 100);
	for (int i = 0; i < 300; i++)
		data(tracking, 0, 100);
	assert_segments(tracking, 300, 0);
}

static void what_fills_a_hole_is_out_of_order(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_open(tracking, CLIENT);
	data(tracking, 400, 100);
	data(tracking, 200, 100);
	data(tracking, 0, 100);
	data(tracking, 100, 100);
	data(tracking, 300, 100);
	server_acknowledges(tracking, 500);
	assert_segments(tracking, 0, 4);
}

static void a_copy_beside_a_hole_is_retransmitted(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_open(tracking, CLIENT);
	data(tracking, 0, 100);
	data(tracking, 200, 100);
	data(tracking, 300, 100);
	data(tracking, 0, 100);
	data(tracking, 250, 100);
	data(tracking, 100, 100);
	data(tracking, 100, 100);
	assert_segments(tracking, 3, 1);
}

static void a_keep_alive_is_neither(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_open(tracking, CLIENT);
	data(tracking, 0, 100);
	server_acknowledges(tracking, 100);
	for (int i = 0; i < 20; i++) {
		data(tracking, 99, 1);
		data(tracking, 99, 0);
		server_acknowledges(tracking, 100);
	}
	assert_segments(tracking, 0, 0);
}

static void a_single_byte_that_was_not_acknowledged_is_retransmitted(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_open(tracking, CLIENT);
	data(tracking, 0, 1);
	data(tracking, 0, 1);
	assert_segments(tracking, 1, 0);
}

static void payload_of_a_syn_or_a_rst_is_neither(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_tcp(tracking, FROM_ORIG, SYN, ISN, 0, 50);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 51, 0);
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 51, ISN + 1, 0);
	track_tcp(tracking, FROM_ORIG, PACKET_TCP_RST, ISN + 51, 0, 20);
	assert_segments(tracking, 0, 0);
}

static void zero_windows_are_counted_each_way(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	start(tracking);
	track_open(tracking, CLIENT);
	for (int i = 0; i < 3; i++) {
		tcp_between(tracking, FROM_RESP, ACK, FIRST_BYTE, FIRST_BYTE, 0)->window = 0;
		track(tracking);
	}
	tcp_between(tracking, FROM_ORIG, ACK, FIRST_BYTE, FIRST_BYTE, 0)->window = 0;
	track(tracking);
	summary = summary_of(tracking);
	assert_int_equal(summary.zero_windows[CONN_ORIG], 1);
	assert_int_equal(summary.zero_windows[CONN_RESP], 3);
}

static void many_zero_windows_are_counted(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	track_open(tracking, CLIENT);
	for (int i = 0; i < 70000; i++) {
		tcp_between(tracking, FROM_RESP, ACK, FIRST_BYTE, FIRST_BYTE, 0)->window = 0;
		track(tracking);
	}
	assert_int_equal(summary_of(tracking).zero_windows[CONN_RESP], 70000);
}

static void give_link(struct packet *packet)
{
	static const uint8_t destination[6] = {2, 0, 0, 0, 0, 0xd}, source[6] = {2, 0, 0, 0, 0, 5};

	memcpy(packet->mac[0], destination, sizeof(destination));
	memcpy(packet->mac[1], source, sizeof(source));
	packet->has_mac = 1;
	packet->vlan[0] = 13;
	packet->vlan[1] = 10;
}

static void link_addresses_and_tags_are_those_of_the_first_packet(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	start(tracking);
	give_link(tcp_between(tracking, FROM_ORIG, SYN, ISN, 0, 0));
	track(tracking);
	give_link(tcp_between(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0));
	tracking->packet.mac[0][5] = 0x77;
	tracking->packet.vlan[0] = 77;
	track(tracking);
	summary = summary_of(tracking);
	assert_int_equal(summary.mac[CONN_ORIG][5], 5);
	assert_int_equal(summary.mac[CONN_RESP][5], 0xd);
	assert_int_equal(summary.vlan[0], 13);
	assert_int_equal(summary.vlan[1], 10);
}

static void a_flip_exchanges_link_addresses_and_leaves_tags(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	start(tracking);
	// From a server's port without a SYN: its sender becomes the responder.
	give_link(tcp_between(tracking, FROM_RESP, ACK, ISN, ISN, 10));
	track(tracking);
	summary = summary_of(tracking);
	assert_history(&summary, "^d");
	assert_int_equal(summary.mac[CONN_ORIG][5], 0xd);
	assert_int_equal(summary.mac[CONN_RESP][5], 5);
	assert_int_equal(summary.vlan[0], 13);
	assert_int_equal(summary.vlan[1], 10);
}

static void a_late_flip_exchanges_all_that_has_sides(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	start(tracking);
	give_link(tcp_between(tracking, FROM_ORIG, SYN, ISN, 0, 0));
	track(tracking);
	after(tracking, 30 * MILLI);
	track_tcp(tracking, FROM_RESP, SYN | ACK, ISN, ISN + 1, 0);
	after(tracking, 20 * MILLI);
	track_tcp(tracking, FROM_ORIG, ACK, ISN + 1, ISN + 1, 0);
	data(tracking, 100, 100);
	data(tracking, 0, 100);
	data(tracking, 0, 100);
	conn_flip(tracking->table, conn_of(tracking));
	summary = summary_of(tracking);
	assert_int_equal(summary.mac[CONN_RESP][5], 5);
	assert_int_equal(summary.out_of_order[CONN_RESP], 1);
	assert_int_equal(summary.retransmitted[CONN_RESP], 1);
	assert_int_equal(summary.round_trip[CONN_ORIG], 20000);
	assert_int_equal(summary.round_trip[CONN_RESP], 30000);
}

static void nothing_is_kept_that_nobody_wants(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	give_link(tcp_between(tracking, FROM_ORIG, SYN, ISN, 0, 0));
	track(tracking);
	assert_null(conn_extension_get(tracking->table, conn_of(tracking)));
	summary = summary_of(tracking);
	assert_false(summary.linked);
	assert_int_equal(summary.vlan[0], PACKET_NO_VLAN);
	assert_int_equal(summary.vlan[1], PACKET_NO_VLAN);
}

static void only_tcp_has_times_and_segments(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	start(tracking);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	track_udp(tracking, 2, 5000, 1, 4000, 10);
	summary = summary_of(tracking);
	for (int side = 0; side < 2; side++) {
		assert_int_equal(summary.round_trip[side], 0);
		assert_int_equal(summary.retransmitted[side], 0);
		assert_int_equal(summary.zero_windows[side], 0);
	}
}

static void a_full_table_has_room_for_every_link(void **state)
{
	struct tracking *tracking = *state;

	start(tracking);
	for (uint32_t i = 1; i <= 300; i++) {
		tracking->now++;
		give_link(tcp_between(tracking, i, SERVER(i), SYN, ISN, 0, 0));
		track(tracking);
	}
	// More than 64 live at no time, but all 300 wait to be logged.
	while (conn_table_drain(tracking->table, SIZE_MAX) > 0)
		;
	for (uint32_t i = 1; i <= 300; i++) {
		struct conn_summary summary;

		assert_finished(tracking, &summary);
		assert_int_equal(summary.mac[CONN_ORIG][5], 5);
		assert_int_equal(summary.vlan[0], 13);
	}
	assert_int_equal(conn_table_counters(tracking->table)->extension_short, 0);
}

static void ip_bytes_have_64_bits(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;
	struct conn *conn;

	start(tracking);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	conn = conn_of(tracking);
	conn->ip_bytes[CONN_ORIG] = UINT32_MAX;
	conn_rare(tracking->table, conn)->ip_bytes_high[CONN_ORIG] = UINT16_MAX;
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	summary = summary_of(tracking);
	assert_int_equal(summary.ip_bytes[CONN_ORIG], (UINT64_C(1) << 48) + 37);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handshake_is_timed_each_way),
		TEST(the_answer_may_carry_data),
		TEST(numbers_that_wrap_are_timed),
		TEST(a_repeated_syn_leaves_both_times_unknown),
		TEST(a_repeated_syn_ack_leaves_its_answer_unknown),
		TEST(an_answer_to_something_else_is_not_timed),
		TEST(an_ack_of_something_else_is_not_timed),
		TEST(time_that_runs_back_is_not_a_round_trip),
		TEST(a_round_trip_within_a_microsecond_is_one),
		TEST(a_copy_is_retransmitted),
		TEST(what_fills_a_hole_is_out_of_order),
		TEST(a_copy_beside_a_hole_is_retransmitted),
		TEST(a_keep_alive_is_neither),
		TEST(a_single_byte_that_was_not_acknowledged_is_retransmitted),
		TEST(payload_of_a_syn_or_a_rst_is_neither),
		TEST(zero_windows_are_counted_each_way),
		TEST(many_zero_windows_are_counted),
		TEST(link_addresses_and_tags_are_those_of_the_first_packet),
		TEST(a_flip_exchanges_link_addresses_and_leaves_tags),
		TEST(a_late_flip_exchanges_all_that_has_sides),
		TEST(nothing_is_kept_that_nobody_wants),
		TEST(only_tcp_has_times_and_segments),
		TEST(a_full_table_has_room_for_every_link),
		TEST(ip_bytes_have_64_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
