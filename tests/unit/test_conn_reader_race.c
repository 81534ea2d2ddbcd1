/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// A worker's table while others read it. A model knows all states that a connection of each kind
// passes through, from one packet to the next; whatever a reader gets must be one of them.

#include "conn/conn_reader.h"

#include "../../bench/random.h"
#include "conn_fixture.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

#define READERS 3
#define STEP    TIME_MILLISECOND // from one packet of a connection to its next
#define LENGTH  90               // packets of a connection
#define SILENCE 20               // steps until it is removed
#define TALKS   28
// The race goes on until so much was seen, and for a second.
#define FOUND_LEAST  100000
#define AGAIN_LEAST  20
#define SECONDS      1
#define SECONDS_MOST 60

enum kind {
	TCP,    // ends with a RST
	WINDOW, // closes its window with each packet: counts in the rare part
	HOLES,  // ranges and gaps: an extension
	LATE,   // begins with a SYN-ACK: the roles are exchanged with the second packet
	UDP,
	NTP, // the roles are exchanged with the fifth packet
	CUT, // ICMP, of which no packet counts
	KINDS
};

// A client's port tells connections apart, and how long each of its packets is.
#define CLIENT_PORTS  2048
#define SERVER_PORT   1999
#define CLIENT(talk)  (1u + (talk))
#define SERVICE(talk) (1000u + (talk))

static uint32_t ip_length(uint16_t client_port)
{
	return 200 + client_port % 61;
}

static enum kind kind_of(uint32_t talk)
{
	return talk % KINDS;
}

// What all connections of a kind have in common after as many packets.
struct shape {
	uint64_t missed_bytes, bytes[2], packets[2];
	uint32_t round_trip[2], retransmitted[2], out_of_order[2], zero_windows[2];
	uint16_t server_port;
	bool client_opened;
	uint8_t protocol, state, history_length;
	char history[CONN_HISTORY_SIZE];
};

struct talk {
	uint32_t sent;
	uint32_t silent; // steps until the next connection begins
	uint16_t port;
};

static struct race {
	struct tracking tracking;
	bool watched;
	struct shape model[KINDS][LENGTH];
	struct talk talk[TALKS];
	uint16_t next_port;
	atomic_uint slot[TALKS]; // where each of them probably is
	atomic_bool stop;
} race;

struct reading {
	pthread_t thread;
	struct conn_reader *reader;
	uint64_t random;
	atomic_ullong found, again;
	char wrong[200]; // the first thing that was
};

static struct shape shape_of(const struct conn_summary *summary)
{
	struct shape shape;

	memset(&shape, 0, sizeof(shape));
	shape.missed_bytes = summary->missed_bytes;
	for (int side = 0; side < 2; side++) {
		shape.bytes[side] = summary->bytes[side];
		shape.packets[side] = summary->packets[side];
		shape.round_trip[side] = summary->round_trip[side];
		shape.retransmitted[side] = summary->retransmitted[side];
		shape.out_of_order[side] = summary->out_of_order[side];
		shape.zero_windows[side] = summary->zero_windows[side];
	}
	shape.client_opened = summary->port[CONN_ORIG] >= CLIENT_PORTS;
	shape.server_port = summary->port[shape.client_opened];
	shape.protocol = summary->protocol;
	shape.state = summary->state;
	shape.history_length = summary->history_length;
	memcpy(shape.history, summary->history, summary->history_length);
	return shape;
}

static void fill_tcp(struct packet *packet, enum kind kind, uint32_t number)
{
	uint32_t stride = kind == HOLES ? 110 : 100;
	int32_t data = (int32_t)number - (kind == LATE ? 2 : 3);
	bool server = data % 2 == 0;

	packet->tcp_flags = PACKET_TCP_ACK;
	if (data >= 0) {
		uint32_t before = (uint32_t)data / 2 * stride;

		packet->sequence = (server ? 501 : 101) + before;
		packet->acknowledgement = server ? 101 + before : 501 + before + stride;
		packet->payload_length = packet->payload_captured = 100;
		packet->window = kind != WINDOW;
		if (kind == TCP && number == LENGTH - 1)
			packet->tcp_flags = PACKET_TCP_RST;
	} else if (data == -1) {
		packet->sequence = 101;
		packet->acknowledgement = 501;
	} else if (data == -2) {
		packet->tcp_flags = PACKET_TCP_SYN | PACKET_TCP_ACK;
		packet->sequence = 500;
		packet->acknowledgement = 101;
	} else {
		packet->tcp_flags = PACKET_TCP_SYN;
		packet->sequence = 100;
	}
}

