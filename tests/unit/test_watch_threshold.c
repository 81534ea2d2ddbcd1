/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch_fixture.h"

// spec-conn 7.1, line by line; the tests of Zeek that it names (scripts.base.protocols.conn.threshold,
// core.conn-size-threshold, core.conn-generic-packet-threshold) say nothing beyond it.

static void a_threshold_of_nothing_is_refused(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	for (unsigned kind = 0; kind < WATCH_STEP_KINDS; kind++)
		assert_int_equal(set_threshold(watching, kind, 0), -EINVAL);
	assert_told(watching, "");
}

static void one_that_is_set_twice_fires_once(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(set_threshold(watching, WATCH_ORIG_PACKETS, 2), 0);
	assert_int_equal(set_threshold(watching, WATCH_ORIG_PACKETS, 2), -EEXIST);
	from_client(watching, 28);
	from_client(watching, 28);
	assert_told(watching, "orig_packets 2");
}

static void one_that_fired_can_be_set_again(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_PACKETS, 1);
	assert_true(last_answer(watching)->fired);
	assert_int_equal(set_threshold(watching, WATCH_ORIG_PACKETS, 1), 0);
	assert_told(watching, "orig_packets 1, orig_packets 1");
}

static void several_fire_in_ascending_order_one_after_the_other(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_BYTES, 300);
	set_threshold(watching, WATCH_ORIG_BYTES, 100);
	set_threshold(watching, WATCH_ORIG_BYTES, 200);
	from_client(watching, 72);
	assert_told(watching, "orig_bytes 100");
	from_client(watching, 99);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_bytes 200");
	from_client(watching, 1000);
	assert_told(watching, "orig_bytes 300");
	from_client(watching, 1000);
	assert_told(watching, "");
}

static void several_that_one_packet_crosses_fire_in_ascending_order(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_BYTES, 300);
	set_threshold(watching, WATCH_ORIG_BYTES, 100);
	set_threshold(watching, WATCH_ORIG_BYTES, 200);
	from_client(watching, 1400);
	assert_told(watching, "orig_bytes 100, orig_bytes 200, orig_bytes 300");
}

static void after_one_is_deleted_the_next_smallest_is_waited_for(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_PACKETS, 2);
	set_threshold(watching, WATCH_ORIG_PACKETS, 3);
	assert_int_equal(delete_threshold(watching, WATCH_ORIG_PACKETS, 2), 0);
	from_client(watching, 28);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_packets 3");
}

static void deleting_says_whether_it_was_waited_for(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(delete_threshold(watching, WATCH_ORIG_PACKETS, 2), -ESRCH);
	set_threshold(watching, WATCH_ORIG_PACKETS, 2);
	assert_int_equal(delete_threshold(watching, WATCH_RESP_PACKETS, 2), -ESRCH);
	assert_int_equal(delete_threshold(watching, WATCH_ORIG_PACKETS, 3), -ESRCH);
	assert_int_equal(delete_threshold(watching, WATCH_ORIG_PACKETS, 2), 0);
	assert_int_equal(delete_threshold(watching, WATCH_ORIG_PACKETS, 2), -ESRCH);
	set_threshold(watching, WATCH_ORIG_PACKETS, 1);
	assert_int_equal(delete_threshold(watching, WATCH_ORIG_PACKETS, 1), -ESRCH);
	assert_items_kept(watching);
}

static void one_of_an_idle_duration_can_be_deleted(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_DURATION_IDLE, TIME_SECOND);
	assert_int_equal(delete_threshold(watching, WATCH_DURATION, TIME_SECOND), 0);
	advance(&watching->tracking, 2 * TIME_SECOND);
	assert_told(watching, "");
}

static void one_that_is_exceeded_already_fires_at_once(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 500);
	from_server(watching, 300);
	set_threshold(watching, WATCH_ORIG_BYTES, 500);
	assert_told(watching, "orig_bytes 500");
	assert_true(last_answer(watching)->fired);
	set_threshold(watching, WATCH_RESP_BYTES, 1);
	assert_told(watching, "resp_bytes 1");
	set_threshold(watching, WATCH_PACKETS, 2);
	assert_told(watching, "packets 2");
	set_threshold(watching, WATCH_ORIG_BYTES, 501);
	assert_told(watching, "");
	assert_false(last_answer(watching)->fired);
}

