/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "event_fixture.h"

static void what_might_have_gone_on_is_pending_at_the_end(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	heard.count = 0;
	drain(tracking);
	assert_heard("connection_pending connection_state_remove");
	assert_removal(1, CONN_STATE_S1, CONN_REASON_END, "ShA");
}

static void what_was_closed_is_not_pending_at_the_end(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_open(tracking, 1);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_RST, 101, 101, 0);
	heard.count = 0;
	drain(tracking);
	assert_heard("connection_state_remove");
}

static void a_syn_without_answer_is_an_attempt_at_the_end(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	heard.count = 0;
	drain(tracking);
	assert_heard("connection_attempt connection_state_remove");
	assert_removal(1, CONN_STATE_S0, CONN_REASON_END, "S");
}

static void of_datagram_flows_only_dns_times_out_at_the_end(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	track_udp(tracking, 1, 4000, 3, 53, 0);
	heard.count = 0;
	drain(tracking);
	assert_heard("connection_timeout connection_state_remove connection_state_remove");
	assert_roles(1, 1, 4000, 3, 53);
	assert_roles(2, 1, 4000, 2, 5000);
}

static void only_subscribed_events_come(void **state)
{
	struct tracking *tracking = *state;

	for (unsigned kind = 0; kind < CONN_EVENT_COUNT; kind++) {
		start(tracking, UINT32_C(1) << kind);
		track_open(tracking, 1);
		track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
		track_tcp(tracking, SERVER(1), 1, PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 102, 0);
		track_dns(tracking, 1, 4000, 2, 53, true);
		track_tcp(tracking, 2, SERVER(2), PACKET_TCP_SYN, 100, 0, 0);
		advance(tracking, TIME_MINUTE);
		for (uint32_t i = 0; i < heard.count; i++)
			assert_int_equal(heard.event[i].kind, kind);
		conn_table_destroy(tracking->table);
	}
	start(tracking, 0);
	track_open(tracking, 1);
	drain(tracking);
	assert_heard("");
}

static void the_time_of_an_event_is_the_clock(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	assert_int_equal(heard.event[0].time, START);
	// A packet from before: time does not move back.
	tracking->now = START - TIME_SECOND;
	track_udp(tracking, 3, 4000, 2, 5000, 10);
	assert_int_equal(heard.event[1].time, START);
	// A timer sees when it runs, not when it was due.
	tracking->now = START;
	heard.count = 0;
	advance(tracking, 2 * TIME_MINUTE);
	assert_int_equal(heard.count, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(heard.event[i].time, START + 2 * TIME_MINUTE);
}

// The client closes, then resets: nothing more is to come of it.
static void track_fin_and_reset(struct tracking *tracking)
{
	track_open(tracking, 1);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_RST, 102, 0, 0);
	heard.count = 0;
}

static void a_reset_after_a_fin_ends_the_connection_for_a_subscriber(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_fin_and_reset(tracking);
	advance(tracking, 2 * TIME_SECOND - 1);
	assert_heard("");
	advance(tracking, 1);
	assert_heard("connection_reset connection_state_remove");
	assert_removal(1, CONN_STATE_RSTO, CONN_REASON_RESET, "ShAFR");
}

static void nobody_waits_for_a_reset_without_a_subscriber(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS & ~(UINT32_C(1) << CONN_EVENT_RESET));
	track_fin_and_reset(tracking);
	advance(tracking, 5 * TIME_SECOND);
	assert_heard("");
	advance(tracking, TIME_SECOND);
	assert_heard("connection_timeout connection_state_remove");
	assert_removal(1, CONN_STATE_RSTO, CONN_REASON_EXPIRED, "ShAFR");
}

static void a_reset_that_is_waited_for_comes_at_the_end(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_fin_and_reset(tracking);
	drain(tracking);
	assert_heard("connection_reset connection_state_remove");
	assert_removal(1, CONN_STATE_RSTO, CONN_REASON_END, "ShAFR");
}

