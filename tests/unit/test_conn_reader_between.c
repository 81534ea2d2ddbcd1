/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "reader_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

// What comes between. A part of the record lies in a page that cannot be read; when the reader gets
// there, in the middle of its copy, the signal's handler does what a worker would have done by then,
// makes the page readable, and the reader goes on.

typedef void (*meanwhile_function)(struct tracking *tracking, uint32_t slot);

static struct trap {
	struct tracking *tracking;
	uint32_t slot;
	meanwhile_function meanwhile; // NULL: it is not set
	void *page;
	size_t size;
} trap;

static void trap_release(void)
{
	assert_int_equal(mprotect(trap.page, trap.size, PROT_READ | PROT_WRITE), 0);
}

static void trap_spring(int number, siginfo_t *info, void *context)
{
	meanwhile_function meanwhile = trap.meanwhile;

	trap.meanwhile = NULL;
	if (meanwhile == NULL) {
		signal(SIGSEGV, SIG_DFL);
		return;
	}
	trap_release();
	meanwhile(trap.tracking, trap.slot);
}

// Looks at a slot. When the part of it that is at `part` is read for the first time, `meanwhile`
// happens before.
static enum conn_read look_while(struct tracking *tracking, struct conn_reader *reader,
				 uint32_t slot, const void *part, meanwhile_function meanwhile,
				 struct conn_summary *summary)
{
	struct sigaction action = {.sa_sigaction = trap_spring,
				   .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction before;
	enum conn_read read;