// A duration that waits for a packet fires with whatever is set next; that is not what was set.
static void what_fires_besides_is_not_what_was_set(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_DURATION, TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 2 * TIME_SECOND);
	set_threshold(watching, WATCH_ORIG_BYTES, 1000);
	assert_false(last_answer(watching)->fired);
}

static void bytes_are_those_of_ip(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_ORIG_BYTES, 100);
	watching_start(watching);
	from_client(watching, 99);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_bytes 100");
}

static void bytes_fire_when_they_are_reached(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_ORIG_BYTES, 100);
	put_threshold(watching, "b", WATCH_ORIG_BYTES, 150);
	watching_start(watching);
	from_client(watching, 100);
	assert_told(watching, "orig_bytes 100");
	from_client(watching, 49);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_bytes 150");
}

static void a_duration_fires_only_when_it_is_exceeded(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_DURATION, TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, TIME_SECOND);
	from_client(watching, 28);
	assert_told(watching, "");
	advance(&watching->tracking, 1);
	from_server(watching, 28);
	assert_told(watching, "duration 1000000000 resp");
	from_client(watching, 28);
	assert_told(watching, "");
}

static void a_duration_waits_for_a_packet_that_counts(void **state)
{
	struct watching *watching = *state;
	struct packet *packet;

	put_threshold(watching, "a", WATCH_DURATION, TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 2 * TIME_SECOND);
	assert_told(watching, "");
	packet = packet_between(&watching->tracking, PACKET_UDP, CLIENT, 5000, SERVANT, 9000);
	packet->transport = PACKET_TRANSPORT_BAD_CHECKSUM;
	track(&watching->tracking);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "duration 1000000000 orig");
}

static void a_duration_that_is_exceeded_when_it_is_set_is_the_originators(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 2 * TIME_SECOND);
	from_server(watching, 28);
	set_threshold(watching, WATCH_DURATION, TIME_SECOND);
	assert_told(watching, "duration 1000000000 orig");
}

static void without_idle_a_duration_never_fires_by_time(void **state)
{
	struct watching *watching = *state;

	for (int exact = 0; exact < 2; exact++) {
		watching->tracking.settings.exact_time = exact;
		put_threshold(watching, exact ? "b" : "a", WATCH_DURATION, TIME_SECOND);
		watching_start(watching);
		from_client(watching, 28);
		for (int i = 0; i < 50; i++)
			advance(&watching->tracking, TIME_SECOND);
		assert_told(watching, "");
		if (exact)
			break;
		conn_table_destroy(watching->tracking.table);
		watch_destroy(watching->watch);
		watching->watch = NULL;
	}
}

// Live, the wheel says when its time has come; the next packet fires it, also the very first one
// after that, before the wheel was asked.
static void live_a_duration_fires_with_the_first_packet_after_it(void **state)
{
	struct watching *watching = *state;

	watching->tracking.settings.exact_time = false;
	put_threshold(watching, "a", WATCH_DURATION, TIME_SECOND);
	put_threshold(watching, "b", WATCH_DURATION, 3 * TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	watching->tracking.now += TIME_SECOND + 1;
	from_client(watching, 28);
	assert_told(watching, "duration 1000000000 orig");
	advance(&watching->tracking, 5 * TIME_SECOND);
	assert_told(watching, "");
	from_server(watching, 28);
	assert_told(watching, "duration 3000000000 resp");
}

static void with_idle_a_duration_fires_by_time(void **state)
{
	struct watching *watching = *state;

	watching->tracking.settings.exact_time = true;
	put_threshold(watching, "a", WATCH_DURATION_IDLE, TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "");
	advance(&watching->tracking, 1);
	assert_told(watching, "duration 1000000000 orig");
}

static void live_an_idle_duration_fires_by_time_within_a_tick(void **state)
{
	struct watching *watching = *state;

	watching->tracking.settings.exact_time = false;
	put_threshold(watching, "a", WATCH_DURATION_IDLE, TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, TIME_SECOND);
	assert_told(watching, "");
	advance(&watching->tracking, 3 * TIME_MILLISECOND);
	assert_told(watching, "duration 1000000000 orig");
}

static void an_idle_duration_does_not_fire_one_that_waits_for_a_packet(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_DURATION, TIME_SECOND);
	put_threshold(watching, "b", WATCH_DURATION_IDLE, 2 * TIME_SECOND);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 3 * TIME_SECOND);
	assert_told(watching, "duration 2000000000 orig");
	from_client(watching, 28);
	assert_told(watching, "duration 1000000000 orig");
}

