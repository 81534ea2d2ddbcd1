/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

#include "conn/tcp_plain.h"
#include "conn/tcp_usual.h"

#define CLIENT 1

// Two tables that see the same packets: whatever the first one takes for plain or usual, the second
// one tracks in the general way. Afterwards both must look the same.
struct pair {
	struct tracking way[2];
	uint64_t random;
	uint16_t port;                    // the server's
	uint64_t plain, usual[64], other; // packets of each kind; of the usual ones by their flags
};

// What a stream that is read along says: the beginning of SSH, SMB or mail, or nothing of the kind.
static uint8_t payload_bytes[4096];

static uint32_t any(struct pair *pair, uint32_t below)
{
	pair->random = pair->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((pair->random >> 33) % below);
}

static void ignore(void *context, const struct conn_event *event)
{
	(void)context;
	(void)event;
}

static int pair_create(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	for (int i = 0; i < 2; i++) {
		pair->way[i].settings = settings_default();
		// Who is subscribed to anything gets no usual packets, not even the first of a
		// connection.
		pair->way[i].settings.events = i == 1 ? 1 << CONN_EVENT_STATE_REMOVE : 0;
		pair->way[i].settings.event = ignore;
		tracking_start(&pair->way[i], NULL);
	}
	pair->port = 80;
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
	assert_memory_equal(conn_rare_look(pair->way[0].table, plain),
			    conn_rare_look(pair->way[1].table, other), sizeof(struct conn_rare));
	if (conn_flag(plain, CONN_EXTENDED))
		assert_memory_equal(conn_extension_get(pair->way[0].table, plain),
				    conn_extension_get(pair->way[1].table, other),
				    sizeof(struct conn_extension));
}

static void set_server_port(struct tracking *way, bool from_server, uint16_t port)
{
	struct packet *packet = &way->packet;

	packet->key.port[from_server ? packet->sender : packet->sender ^ 1] = port;
	packet->hash = packet_key_hash(&packet->key, way->settings.secret);
	packet->payload = payload_bytes;
}

static void send_packet(struct pair *pair, uint32_t from, uint32_t to, uint8_t flags,
			uint32_t sequence, uint32_t acknowledgement, uint32_t payload,
			uint16_t window)
{
	struct conn *conn[2];

	for (int i = 0; i < 2; i++) {
		tcp_between(&pair->way[i], from, to, flags, sequence, acknowledgement, payload);
		pair->way[i].packet.window = window;
		set_server_port(&pair->way[i], from > to, pair->port);
		conn[i] = conn_index_find(pair->way[i].table, &pair->way[i].packet);
	}
	if (conn[0] == NULL || conn[1] == NULL || tcp_reuses(conn[0], &pair->way[0].packet)) {
		for (int i = 0; i < 2; i++)
			conn_track(pair->way[i].table, &pair->way[i].packet, 1, 0);
		return;
	}
	if (tcp_plain_track(pair->way[0].table, conn[0], &pair->way[0].packet))
		pair->plain++;
	else if (tcp_usual_track(pair->way[0].table, conn[0], &pair->way[0].packet))
		pair->usual[flags]++;
	else {
		tcp_track(pair->way[0].table, conn[0], &pair->way[0].packet);
		pair->other++;
	}
	tcp_track(pair->way[1].table, conn[1], &pair->way[1].packet);
	assert_same(pair, conn[0], conn[1]);
}

