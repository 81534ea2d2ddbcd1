/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "../../bench/random.h"
#include "reader_fixture.h"

// What a reader sees of the connection that the packet made last belongs to is what is logged of
// it.
static void assert_looks_as_logged(struct tracking *tracking)
{
	struct conn_reader *reader = reader_of(tracking);
	struct conn_summary seen, logged;

	assert_int_equal(conn_reader_look(reader, slot_of(tracking), &seen), CONN_READ_FOUND);
	assert_int_equal(seen.removed, 0);
	assert_int_equal(seen.reason, CONN_REASON_COUNT);
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &logged);
	assert_same(&seen, &logged);
	conn_reader_destroy(reader);
}

static void test_a_connection_looks_as_it_would_be_logged(void **state)
{
	struct tracking *tracking = *state;

	// Not slot 0, which the copy has, too.
	track_udp(tracking, 5, 1000, 6, 2000, 10);
	conn_remove(tracking->table, conn_of(tracking), CONN_REASON_END);
	track_open(tracking, 1);
	tracking->now += TIME_SECOND;
	track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, 101, 101, 50);
	assert_int_not_equal(slot_of(tracking), 0);
	assert_int_equal(finish_all(tracking), 1);
	assert_looks_as_logged(tracking);
}

static void test_rare_counts_and_extensions_are_read_too(void **state)
{
	struct tracking *tracking = *state;

	track_open(tracking, 1);
	for (uint32_t i = 0; i < 30; i++) {
		tracking->now += TIME_MILLISECOND;
		// A hole before each, and a closed window.
		tcp_between(tracking, 1, SERVER(1), PACKET_TCP_ACK, 201 + 200 * i, 101, 100);
		tracking->packet.window = 0;
		track(tracking);
		track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 301 + 200 * i, 0);
		// A checksum that is wrong.
		tcp_between(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, 101, 0);
		tracking->packet.transport = PACKET_TRANSPORT_BAD_CHECKSUM;
		track(tracking);
	}
	assert_true(conn_flag(conn_of(tracking), CONN_EXTENDED));
	assert_true(conn_cold(tracking->table, conn_of(tracking))->rare);
	assert_looks_as_logged(tracking);
}

static void test_tunnels_are_read_too(void **state)
{
	struct tracking *tracking = *state;

	// Another connection has the first extension.
	for (uint32_t i = 0; i < 2; i++) {
		open_in_tunnel(tracking, 1 + i);
		if (i == 0)
			conn_timer_set(tracking->table, conn_of(tracking), 0, START + 1);
	}
	advance(tracking, 10 * TIME_SECOND);
	assert_int_equal(conn_table_live(tracking->table), 1);
	assert_int_equal(finish_all(tracking), 1);
	assert_looks_as_logged(tracking);
}

static void test_nobody_lives_in_a_slot_that_is_free_or_finished(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	struct conn_summary summary;
	uint32_t slot, used;

	track_udp(tracking, 1, 1000, 2, 2000, 10);
	slot = slot_of(tracking);
	used = conn_table_slots_used(tracking->table);
	assert_in_range(used, slot + 1, tracking->table->slots);
	assert_int_equal(conn_reader_look(reader, slot, &summary), CONN_READ_FOUND);
	for (uint32_t other = 0; other < used; other++) {
		if (other != slot)
			assert_int_equal(conn_reader_look(reader, other, &summary), CONN_READ_NONE);
	}
	assert_int_equal(conn_reader_look(reader, used, &summary), CONN_READ_NONE);
	assert_int_equal(conn_reader_look(reader, tracking->table->slots, &summary),
			 CONN_READ_NONE);
	assert_int_equal(conn_reader_look(reader, UINT32_MAX, &summary), CONN_READ_NONE);
	advance(tracking, TIME_HOUR);
	assert_int_equal(conn_reader_look(reader, slot, &summary), CONN_READ_NONE);
	assert_int_equal(finish_all(tracking), 1);
	assert_int_equal(conn_reader_look(reader, slot, &summary), CONN_READ_NONE);
	assert_int_equal(conn_reader_again(reader), 0);
	conn_reader_destroy(reader);
}

