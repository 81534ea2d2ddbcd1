/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// Clients ask for whatever there is while a worker's connections come and go.

#include "service_fixture.h"

#define CLIENTS 6
// Until so much was seen, which takes its time where others need the CPUs, too.
#define ANSWERS_LEAST 100
#define ITEMS_LEAST   5000
#define FOUND_LEAST   10
#define SECONDS       1
#define SECONDS_MOST  60

static struct stress {
	struct serving *serving;
	atomic_bool stop;
	atomic_ulong answers;
	atomic_ulong items;
	atomic_ulong found; // connections that were there when they were asked for
} stress;

static void elapsed(struct rcu_head *head)
{
	struct conn_limbo *limbo = caa_container_of((void **)head, struct conn_limbo,
						    private_data[0]);

	atomic_store_explicit(&limbo->elapsed, true, memory_order_release);
}

static void reclaim(struct conn_limbo *limbo)
{
	static_assert(sizeof(struct rcu_head) <= sizeof(limbo->private_data), "it has room");

	urcu_qsbr_call_rcu((struct rcu_head *)(void *)limbo->private_data, elapsed);
}

// Connections of a second, each of a few packets.
static void *track_all(void *argument)
{
	struct tracking *tracking = &stress.serving->tracking[0];
	struct conn_summary finished[64];
	uint32_t number = 0;

	urcu_qsbr_register_thread();
	while (!stress.stop) {
		uint32_t host = 1 + number++ % 3000;

		tracking->now += TIME_MILLISECOND;
		conn_table_advance(tracking->table, tracking->now, SIZE_MAX);
		packet_between(tracking, PACKET_UDP, host, 4000, 2000000, 4000);
		tracking->packet.udp_length = 10;
		tracking->packet.payload_length = 10;
		tracking->packet.ip_length = 38;
		conn_track(tracking->table, &tracking->packet, 1, 0);
		while (conn_finished_take(tracking->table, finished, 64) > 0)
			;
		conn_table_reclaim(tracking->table);
		answer_like_a_worker(stress.serving, 0);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void hear_item(json_t *answer, char *uid)
{
	const json_t *item = json_object_get(answer, "item");

	assert_string_equal(json_string_value(json_object_get(item, "id.resp_h")), "10.30.132.128");
	snprintf(uid, UID_TEXT_SIZE + 1, "%s", json_string_value(json_object_get(item, "uid")));
	stress.items++;
}

// Hears all lines of an answer; the uid of the last item. Is it one of success?
static bool hear_all(int client, char *uid)
{
	for (;;) {
		json_t *answer = hear(client), *good = json_object_get(answer, "ok");
		bool ok = json_is_true(good);

		if (good == NULL)
			hear_item(answer, uid);
		json_decref(answer);
		if (good == NULL)
			continue;
		stress.answers++;
		return ok;
	}
}

static void *ask_all(void *argument)
{
	static const char *const list[] = {
		"{\"request\": \"conns\"}",
		"{\"request\": \"conns\", \"sort\": \"idle\", \"limit\": 1000}",
		"{\"request\": \"conns\", \"sort\": \"none\", \"limit\": 50}",
		"{\"request\": \"conns\", \"sort\": \"packets\", \"filter\": \"udp and src net "
		"10\"}",
	};
	int client = connect_to(stress.serving->path);
	char uid[UID_TEXT_SIZE + 1] = "C1", text[128];

	for (size_t i = (size_t)argument; !stress.stop; i++) {
		ask(client, list[i % 4]);
		assert_true(hear_all(client, uid));
		snprintf(text, sizeof(text), "{\"request\": \"show\", \"uid\": \"%s\"}", uid);
		ask(client, text);
		stress.found += hear_all(client, uid);
		snprintf(text, sizeof(text), "{\"request\": \"poll list\", \"uid\": \"%s\"}", uid);
		ask(client, text);
		hear_all(client, uid);
	}
	close(client);
	return NULL;
}

static bool has_seen_enough(void)
{
	return stress.answers >= ANSWERS_LEAST && stress.items >= ITEMS_LEAST &&
	       stress.found >= FOUND_LEAST;
}

static void tables_are_read_while_connections_come_and_go(void **state)
{
	struct serving *serving = *state;
	pthread_t worker, client[CLIENTS];

	stress.serving = serving;
	assert_int_equal(service_start(serving->service), 0);
	assert_int_equal(pthread_create(&worker, NULL, track_all, NULL), 0);
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&client[i], NULL, ask_all, (void *)i), 0);
	for (int i = 0; i < 10 * SECONDS_MOST && (i < 10 * SECONDS || !has_seen_enough()); i++)
		usleep(100000);
	stress.stop = true;
	for (size_t i = 0; i < CLIENTS; i++)
		pthread_join(client[i], NULL);
	service_stop(serving->service);
	pthread_join(worker, NULL);
	urcu_qsbr_barrier();
	print_message("%lu answers, %lu items, %lu shown\n", stress.answers, stress.items,
		      stress.found);
	assert_true(has_seen_enough());
}

static int create(void **state)
{
	struct serving *serving;

	serving_reclaim = reclaim;
	serving_create(state);
	serving = *state;
	// One worker is enough, which answers itself.
	serving->tracking[0].now = START;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tables_are_read_while_connections_come_and_go,
						create, serving_destroy),
	};

	return cmocka_run_group_tests_name("service_stress", tests, NULL, NULL);
}