static void mac_of(const struct address *address, uint16_t port, uint8_t mac[6])
{
	memcpy(mac, address->byte + 12, 4);
	mac[4] = (uint8_t)(port >> 8);
	mac[5] = (uint8_t)port;
}

// The packet with this number, from 0, of a connection; it is in tracking->packet.
static struct packet *packet_of(struct tracking *tracking, uint32_t talk, uint16_t port,
				uint32_t number)
{
	static const uint8_t other[48], exchange[48] = {0x24}; // NTP: a server's
	static const uint8_t protocol[KINDS] = {PACKET_TCP, PACKET_TCP, PACKET_TCP, PACKET_TCP,
						PACKET_UDP, PACKET_UDP, PACKET_ICMP};
	enum kind kind = kind_of(talk);
	bool client = (number % 2 == 0) ^ (kind == LATE);
	uint16_t service = kind == NTP ? 123 : SERVER_PORT;
	uint32_t from = client ? CLIENT(talk) : SERVICE(talk);
	uint32_t to = client ? SERVICE(talk) : CLIENT(talk);
	struct packet *packet = packet_between(tracking, protocol[kind], from,
					       client ? port : service, to,
					       client ? service : port);
	unsigned sender = packet->sender;

	packet->ip_length = ip_length(port);
	packet->has_mac = 1;
	mac_of(&packet->key.address[sender ^ 1], packet->key.port[sender ^ 1], packet->mac[0]);
	mac_of(&packet->key.address[sender], packet->key.port[sender], packet->mac[1]);
	packet->vlan[0] = port;
	packet->vlan[1] = PACKET_NO_VLAN;
	packet->cut = kind == CUT;
	if (packet->key.protocol == PACKET_TCP) {
		fill_tcp(packet, kind, number);
		return packet;
	}
	packet->payload = kind == NTP && number == 4 ? exchange : other;
	packet->payload_length = packet->payload_captured = sizeof(other);
	packet->udp_length = sizeof(other);
	return packet;
}

// Sends one connection of each kind through a table of its own.
static void make_model(const struct conn_settings *settings)
{
	struct tracking tracking = {.settings = *settings};
	struct conn_reader *reader;

	tracking_start(&tracking, NULL);
	reader = conn_reader_create(tracking.table);
	assert_non_null(reader);
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		for (uint32_t number = 0; number < LENGTH; number++) {
			struct conn_summary summary;

			tracking.now += STEP;
			packet_of(&tracking, kind, CLIENT_PORTS, number);
			track(&tracking);
			assert_int_equal(
				conn_reader_look(reader,
						 conn_slot(tracking.table, conn_of(&tracking)),
						 &summary),
				CONN_READ_FOUND);
			race.model[kind][number] = shape_of(&summary);
		}
	}
	conn_reader_destroy(reader);
	conn_table_destroy(tracking.table);
}

static bool has_link(const struct conn_summary *seen, uint16_t client_port)
{
	uint8_t mac[2][6];

	for (int side = 0; side < 2; side++)
		mac_of(&seen->address[side], seen->port[side], mac[side]);
	return seen->linked && memcmp(mac, seen->mac, sizeof(mac)) == 0 &&
	       seen->vlan[0] == client_port && seen->vlan[1] == PACKET_NO_VLAN;
}

// Is it a connection as it was after one of its packets? Else what is wrong.
static const char *what_is_wrong(const struct conn_summary *seen)
{
	struct shape shape = shape_of(seen);
	uint16_t client_port = seen->port[!shape.client_opened];
	uint32_t client = bytes_be32(seen->address[!shape.client_opened].byte + 12) & 0xffffff;
	uint64_t step = (uint64_t)seen->duration / STEP;

	if (client < CLIENT(0) || client >= CLIENT(TALKS) || client_port < CLIENT_PORTS)
		return "nobody's address or port";
	if ((uint64_t)seen->duration % STEP != 0 || step >= LENGTH)
		return "a duration that none has";
	if (memcmp(&shape, &race.model[kind_of(client - CLIENT(0))][step], sizeof(shape)) != 0)
		return "not as after any of its packets";
	for (int side = 0; side < 2; side++) {
		if (seen->ip_bytes[side] != seen->packets[side] * ip_length(client_port))
			return "bytes that do not fit the packets";
	}
	if (race.tracking.settings.keep_link && !has_link(seen, client_port))
		return "another one's link";
	if (seen->removed != 0 || seen->reason != CONN_REASON_COUNT)
		return "not live";
	return NULL;
}

