/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

// Nothing is removed until a nanosecond before `span` has passed since now, and then one is, for
// `reason`.
static void assert_removed_after(struct tracking *tracking, uint64_t span, enum conn_reason reason)
{
	struct conn_summary summary;
	uint64_t due = tracking->now + span;

	advance(tracking, span - 1);
	assert_false(finished(tracking, &summary));
	advance(tracking, 1);
	assert_finished(tracking, &summary);
	assert_int_equal(summary.reason, reason);
	assert_int_equal(summary.removed, due);
}

static void quiet_datagram_flows_are_removed_in_time(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	advance(tracking, 30 * TIME_SECOND);
	track_udp(tracking, 2, 5000, 1, 4000, 10);
	assert_removed_after(tracking, TIME_MINUTE, CONN_REASON_INACTIVE);
}

static void quiet_icmp_and_other_flows_are_removed_in_time(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.inactivity[CONN_TIMEOUT_ICMP] = 7 * TIME_SECOND;
	tracking->settings.inactivity[CONN_TIMEOUT_OTHER] = 9 * TIME_SECOND;
	tracking_start(tracking, NULL);
	packet_between(tracking, PACKET_ICMP, 1, 8, 2, 0);
	track(tracking);
	assert_removed_after(tracking, 7 * TIME_SECOND, CONN_REASON_INACTIVE);
	packet_between(tracking, 132, 1, 0, 2, 0);
	track(tracking);
	assert_removed_after(tracking, 9 * TIME_SECOND, CONN_REASON_INACTIVE);
}

static void an_inactivity_time_of_zero_means_never(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.inactivity[CONN_TIMEOUT_UDP] = 0;
	tracking_start(tracking, NULL);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	advance(tracking, 1000 * TIME_DAY);
	assert_int_equal(conn_table_live(tracking->table), 1);
}

static void an_unanswered_syn_is_removed_after_the_attempt_delay(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	advance(tracking, TIME_SECOND);
	// Once more: that is no reason to wait longer.
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_SYN, 100, 0, 0);
	assert_removed_after(tracking, 4 * TIME_SECOND, CONN_REASON_ATTEMPT);
}

static void an_established_connection_waits_five_minutes(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_open(tracking, 1);
	advance(tracking, 299 * TIME_SECOND);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 10);
	assert_removed_after(tracking, 5 * TIME_MINUTE, CONN_REASON_INACTIVE);
}

static void a_close_by_both_sides_is_followed_by_the_close_delay(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_open(tracking, 1);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 101, 0);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_FIN | PACKET_TCP_ACK, 101, 102, 0);
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 102, 102, 0);
	assert_removed_after(tracking, 5 * TIME_SECOND, CONN_REASON_CLOSED);
}

static void a_reset_is_followed_by_the_close_delay(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_open(tracking, 1);
	track_tcp(tracking, SERVER(1), 1, PACKET_TCP_RST, 101, 101, 0);
	assert_removed_after(tracking, 5 * TIME_SECOND, CONN_REASON_RESET);
}

static void a_dns_question_and_answer_ends_with_the_session_timer(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_udp(tracking, 1, 4000, 2, 53, 0);
	track_udp(tracking, 2, 53, 1, 4000, 0);
	assert_removed_after(tracking, 10 * TIME_SECOND, CONN_REASON_SESSION);
}

static void a_busy_dns_flow_is_looked_at_every_ten_seconds(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_udp(tracking, 1, 4000, 2, 53, 0);
	advance(tracking, 3 * TIME_SECOND);
	track_udp(tracking, 1, 4000, 2, 53, 0);
	// By then it was quiet for 7 s, which is not enough.
	advance(tracking, 7 * TIME_SECOND);
	assert_removed_after(tracking, 10 * TIME_SECOND, CONN_REASON_SESSION);
}

static void a_packet_does_not_extend_what_is_over(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	for (int exact = 0; exact < 2; exact++) {
		tracking->settings.exact_time = exact;
		tracking_start(tracking, NULL);
		track_udp(tracking, 1, 4000, 2, 5000, 10);
		// Nobody polled the timers.
		tracking->now += TIME_MINUTE;
		track_udp(tracking, 1, 4000, 2, 5000, 10);
		assert_int_equal(conn_table_live(tracking->table), 1);
		assert_finished(tracking, &summary);
		assert_int_equal(summary.reason, CONN_REASON_INACTIVE);
		assert_int_equal(summary.packets[CONN_ORIG], 1);
		if (exact == 0)
			conn_table_destroy(tracking->table);
	}
}

static void a_coarse_table_is_at_most_two_ticks_late(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking->settings.exact_time = false;
	tracking_start(tracking, NULL);
	for (int i = 0; i < 200; i++) {
		uint64_t due = tracking->now + TIME_MINUTE;

		track_udp(tracking, 1, 4000, 2, 5000, 10);
		advance(tracking, TIME_MINUTE - 1);
		assert_false(finished(tracking, &summary));
		while (!finished(tracking, &summary))
			advance(tracking, 100 * TIME_MICROSECOND);
		assert_in_range(summary.removed - due, 0, 2300 * TIME_MICROSECOND);
	}
}