// Beyond what a clock can show: no deadline, and no look each time that the wheel is asked.
static void a_duration_that_nobody_lives_to_see_is_none(void **state)
{
	struct watching *watching = *state;

	for (unsigned kind = WATCH_DURATION; kind <= WATCH_DURATION_IDLE; kind++) {
		struct watch_rule_settings rule = {.name = kind == WATCH_DURATION ? "a" : "b"};

		rule.idle = kind == WATCH_DURATION_IDLE;
		rule.value[WATCH_DURATION] = UINT64_MAX - 1;
		put_rule(watching, &rule);
	}
	watching->tracking.settings.exact_time = false;
	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(
		conn_watch_get(watching->tracking.table, conn_of(&watching->tracking))->due,
		TIME_NEVER);
	advance(&watching->tracking, 30 * TIME_SECOND);
	assert_told(watching, "");
}

static void directions_and_kinds_are_independent(void **state)
{
	struct watching *watching = *state;

	for (unsigned kind = 0; kind < WATCH_DURATION; kind++) {
		char name[] = {(char)('a' + kind), '\0'};

		put_threshold(watching, name, kind, 3);
	}
	watching_start(watching);
	from_client(watching, 28);
	assert_told(watching, "orig_bytes 3");
	from_server(watching, 28);
	assert_told(watching, "resp_bytes 3");
	from_server(watching, 28);
	assert_told(watching, "packets 3");
	from_server(watching, 28);
	assert_told(watching, "resp_packets 3");
	from_client(watching, 28);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_packets 3");
}

// The order of Zeek's ConnSize analyzer.
static void what_one_packet_crosses_fires_in_zeeks_order(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_DURATION, TIME_SECOND);
	put_threshold(watching, "b", WATCH_ORIG_PACKETS, 2);
	put_threshold(watching, "c", WATCH_ORIG_BYTES, 30);
	put_threshold(watching, "d", WATCH_PACKETS, 2);
	watching_start(watching);
	from_client(watching, 28);
	advance(&watching->tracking, 2 * TIME_SECOND);
	from_client(watching, 28);
	assert_told(watching, "packets 2, orig_bytes 30, orig_packets 2, duration 1000000000 orig");
}

static void packets_of_both_sides_count_together(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {.name = "b"};

	put_threshold(watching, "a", WATCH_PACKETS, 1);
	put_threshold(watching, "c", WATCH_PACKETS, 7);
	rule.value[WATCH_PACKETS] = 4;
	rule.actions = WATCH_ACTION_EVENT;
	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	assert_told(watching, "packets 1");
	from_server(watching, 28);
	from_server(watching, 28);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "packets 4");
	from_server(watching, 28);
	from_server(watching, 28);
	assert_told(watching, "");
	from_server(watching, 28);
	assert_told(watching, "packets 7");
}

// A message of NTP's server: the roles are exchanged before its packet is counted.
static void track_ntp(struct watching *watching, bool from_opener, uint8_t mode)
{
	static uint8_t message[48];
	uint32_t from = from_opener ? CLIENT : SERVANT, to = from_opener ? SERVANT : CLIENT;
	struct packet *packet;

	packet = packet_between(&watching->tracking, PACKET_UDP, from, from_opener ? 5000 : 123, to,
				from_opener ? 123 : 5000);
	message[0] = 0x20 | mode;
	packet->payload = message;
	packet->payload_length = packet->payload_captured = sizeof(message);
	packet->udp_length = sizeof(message);
	packet->ip_length = 76;
	track(&watching->tracking);
}