static void test_the_time_that_a_connection_may_be_quiet(void **state)
{
	struct tracking *tracking = *state;
	struct conn_table *table = tracking->table;
	struct conn_reader *reader = reader_of(tracking);
	struct conn_summary found;
	uint32_t slot;

	track_udp(tracking, 1, 1000, 2, 2000, 10);
	slot = slot_of(tracking);
	assert_int_equal(conn_reader_look(reader, slot, &found), CONN_READ_FOUND);
	assert_int_equal(conn_reader_inactivity(reader),
			 table->settings.inactivity[CONN_TIMEOUT_UDP]);
	conn_watch_inactivity(table, conn_of(tracking), 7 * TIME_SECOND);
	assert_int_equal(conn_reader_look(reader, slot, &found), CONN_READ_FOUND);
	assert_int_equal(conn_reader_inactivity(reader), 7 * TIME_SECOND);
	conn_watch_inactivity(table, conn_of(tracking), 0);
	assert_int_equal(conn_reader_look(reader, slot, &found), CONN_READ_FOUND);
	assert_int_equal(conn_reader_inactivity(reader), 0);
	conn_reader_destroy(reader);
}

static void test_a_uid_finds_its_connection_and_no_later_one(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	struct conn_summary seen, found;
	uint32_t slot, generation;
	uint8_t worker;

	track_udp(tracking, 1, 1000, 2, 2000, 10);
	assert_int_equal(conn_reader_look(reader, slot_of(tracking), &seen), CONN_READ_FOUND);
	uid_open(&tracking->settings.uid_key, seen.uid, &worker, &slot, &generation);
	assert_int_equal(slot, slot_of(tracking));
	assert_int_equal(conn_reader_find(reader, slot, generation, &found), CONN_READ_FOUND);
	assert_same(&seen, &found);
	assert_int_equal(conn_reader_find(reader, slot, generation + 1, &found), CONN_READ_NONE);
	// As if the slot had been used very often.
	tracking->table->cold[slot].generation += 1 << 24;
	assert_int_equal(conn_reader_find(reader, slot, generation, &found), CONN_READ_FOUND);
	tracking->table->cold[slot].generation++;
	assert_int_equal(conn_reader_find(reader, slot, generation, &found), CONN_READ_NONE);
	conn_reader_destroy(reader);
}

static void test_a_record_that_is_being_changed_is_given_up_in_the_end(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	struct conn_summary summary;
	uint32_t slot;

	track_udp(tracking, 1, 1000, 2, 2000, 10);
	slot = slot_of(tracking);
	conn_at(tracking->table, &tracking->table->conn[slot]);
	assert_int_equal(conn_reader_look(reader, slot, &summary), CONN_READ_BUSY);
	assert_true(conn_reader_again(reader) > 0);
	conn_at(tracking->table, &tracking->table->conn[slot + 1]);
	assert_int_equal(conn_reader_look(reader, slot, &summary), CONN_READ_FOUND);
	conn_reader_destroy(reader);
}

// The readers' rule: whatever changes what they see leaves a trace in the record's version.

struct view {
	bool live;
	uint64_t packets;
	uint32_t generation, changes;
	struct conn_summary summary;
};

static void view_take(const struct tracking *tracking, struct conn_reader *reader, uint32_t slot,
		      struct view *view)
{
	const struct conn_table *table = tracking->table;

	memset(view, 0, sizeof(*view));
	memcpy(&view->packets, table->conn[slot].packets, sizeof(view->packets));
	view->generation = table->cold[slot].generation;
	view->changes = table->changes[slot % CONN_CHANGES];
	view->live = conn_reader_look(reader, slot, &view->summary) == CONN_READ_FOUND;
	// What was not written.
	memset(view->summary.history + view->summary.history_length, 0,
	       sizeof(view->summary.history) - view->summary.history_length);
}

static void assert_change_shows(const struct view *before, const struct view *after)
{
	if (!before->live || !after->live ||
	    memcmp(&before->summary, &after->summary, sizeof(before->summary)) == 0)
		return;
	assert_true(before->packets != after->packets || before->generation != after->generation ||
		    before->changes != after->changes);
}

static bool one_in(uint64_t *random, uint32_t count)
{
	return (random_next(random) >> 32) % count == 0;
}

