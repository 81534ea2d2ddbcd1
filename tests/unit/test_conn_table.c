/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

// Batches whose grace period runs; a test ends it when it likes.
static struct conn_limbo *batch[2 * CONN_LIMBO_BATCHES];
static uint32_t batches;

static void note_batch(struct conn_limbo *limbo)
{
	assert_true(batches < 2 * CONN_LIMBO_BATCHES);
	batch[batches++] = limbo;
}

static void end_grace_periods(void)
{
	while (batches > 0)
		atomic_store(&batch[--batches]->elapsed, true);
}

static void end_at_once(struct conn_limbo *limbo)
{
	atomic_store(&limbo->elapsed, true);
}

static void a_connection_is_made_once(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	tracking->now += TIME_SECOND;
	track_udp(tracking, 2, 5000, 1, 4000, 20);
	track_udp(tracking, 1, 4000, 2, 5000, 30);
	assert_int_equal(conn_table_live(tracking->table), 1);
	assert_int_equal(conn_table_counters(tracking->table)->packets, 3);
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &summary);
	assert_int_equal(summary.time, START);
	assert_int_equal(summary.duration, TIME_SECOND);
	assert_int_equal(summary.bytes[CONN_ORIG], 40);
	assert_int_equal(summary.bytes[CONN_RESP], 20);
	assert_int_equal(summary.packets[CONN_ORIG], 2);
	assert_int_equal(summary.packets[CONN_RESP], 1);
	assert_int_equal(summary.ip_bytes[CONN_ORIG], 40 + 2 * 28);
	assert_int_equal(summary.ip_bytes[CONN_RESP], 20 + 28);
	assert_int_equal(summary.port[CONN_ORIG], 4000);
	assert_int_equal(summary.port[CONN_RESP], 5000);
	assert_int_equal(summary.reason, CONN_REASON_END);
	assert_int_equal(summary.state, CONN_STATE_SF);
	assert_int_equal(opener(&summary), 1);
	assert_history(&summary, "Dd");
}

static void packets_of_others_only_move_time(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, NULL);
	track_udp(tracking, 1, 4000, 2, 5000, 10);
	tracking->now += TIME_HOUR;
	packet_between(tracking, PACKET_UDP, 3, 1, 4, 2)->owner = 7;
	track(tracking);
	assert_int_equal(conn_table_live(tracking->table), 0);
	packet_between(tracking, PACKET_UDP, 3, 1, 4, 2)->verdict = PACKET_NOT_IP;
	track(tracking);
	assert_int_equal(conn_table_counters(tracking->table)->created, 1);
}

// Random packets among more tuples than the table has room for, against a list of what should be
// live.
static void random_use_agrees_with_a_list(void **state)
{
	enum { TUPLES = 400 };
	struct tracking *tracking = *state;
	uint64_t last[TUPLES] = {0};
	uint64_t created = 0;

	tracking->settings.maximum = 2 * TUPLES;
	tracking_start(tracking, NULL);
	srandom(10);
	for (int i = 0; i < 200000; i++) {
		uint32_t tuple = (uint32_t)random() % TUPLES;
		bool back = random() % 2;

		tracking->now += (uint64_t)random() % TIME_SECOND;
		// Idle for a minute: gone.
		if (last[tuple] == 0 || last[tuple] + TIME_MINUTE <= tracking->now)
			created++;
		last[tuple] = tracking->now;
		if (back)
			track_udp(tracking, 5000, 6000, tuple, 4000, 10);
		else
			track_udp(tracking, tuple, 4000, 5000, 6000, 10);
		assert_int_equal(conn_table_counters(tracking->table)->created, created);
		if (i % 100 == 0) {
			uint32_t live = 0;

			for (uint32_t j = 0; j < TUPLES; j++)
				live += last[j] != 0 && last[j] + TIME_MINUTE > tracking->now;
			assert_int_equal(conn_table_live(tracking->table), live);
		}
		finish_all(tracking);
	}
}

static void syn(struct tracking *tracking, uint32_t client)
{
	tracking->now++;
	track_tcp(tracking, client, SERVER(client), PACKET_TCP_SYN, 100, 0, 0);
}

static void a_full_table_evicts_the_oldest_half_open_connection(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, end_at_once);
	for (uint32_t i = 1; i <= 64; i++)
		syn(tracking, i);
	assert_int_equal(conn_table_live(tracking->table), 64);
	for (uint32_t i = 65; i <= 164; i++) {
		syn(tracking, i);
		assert_int_equal(conn_table_live(tracking->table), 64);
		assert_finished(tracking, &summary);
		assert_int_equal(summary.reason, CONN_REASON_EVICTED);
		assert_int_equal(summary.state, CONN_STATE_S0);
		assert_int_equal(opener(&summary), i - 64);
	}
	assert_int_equal(conn_table_counters(tracking->table)->refused, 0);
}