static void a_flip_exchanges_counters_but_not_thresholds(void **state)
{
	struct watching *watching = *state;
	struct conn *conn;

	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 4);
	put_threshold(watching, "b", WATCH_RESP_PACKETS, 3);
	watching_start(watching);
	track_ntp(watching, true, 0);
	track_ntp(watching, true, 0);
	track_ntp(watching, true, 0);
	conn = conn_of(&watching->tracking);
	assert_int_equal(conn_packets(watching->tracking.table, conn, CONN_ORIG), 3);
	// From now on its three packets are the responder's; Zeek looks at a side when a packet of
	// it is counted, and this one still counts as the originator's (spec-conn 1.4).
	track_ntp(watching, true, 4);
	assert_int_equal(conn_packets(watching->tracking.table, conn, CONN_RESP), 3);
	assert_told(watching, "");
	track_ntp(watching, true, 0);
	assert_told(watching, "resp_packets 3");
	track_ntp(watching, false, 0);
	track_ntp(watching, false, 0);
	assert_told(watching, "");
	track_ntp(watching, false, 0);
	assert_told(watching, "orig_packets 4");
}

// What a long life has brought, as if the connection had been counted since.
static void set_counts(struct watching *watching, uint64_t packets, uint64_t bytes)
{
	struct conn_table *table = watching->tracking.table;
	struct conn *conn = conn_of(&watching->tracking);
	struct conn_rare *rare = conn_rare(table, conn);

	conn->packets[CONN_ORIG] = (uint32_t)packets;
	rare->packets_high[CONN_ORIG] = (uint16_t)(packets >> 32);
	conn->ip_bytes[CONN_ORIG] = (uint32_t)bytes;
	rare->ip_bytes_high[CONN_ORIG] = (uint16_t)(bytes >> 32);
	if (bytes >> 48 != 0)
		conn_extension_need(table, conn)->ip_bytes_top[CONN_ORIG] = (uint16_t)(bytes >> 48);
}

static void assert_counts(struct watching *watching, uint64_t packets, uint64_t bytes)
{
	struct conn_table *table = watching->tracking.table;
	struct conn *conn = conn_of(&watching->tracking);
	struct conn_summary summary;

	assert_int_equal(conn_packets(table, conn, CONN_ORIG), packets);
	assert_int_equal(conn_ip_bytes(table, conn, CONN_ORIG), bytes);
	conn_watch_summarize(table, conn, &summary);
	assert_int_equal(summary.packets[CONN_ORIG], packets);
	assert_int_equal(summary.ip_bytes[CONN_ORIG], bytes);
}

static void counts_beyond_four_billion_are_watched(void **state)
{
	struct watching *watching = *state;
	uint64_t packets = (UINT64_C(5) << 32) - 2, bytes = (UINT64_C(7) << 32) - 60;

	watching_start(watching);
	from_client(watching, 28);
	set_counts(watching, packets, bytes);
	set_threshold(watching, WATCH_ORIG_PACKETS, packets + 3);
	set_threshold(watching, WATCH_ORIG_BYTES, bytes + 90);
	assert_counts(watching, packets, bytes);
	for (unsigned i = 1; i <= 3; i++) {
		from_client(watching, 40);
		assert_counts(watching, packets + i, bytes + 40 * i);
	}
	assert_told(watching, "orig_bytes 30064771102, orig_packets 21474836481");
}

static void counts_beyond_281_tera_bytes_are_watched(void **state)
{
	struct watching *watching = *state;
	uint64_t bytes = (UINT64_C(3) << 48) - 60;

	watching_start(watching);
	from_client(watching, 28);
	set_counts(watching, 1, bytes);
	set_threshold(watching, WATCH_ORIG_BYTES, bytes + 100);
	from_client(watching, 60);
	assert_counts(watching, 2, bytes + 60);
	assert_told(watching, "");
	from_client(watching, 40);
	assert_counts(watching, 3, bytes + 100);
	assert_told(watching, "orig_bytes 844424930132008");
}