static void check(struct reading *reading, const struct conn_summary *seen)
{
	const char *wrong = what_is_wrong(seen);

	atomic_fetch_add_explicit(&reading->found, 1, memory_order_relaxed);
	if (wrong == NULL || reading->wrong[0] != '\0')
		return;
	snprintf(reading->wrong, sizeof(reading->wrong),
		 "%s: protocol %u, step %llu, packets %llu %llu, bytes %llu %llu, history %.*s",
		 wrong, seen->protocol, (unsigned long long)seen->duration / STEP,
		 (unsigned long long)seen->packets[0], (unsigned long long)seen->packets[1],
		 (unsigned long long)seen->bytes[0], (unsigned long long)seen->bytes[1],
		 seen->history_length, seen->history);
}

static bool look(struct reading *reading, uint32_t slot, struct conn_summary *seen)
{
	if (conn_reader_look(reading->reader, slot, seen) != CONN_READ_FOUND)
		return false;
	check(reading, seen);
	return true;
}

// By name it is the same one, or it is over.
static void find_again(struct reading *reading, const struct conn_summary *before)
{
	struct conn_summary seen;
	uint32_t slot, generation;
	uint8_t worker;

	uid_open(&race.tracking.settings.uid_key, before->uid, &worker, &slot, &generation);
	if (conn_reader_find(reading->reader, slot, generation, &seen) != CONN_READ_FOUND)
		return;
	check(reading, &seen);
	if (memcmp(&seen.uid, &before->uid, sizeof(seen.uid)) != 0 || seen.time != before->time ||
	    seen.duration < before->duration)
		snprintf(reading->wrong, sizeof(reading->wrong), "a name found another connection");
}

