/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/reader.h"

#include "capture/batch.h"
#include "packet_fixture.h"
#include "trace_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

static struct trace_bytes bytes;

static void add(const struct frame *frame)
{
	pcap_frame(&bytes, 1000, 0, frame->byte, frame->length, frame->length);
}

static struct reader *reader_of(struct place *place, bool ignore_checksums)
{
	struct reader_settings settings = {.paths = place->paths,
					   .path_count = 1,
					   .workers = 1,
					   .fragments = 4,
					   .fragment_timeout = 30 * TIME_SECOND,
					   .ignore_checksums = ignore_checksums};

	trace_write(&bytes, place->path[0]);
	return reader_create(&settings);
}

// Reads all of it; returns how many packets came out, and the payload of the last one.
static uint32_t read_all(struct reader *reader, struct packet *last, uint8_t *payload, size_t room)
{
	struct bus_ring *ring = reader_ring(reader, 0);
	uint32_t tracked = 0;
	pthread_t thread;
	bool over = false;

	assert_int_equal(pthread_create(&thread, NULL, reader_run, reader), 0);
	while (!over) {
		struct batch *taken[2], *batch;

		if (bus_ring_take(ring, taken, 1) == 0) {
			sched_yield();
			continue;
		}
		batch = taken[0];
		assert_true(batch->used <= sizeof(batch->data));
		for (uint32_t i = 0; i < batch->count; i++) {
			const struct packet *packet = &batch->packet[i];

			if (packet->verdict != PACKET_TRACK)
				continue;
			tracked++;
			assert_headers(packet);
			*last = *packet;
			memcpy(payload, packet->payload,
			       packet->payload_captured < room ? packet->payload_captured : room);
		}
		over = batch->last;
		batch_release(batch);
	}
	pthread_join(thread, NULL);
	return tracked;
}

static void udp(struct frame *frame, uint32_t identification, uint32_t payload)
{
	memset(frame, 0, offsetof(struct frame, byte));
	frame->link = PACKET_LINK_RAW;
	frame_ip4(frame, HOST_A, HOST_B, PACKET_UDP);
	set_be16(frame->byte + 4, identification);
	frame_udp(frame, 40000, 53, payload);
	frame_seal(frame);
}

static void packets_come_out_with_their_payload(void **state)
{
	struct packet last;
	struct frame frame;
	struct reader *reader;
	uint8_t payload[1400];

	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_RAW);
	for (uint32_t i = 0; i < 2000; i++) {
		udp(&frame, i, 1000 + i % 400);
		add(&frame);
	}
	reader = reader_of(*state, false);
	assert_int_equal(read_all(reader, &last, payload, sizeof(payload)), 2000);
	assert_int_equal(last.payload_captured, 1000 + 1999 % 400);
	assert_memory_equal(payload, frame.byte + 28, last.payload_captured);
	assert_int_equal(reader_counters(reader)->received, 2000);
	assert_int_equal(reader_counters(reader)->verdict[PACKET_TRACK], 2000);
	assert_int_equal(reader_failures(reader), 0);
	reader_destroy(reader);
}

// What a worker that falls behind finds in batches; it stands for one of several.
struct slow_worker {
	struct bus_ring *ring;
	uint32_t pause; // microseconds a batch
	uint32_t packets;
	uint32_t wrong;
};

static void *be_slow(void *argument)
{
	struct slow_worker *worker = argument;
	bool over = false;

	while (!over) {
		struct batch *batch;

		if (bus_ring_take(worker->ring, &batch, 1) == 0) {
			sched_yield();
			continue;
		}
		usleep(worker->pause);
		for (uint32_t i = 0; i < batch->count; i++) {
			const struct packet *packet = &batch->packet[i];
			uint32_t number;

			memcpy(&number, packet->payload, sizeof(number));
			worker->wrong += packet->verdict != PACKET_TRACK ||
					 number != worker->packets++;
		}
		over = batch->last;
		batch_release(batch);
	}
	return NULL;
}

// Ten times as much as is buffered; each packet carries its number.
static void payload_stays_until_the_slowest_worker_has_seen_it(void **state)
{
	enum { FILES = 3, EACH = 2600 };
	struct place *place = *state;
	struct reader_settings settings = {.paths = place->paths,
					   .path_count = FILES,
					   .workers = 2,
					   .fragments = 4,
					   .fragment_timeout = 30 * TIME_SECOND,
					   .ignore_checksums = true};
	struct slow_worker worker[2] = {{.pause = 50}, {.pause = 500}};
	pthread_t thread[3];
	struct frame frame;
	struct reader *reader;
	uint32_t number = 0;

	for (int i = 0; i < FILES; i++) {
		pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_RAW);
		udp(&frame, 0, 1400);
		for (int j = 0; j < EACH; j++, number++) {
			memcpy(frame.byte + 28, &number, sizeof(number));
			add(&frame);
		}
		trace_write(&bytes, place->path[i]);
	}
	reader = reader_create(&settings);
	assert_non_null(reader);
	for (uint32_t i = 0; i < 2; i++) {
		worker[i].ring = reader_ring(reader, i);
		assert_int_equal(pthread_create(&thread[i], NULL, be_slow, &worker[i]), 0);
	}
	assert_int_equal(pthread_create(&thread[2], NULL, reader_run, reader), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(worker[i].packets, FILES * EACH);
		assert_int_equal(worker[i].wrong, 0);
	}
	reader_destroy(reader);
}