// A distance of more than 2^32 is armed in several steps.
static void a_threshold_far_ahead_fires_exactly_there(void **state)
{
	struct watching *watching = *state;
	struct conn_table *table;
	struct conn *conn;

	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_PACKETS, UINT64_C(3) << 32);
	set_threshold(watching, WATCH_ORIG_BYTES, UINT64_C(3) << 32);
	table = watching->tracking.table;
	conn = conn_of(&watching->tracking);
	// Time goes quickly: both counters stand right before where they carry, again and again.
	for (int i = 0; i < 3; i++) {
		assert_told(watching, "");
		conn->packets[CONN_ORIG] = UINT32_MAX;
		conn->ip_bytes[CONN_ORIG] = (uint32_t)-28;
		from_client(watching, 28);
	}
	assert_told(watching, "orig_bytes 12884901888");
	assert_int_equal(conn_ip_bytes(table, conn, CONN_ORIG), UINT64_C(3) << 32);
	assert_int_equal(conn_packets(table, conn, CONN_ORIG), (UINT64_C(3) << 32) - 2);
	from_client(watching, 28);
	assert_told(watching, "");
	from_client(watching, 28);
	assert_told(watching, "orig_packets 12884901888");
}

static void values_at_the_end_of_numbers_are_never_reached(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	for (unsigned kind = 0; kind < WATCH_STEP_KINDS; kind++) {
		assert_int_equal(set_threshold(watching, kind, UINT64_MAX - 1), 0);
		assert_int_equal(set_threshold(watching, kind, UINT64_MAX), -EINVAL);
	}
	for (int i = 0; i < 100; i++) {
		advance(&watching->tracking, TIME_MILLISECOND);
		from_client(watching, 1400);
		from_server(watching, 1400);
	}
	assert_told(watching, "");
}

static void rules_and_requests_merge_in_order(void **state)
{
	struct watching *watching = *state;

	put_threshold(watching, "a", WATCH_ORIG_PACKETS, 2);
	put_threshold(watching, "b", WATCH_ORIG_PACKETS, 4);
	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_PACKETS, 3);
	for (int i = 0; i < 4; i++)
		from_client(watching, 28);
	assert_told(watching, "orig_packets 2, orig_packets 3, orig_packets 4");
}

// More than events have room for, from the very first packet on, with looks waiting besides.
static void each_of_very_many_fires_once_and_in_order(void **state)
{
	struct watching *watching = *state;
	char name[32], why[256];
	struct watch_rule_settings rule[1024];
	static char names[1024][8];
	uint32_t polls = 100;

	(void)name;
	for (uint32_t i = 0; i < 1024; i++) {
		snprintf(names[i], sizeof(names[i]), "r%u", i);
		rule[i] = (struct watch_rule_settings){.name = names[i],
						       .actions = WATCH_ACTION_EVENT,
						       .poll = i < polls,
						       .interval = TIME_SECOND,
						       .above = UINT64_MAX};
		if (i >= polls)
			rule[i].value[WATCH_ORIG_PACKETS] = 1 + i % 2;
	}
	assert_int_equal(watch_book_replace(watching->book, rule, 1024, NULL, why, sizeof(why)), 0);
	watching_start(watching);
	from_client(watching, 28);
	assert_int_equal(watching->told_count, (1024 - polls) / 2);
	from_client(watching, 28);
	assert_int_equal(watching->told_count, 1024 - polls);
	for (uint32_t i = 0; i < watching->told_count; i++)
		assert_int_equal(watching->told[i].length, 1 + i / ((1024 - polls) / 2));
	for (uint32_t i = 1; i < watching->told_count; i++)
		assert_true(watching->told[i].name > watching->told[i - 1].name ||
			    watching->told[i].length > watching->told[i - 1].length);
	watching->told_count = 0;
	from_client(watching, 28);
	assert_told(watching, "");
}