	trap = (struct trap){.tracking = tracking, .slot = slot, .meanwhile = meanwhile};
	trap.size = (size_t)sysconf(_SC_PAGESIZE);
	trap.page = (void *)((uintptr_t)part & ~(trap.size - 1));
	sigaction(SIGSEGV, &action, &before);
	assert_int_equal(mprotect(trap.page, trap.size, PROT_NONE), 0);
	read = conn_reader_look(reader, slot, summary);
	trap_release();
	sigaction(SIGSEGV, &before, NULL);
	return read;
}

// A SYN that closes its window: a connection with a rare part, which is read after the others.
static uint32_t open_with_rare(struct tracking *tracking, uint32_t client)
{
	tcp_between(tracking, client, SERVER(client), PACKET_TCP_SYN, 100, 0, 0);
	tracking->packet.window = 0;
	track(tracking);
	assert_true(conn_cold(tracking->table, conn_of(tracking))->rare);
	return slot_of(tracking);
}

static void answer(struct tracking *tracking, uint32_t slot)
{
	tcp_between(tracking, SERVER(1), 1, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101, 0);
	tracking->packet.window = 0;
	track(tracking);
}

static void answer_badly(struct tracking *tracking, uint32_t slot)
{
	tcp_between(tracking, SERVER(1), 1, PACKET_TCP_SYN | PACKET_TCP_ACK, 100, 101, 0);
	tracking->packet.transport = PACKET_TRANSPORT_BAD_CHECKSUM;
	track(tracking);
}

// The reader noticed, and what it has is what one sees afterwards.
static void assert_read_again_after(struct tracking *tracking, meanwhile_function meanwhile)
{
	struct conn_reader *reader = reader_of(tracking);
	uint32_t slot = open_with_rare(tracking, 1);
	struct conn_summary seen, after;

	assert_int_equal(
		look_while(tracking, reader, slot, &tracking->table->rare[slot], meanwhile, &seen),
		CONN_READ_FOUND);
	assert_int_equal(conn_reader_again(reader), 1);
	assert_int_equal(conn_reader_look(reader, slot, &after), CONN_READ_FOUND);
	assert_same(&seen, &after);
	conn_reader_destroy(reader);
}

static void test_a_packet_in_between_is_noticed(void **state)
{
	assert_read_again_after(*state, answer);
}

static void test_a_packet_in_between_that_does_not_count_is_noticed(void **state)
{
	assert_read_again_after(*state, answer_badly);
}

static void begin_change(struct tracking *tracking, uint32_t slot)
{
	struct conn *conn = &tracking->table->conn[slot];

	conn_at(tracking->table, conn);
	conn->ip_bytes[CONN_ORIG] += 40;
}

static void test_a_change_that_begins_in_between_is_noticed(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	uint32_t slot = open_with_rare(tracking, 1);
	struct conn_summary seen;

	assert_int_equal(look_while(tracking, reader, slot, &tracking->table->rare[slot],
				    begin_change, &seen),
			 CONN_READ_BUSY);
	conn_reader_destroy(reader);
}

static void end_change(struct tracking *tracking, uint32_t slot)
{
	tracking->table->conn[slot].ip_bytes[CONN_ORIG] += 40;
	conn_at(tracking->table, NULL);
}

static void test_a_change_that_began_before_and_ends_in_between_is_noticed(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	uint32_t slot = open_with_rare(tracking, 1);
	struct conn_summary seen;

	conn_at(tracking->table, &tracking->table->conn[slot]);
	tracking->table->conn[slot].packets[CONN_ORIG]++;
	assert_int_equal(
		look_while(tracking, reader, slot, &tracking->table->rare[slot], end_change, &seen),
		CONN_READ_BUSY);
	conn_reader_destroy(reader);
}

static void change_from_elsewhere(struct tracking *tracking, uint32_t slot)
{
	conn_change_begin(tracking->table, &tracking->table->conn[slot]);
	tracking->table->conn[slot].ip_bytes[CONN_ORIG] += 40;
}

static void test_a_change_of_a_record_that_is_not_at_hand_is_noticed(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	uint32_t slot = open_with_rare(tracking, 1);
	struct conn_summary seen;

	conn_at(tracking->table, &tracking->table->conn[slot + 1]);
	assert_int_equal(look_while(tracking, reader, slot, &tracking->table->rare[slot],
				    change_from_elsewhere, &seen),
			 CONN_READ_BUSY);
	assert_int_equal(conn_reader_look(reader, slot, &seen), CONN_READ_BUSY);
	conn_change_end(tracking->table, &tracking->table->conn[slot]);
	assert_int_equal(conn_reader_look(reader, slot, &seen), CONN_READ_FOUND);
	conn_reader_destroy(reader);
}

// The packet counts stay where they are; the base of the bytes is read after the bytes.
static void watch_for_more(struct tracking *tracking, uint32_t slot)
{
	conn_watch_arm(tracking->table, &tracking->table->conn[slot], CONN_ORIG, UINT64_MAX, 500);
}

static void test_a_counter_that_is_moved_in_between_is_noticed(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	struct conn_summary seen;
	uint32_t slot;

	track_udp(tracking, 1, 1000, 2, 2000, 10);
	slot = slot_of(tracking);
	conn_watch_need(tracking->table, conn_of(tracking));
	conn_watch_arm(tracking->table, conn_of(tracking), CONN_ORIG, UINT64_MAX, 100);
	assert_int_equal(look_while(tracking, reader, slot, &tracking->table->watch[slot],
				    watch_for_more, &seen),
			 CONN_READ_FOUND);
	assert_int_equal(conn_reader_again(reader), 1);
	assert_int_equal(seen.packets[CONN_ORIG], 1);
	assert_int_equal(seen.ip_bytes[CONN_ORIG], 38);
	conn_reader_destroy(reader);
}

// And its slot is used again, at once, by a connection that got as many packets.
static void replace(struct tracking *tracking, uint32_t slot)
{
	struct conn_table *table = tracking->table;

	conn_remove(table, &table->conn[slot], CONN_REASON_END);
	assert_int_equal(finish_all(tracking), 1);
	table->free.next[table->free.first] = slot;
	assert_int_equal(open_with_rare(tracking, 2), slot);
}

static void test_another_connection_in_the_slot_is_noticed(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	uint32_t slot = open_with_rare(tracking, 1);
	struct conn_summary seen;

	assert_int_equal(
		look_while(tracking, reader, slot, &tracking->table->rare[slot], replace, &seen),
		CONN_READ_FOUND);
	assert_int_equal(opener(&seen), 2);
	conn_reader_destroy(reader);
}

// And its extension is another connection's.
static void end_in_tunnel(struct tracking *tracking, uint32_t slot)
{
	const struct conn_extension *extension;

	extension = conn_extension_get(tracking->table, &tracking->table->conn[slot]);
	conn_remove(tracking->table, &tracking->table->conn[slot], CONN_REASON_END);
	assert_int_equal(finish_all(tracking), 1);
	open_in_tunnel(tracking, 2);
	assert_ptr_equal(conn_extension_get(tracking->table, conn_of(tracking)), extension);
}

static void test_a_removal_in_between_is_noticed(void **state)
{
	struct tracking *tracking = *state;
	struct conn_reader *reader = reader_of(tracking);
	struct conn_summary seen;
	uint32_t slot;

	open_in_tunnel(tracking, 1);
	slot = slot_of(tracking);
	assert_int_equal(look_while(tracking, reader, slot,
				    conn_extension_get(tracking->table, conn_of(tracking)),
				    end_in_tunnel, &seen),
			 CONN_READ_NONE);
	conn_reader_destroy(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, reading_start, tracking_destroy)
		TEST(test_a_packet_in_between_is_noticed),
		TEST(test_a_packet_in_between_that_does_not_count_is_noticed),
		TEST(test_a_change_that_begins_in_between_is_noticed),
		TEST(test_a_change_that_began_before_and_ends_in_between_is_noticed),
		TEST(test_another_connection_in_the_slot_is_noticed),
		TEST(test_a_removal_in_between_is_noticed),
		TEST(test_a_counter_that_is_moved_in_between_is_noticed),
		TEST(test_a_change_of_a_record_that_is_not_at_hand_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