static void a_flood_of_syns_leaves_established_connections_alone(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, end_at_once);
	for (uint32_t i = 1; i <= 40; i++)
		track_open(tracking, i);
	for (uint32_t i = 1000; i < 3000; i++) {
		syn(tracking, i);
		finish_all(tracking);
	}
	assert_int_equal(conn_table_live(tracking->table), 64);
	assert_int_equal(conn_table_counters(tracking->table)->created, 40 + 2000);
	for (uint32_t i = 1; i <= 40; i++)
		track_tcp(tracking, i, SERVER(i), PACKET_TCP_ACK, 101, 101, 10);
	assert_int_equal(conn_table_counters(tracking->table)->created, 40 + 2000);
}

static void with_nothing_to_evict_newcomers_are_refused_and_counted(void **state)
{
	struct tracking *tracking = *state;

	tracking_start(tracking, end_at_once);
	for (uint32_t i = 1; i <= 64; i++)
		track_open(tracking, i);
	for (uint32_t i = 1000; i < 1010; i++)
		syn(tracking, i);
	assert_int_equal(conn_table_live(tracking->table), 64);
	assert_int_equal(conn_table_counters(tracking->table)->refused, 10);
	assert_int_equal(conn_table_counters(tracking->table)->evicted, 0);
}

static void closed_connections_make_room_after_half_open_ones(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, end_at_once);
	for (uint32_t i = 1; i <= 63; i++)
		track_open(tracking, i);
	// Number 7 is reset and waits for stragglers.
	track_tcp(tracking, 7, SERVER(7), PACKET_TCP_RST, 101, 101, 0);
	syn(tracking, 1000);
	syn(tracking, 1001);
	assert_finished(tracking, &summary);
	assert_int_equal(opener(&summary), 1000);
	track_tcp(tracking, SERVER(1001), 1001, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101, 0);
	track_tcp(tracking, 1001, SERVER(1001), PACKET_TCP_ACK, 101, 101, 0);
	syn(tracking, 1002);
	assert_finished(tracking, &summary);
	assert_int_equal(opener(&summary), 7);
	assert_int_equal(summary.reason, CONN_REASON_EVICTED);
	assert_int_equal(summary.state, CONN_STATE_RSTO);
}

static void one_sided_datagrams_are_evicted_and_answered_ones_stay(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, end_at_once);
	for (uint32_t i = 1; i <= 64; i++) {
		track_udp(tracking, i, 4000, 5000, 6000, 10);
		if (i <= 60)
			track_udp(tracking, 5000, 6000, i, 4000, 10);
	}
	for (uint32_t i = 100; i < 200; i++) {
		track_udp(tracking, i, 4000, 5000, 6000, 10);
		assert_finished(tracking, &summary);
		assert_int_equal(summary.packets[CONN_RESP], 0);
	}
}

// Nobody takes finished connections, so that in the end there is no slot for a newcomer, whoever
// makes room for it.
static void nothing_is_evicted_for_a_newcomer_that_is_refused(void **state)
{
	struct tracking *tracking = *state;
	const struct conn_counters *counters;
	uint64_t evicted;
	uint32_t client = 1;

	tracking_start(tracking, end_at_once);
	counters = conn_table_counters(tracking->table);
	while (counters->refused == 0) {
		evicted = counters->evicted;
		syn(tracking, client++);
	}
	assert_int_equal(counters->evicted, evicted);
	for (uint32_t i = 0; i < 10; i++)
		syn(tracking, client++);
	assert_int_equal(counters->refused, 11);
	assert_int_equal(counters->evicted, evicted);
	assert_int_equal(conn_table_live(tracking->table), 64);
	finish_all(tracking);
	syn(tracking, client);
	assert_int_equal(counters->refused, 11);
}

static void finished_connections_come_in_the_order_of_their_end(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;
	uint64_t before = 0;

	tracking_start(tracking, NULL);
	for (uint32_t i = 1; i <= 60; i++) {
		tracking->now += TIME_MILLISECOND;
		track_udp(tracking, i, 4000, 5000, 6000, 10);
	}
	// The first ten live on.
	tracking->now += TIME_SECOND;
	for (uint32_t i = 1; i <= 10; i++) {
		tracking->now++;
		track_udp(tracking, i, 4000, 5000, 6000, 10);
	}
	for (int i = 0; i < 100; i++)
		advance(tracking, TIME_SECOND);
	assert_int_equal(conn_table_waiting(tracking->table), 60);
	for (uint32_t i = 0; i < 60; i++) {
		assert_finished(tracking, &summary);
		assert_true(summary.removed >= before);
		before = summary.removed;
		assert_int_equal(opener(&summary), (i + 10) % 60 + 1);
		assert_int_equal(summary.reason, CONN_REASON_INACTIVE);
	}
	assert_false(finished(tracking, &summary));
}