static void a_connection_has_room_for_so_many_of_its_own(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	for (unsigned i = 0; i < WATCH_ITEMS_MOST; i++)
		assert_int_equal(set_threshold(watching, WATCH_ORIG_PACKETS, i + 2), 0);
	assert_int_equal(set_threshold(watching, WATCH_ORIG_PACKETS, 1000), -ENOSPC);
	assert_int_equal(watch_counters(watching->watch)->short_of, 1);
	assert_int_equal(ask(watching, (struct watch_request){.request = WATCH_REQUEST_POLL_ADD}),
			 -ENOSPC);
	delete_threshold(watching, WATCH_ORIG_PACKETS, 9);
	assert_int_equal(set_threshold(watching, WATCH_ORIG_PACKETS, 1000), 0);
	assert_items_kept(watching);
}

static void all_of_its_own_can_fire_with_one_packet(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	for (unsigned i = 0; i < WATCH_ITEMS_MOST; i++)
		assert_int_equal(set_threshold(watching, WATCH_ORIG_BYTES, 400 - i), 0);
	from_client(watching, 1400);
	assert_int_equal(watching->told_count, WATCH_ITEMS_MOST);
	for (unsigned i = 1; i < WATCH_ITEMS_MOST; i++)
		assert_int_equal(watching->told[i].length, watching->told[i - 1].length + 1);
	assert_items_kept(watching);
}

static void items_come_back_when_their_connection_is_gone(void **state)
{
	struct watching *watching = *state;
	uint32_t fresh;

	put_threshold(watching, "a", WATCH_ORIG_BYTES, 100);
	watching_start(watching);
	for (int round = 0; round < 3; round++) {
		from_client(watching, 28);
		for (unsigned i = 0; i < 10; i++)
			set_threshold(watching, WATCH_ORIG_PACKETS, i + 2);
		fresh = watching->watch->item_fresh;
		advance(&watching->tracking, 10 * TIME_MINUTE);
		assert_int_equal(finish_all(&watching->tracking), 1);
		assert_items_kept(watching);
		assert_int_equal(watching->watch->item_fresh, fresh);
		assert_int_equal(fresh, 11);
	}
}

// The record of an earlier connection says nothing about the next one in its slot.
static void a_slot_that_is_used_again_is_not_watched(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	set_threshold(watching, WATCH_ORIG_PACKETS, 3);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	finish_all(&watching->tracking);
	for (int i = 0; i < 5; i++)
		from_client(watching, 28);
	assert_null(conn_watch_get(watching->tracking.table, conn_of(&watching->tracking)));
	assert_told(watching, "");
}

static void one_without_a_name_is_logged_where_that_is_wanted(void **state)
{
	struct watching *watching = *state;

	watching_start(watching);
	from_client(watching, 28);
	ask(watching, (struct watch_request){.request = WATCH_REQUEST_THRESHOLD_ADD,
					     .kind = WATCH_ORIG_PACKETS,
					     .value = 1,
					     .actions = WATCH_ACTION_EVENT});
	assert_told(watching, "orig_packets 1");
	ask(watching, (struct watch_request){.request = WATCH_REQUEST_THRESHOLD_ADD,
					     .kind = WATCH_ORIG_PACKETS,
					     .value = 1});
	assert_told(watching, "");
}

static void a_log_action_shows_the_connection_as_it_is_then(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {.name = "big", .actions = WATCH_ACTION_LOG};

	rule.value[WATCH_RESP_BYTES] = 100;
	put_rule(watching, &rule);
	watching_start(watching);
	from_client(watching, 28);
	from_server(watching, 28);
	from_server(watching, 99);
	from_server(watching, 99);
	assert_told(watching, "");
	assert_int_equal(watching->record_count, 1);
	assert_int_equal(watching->record[0].conn.ip_bytes[CONN_RESP], 127);
	assert_int_equal(watching->record[0].conn.packets[CONN_RESP], 2);
	assert_int_equal(watching->record[0].conn.removed, 0);
	assert_int_equal(watching->record[0].conn.reason, CONN_REASON_COUNT);
	assert_int_equal(watching->record[0].value, 100);
	assert_int_equal(watching->record[0].side, CONN_RESP);
	assert_string_equal(watch_name_text(watching->record[0].name), "big");
}

