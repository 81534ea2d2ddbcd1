/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

#include "conn/tcp_plain.h"

#define CLIENT 1

// Two tables that see the same packets: whatever the first one takes for plain, the second one
// tracks in the general way. Afterwards both must look the same.
struct pair {
	struct tracking way[2];
	uint64_t random;
	uint64_t plain, other; // packets of either kind
};

static uint32_t any(struct pair *pair, uint32_t below)
{
	pair->random = pair->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((pair->random >> 33) % below);
}

static int pair_create(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	for (int i = 0; i < 2; i++) {
		pair->way[i].settings = settings_default();
		tracking_start(&pair->way[i], NULL);
	}
	pair->random = 42;
	*state = pair;
	return 0;
}

static int pair_destroy(void **state)
{
	struct pair *pair = *state;

	conn_table_destroy(pair->way[0].table);
	conn_table_destroy(pair->way[1].table);
	free(pair);
	return 0;
}

static void assert_same(const struct pair *pair, const struct conn *plain, const struct conn *other)
{
	assert_memory_equal(plain, other, sizeof(*plain));
	assert_memory_equal(conn_cold(pair->way[0].table, plain),
			    conn_cold(pair->way[1].table, other), sizeof(struct conn_cold));
}

static void send_packet(struct pair *pair, uint32_t from, uint32_t to, uint8_t flags,
			uint32_t sequence, uint32_t acknowledgement, uint32_t payload,
			uint16_t window)
{
	struct conn *conn[2];

	for (int i = 0; i < 2; i++) {
		tcp_between(&pair->way[i], from, to, flags, sequence, acknowledgement, payload);
		pair->way[i].packet.window = window;
		conn[i] = conn_index_find(pair->way[i].table, &pair->way[i].packet);
	}
	if (conn[0] != NULL && conn[1] != NULL &&
	    tcp_plain_track(pair->way[0].table, conn[0], &pair->way[0].packet)) {
		tcp_track(pair->way[1].table, conn[1], &pair->way[1].packet);
		assert_same(pair, conn[0], conn[1]);
		pair->plain++;
		return;
	}
	pair->other++;
	for (int i = 0; i < 2; i++)
		conn_track(pair->way[i].table, &pair->way[i].packet, 1, 0);
}

// Where a side is, so that most packets make sense.
struct side {
	uint32_t host, next, seen;
};

static uint8_t any_flags(struct pair *pair)
{
	static const uint8_t seldom[] = {
		PACKET_TCP_SYN, PACKET_TCP_SYN | PACKET_TCP_ACK, PACKET_TCP_FIN | PACKET_TCP_ACK,
		PACKET_TCP_RST, PACKET_TCP_RST | PACKET_TCP_ACK, 0};

	return any(pair, 100) == 0 ? seldom[any(pair, sizeof(seldom))] : PACKET_TCP_ACK;
}

static void send_any(struct pair *pair, struct side *side, struct side *peer)
{
	uint8_t flags = any_flags(pair);
	uint32_t payload = any(pair, 3) ? any(pair, 1500) : 0, back = 0, ack = peer->next;

	if (any(pair, 30) == 0)
		back = any(pair, 3000) - 800;
	if (any(pair, 30) == 0)
		ack -= any(pair, 3000) - 800;
	if (any(pair, 20) == 0)
		ack = side->seen;
	send_packet(pair, side->host, peer->host, flags, side->next - back, ack, payload,
		    (uint16_t)(any(pair, 50) ? 1000 : 0));
	side->seen = ack;
	if ((int32_t)back <= 0)
		side->next += payload - back;
}

static void one_connection(struct pair *pair, uint32_t start)
{
	struct side side[2] = {{.host = CLIENT, .next = start}, {.host = SERVER(CLIENT)}};
	uint32_t packets = 20 + any(pair, 200);

	side[1].next = any(pair, 4) ? 1 + any(pair, 1u << 31) : start;
	if (any(pair, 3)) {
		send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_SYN, side[0].next++, 0, 0, 9);
		send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_SYN | PACKET_TCP_ACK,
			    side[1].next++, side[0].next, 0, 9);
	}
	for (uint32_t i = 0; i < packets; i++) {
		unsigned from = any(pair, 2);

		send_any(pair, &side[from], &side[from ^ 1]);
		pair->way[0].now += 1000;
		pair->way[1].now += 1000;
	}
	for (int i = 0; i < 2; i++) {
		conn_table_drain(pair->way[i].table, SIZE_MAX);
		pair->way[i].table->drain_at = 0;
	}
}

static void what_is_plain_changes_the_record_as_the_general_way_does(void **state)
{
	static const uint32_t starts[] = {100, 0xffffff00, 0xffffffff, 0x7ffffff0, 0};
	struct pair *pair = *state;
	struct conn_summary summary[2];

	for (int round = 0; round < 20000; round++) {
		one_connection(pair, starts[any(pair, 5)]);
		// What of the history is not used stays as it was.
		memset(summary, 0, sizeof(summary));
		while (finished(&pair->way[0], &summary[0])) {
			assert_true(finished(&pair->way[1], &summary[1]));
			assert_memory_equal(&summary[0], &summary[1], sizeof(summary[0]));
		}
	}
	// Or else nothing was tested.
	assert_true(pair->plain > 100000);
}

static void payload_in_order_is_plain(void **state)
{
	struct pair *pair = *state;
	uint64_t before;

	track_open(&pair->way[0], CLIENT);
	track_open(&pair->way[1], CLIENT);
	// The letters D and d are written by the general way.
	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_ACK, 101, 101, 10, 9);
	send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_ACK, 101, 111, 100, 9);
	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_ACK, 111, 201, 0, 9);
	before = pair->plain;
	send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_ACK, 201, 111, 100, 9);
	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_ACK, 111, 301, 0, 9);
	assert_int_equal(pair->plain, before + 2);
}

static void a_hole_is_not_plain(void **state)
{
	struct pair *pair = *state;
	uint64_t before;

	payload_in_order_is_plain(state);
	before = pair->plain;
	send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_ACK, 401, 111, 100, 9);
	send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_ACK, 301, 111, 100, 9);
	assert_int_equal(pair->plain, before);
}

// A second SYN-ACK moves the start of a stream, but not how far it was whole: an acknowledgement of
// what seems to be there may pass 2^32 unlike anything that was sent.
static void an_ack_that_passes_the_wrap_is_not_plain(void **state)
{
	struct pair *pair = *state;
	uint64_t before;

	payload_in_order_is_plain(state);
	send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_SYN | PACKET_TCP_ACK, 0xfffffff0, 111,
		    0, 9);
	before = pair->plain;
	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_ACK, 111, 0x20, 0, 9);
	assert_int_equal(pair->plain, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_plain_changes_the_record_as_the_general_way_does, pair_create,
			pair_destroy),
		cmocka_unit_test_setup_teardown(payload_in_order_is_plain, pair_create,
						pair_destroy),
		cmocka_unit_test_setup_teardown(a_hole_is_not_plain, pair_create, pair_destroy),
		cmocka_unit_test_setup_teardown(an_ack_that_passes_the_wrap_is_not_plain,
						pair_create, pair_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