static void timers_run_a_few_at_a_time(void **state)
{
	struct tracking *tracking = *state;
	size_t ran, total = 0;

	tracking->settings.exact_time = false;
	tracking_start(tracking, NULL);
	for (uint32_t i = 1; i <= 50; i++)
		track_udp(tracking, i, 4000, 5000, 6000, 10);
	tracking->now += TIME_HOUR;
	while ((ran = conn_table_advance(tracking->table, tracking->now, 8)) > 0) {
		assert_in_range(ran, 1, 8);
		total += ran;
	}
	assert_int_equal(total, 50);
	assert_int_equal(conn_table_live(tracking->table), 0);
}

static void time_that_moves_back_removes_nothing(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	tracking->now = START + TIME_HOUR;
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	tracking->now = START + TIME_HOUR - TIME_SECOND;
	track_udp(tracking, 2, 5000, 1, 4000, 10);
	assert_int_equal(conn_table_live(tracking->table), 1);
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &summary);
	assert_int_equal(summary.duration, -(int64_t)TIME_SECOND);
	assert_int_equal(summary.packets[CONN_RESP], 1);
}

// Connections whose timers were armed long ago and just now, on both sides of where the wheel goes
// round.
static void many_connections_end_in_the_order_of_their_deadlines(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;
	uint64_t before = 0;

	tracking->settings.maximum = 20000;
	tracking->settings.inactivity[CONN_TIMEOUT_ICMP] = TIME_SECOND;
	tracking_start(tracking, NULL);
	srandom(11);
	for (uint32_t i = 0; i < 20000; i++) {
		tracking->now += (uint64_t)random() % (10 * TIME_MILLISECOND);
		packet_between(tracking, i % 2 ? PACKET_UDP : PACKET_ICMP, i, 1, 5000000, 2);
		track(tracking);
	}
	advance(tracking, TIME_HOUR);
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t deadline;

		assert_finished(tracking, &summary);
		deadline = summary.time +
			   (summary.protocol == PACKET_UDP ? TIME_MINUTE : TIME_SECOND);
		assert_true(deadline >= before);
		before = deadline;
	}
}

static uint64_t removed_by_inactivity(const struct tracking *tracking)
{
	return conn_table_counters(tracking->table)->removed[CONN_REASON_INACTIVE];
}

static void only_so_many_timers_run_around_a_packet(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.timers_a_packet = 2;
	tracking_start(tracking, NULL);
	for (uint32_t i = 1; i <= 7; i++)
		track_udp(tracking, i, 4000, 100, 5000, 10);
	tracking->now += 2 * TIME_MINUTE;
	track_udp(tracking, 50, 4000, 100, 5000, 10);
	assert_int_equal(removed_by_inactivity(tracking), 4);
	track_udp(tracking, 50, 4000, 100, 5000, 10);
	assert_int_equal(removed_by_inactivity(tracking), 7);
}

static void a_connection_whose_timer_is_held_back_goes_on(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.timers_a_packet = 2;
	tracking_start(tracking, NULL);
	for (uint32_t i = 1; i <= 3; i++) {
		track_udp(tracking, i, 4000, 100, 5000, 10);
		tracking->now++;
	}
	tracking->now += 2 * TIME_MINUTE;
	track_udp(tracking, 3, 4000, 100, 5000, 10);
	assert_int_equal(removed_by_inactivity(tracking), 2);
	assert_int_equal(conn_of(tracking)->packets[CONN_ORIG], 2);
}

static void each_deadline_of_a_connection_counts_as_a_timer(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.timers_a_packet = 1;
	tracking_start(tracking, NULL);
	track_open(tracking, 1);
	tracking->now += TIME_HOUR;
	// Attempt and expire check come first, at the same time; inactivity is held back.
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 0);
	assert_int_equal(removed_by_inactivity(tracking), 0);
	assert_int_equal(conn_of(tracking)->packets[CONN_ORIG], 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(quiet_datagram_flows_are_removed_in_time),
		TEST(quiet_icmp_and_other_flows_are_removed_in_time),
		TEST(an_inactivity_time_of_zero_means_never),
		TEST(an_unanswered_syn_is_removed_after_the_attempt_delay),
		TEST(an_established_connection_waits_five_minutes),
		TEST(a_close_by_both_sides_is_followed_by_the_close_delay),
		TEST(a_reset_is_followed_by_the_close_delay),
		TEST(a_dns_question_and_answer_ends_with_the_session_timer),
		TEST(a_busy_dns_flow_is_looked_at_every_ten_seconds),
		TEST(a_packet_does_not_extend_what_is_over),
		TEST(a_coarse_table_is_at_most_two_ticks_late),
		TEST(timers_run_a_few_at_a_time),
		TEST(time_that_moves_back_removes_nothing),
		TEST(many_connections_end_in_the_order_of_their_deadlines),
		TEST(only_so_many_timers_run_around_a_packet),
		TEST(a_connection_whose_timer_is_held_back_goes_on),
		TEST(each_deadline_of_a_connection_counts_as_a_timer),
	};

	return cmocka_run_group_tests_name("conn_timer", tests, NULL, NULL);
}
