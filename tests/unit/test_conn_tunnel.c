/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

static struct packet_tunnels tunnels = {
	.depth = 2,
	.kind = {[4789] = PACKET_TUNNEL_VXLAN,
		 [6081] = PACKET_TUNNEL_GENEVE,
		 [2152] = PACKET_TUNNEL_GTP,
		 [4754] = PACKET_TUNNEL_GRE},
};

// What the table told whoever opens tunnels, last.
static struct {
	unsigned calls;
	bool ours;
	enum packet_tunnel kind;
	struct uid uid;
	const void *context;
	struct packet packet;
} told;

static void tell(void *context, const struct packet *packet, bool ours, enum packet_tunnel kind,
		 struct uid uid)
{
	told.calls++;
	told.context = context;
	told.packet = *packet;
	told.ours = ours;
	told.kind = kind;
	told.uid = uid;
}

static int start(void **state)
{
	struct tracking *tracking;

	tracking_create(state);
	tracking = *state;
	tracking->settings.tunnels = &tunnels;
	tracking->settings.carrier = tell;
	tracking->settings.carrier_context = tracking;
	tracking_start(tracking, NULL);
	memset(&told, 0, sizeof(told));
	return 0;
}

// A packet of the one flow inside, in tunnel number `stack` (0: in none) whose innermost is called
// `parent`. Even the tenth comes within its time.
static void inside(struct tracking *tracking, uint64_t stack, uint32_t parent)
{
	struct packet *packet = packet_between(tracking, PACKET_UDP, 1, 1000, 2, 2000);

	packet->udp_length = packet->payload_length = 10;
	packet->ip_length = 38;
	packet->stack = stack;
	packet->parent = (struct uid){.salt = 9, .place = {parent, 8}};
	packet->depth = stack != 0;
	packet->innermost = stack != 0 ? PACKET_TUNNEL_VXLAN : PACKET_TUNNEL_NONE;
	tracking->now += TIME_SECOND;
	track(tracking);
}

static void assert_summary(struct tracking *tracking, const char *history, unsigned parents, ...)
{
	struct conn_summary summary;
	va_list names;

	// A table is drained once; here it is done again.
	tracking->table->drain_at = 0;
	conn_table_drain(tracking->table, 64);
	assert_int_equal(conn_finished_take(tracking->table, &summary, 1), 1);
	assert_int_equal(summary.history_length, strlen(history));
	assert_memory_equal(summary.history, history, strlen(history));
	assert_int_equal(summary.parents, parents);
	va_start(names, parents);
	for (unsigned i = 0; i < parents; i++) {
		assert_int_equal(summary.parent[i].place[0], va_arg(names, unsigned));
		assert_int_equal(summary.parent[i].salt, 9);
		assert_int_equal(summary.parent[i].place[1], 8);
	}
	va_end(names);
}

static void outside_of_tunnels_there_is_no_parent(void **state)
{
	struct tracking *tracking = *state;

	inside(tracking, 0, 7);
	inside(tracking, 0, 7);
	assert_false(conn_flag(&tracking->table->conn[0], CONN_EXTENDED));
	assert_summary(tracking, "D", 0);
}

static void the_first_packet_names_a_parent(void **state)
{
	inside(*state, 11, 1);
	inside(*state, 11, 1);
	assert_summary(*state, "D", 1, 1u);
}

static void another_tunnel_is_a_further_parent(void **state)
{
	inside(*state, 11, 1);
	inside(*state, 22, 2);
	inside(*state, 22, 2);
	inside(*state, 33, 3);
	assert_summary(*state, "D", 3, 1u, 2u, 3u);
}

static void a_tunnel_may_come_later(void **state)
{
	inside(*state, 0, 0);
	inside(*state, 11, 1);
	assert_summary(*state, "D", 1, 1u);
}

static void a_parent_is_named_once(void **state)
{
	// To and fro between two tunnels, as when each direction has a carrier of its own; and two
	// stacks with the same innermost tunnel.
	inside(*state, 11, 1);
	inside(*state, 22, 2);
	inside(*state, 11, 1);
	inside(*state, 33, 2);
	assert_summary(*state, "D", 2, 1u, 2u);
}