static void a_capture_begins_with_the_packet_that_crosses(void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {.name = "big", .actions = WATCH_ACTION_CAPTURE};

	rule.value[WATCH_PACKETS] = 3;
	put_rule(watching, &rule);
	rule.name = "bigger";
	rule.value[WATCH_PACKETS] = 4;
	put_rule(watching, &rule);
	watching_start(watching);
	for (int i = 1; i <= 3; i++) {
		from_client(watching, 28);
		watching->tracking.now++;
		from_server(watching, 28);
		watching->tracking.now++;
	}
	// Another connection's packets are not among them.
	track_udp(&watching->tracking, 7, 5000, SERVANT, 9000, 0);
	assert_int_equal(watching->captured_count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(watching->captured[i], START + 2 + i);
	assert_int_equal(watch_counters(watching->watch)->captured, 4);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	finish_all(&watching->tracking);
	assert_int_equal(watching->captures_over, 1);
}

static void a_capture_that_is_large_enough_gets_no_more_packets_and_does_not_begin_anew(
	void **state)
{
	struct watching *watching = *state;
	struct watch_rule_settings rule = {.name = "big", .actions = WATCH_ACTION_CAPTURE};

	rule.value[WATCH_PACKETS] = 2;
	put_rule(watching, &rule);
	rule.name = "bigger";
	rule.value[WATCH_PACKETS] = 5;
	put_rule(watching, &rule);
	watching->captured_most = 2;
	watching_start(watching);
	for (int i = 1; i <= 6; i++) {
		from_client(watching, 28);
		watching->tracking.now++;
	}
	assert_int_equal(watching->captured_count, 2);
	assert_int_equal(watch_counters(watching->watch)->captured, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, watching_create, watching_destroy)
		TEST(a_threshold_of_nothing_is_refused),
		TEST(one_that_is_set_twice_fires_once),
		TEST(one_that_fired_can_be_set_again),
		TEST(several_fire_in_ascending_order_one_after_the_other),
		TEST(several_that_one_packet_crosses_fire_in_ascending_order),
		TEST(after_one_is_deleted_the_next_smallest_is_waited_for),
		TEST(deleting_says_whether_it_was_waited_for),
		TEST(one_of_an_idle_duration_can_be_deleted),
		TEST(one_that_is_exceeded_already_fires_at_once),
		TEST(what_fires_besides_is_not_what_was_set),
		TEST(bytes_are_those_of_ip),
		TEST(bytes_fire_when_they_are_reached),
		TEST(a_duration_fires_only_when_it_is_exceeded),
		TEST(a_duration_waits_for_a_packet_that_counts),
		TEST(a_duration_that_is_exceeded_when_it_is_set_is_the_originators),
		TEST(without_idle_a_duration_never_fires_by_time),
		TEST(live_a_duration_fires_with_the_first_packet_after_it),
		TEST(with_idle_a_duration_fires_by_time),
		TEST(live_an_idle_duration_fires_by_time_within_a_tick),
		TEST(an_idle_duration_does_not_fire_one_that_waits_for_a_packet),
		TEST(a_duration_that_nobody_lives_to_see_is_none),
		TEST(directions_and_kinds_are_independent),
		TEST(what_one_packet_crosses_fires_in_zeeks_order),
		TEST(packets_of_both_sides_count_together),
		TEST(a_flip_exchanges_counters_but_not_thresholds),
		TEST(counts_beyond_four_billion_are_watched),
		TEST(counts_beyond_281_tera_bytes_are_watched),
		TEST(a_threshold_far_ahead_fires_exactly_there),
		TEST(values_at_the_end_of_numbers_are_never_reached),
		TEST(rules_and_requests_merge_in_order),
		TEST(each_of_very_many_fires_once_and_in_order),
		TEST(a_connection_has_room_for_so_many_of_its_own),
		TEST(all_of_its_own_can_fire_with_one_packet),
		TEST(items_come_back_when_their_connection_is_gone),
		TEST(a_slot_that_is_used_again_is_not_watched),
		TEST(one_without_a_name_is_logged_where_that_is_wanted),
		TEST(a_log_action_shows_the_connection_as_it_is_then),
		TEST(a_capture_begins_with_the_packet_that_crosses),
		TEST(a_capture_that_is_large_enough_gets_no_more_packets_and_does_not_begin_anew),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