// A packet of any kind between few hosts.
static void packet_at_random(struct tracking *tracking, uint64_t *random)
{
	static const uint8_t protocols[] = {PACKET_TCP, PACKET_TCP,  PACKET_TCP,
					    PACKET_UDP, PACKET_ICMP, PACKET_GRE};
	static const uint16_t ports[] = {80, 53, 123, 1000};
	static const uint8_t payload[64] = {0x24};
	uint64_t bits = random_next(random);
	uint32_t from = bits % 3, to = bits / 3 % 3;
	uint8_t protocol = protocols[bits / 16 % 6];
	struct packet *packet = packet_between(tracking, protocol, from, ports[(from + 1) % 4], to,
					       ports[(to + 1) % 4]);

	packet->ip_length = 100;
	packet->payload = payload;
	packet->payload_length = bits >> 20 & 1 ? 48 : 0;
	packet->payload_captured = bits >> 21 & 1 ? packet->payload_length : 0;
	packet->cut = one_in(random, 4);
	packet->transport = (uint8_t)(one_in(random, 6) ? bits >> 22 & 3 : PACKET_TRANSPORT_OK);
	if (protocol == PACKET_UDP) {
		packet->udp_length = packet->payload_length;
	} else if (protocol == PACKET_TCP) {
		packet->sequence = 100 + (bits >> 24) % 4 * 48;
		packet->acknowledgement = 100 + (bits >> 26) % 4 * 48;
		packet->tcp_flags = (uint8_t)(bits >> 30) & 0x17;
		packet->window = !one_in(random, 4);
	}
	if (one_in(random, 5)) {
		packet->stack = 1 + (bits >> 40) % 3;
		packet->parent = (struct uid){.salt = (uint32_t)packet->stack};
		packet->depth = 1;
	}
}

static void test_every_change_that_shows_is_in_the_version(void **state)
{
	enum { SLOTS = 64, STEPS = 60000 };
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	static struct view view[SLOTS];
	uint64_t random = 1;

	for (uint32_t step = 0; step < STEPS; step++) {
		tracking->now += random_next(&random) >> 35;
		if (one_in(&random, 8)) {
			advance(tracking, random_next(&random) >> 32);
		} else {
			packet_at_random(tracking, &random);
			conn_track(tracking->table, &tracking->packet, 1, 0);
		}
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			struct view before = view[slot];

			view_take(tracking, reader, slot, &view[slot]);
			assert_change_shows(&before, &view[slot]);
		}
		if (one_in(&random, 4))
			finish_all(tracking);
	}
	assert_int_equal(conn_reader_again(reader), 0);
	conn_reader_destroy(reader);
}

// Its other half: the worker says which record it is changing. Events come while it still is.

static struct {
	const struct conn_table *table;
	bool packet; // or timers
	uint32_t events, over;
} said;

static void check_said(void *context, const struct conn_event *event)
{
	// A packet may end one connection and begin another.
	if (said.packet && !conn_flag(&said.table->conn[event->slot], CONN_LIVE)) {
		said.over++;
		return;
	}
	said.events++;
	assert_ptr_equal(atomic_load(&said.table->at), &said.table->conn[event->slot]);
}

static void test_the_worker_says_which_record_it_is_changing(void **state)
{
	struct tracking *tracking = *state;
	uint64_t random = 2;

	conn_table_destroy(tracking->table);
	tracking->settings.events = (UINT32_C(1) << CONN_EVENT_COUNT) - 1;
	tracking->settings.connection_status_update_interval = TIME_SECOND;
	tracking->settings.event = check_said;
	tracking_start(tracking, NULL);
	memset(&said, 0, sizeof(said));
	said.table = tracking->table;
	for (uint32_t step = 0; step < 10000; step++) {
		tracking->now += random_next(&random) >> 35;
		said.packet = true;
		packet_at_random(tracking, &random);
		conn_track(tracking->table, &tracking->packet, 1, 0);
		assert_null(atomic_load(&said.table->at));
		said.packet = false;
		if (one_in(&random, 8)) {
			advance(tracking, random_next(&random) >> 32);
			assert_null(atomic_load(&said.table->at));
		}
		finish_all(tracking);
	}
	while (conn_table_drain(tracking->table, SIZE_MAX) > 0)
		;
	assert_true(said.events > 1000);
	assert_true(said.over > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, reading_start, tracking_destroy)
		TEST(test_a_connection_looks_as_it_would_be_logged),
		TEST(test_rare_counts_and_extensions_are_read_too),
		TEST(test_tunnels_are_read_too),
		TEST(test_nobody_lives_in_a_slot_that_is_free_or_finished),
		TEST(test_the_time_that_a_connection_may_be_quiet),
		TEST(test_a_uid_finds_its_connection_and_no_later_one),
		TEST(test_a_record_that_is_being_changed_is_given_up_in_the_end),
		TEST(test_every_change_that_shows_is_in_the_version),
		TEST(test_the_worker_says_which_record_it_is_changing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