static void parents_differ_in_any_part_of_their_names(void **state)
{
	struct tracking *tracking = *state;
	struct conn_summary summary;

	inside(tracking, 11, 1);
	for (unsigned i = 0; i < 3; i++) {
		struct packet packet = tracking->packet;

		packet.stack = 100 + i;
		packet.parent.salt ^= i == 0;
		packet.parent.place[0] ^= i == 1;
		packet.parent.place[1] ^= i == 2;
		conn_track(tracking->table, &packet, 1, 0);
	}
	conn_table_drain(tracking->table, 64);
	assert_int_equal(conn_finished_take(tracking->table, &summary, 1), 1);
	assert_int_equal(summary.parents, 4);
}

static void five_changes_are_followed(void **state)
{
	for (unsigned i = 1; i <= 6; i++)
		inside(*state, i * 11, i);
	assert_summary(*state, "D", 6, 1u, 2u, 3u, 4u, 5u, 6u);
}

static void the_sixth_change_is_not_followed_but_marked(void **state)
{
	for (unsigned i = 1; i <= 9; i++)
		inside(*state, i * 11, i);
	assert_summary(*state, "DX", 6, 1u, 2u, 3u, 4u, 5u, 6u);
}

static void changing_to_no_tunnel_counts_and_adds_nothing(void **state)
{
	struct tracking *tracking = *state;

	// Five changes, three of them away from all tunnels; the sixth is too much.
	for (unsigned i = 1; i <= 3; i++) {
		inside(tracking, i * 11, i);
		inside(tracking, 0, 77);
	}
	assert_int_equal(
		conn_extension_get(tracking->table, &tracking->table->conn[0])->tunnel_changes, 5);
	inside(tracking, 44, 4);
	assert_summary(tracking, "DX", 3, 1u, 2u, 3u);
}

static void even_to_no_tunnel_the_sixth_change_is_marked(void **state)
{
	for (unsigned i = 1; i <= 6; i++)
		inside(*state, i * 11, i);
	inside(*state, 0, 0);
	assert_summary(*state, "DX", 6, 1u, 2u, 3u, 4u, 5u, 6u);
}

static void another_extension_is_no_tunnel(void **state)
{
	struct tracking *tracking = *state;

	inside(tracking, 0, 0);
	assert_non_null(conn_extension_need(tracking->table, &tracking->table->conn[0]));
	inside(tracking, 0, 0);
	inside(tracking, 11, 1);
	assert_summary(tracking, "D", 1, 1u);
}

static void without_extensions_packets_are_still_tracked(void **state)
{
	struct tracking *tracking = *state;

	tracking->table->pool.extension_end = 0;
	inside(tracking, 11, 1);
	inside(tracking, 22, 2);
	assert_int_equal(conn_table_counters(tracking->table)->packets, 2);
	assert_summary(tracking, "D", 0);
}

// A datagram from host 1 to the port of a tunnel on host 2, or the other way.
static void carrier(struct tracking *tracking, uint16_t port, const uint8_t *payload,
		    uint16_t length, bool back)
{
	struct packet *packet = back ? packet_between(tracking, PACKET_UDP, 2, port, 1, 40000)
				     : packet_between(tracking, PACKET_UDP, 1, 40000, 2, port);

	packet->udp_length = length;
	packet->ip_length = 28u + length;
	packet->payload = payload;
	packet->payload_length = packet->payload_captured = length;
	packet->may_carry = 1;
	track(tracking);
}

static const uint8_t vxlan[30] = {0x08};
static const uint8_t wrong[30] = {0x00};

static void whoever_opens_tunnels_is_told_of_ours(void **state)
{
	struct tracking *tracking = *state;
	struct uid uid;

	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	uid = conn_uid(tracking->table, &tracking->table->conn[0]);
	assert_int_equal(told.calls, 1);
	assert_true(told.ours);
	assert_int_equal(told.kind, PACKET_TUNNEL_VXLAN);
	assert_ptr_equal(told.context, tracking);
	assert_memory_equal(&told.uid, &uid, sizeof(uid));
	assert_memory_equal(&told.packet, &tracking->packet, sizeof(told.packet));
}

