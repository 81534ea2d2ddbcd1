/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

#include "worker/expiry.h"

#include <urcu/urcu-qsbr.h>

#include <pthread.h>

#define WORKERS 3
#define LIMIT   4

// Workers with a table each, and what is in it.
struct crew {
	struct expiry_board *board;
	struct member {
		struct crew *crew;
		struct tracking tracking;
		uint32_t index;
		uint32_t flows;
		uint64_t removed[3]; // after each packet
	} member[WORKERS];
};

static void agree(void *context, struct conn_table *table, struct conn_turn *turn)
{
	struct member *member = context;

	expiry_agree(member->crew->board, member->index, table, turn);
}

// Packets that belong to nobody here, but tell the time.
static void pass(struct member *member, bool step)
{
	struct tracking *tracking = &member->tracking;

	packet_between(tracking, PACKET_UDP, 1, 1, 2, 2);
	tracking->packet.verdict = PACKET_NOT_IP;
	tracking->packet.step = step;
	conn_track(tracking->table, &tracking->packet, 1, 0);
}

static void *work(void *argument)
{
	struct member *member = argument;
	struct tracking *tracking = &member->tracking;

	urcu_qsbr_register_thread();
	tracking->now += 2 * TIME_MINUTE;
	for (int i = 0; i < 3; i++) {
		pass(member, i == 0);
		member->removed[i] =
			conn_table_counters(tracking->table)->removed[CONN_REASON_INACTIVE];
		tracking->now++;
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

// Worker i gets flows[i] of them; the flows of all begin in turn.
static void crew_run(struct crew *crew, const uint32_t flows[WORKERS])
{
	pthread_t thread[WORKERS];

	crew->board = expiry_board_create(WORKERS, LIMIT);
	assert_non_null(crew->board);
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct member *member = &crew->member[i];

		*member = (struct member){.crew = crew, .index = i};
		member->tracking.settings = settings_default();
		member->tracking.settings.timers_a_packet = LIMIT;
		member->tracking.settings.agree = agree;
		member->tracking.settings.agree_context = member;
		tracking_start(&member->tracking, NULL);
		for (uint32_t flow = 0; flow < flows[i]; flow++) {
			member->tracking.now = START + flow * WORKERS + i;
			track_udp(&member->tracking, 10 + flow, 4000, 2, 5000, 10);
		}
		member->tracking.now = START;
	}
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &crew->member[i]), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
}

static void crew_end(struct crew *crew)
{
	for (uint32_t i = 0; i < WORKERS; i++)
		conn_table_destroy(crew->member[i].tracking.table);
	expiry_board_destroy(crew->board);
}

static uint64_t removed_by_all(const struct crew *crew, int packet)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < WORKERS; i++)
		sum += crew->member[i].removed[packet];
	return sum;
}

static void the_limit_is_one_for_all_workers(void **state)
{
	const uint32_t flows[WORKERS] = {5, 5, 5};
	static struct crew crew;

	crew_run(&crew, flows);
	// Four before the packet and four after it; the rest around the next ones.
	assert_int_equal(removed_by_all(&crew, 0), 8);
	assert_int_equal(removed_by_all(&crew, 1), 15);
	crew_end(&crew);
}

static void the_earliest_of_all_come_first(void **state)
{
	const uint32_t flows[WORKERS] = {9, 1, 9};
	static struct crew crew;

	crew_run(&crew, flows);
	// In order of time: 0 1 2 0 2 0 2 0, then 2 0 2 0 2 0 2 0, then the rest.
	assert_int_equal(crew.member[0].removed[0], 4);
	assert_int_equal(crew.member[1].removed[0], 1);
	assert_int_equal(crew.member[2].removed[0], 3);
	assert_int_equal(crew.member[0].removed[1], 8);
	assert_int_equal(crew.member[2].removed[1], 7);
	assert_int_equal(removed_by_all(&crew, 2), 19);
	crew_end(&crew);
}

static void fewer_than_the_limit_all_run(void **state)
{
	const uint32_t flows[WORKERS] = {0, 3, 0};
	static struct crew crew;

	crew_run(&crew, flows);
	assert_int_equal(removed_by_all(&crew, 0), 3);
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_is_one_for_all_workers),
		cmocka_unit_test(the_earliest_of_all_come_first),
		cmocka_unit_test(fewer_than_the_limit_all_run),
	};

	return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}