// The server's first packet that is seen is its FIN, and the client goes on.
static void track_partial_close(struct tracking *tracking)
{
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 10);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 111, 0);
	heard.count = 0;
}

static void a_partial_close_ends_the_connection_for_a_subscriber(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_partial_close(tracking);
	advance(tracking, 3 * TIME_SECOND - 1);
	assert_heard("");
	advance(tracking, 1);
	assert_heard("connection_partial_close connection_state_remove");
	assert_removal(1, CONN_STATE_SHR, CONN_REASON_PARTIAL_CLOSE, "Df");
}

static void nobody_waits_for_a_partial_close_without_a_subscriber(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS & ~(UINT32_C(1) << CONN_EVENT_PARTIAL_CLOSE));
	track_partial_close(tracking);
	advance(tracking, 5 * TIME_MINUTE - 1);
	assert_heard("");
	advance(tracking, 1);
	assert_heard("connection_timeout connection_state_remove");
}

static void a_close_by_the_other_side_is_no_partial_close(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, ALL_EVENTS);
	track_partial_close(tracking);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 111, 102, 0);
	assert_heard("connection_EOF connection_finished");
	advance(tracking, 5 * TIME_SECOND);
	assert_heard("connection_timeout connection_state_remove");
}

static void a_status_comes_every_interval_and_keeps_nothing_alive(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.connection_status_update_interval = 25 * TIME_SECOND;
	start(tracking, ALL_EVENTS);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	heard.count = 0;
	for (int i = 0; i < 2; i++) {
		advance(tracking, 25 * TIME_SECOND - 1);
		assert_heard("");
		advance(tracking, 1);
		assert_heard("connection_status_update");
		assert_int_equal(heard.event[0].time, tracking->now);
	}
	advance(tracking, 10 * TIME_SECOND);
	assert_heard("connection_timeout connection_state_remove");
}

static void every_protocol_but_the_unknown_has_a_status(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.connection_status_update_interval = TIME_SECOND;
	start(tracking, UINT32_C(1) << CONN_EVENT_STATUS_UPDATE);
	packet_between(tracking, PACKET_ICMP, 1, 8, 2, 0);
	track(tracking);
	track_open(tracking, 1);
	packet_between(tracking, 132, 1, 0, 2, 0);
	track(tracking);
	advance(tracking, TIME_SECOND);
	assert_heard("connection_status_update connection_status_update");
	assert_int_not_equal(heard.event[0].protocol, 132);
	assert_int_not_equal(heard.event[1].protocol, 132);
}

static void an_interval_of_zero_means_no_status(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, UINT32_C(1) << CONN_EVENT_STATUS_UPDATE);
	track_open(tracking, 1);
	advance(tracking, TIME_HOUR);
	assert_heard("");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_might_have_gone_on_is_pending_at_the_end),
		TEST(what_was_closed_is_not_pending_at_the_end),
		TEST(a_syn_without_answer_is_an_attempt_at_the_end),
		TEST(of_datagram_flows_only_dns_times_out_at_the_end),
		TEST(only_subscribed_events_come),
		TEST(the_time_of_an_event_is_the_clock),
		TEST(a_reset_after_a_fin_ends_the_connection_for_a_subscriber),
		TEST(nobody_waits_for_a_reset_without_a_subscriber),
		TEST(a_reset_that_is_waited_for_comes_at_the_end),
		TEST(a_partial_close_ends_the_connection_for_a_subscriber),
		TEST(nobody_waits_for_a_partial_close_without_a_subscriber),
		TEST(a_close_by_the_other_side_is_no_partial_close),
		TEST(a_status_comes_every_interval_and_keeps_nothing_alive),
		TEST(every_protocol_but_the_unknown_has_a_status),
		TEST(an_interval_of_zero_means_no_status),
	};

	return cmocka_run_group_tests_name("conn_event_timer", tests, NULL, NULL);
}
