/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "event_fixture.h"

static void a_syn_is_a_new_connection_first(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	assert_heard("new_connection connection_SYN_packet");
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	assert_heard("connection_SYN_packet");
}

static void a_handshake_is_established_before_its_first_ack(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	heard.count = 0;
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101, 0);
	assert_heard("connection_SYN_packet connection_established");
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 0);
	assert_heard("connection_first_ACK");
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 10);
	assert_heard("");
}

// Strange but so: what Zeek raises at the end of the close delay is a time-out.
static void a_close_is_followed_by_a_time_out(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	heard.count = 0;
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
	assert_heard("connection_EOF");
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 102, 0);
	assert_heard("connection_EOF connection_finished");
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 102, 102, 0);
	advance(tracking, 5 * TIME_SECOND - 1);
	assert_heard("");
	advance(tracking, 1);
	assert_heard("connection_timeout connection_state_remove");
	assert_removal(1, CONN_STATE_SF, CONN_REASON_CLOSED, "ShAFf");
}

static void a_close_without_delay_is_no_time_out(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.tcp_close_delay = 0;
	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
	heard.count = 0;
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 102, 0);
	advance(tracking, TIME_SECOND);
	assert_heard("connection_EOF connection_finished connection_state_remove");
}

static void the_end_of_a_stream_tells_whose_it_is(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, UINT32_C(1) << CONN_EVENT_EOF);
	track_open(tracking, 1);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 102, 0);
	assert_heard("connection_EOF connection_EOF");
	assert_int_equal(heard.event[0].side, CONN_RESP);
	assert_int_equal(heard.event[1].side, CONN_ORIG);
}

static void a_stream_ends_when_its_last_byte_is_acknowledged(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	heard.count = 0;
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 101, 50);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
	assert_heard("");
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 102, 151, 0);
	assert_heard("connection_EOF");
	assert_int_equal(heard.event[0].side, CONN_ORIG);
}

static void a_reset_ends_the_stream_of_its_sender(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	heard.count = 0;
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_RST, 101, 101, 0);
	assert_heard("connection_reset connection_EOF");
	assert_int_equal(heard.event[1].side, CONN_RESP);
	advance(tracking, 5 * TIME_SECOND);
	assert_heard("connection_timeout connection_state_remove");
	assert_removal(1, CONN_STATE_RSTR, CONN_REASON_RESET, "ShAr");
}

static void a_refused_connection_is_rejected_not_reset(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	heard.count = 0;
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_RST | PACKET_TCP_ACK, 0, 101, 0);
	assert_heard("connection_rejected connection_EOF");
	advance(tracking, 5 * TIME_SECOND);
	assert_heard("connection_timeout connection_state_remove");
	assert_removal(1, CONN_STATE_REJ, CONN_REASON_RESET, "Sr");
}

static void a_syn_that_nobody_answers_is_an_attempt(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	heard.count = 0;
	advance(tracking, 5 * TIME_SECOND);
	assert_heard("connection_attempt connection_state_remove");
	assert_removal(1, CONN_STATE_S0, CONN_REASON_ATTEMPT, "S");
}

static void a_close_of_which_one_side_was_seen_is_half(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	heard.count = 0;
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
	assert_heard("connection_first_ACK connection_EOF connection_half_finished");
}

static void a_new_syn_on_the_same_tuple_reuses_it(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	heard.count = 0;
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 9000, 0, 0);
	assert_heard("connection_reused connection_state_remove new_connection "
		     "connection_SYN_packet");
	assert_removal(1, CONN_STATE_S1, CONN_REASON_REUSED, "ShA");
	assert_memory_equal(&heard.event[0].uid, &heard.event[1].uid, sizeof(struct uid));
	assert_memory_not_equal(&heard.event[1].uid, &heard.event[2].uid, sizeof(struct uid));
	assert_memory_equal(&heard.event[2].uid, &heard.event[3].uid, sizeof(struct uid));
}

static void a_connection_without_opening_is_partial_when_both_spoke(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 10);
	assert_heard("new_connection");
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 111, 10);
	assert_heard("partial_connection");
}

static void a_quiet_flow_times_out(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	assert_heard("new_connection");
	advance(tracking, TIME_MINUTE);
	assert_heard("connection_timeout connection_state_remove");
	assert_removal(1, CONN_STATE_S0, CONN_REASON_INACTIVE, "D");
}

// With exact time the timers run first; live, the packet itself finds that the time is over.
static void what_is_over_ends_before_the_packet_that_follows(void **state)
{
	struct tracking *tracking = *state;

	for (int exact = 0; exact < 2; exact++) {
		tracking->settings.exact_time = exact;
		start(tracking, ALL_EVENTS);
		track_udp(tracking, 1, 4000, 2, 5000, 10);
		tracking->now += TIME_MINUTE;
		track_udp(tracking, 1, 4000, 2, 5000, 10);
		assert_heard("new_connection connection_timeout connection_state_remove "
			     "new_connection");
		if (exact == 0)
			conn_table_destroy(tracking->table);
	}
}

static void a_full_table_removes_before_it_creates(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.maximum = 1;
	start(tracking, ALL_EVENTS);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	heard.count = 0;
	track_udp(tracking, 3, 4000, 2, 5000, 10);
	assert_heard("connection_state_remove new_connection");
	assert_removal(0, CONN_STATE_S0, CONN_REASON_EVICTED, "D");
	assert_roles(1, 3, 4000, 2, 5000);
}