static void whoever_opens_tunnels_is_told_of_what_others_own(void **state)
{
	struct tracking *tracking = *state;

	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	tracking->packet.owner = 1;
	track(tracking);
	assert_int_equal(told.calls, 2);
	assert_false(told.ours);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	assert_int_equal(conn_table_counters(tracking->table)->packets, 1);
}

static void nobody_is_told_of_what_carries_nothing(void **state)
{
	struct tracking *tracking = *state;

	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	tracking->packet.may_carry = 0;
	track(tracking);
	tracking->packet.may_carry = 1;
	tracking->packet.verdict = PACKET_BAD_TRANSPORT;
	track(tracking);
	assert_int_equal(told.calls, 1);
}

static void what_finds_no_room_is_told_of_as_no_tunnel(void **state)
{
	struct tracking *tracking = *state;
	struct conn_table *table = tracking->table;
	uint32_t ahead;

	// As when every record waits to be logged.
	while (conn_slots_take(&table->free, &ahead) != CONN_SLOT_NONE)
		;
	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	assert_int_equal(conn_table_counters(table)->refused, 1);
	assert_int_equal(told.calls, 1);
	assert_true(told.ours);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
}

static void the_port_of_the_responder_decides(void **state)
{
	struct tracking *tracking = *state;

	// Host 2 answers from the port of a tunnel to that of another.
	struct packet *packet = packet_between(tracking, PACKET_UDP, 2, 4789, 1, 6081);

	packet->payload = vxlan;
	packet->payload_length = packet->payload_captured = sizeof(vxlan);
	packet->may_carry = 1;
	track(tracking);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	carrier(tracking, 4789, vxlan, sizeof(vxlan), true);
	assert_int_equal(told.kind, PACKET_TUNNEL_VXLAN);
	assert_int_equal(conn_table_live(tracking->table), 2);
}

static void a_wrong_header_closes_the_tunnel_for_good(void **state)
{
	struct tracking *tracking = *state;

	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_VXLAN);
	carrier(tracking, 4789, wrong, sizeof(wrong), true);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	assert_true(told.ours);
	assert_int_equal(told.calls, 3);
}

static void only_for_that_connection(void **state)
{
	struct tracking *tracking = *state;

	carrier(tracking, 4789, wrong, sizeof(wrong), false);
	tracking->now += 2 * TIME_MINUTE;
	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_VXLAN);
}