static void only_as_many_finished_ones_are_taken_as_are_wanted(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary[4];

	tracking_start(tracking, NULL);
	for (uint32_t i = 1; i <= 5; i++)
		track_udp(tracking, i, 4000, 5000, 6000, 10);
	advance(tracking, TIME_HOUR);
	assert_int_equal(conn_finished_take(tracking->table, summary, 0), 0);
	assert_int_equal(conn_table_waiting(tracking->table), 5);
	assert_int_equal(conn_finished_take(tracking->table, summary, 4), 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(opener(&summary[i]), i + 1);
	assert_int_equal(conn_table_waiting(tracking->table), 1);
	assert_int_equal(conn_table_counters(tracking->table)->finished, 4);
	assert_int_equal(conn_finished_take(tracking->table, summary, 4), 1);
	assert_int_equal(opener(&summary[0]), 5);
	assert_books_balance(tracking->table);
}

static void draining_removes_all_in_steps(void **state)
{
	struct tracking *tracking = *state;
	uint32_t live = 50;
	size_t step;

	tracking_start(tracking, NULL);
	for (uint32_t i = 1; i <= 50; i++)
		track_udp(tracking, i, 4000, 5000, 6000, 10);
	while ((step = conn_table_drain(tracking->table, 7)) > 0) {
		assert_in_range(step, 1, 7);
		assert_in_range(live - conn_table_live(tracking->table), 0, step);
		live = conn_table_live(tracking->table);
		assert_books_balance(tracking->table);
	}
	assert_int_equal(conn_table_live(tracking->table), 0);
	assert_int_equal(finish_all(tracking), 50);
	assert_int_equal(conn_table_waiting(tracking->table), 0);
	assert_int_equal(conn_table_counters(tracking->table)->removed[CONN_REASON_END], 50);
}

// One connection comes and goes; returns its slot, or CONN_SLOT_NONE when it was refused.
static uint32_t come_and_go(struct tracking *tracking, struct uid *uid)
{
	struct conn_summary summary;
	uint32_t slot, generation;
	uint8_t worker;

	track_udp(tracking, 1, 4000, 2, 5000, 10);
	if (conn_table_live(tracking->table) == 0)
		return CONN_SLOT_NONE;
	advance(tracking, TIME_HOUR);
	if (!finished(tracking, &summary))
		return CONN_SLOT_NONE;
	*uid = summary.uid;
	uid_open(&tracking->settings.uid_key, summary.uid, &worker, &slot, &generation);
	return slot;
}

static void a_slot_is_not_used_again_before_its_grace_period_is_over(void **state)
{
	struct tracking *tracking = *state;
	uint32_t slots, slot, used = 0;
	struct uid uid;
	bool *seen;

	tracking_start(tracking, note_batch);
	slots = tracking->table->slots;
	seen = calloc(slots, sizeof(*seen));
	while ((slot = come_and_go(tracking, &uid)) != CONN_SLOT_NONE) {
		assert_true(slot < slots);
		assert_false(seen[slot]);
		seen[slot] = true;
		used++;
	}
	// No slot of the reserve is left; the last connection waits.
	assert_int_equal(used, CONN_LIMBO_BATCH * CONN_LIMBO_BATCHES);
	assert_int_equal(conn_table_waiting(tracking->table), 1);
	end_grace_periods();
	assert_int_equal(finish_all(tracking), 1);
	for (int i = 0; i < 10000; i++) {
		assert_int_not_equal(come_and_go(tracking, &uid), CONN_SLOT_NONE);
		end_grace_periods();
	}
	free(seen);
}

static void a_grace_period_can_be_begun_for_few(void **state)
{
	struct tracking *tracking = *state;
	struct uid uid;

	tracking_start(tracking, note_batch);
	conn_table_reclaim(tracking->table);
	assert_int_equal(batches, 0);
	come_and_go(tracking, &uid);
	conn_table_reclaim(tracking->table);
	assert_int_equal(batches, 1);
	assert_int_equal(batch[0]->count, 1);
	conn_table_reclaim(tracking->table);
	assert_int_equal(batches, 1);
	end_grace_periods();
}

static void one_slot_gives_a_new_uid_each_time(void **state)
{
	struct tracking *tracking = *state;
	struct uid before = {0}, uid;
	struct conn_slots *free;
	uint32_t ahead;

	tracking_start(tracking, NULL);
	free = &tracking->table->free;
	while (conn_slots_take(free, &ahead) != CONN_SLOT_NONE)
		;
	conn_slots_return(free, 7);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(come_and_go(tracking, &uid), 7);
		assert_memory_not_equal(&uid, &before, sizeof(uid));
		before = uid;
	}
}