static void a_missing_segment_tells_where_and_how_much(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 101, 20);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 421, 101, 10);
	heard.count = 0;
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 431, 0);
	assert_heard("content_gap");
	assert_int_equal(heard.event[0].side, CONN_RESP);
	// The first byte of data is at 1, as in Zeek.
	assert_int_equal(heard.event[0].position, 21);
	assert_int_equal(heard.event[0].length, 300);
}

static void another_tunnel_around_a_connection_is_a_change(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	packet_between(tracking, PACKET_UDP, 1, 4000, 2, 5000);
	tracking->packet.stack = 77;
	tracking->packet.udp_length = 10;
	heard.count = 0;
	track(tracking);
	assert_heard("tunnel_changed");
	track(tracking);
	assert_heard("");
}

static void a_server_that_speaks_first_is_flipped_before_it_is_new(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_udp(tracking, 2, 53, 1, 4000, 0);
	assert_heard("connection_flipped new_connection");
	assert_roles(0, 1, 4000, 2, 53);
	assert_roles(1, 1, 4000, 2, 53);
}

// Zeek's handlers run when the packet is done with, and see the connection as it is then.
static void a_flip_shows_in_the_earlier_events_of_its_packet(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_dns(tracking, 1, 4000, 2, 53, true);
	assert_heard("new_connection connection_flipped");
	assert_roles(0, 2, 53, 1, 4000);
	assert_roles(1, 2, 53, 1, 4000);
}

static void a_flip_shows_without_a_subscription_to_flips(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, UINT32_C(1) << CONN_EVENT_NEW);
	track_dns(tracking, 1, 4000, 2, 53, true);
	assert_heard("new_connection");
	assert_roles(0, 2, 53, 1, 4000);
}

static void a_flip_changes_no_event_of_an_earlier_packet(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_dns(tracking, 3, 4000, 2, 53, false);
	track_dns(tracking, 1, 4000, 2, 53, true);
	assert_heard("new_connection new_connection connection_flipped");
	assert_roles(0, 3, 4000, 2, 53);
	assert_roles(1, 2, 53, 1, 4000);
}

// Live, the time-out of the connection before and the flip of the next one come with one packet.
static void a_flip_changes_no_event_of_the_connection_before(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.exact_time = false;
	start(tracking, ALL_EVENTS);
	track_dns(tracking, 1, 4000, 2, 53, false);
	heard.count = 0;
	tracking->now += TIME_MINUTE;
	track_dns(tracking, 1, 4000, 2, 53, true);
	assert_heard("connection_timeout connection_state_remove new_connection "
		     "connection_flipped");
	for (uint32_t i = 0; i < 2; i++) {
		assert_roles(i, 1, 4000, 2, 53);
		assert_roles(i + 2, 2, 53, 1, 4000);
	}
}

// Neither port is a server's.
static void track_strangers(struct tracking *tracking, uint32_t from, uint32_t to, uint8_t flags,
			    uint32_t sequence, uint32_t acknowledgement)
{
	struct packet *packet = packet_between(tracking, PACKET_TCP, from, (uint16_t)(7000 + from),
					       to, (uint16_t)(7000 + to));

	packet->tcp_flags = flags;
	packet->sequence = sequence;
	packet->acknowledgement = acknowledgement;
	track(tracking);
}

static void traffic_after_a_lone_syn_ack_flips(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_strangers(tracking, 2, 1, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101);
	assert_heard("new_connection connection_SYN_packet");
	assert_roles(0, 2, 7002, 1, 7001);
	track_strangers(tracking, 1, 2, PACKET_TCP_ACK, 101, 101);
	assert_heard("connection_flipped");
	assert_roles(0, 1, 7001, 2, 7002);
}

static void a_syn_behind_its_answer_flips_and_establishes(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_strangers(tracking, 2, 1, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101);
	heard.count = 0;
	track_strangers(tracking, 1, 2, PACKET_TCP_SYN, 100, 0);
	assert_heard("connection_SYN_packet connection_flipped connection_established");
	for (uint32_t i = 0; i < 3; i++)
		assert_roles(i, 1, 7001, 2, 7002);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_syn_is_a_new_connection_first),
		TEST(a_handshake_is_established_before_its_first_ack),
		TEST(a_close_is_followed_by_a_time_out),
		TEST(a_close_without_delay_is_no_time_out),
		TEST(the_end_of_a_stream_tells_whose_it_is),
		TEST(a_stream_ends_when_its_last_byte_is_acknowledged),
		TEST(a_reset_ends_the_stream_of_its_sender),
		TEST(a_refused_connection_is_rejected_not_reset),
		TEST(a_syn_that_nobody_answers_is_an_attempt),
		TEST(a_close_of_which_one_side_was_seen_is_half),
		TEST(a_new_syn_on_the_same_tuple_reuses_it),
		TEST(a_connection_without_opening_is_partial_when_both_spoke),
		TEST(a_quiet_flow_times_out),
		TEST(what_is_over_ends_before_the_packet_that_follows),
		TEST(a_full_table_removes_before_it_creates),
		TEST(a_missing_segment_tells_where_and_how_much),
		TEST(another_tunnel_around_a_connection_is_a_change),
		TEST(a_server_that_speaks_first_is_flipped_before_it_is_new),
		TEST(a_flip_shows_in_the_earlier_events_of_its_packet),
		TEST(a_flip_shows_without_a_subscription_to_flips),
		TEST(a_flip_changes_no_event_of_an_earlier_packet),
		TEST(a_flip_changes_no_event_of_the_connection_before),
		TEST(traffic_after_a_lone_syn_ack_flips),
		TEST(a_syn_behind_its_answer_flips_and_establishes),
	};

	return cmocka_run_group_tests_name("conn_event", tests, NULL, NULL);
}