static void *read_on(void *argument)
{
	struct reading *reading = argument;
	struct conn_summary seen;

	urcu_qsbr_register_thread();
	for (uint32_t turn = 0; !atomic_load(&race.stop); turn++) {
		for (int i = 0; i < 64; i++) {
			uint32_t talk = (uint32_t)(random_next(&reading->random) >> 32) % TALKS;

			if (look(reading, atomic_load(&race.slot[talk]), &seen) && i % 4 == 0)
				find_again(reading, &seen);
		}
		for (uint32_t slot = 0;
		     turn % 256 == 0 && slot < conn_table_slots_used(race.tracking.table); slot++)
			look(reading, slot, &seen);
		atomic_store(&reading->again, conn_reader_again(reading->reader));
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

// As in worker.c.
struct limbo_head {
	struct rcu_head head;
	struct conn_limbo *limbo;
};

static void limbo_elapsed(struct rcu_head *head)
{
	struct limbo_head *waiting = caa_container_of(head, struct limbo_head, head);

	atomic_store_explicit(&waiting->limbo->elapsed, true, memory_order_release);
}

static void limbo_wait(struct conn_limbo *limbo)
{
	struct limbo_head *waiting = (struct limbo_head *)limbo->private_data;

	waiting->limbo = limbo;
	urcu_qsbr_call_rcu(&waiting->head, limbo_elapsed);
}

// Has one or both sides' counters stand elsewhere, in a few packets again.
static void watch(struct conn *conn, uint64_t random)
{
	struct conn_table *table = race.tracking.table;

	conn_watch_need(table, conn);
	for (unsigned side = 0; side < 2; side++) {
		if (random >> side & 1)
			conn_watch_arm(table, conn, side, 1 + (random >> 8) % 3,
				       random & 4 ? UINT64_MAX : 1 + (random >> 16) % 1000);
	}
}

// Somebody wants to know when a count is reached, and the next one.
static void count_reached(void *context, const struct conn_event *event)
{
	struct conn *conn = &race.tracking.table->conn[event->slot];

	if (event->kind == CONN_EVENT_CHECK && conn_flag(conn, CONN_LIVE))
		watch(conn, event->time / STEP * 0x9e3779b97f4a7c15);
}

// Adds the next packet of a talk to the burst; none while it is silent.
static size_t speak(uint32_t number, struct packet *packet)
{
	struct talk *talk = &race.talk[number];

	if (talk->silent > 0) {
		talk->silent--;
		return 0;
	}
	if (talk->sent == 0) {
		// Where readers are slow, slots come back late.
		if (!conn_slots_any(&race.tracking.table->free))
			return 0;
		talk->port = CLIENT_PORTS + race.next_port++ % 60000;
	}
	*packet = *packet_of(&race.tracking, number, talk->port, talk->sent);
	if (++talk->sent == LENGTH)
		*talk = (struct talk){.silent = number % 5};
	return 1;
}

// One packet of each connection, and the timers.
static void step(uint32_t number)
{
	struct tracking *tracking = &race.tracking;
	struct packet packets[TALKS];
	struct conn_summary summaries[TALKS];
	size_t count = 0;

	tracking->now += STEP;
	for (uint32_t talk = 0; talk < TALKS; talk++)
		count += speak(talk, &packets[count]);
	conn_track(tracking->table, packets, count, 0);
	for (size_t i = 0; i < count; i++) {
		const struct packet *packet = &packets[i];
		struct conn *conn = conn_index_find(tracking->table, packet);
		uint32_t a = bytes_be32(packet->key.address[0].byte + 12) & 0xffffff;

		atomic_store(&race.slot[a - CLIENT(0)], conn_slot(tracking->table, conn));
		// Also between packets, as a request does.
		if (race.watched && (number + i) % 8 == 0)
			watch(conn, number);
	}
	conn_table_advance(tracking->table, tracking->now, SIZE_MAX);
	while (conn_finished_take(tracking->table, summaries, TALKS) == TALKS)
		;
	if (number % 256 == 0)
		conn_table_reclaim(tracking->table);
	urcu_qsbr_quiescent_state();
}

static uint64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

// Did the readers see enough?
static bool run(struct reading *reading)
{
	uint64_t begin = seconds(), found = 0, again = 0;

	for (uint32_t number = 0;
	     seconds() <= begin + SECONDS || found < FOUND_LEAST || again < AGAIN_LEAST; number++) {
		if (seconds() > begin + SECONDS_MOST)
			break;
		step(number);
		found = again = 0;
		for (int i = 0; i < READERS; i++) {
			found += atomic_load_explicit(&reading[i].found, memory_order_relaxed);
			again += atomic_load_explicit(&reading[i].again, memory_order_relaxed);
		}
	}
	atomic_store(&race.stop, true);
	urcu_qsbr_thread_offline();
	for (int i = 0; i < READERS; i++)
		pthread_join(reading[i].thread, NULL);
	urcu_qsbr_thread_online();
	print_message("%llu connections read, %llu times one again\n", (unsigned long long)found,
		      (unsigned long long)again);
	return found >= FOUND_LEAST && again >= AGAIN_LEAST;
}

static void race_with(bool keep_link, bool watched)
{
	struct reading reading[READERS] = {0};
	struct conn_settings settings = settings_default();
	bool enough;

	settings.maximum = 2048;
	settings.exact_time = false;
	settings.keep_link = keep_link;
	settings.tcp_close_delay = 3 * STEP;
	for (int i = 0; i < CONN_TIMEOUT_COUNT; i++)
		settings.inactivity[i] = SILENCE * STEP;
	memset(&race, 0, sizeof(race));
	make_model(&settings);
	race.watched = watched;
	settings.event = count_reached;
	race.tracking.settings = settings;
	urcu_qsbr_register_thread();
	tracking_start(&race.tracking, limbo_wait);
	for (int i = 0; i < READERS; i++) {
		reading[i].random = (uint64_t)i;
		reading[i].reader = conn_reader_create(race.tracking.table);
		assert_non_null(reading[i].reader);
		assert_int_equal(pthread_create(&reading[i].thread, NULL, read_on, &reading[i]), 0);
	}
	enough = run(reading);
	for (int i = 0; i < READERS; i++)
		conn_reader_destroy(reading[i].reader);
	urcu_qsbr_unregister_thread();
	urcu_qsbr_barrier();
	assert_books_balance(race.tracking.table);
	conn_table_destroy(race.tracking.table);
	for (int i = 0; i < READERS; i++)
		assert_string_equal(reading[i].wrong, "");
	assert_true(enough);
}

static void test_readers_see_whole_records(void **state)
{
	race_with(false, false);
}

static void test_readers_see_whole_records_with_extensions(void **state)
{
	race_with(true, false);
}

static void test_readers_see_whole_records_with_watchers(void **state)
{
	race_with(false, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers_see_whole_records),
		cmocka_unit_test(test_readers_see_whole_records_with_extensions),
		cmocka_unit_test(test_readers_see_whole_records_with_watchers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