static void counters_go_beyond_32_bits(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	for (int round = 0; round < 3; round++) {
		track_udp(tracking, 1, 4000, 2, 5000, 100);
		track_udp(tracking, 2, 5000, 1, 4000, 100);
		for (unsigned side = 0; side < 2; side++) {
			conn_of(tracking)->packets[side] = UINT32_MAX;
			conn_of(tracking)->ip_bytes[side] = UINT32_MAX - 99;
		}
	}
	track_udp(tracking, 1, 4000, 2, 5000, 100);
	track_udp(tracking, 2, 5000, 1, 4000, 100);
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &summary);
	for (unsigned side = 0; side < 2; side++) {
		assert_int_equal(summary.packets[side], UINT64_C(3) << 32);
		assert_int_equal(summary.ip_bytes[side], (UINT64_C(3) << 32) - 100 + 128);
	}
}

static void udp_payload_goes_beyond_32_bits(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	tracking_start(tracking, NULL);
	for (int i = 0; i < 70000; i++)
		track_udp(tracking, 1, 4000, 2, 5000, 65507);
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &summary);
	assert_int_equal(summary.bytes[CONN_ORIG], UINT64_C(70000) * 65507);
	assert_int_equal(summary.ip_bytes[CONN_ORIG], UINT64_C(70000) * 65535);
}

static void tcp_payload_goes_beyond_32_bits(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;
	uint32_t sequence = 101;

	tracking_start(tracking, NULL);
	track_open(tracking, 1);
	for (int i = 0; i < 140000; i++) {
		track_tcp(tracking, 1, SERVER(1), PACKET_TCP_ACK, sequence, 101, 65495);
		sequence += 65495;
		track_tcp(tracking, SERVER(1), 1, PACKET_TCP_ACK, 101, sequence, 0);
	}
	conn_table_drain(tracking->table, SIZE_MAX);
	assert_finished(tracking, &summary);
	assert_int_equal(summary.bytes[CONN_ORIG], UINT64_C(140000) * 65495);
	assert_int_equal(summary.bytes[CONN_RESP], 0);
	assert_int_equal(summary.missed_bytes, 0);
	assert_history(&summary, "ShADa");
}

static void a_burst_is_tracked_in_order(void **state)
{
	struct tracking *tracking = *state;
	struct packet burst[37];

	tracking_start(tracking, NULL);
	for (uint32_t size = 0; size <= 37; size++) {
		for (uint32_t i = 0; i < size; i++) {
			tracking->now++;
			burst[i] = *packet_between(tracking, PACKET_UDP, size * 100 + i, 1, 9999,
						   2);
		}
		conn_track(tracking->table, burst, size, 0);
		conn_table_drain(tracking->table, SIZE_MAX);
		// The next round begins anew, as no program does.
		tracking->table->drain_at = 0;
		assert_int_equal(finish_all(tracking), size);
	}
	assert_books_balance(tracking->table);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_made_once),
		TEST(packets_of_others_only_move_time),
		TEST(random_use_agrees_with_a_list),
		TEST(a_full_table_evicts_the_oldest_half_open_connection),
		TEST(a_flood_of_syns_leaves_established_connections_alone),
		TEST(with_nothing_to_evict_newcomers_are_refused_and_counted),
		TEST(closed_connections_make_room_after_half_open_ones),
		TEST(one_sided_datagrams_are_evicted_and_answered_ones_stay),
		TEST(nothing_is_evicted_for_a_newcomer_that_is_refused),
		TEST(finished_connections_come_in_the_order_of_their_end),
		TEST(only_as_many_finished_ones_are_taken_as_are_wanted),
		TEST(draining_removes_all_in_steps),
		TEST(a_slot_is_not_used_again_before_its_grace_period_is_over),
		TEST(a_grace_period_can_be_begun_for_few),
		TEST(one_slot_gives_a_new_uid_each_time),
		TEST(counters_go_beyond_32_bits),
		TEST(udp_payload_goes_beyond_32_bits),
		TEST(tcp_payload_goes_beyond_32_bits),
		TEST(a_burst_is_tracked_in_order),
	};

	return cmocka_run_group_tests_name("conn_table", tests, NULL, NULL);
}