// Where a side is, so that most packets make sense.
struct side {
	uint32_t host, next, seen;
	uint32_t lost; // where the hole begins in what its peer got, 0: there is none
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

// A packet as it should be; one of 20 is not quite, and one of 20 gets lost.
static void send_tidy(struct pair *pair, struct side *side, struct side *peer, uint8_t flags,
		      uint32_t payload)
{
	uint32_t sequence = side->next, ack = flags & PACKET_TCP_ACK ? peer->next : 0;
	uint16_t window = 1000;

	// What was lost is acknowledged up to the hole, until it is sent again.
	if (ack != 0 && peer->lost != 0 && any(pair, 4))
		ack = peer->lost;
	if (side->lost != 0 && any(pair, 6) == 0) {
		send_packet(pair, side->host, peer->host, PACKET_TCP_ACK, side->lost, ack,
			    side->next - side->lost, window);
		side->lost = 0;
	}
	side->next += payload + !!(flags & (PACKET_TCP_SYN | PACKET_TCP_FIN));
	switch (any(pair, 20)) {
	case 0:
		if (payload > 0 && side->lost == 0)
			side->lost = sequence;
		return;
	case 1:
		switch (any(pair, 7)) {
		case 0:
			sequence += any(pair, 5) - 2;
			break;
		case 1:
			ack += any(pair, 5) - 2;
			break;
		case 2:
			window = 0;
			break;
		case 3:
			payload += any(pair, 3);
			break;
		case 4:
			flags ^= (uint8_t)(1 << any(pair, 5));
			break;
		case 5:
			send_packet(pair, side->host, peer->host, flags, sequence, ack, payload,
				    window);
			break;
		default:
			ack = side->seen;
			break;
		}
	}
	send_packet(pair, side->host, peer->host, flags, sequence, ack, payload, window);
	side->seen = ack;
}

static void open_tidily(struct pair *pair, struct side *client, struct side *server)
{
	send_tidy(pair, client, server, PACKET_TCP_SYN, 0);
	if (any(pair, 20) == 0)
		send_tidy(pair, server, client, PACKET_TCP_SYN, 0);
	send_tidy(pair, server, client, PACKET_TCP_SYN | PACKET_TCP_ACK, 0);
	if (any(pair, 4))
		send_tidy(pair, client, server, PACKET_TCP_ACK, 0);
}

static void close_tidily(struct pair *pair, struct side *first, struct side *second)
{
	send_tidy(pair, first, second, PACKET_TCP_FIN | PACKET_TCP_ACK, any(pair, 4) ? 0 : 10);
	if (any(pair, 2))
		send_tidy(pair, second, first, PACKET_TCP_ACK, 0);
	if (any(pair, 4) == 0)
		send_tidy(pair, second, first, PACKET_TCP_ACK, 100);
	send_tidy(pair, second, first, PACKET_TCP_FIN | PACKET_TCP_ACK, 0);
	send_tidy(pair, first, second, PACKET_TCP_ACK, 0);
	while (any(pair, 4) == 0)
		send_any(pair, any(pair, 2) ? first : second, any(pair, 2) ? first : second);
}

static void one_connection(struct pair *pair, uint32_t start)
{
	struct side side[2] = {{.host = CLIENT, .next = start}, {.host = SERVER(CLIENT)}};
	static const uint16_t ports[] = {80, 80, 80, 22, 25, 445};
	static const char *const words[] = {"SSH-2.0-x\r\n", "\n", "EHLO a\r\nDATA\r\n"};
	bool tidy = any(pair, 2);
	uint32_t packets = tidy ? any(pair, 10) : 20 + any(pair, 200);

	pair->port = ports[any(pair, sizeof(ports) / sizeof(ports[0]))];
	snprintf((char *)payload_bytes, sizeof(payload_bytes), "%s", words[any(pair, 3)]);
	side[1].next = any(pair, 4) ? 1 + any(pair, 1u << 31) : start;
	if (any(pair, 3))
		open_tidily(pair, &side[0], &side[1]);
	for (uint32_t i = 0; i < packets; i++) {
		unsigned from = any(pair, 2);

		if (tidy)
			send_tidy(pair, &side[from], &side[from ^ 1], PACKET_TCP_ACK,
				  any(pair, 2) ? any(pair, 1500) : 0);
		else
			send_any(pair, &side[from], &side[from ^ 1]);
		pair->way[0].now += 1000;
		pair->way[1].now += 1000;
	}
	if (any(pair, 4)) {
		unsigned first = any(pair, 2);

		close_tidily(pair, &side[first], &side[first ^ 1]);
	}
	for (int i = 0; i < 2; i++) {
		conn_table_drain(pair->way[i].table, SIZE_MAX);
		pair->way[i].table->drain_at = 0;
	}
}

static void send_lives(struct pair *pair, int lives)
{
	static const uint32_t starts[] = {100, 0xffffff00, 0xffffffff, 0x7ffffff0, 0};
	struct conn_summary summary[2];

	for (int life = 0; life < lives; life++) {
		one_connection(pair, starts[any(pair, 5)]);
		// What of the history is not used stays as it was.
		memset(summary, 0, sizeof(summary));
		while (finished(&pair->way[0], &summary[0])) {
			assert_true(finished(&pair->way[1], &summary[1]));
			assert_memory_equal(&summary[0], &summary[1], sizeof(summary[0]));
		}
	}
}

static void what_is_plain_changes_the_record_as_the_general_way_does(void **state)
{
	struct pair *pair = *state;

	for (uint64_t seed = 1; seed <= 12; seed++) {
		pair->random = seed * 0x9e3779b97f4a7c15;
		send_lives(pair, 8000);
	}
	// Or else nothing was tested.
	assert_true(pair->plain > 100000);
	assert_true(pair->usual[PACKET_TCP_SYN | PACKET_TCP_ACK] > 5000);
	assert_true(pair->usual[PACKET_TCP_FIN | PACKET_TCP_ACK] > 5000);
	assert_true(pair->usual[PACKET_TCP_ACK] > 5000);
}

static void payload_in_order_is_plain(void **state)
{
	struct pair *pair = *state;
	uint64_t before;

	track_open(&pair->way[0], CLIENT);
	track_open(&pair->way[1], CLIENT);
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

// The peer's payload waits for a hole to be filled, and all in front of it is acknowledged: the FIN's close waits.
static void a_fin_while_the_peer_has_a_hole_is_not_usual(void **state)
{
	struct pair *pair = *state;
	uint64_t before;

	payload_in_order_is_plain(state);
	send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_ACK, 401, 111, 100, 9);
	before = pair->other;
	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_FIN | PACKET_TCP_ACK, 111, 301, 0, 9);
	assert_int_equal(pair->other, before + 1);
}

// An ACK that is taken for a guess moves what was acknowledged, but not what is whole.
static void what_is_acknowledged_ahead_of_what_is_whole_is_not_plain(void **state)
{
	struct pair *pair = *state;

	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_ACK, 100, 0, 0, 9);
	send_packet(pair, SERVER(CLIENT), CLIENT, PACKET_TCP_ACK, 500, 101, 0, 9);
	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_SYN | PACKET_TCP_ACK, 1000, 500, 0, 9);
	send_packet(pair, CLIENT, SERVER(CLIENT), PACKET_TCP_ACK, 1001, 500, 1, 9);
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
		cmocka_unit_test_setup_teardown(a_fin_while_the_peer_has_a_hole_is_not_usual,
						pair_create, pair_destroy),
		cmocka_unit_test_setup_teardown(
			what_is_acknowledged_ahead_of_what_is_whole_is_not_plain, pair_create,
			pair_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