// Two pieces of the datagram.
static void add_in_pieces(const struct frame *whole)
{
	struct frame piece;
	uint32_t half = (whole->length - 20) / 2 & ~7u;

	piece = *whole;
	piece.length = 20 + half;
	set_be16(piece.byte + 6, 0x2000);
	frame_seal_ip(&piece);
	add(&piece);
	piece = *whole;
	memmove(piece.byte + 20, piece.byte + 20 + half, whole->length - 20 - half);
	piece.length = whole->length - half;
	set_be16(piece.byte + 6, half / 8);
	frame_seal_ip(&piece);
	add(&piece);
}

static void fragments_come_out_as_one_packet(void **state)
{
	struct packet last;
	struct frame frame;
	struct reader *reader;
	uint8_t payload[1400];

	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_RAW);
	for (uint32_t i = 0; i < 100; i++) {
		udp(&frame, i, 1000);
		add_in_pieces(&frame);
	}
	reader = reader_of(*state, false);
	assert_int_equal(read_all(reader, &last, payload, sizeof(payload)), 100);
	assert_int_equal(last.payload_captured, 1000);
	assert_memory_equal(payload, frame.byte + 28, 1000);
	assert_int_equal(reader_counters(reader)->verdict[PACKET_FRAGMENT], 100);
	reader_destroy(reader);
}

// Datagrams that were put together and then turned out to belong to no connection give their place
// back, too.
static void refused_datagrams_do_not_fill_the_fragment_table(void **state)
{
	struct packet last;
	struct frame frame;
	struct reader *reader;
	uint8_t payload[1400];

	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_RAW);
	for (uint32_t i = 0; i < 20; i++) {
		udp(&frame, i, 1000);
		frame.byte[9] = PACKET_GRE;
		add_in_pieces(&frame);
	}
	for (uint32_t i = 20; i < 40; i++) {
		udp(&frame, i, 1000);
		add_in_pieces(&frame);
	}
	reader = reader_of(*state, false);
	assert_int_equal(read_all(reader, &last, payload, sizeof(payload)), 20);
	assert_int_equal(reader_counters(reader)->verdict[PACKET_NO_CONNECTION], 20);
	assert_int_equal(reader_counters(reader)->verdict[PACKET_FRAGMENT_REFUSED], 0);
	reader_destroy(reader);
}

// Some link types allow frames of many megabytes. With checksums ignored, a total length of 0 means
// all of the frame.
static void a_frame_larger_than_a_batch_does_no_harm(void **state)
{
	enum { LINK_DBUS = 231 };
	static uint8_t data[3 << 20];
	struct packet last;
	struct frame frame;
	struct reader *reader;
	uint8_t payload[16];

	udp(&frame, 0, 16);
	memcpy(data, frame.byte, frame.length);
	set_be16(data + 2, 0);
	pcap_begin(&bytes, PCAP_MICROSECONDS, LINK_DBUS);
	set_be32(bytes.byte + 16, 0x00000008);
	pcap_frame(&bytes, 1000, 0, data, sizeof(data), sizeof(data));
	udp(&frame, 1, 1000);
	add(&frame);
	reader = reader_of(*state, true);
	assert_int_equal(read_all(reader, &last, payload, sizeof(payload)), 2);
	reader_destroy(reader);
}

static void a_file_that_ends_early_is_counted(void **state)
{
	struct place *place = *state;
	struct packet last;
	struct frame frame;
	struct reader *reader;
	uint8_t payload[16];

	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_RAW);
	udp(&frame, 0, 16);
	add(&frame);
	add(&frame);
	bytes.length -= 10;
	reader = reader_of(place, false);
	listen_begin(place);
	assert_int_equal(read_all(reader, &last, payload, sizeof(payload)), 1);
	listen_end(place);
	assert_int_equal(reader_failures(reader), 1);
	reader_destroy(reader);
}

// Standard input to which nothing was written yet when it is opened.
static void an_input_that_begins_late_is_waited_for(void **state)
{
	static const char *const paths[] = {"-"};
	struct reader_settings settings = {.paths = paths,
					   .path_count = 1,
					   .workers = 1,
					   .fragments = 4,
					   .fragment_timeout = 30 * TIME_SECOND};
	struct packet last;
	struct reader *reader;
	uint8_t payload[16];
	int ends[2], input = dup(STDIN_FILENO);

	pcap_begin(&bytes, PCAP_MICROSECONDS, PACKET_LINK_RAW);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	if (fork() == 0) {
		usleep(300000);
		_exit(write(ends[1], bytes.byte, bytes.length) != (ssize_t)bytes.length);
	}
	close(ends[1]);
	reader = reader_create(&settings);
	assert_non_null(reader);
	assert_int_equal(read_all(reader, &last, payload, sizeof(payload)), 0);
	assert_int_equal(reader_failures(reader), 0);
	reader_destroy(reader);
	wait(NULL);
	dup2(input, STDIN_FILENO);
	close(input);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packets_come_out_with_their_payload),
		TEST(payload_stays_until_the_slowest_worker_has_seen_it),
		TEST(fragments_come_out_as_one_packet),
		TEST(refused_datagrams_do_not_fill_the_fragment_table),
		TEST(a_file_that_ends_early_is_counted),
		TEST(an_input_that_begins_late_is_waited_for),
		TEST(a_frame_larger_than_a_batch_does_no_harm),
	};

	return cmocka_run_group_tests_name("trace_reader", tests, NULL, NULL);
}