static void other_messages_do_not_close_the_tunnel(void **state)
{
	static const uint8_t echo[8] = {0x30, 1};
	static const uint8_t data[28] = {0x30, 255, [8] = 0x45, [11] = 20};

	carrier(*state, 2152, echo, sizeof(echo), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	carrier(*state, 2152, data, sizeof(data), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_GTP);
}

// An AYIYA header on any port: forwards IPv4, or is too short for the identity that it announces.
static const uint8_t ayiya[30] = {0x10, 0x52, 0x11, PACKET_IPV4};
static const uint8_t ayiya_wrong[30] = {0xf0, 0x52, 0x11, PACKET_IPV4};
static const uint8_t teredo[40] = {0x60, [6] = 59, [8] = 0x20, 0x01};
static const uint8_t teredo_wrong[40] = {0x60, [5] = 1, [6] = 59, [8] = 0x20, 0x01};

static void ayiya_and_teredo_are_closed_apart(void **state)
{
	carrier(*state, 9999, ayiya_wrong, sizeof(ayiya_wrong), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	carrier(*state, 9999, ayiya, sizeof(ayiya), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	carrier(*state, 9999, teredo, sizeof(teredo), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_TEREDO);
	carrier(*state, 9999, teredo_wrong, sizeof(teredo_wrong), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
	carrier(*state, 9999, teredo, sizeof(teredo), false);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
}

static void deep_in_tunnels(struct tracking *tracking, uint16_t port)
{
	struct packet *packet = packet_between(tracking, PACKET_UDP, 1, 40000, 2, port);

	packet->udp_length = packet->payload_length = packet->payload_captured = sizeof(vxlan);
	packet->payload = vxlan;
	packet->ip_length = 58;
	packet->stack = 11;
	packet->depth = 2;
	packet->innermost = PACKET_TUNNEL_VXLAN;
	packet->parent = (struct uid){.salt = 9, .place = {1, 8}};
	packet->may_carry = 1;
	track(tracking);
	track(tracking);
	assert_int_equal(told.kind, PACKET_TUNNEL_NONE);
}

static void a_tunnel_too_deep_is_marked_once(void **state)
{
	deep_in_tunnels(*state, 4789);
	assert_summary(*state, "DX", 1, 1u);
	deep_in_tunnels(*state, 6081);
	assert_summary(*state, "DX", 1, 1u);
}

static void gtp_and_gre_too_deep_are_not_marked(void **state)
{
	deep_in_tunnels(*state, 2152);
	assert_summary(*state, "D", 1, 1u);
	deep_in_tunnels(*state, 4754);
	assert_summary(*state, "D", 1, 1u);
}

// Tracks what is inside from within.
static void track_inside(void *context, const struct packet *packet, bool ours,
			 enum packet_tunnel kind, struct uid uid)
{
	struct tracking *tracking = context;
	struct packet inner = *packet;

	assert_true(ours);
	inner.may_carry = packet->depth < 3;
	inner.depth++;
	inner.stack = packet->stack * 3 + 1;
	inner.parent = uid;
	conn_track(tracking->table, &inner, 1, 0);
}

static void what_is_inside_may_be_the_same_flow(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.carrier = track_inside;
	conn_table_destroy(tracking->table);
	tracking_start(tracking, NULL);
	carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
	assert_int_equal(conn_table_live(tracking->table), 1);
	assert_int_equal(conn_table_counters(tracking->table)->packets, 5);
	assert_int_equal(conn_extension_get(tracking->table, &tracking->table->conn[0])->parents,
			 1);
}

static void timers_fall_due_between_a_packet_and_what_is_inside(void **state)
{
	struct tracking *tracking = *state;

	tracking->settings.carrier = track_inside;
	conn_table_destroy(tracking->table);
	tracking_start(tracking, NULL);
	for (int i = 0; i < 10; i++) {
		tracking->now += TIME_MINUTE + TIME_SECOND;
		carrier(tracking, 4789, vxlan, sizeof(vxlan), false);
		assert_int_equal(conn_table_live(tracking->table), 1);
	}
	assert_int_equal(conn_table_counters(tracking->table)->created, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(outside_of_tunnels_there_is_no_parent),
		TEST(the_first_packet_names_a_parent),
		TEST(another_tunnel_is_a_further_parent),
		TEST(a_tunnel_may_come_later),
		TEST(a_parent_is_named_once),
		TEST(parents_differ_in_any_part_of_their_names),
		TEST(five_changes_are_followed),
		TEST(the_sixth_change_is_not_followed_but_marked),
		TEST(changing_to_no_tunnel_counts_and_adds_nothing),
		TEST(even_to_no_tunnel_the_sixth_change_is_marked),
		TEST(another_extension_is_no_tunnel),
		TEST(without_extensions_packets_are_still_tracked),
		TEST(whoever_opens_tunnels_is_told_of_ours),
		TEST(whoever_opens_tunnels_is_told_of_what_others_own),
		TEST(nobody_is_told_of_what_carries_nothing),
		TEST(what_finds_no_room_is_told_of_as_no_tunnel),
		TEST(the_port_of_the_responder_decides),
		TEST(a_wrong_header_closes_the_tunnel_for_good),
		TEST(only_for_that_connection),
		TEST(other_messages_do_not_close_the_tunnel),
		TEST(ayiya_and_teredo_are_closed_apart),
		TEST(a_tunnel_too_deep_is_marked_once),
		TEST(gtp_and_gre_too_deep_are_not_marked),
		TEST(what_is_inside_may_be_the_same_flow),
		TEST(timers_fall_due_between_a_packet_and_what_is_inside),
	};

	return cmocka_run_group_tests_name("conn_tunnel", tests, NULL, NULL);
}
