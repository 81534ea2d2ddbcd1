/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet_fixture.h"

// A datagram of UDP from A to B, and its fragments.
static void datagram4(struct frame *frame, uint32_t identification, uint32_t payload)
{
	memset(frame, 0, offsetof(struct frame, byte));
	frame->link = PACKET_LINK_RAW;
	frame_ip4(frame, HOST_A, HOST_B, PACKET_UDP);
	set_be16(frame->byte + 4, identification);
	frame_udp(frame, 40000, 53, payload);
	frame_seal(frame);
}

static void datagram6(struct frame *frame, uint32_t payload)
{
	memset(frame, 0, offsetof(struct frame, byte));
	frame->link = PACKET_LINK_RAW;
	frame_ip6(frame, 1, 2, PACKET_UDP);
	frame_udp(frame, 40000, 53, payload);
	frame_seal(frame);
}

// The piece [from, to) of the IP payload; the last one says so.
static void piece4(struct frame *piece, const struct frame *whole, uint32_t from, uint32_t to)
{
	bool more = 20 + to < whole->length;

	memset(piece, 0, offsetof(struct frame, byte));
	piece->link = whole->link;
	memcpy(frame_zeros(piece, 20), whole->byte, 20);
	set_be16(piece->byte + 6, from / 8 | (more ? 0x2000u : 0));
	memcpy(frame_zeros(piece, to - from), whole->byte + 20 + from, to - from);
	frame_seal_ip(piece);
}

static void piece6(struct frame *piece, const struct frame *whole, uint32_t from, uint32_t to)
{
	bool more = 40 + to < whole->length;
	uint8_t *header;

	memset(piece, 0, offsetof(struct frame, byte));
	piece->link = whole->link;
	memcpy(frame_zeros(piece, 40), whole->byte, 40);
	piece->byte[6] = 44;
	header = frame_zeros(piece, 8);
	header[0] = whole->byte[6];
	set_be16(header + 2, from | more);
	set_be32(header + 4, 0x12345678);
	memcpy(frame_zeros(piece, to - from), whole->byte + 40 + from, to - from);
	frame_seal_ip(piece);
}

// The packet is the whole datagram, byte for byte.
static void assert_whole(const struct decoding *decoding, const struct frame *whole)
{
	const struct packet *packet = &decoding->packet;
	uint32_t payload = whole->length - whole->transport - 8;

	assert_int_equal(packet->verdict, PACKET_TRACK);
	assert_int_equal(packet->copied, 1);
	assert_int_equal(packet->cut, 0);
	assert_int_equal(packet->ip_length, whole->length);
	assert_int_equal(packet->payload_length, payload);
	assert_int_equal(packet->payload_captured, payload);
	assert_memory_equal(packet->payload, whole->byte + whole->transport + 8, payload);
	assert_int_equal(packet->transport, PACKET_TRANSPORT_OK);
}

static enum packet_verdict give(struct decoding *decoding, const struct frame *whole, uint32_t from,
				uint32_t to)
{
	struct frame piece;

	if (whole->byte[0] >> 4 == 6)
		piece6(&piece, whole, from, to);
	else
		piece4(&piece, whole, from, to);
	return decode(decoding, &piece);
}

static void assert_any_order(struct decoding *decoding, const struct frame *whole, uint32_t head)
{
	uint32_t end[5] = {0, 64, 128, 200, whole->length - head};

	for (unsigned order = 0; order < 256; order++) {
		unsigned place[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
		unsigned seen = 0;

		for (unsigned i = 0; i < 4; i++)
			seen |= 1u << place[i];
		if (seen != 0xf)
			continue;
		for (unsigned i = 0; i < 4; i++) {
			enum packet_verdict verdict = give(decoding, whole, end[place[i]],
							   end[place[i] + 1]);

			assert_int_equal(verdict, i < 3 ? PACKET_FRAGMENT : PACKET_TRACK);
		}
		assert_whole(decoding, whole);
		fragment_table_recycle(decoding->decoder.fragments);
	}
}

static void ipv4_fragments_come_in_any_order(void **state)
{
	struct frame whole;

	datagram4(&whole, 7, 255);
	assert_any_order(*state, &whole, 20);
}

static void ipv6_fragments_come_in_any_order(void **state)
{
	struct frame whole;

	datagram6(&whole, 255);
	assert_any_order(*state, &whole, 40);
}

static void the_first_copy_of_a_byte_wins(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole, other;

	datagram4(&whole, 7, 312);
	other = whole;
	memset(other.byte + 28, 0xee, 312);
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &whole, 0, 24), PACKET_FRAGMENT);
	// Overlaps the second piece at its beginning and end, and says something else there.
	memcpy(other.byte + 20 + 24, whole.byte + 20 + 24, 40);
	assert_int_equal(give(decoding, &other, 16, 104), PACKET_FRAGMENT);
	memcpy(other.byte + 20 + 128, whole.byte + 20 + 128, 192);
	assert_int_equal(give(decoding, &other, 96, 320), PACKET_TRACK);
	assert_whole(decoding, &whole);
}

static void a_piece_that_comes_twice_changes_nothing(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole;

	datagram4(&whole, 7, 120);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_TRACK);
	assert_whole(decoding, &whole);
}

static void of_two_ends_the_larger_one_counts(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole, piece;

	datagram4(&whole, 7, 120);
	piece4(&piece, &whole, 64, 80);
	set_be16(piece.byte + 6, 64 / 8);
	frame_seal_ip(&piece);
	assert_int_equal(decode(decoding, &piece), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &whole, 80, 128), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_TRACK);
	assert_whole(decoding, &whole);
}

static void a_hole_of_one_byte_keeps_it_waiting(void **state)
{
	struct decoding *decoding = *state;

	static const uint8_t byte[300];

	// At each place of a word of the map of bytes.
	for (uint32_t at = 64; at < 200; at++) {
		struct fragment piece = {.header = (const uint8_t *)"h",
					 .header_length = 1,
					 .identification = at,
					 .data = byte,
					 .time = 1};
		struct fragment_datagram got;
		struct fragment_table *table = decoding->decoder.fragments;

		piece.offset = at + 1;
		piece.length = 300 - at - 1;
		assert_int_equal(fragment_add(table, &piece, &got), FRAGMENT_HELD);
		piece.offset = 0;
		piece.length = at;
		piece.more = true;
		assert_int_equal(fragment_add(table, &piece, &got), FRAGMENT_HELD);
		piece.offset = at;
		piece.length = 1;
		assert_int_equal(fragment_add(table, &piece, &got), FRAGMENT_COMPLETE);
		assert_int_equal(got.data_length, 300);
		fragment_table_recycle(table);
	}
}

static void fragments_are_forgotten_in_time(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole;

	datagram4(&whole, 7, 120);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
	decoding->time += 30 * TIME_SECOND - 1;
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_TRACK);
	fragment_table_recycle(decoding->decoder.fragments);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
	decoding->time += 30 * TIME_SECOND;
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_FRAGMENT);
	assert_int_equal(fragment_table_abandoned(decoding->decoder.fragments), 1);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_TRACK);
	assert_whole(decoding, &whole);
}

static void time_that_moves_back_forgets_nothing(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole;

	datagram4(&whole, 7, 120);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
	decoding->time -= 60 * TIME_SECOND;
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_TRACK);
}

static void a_full_table_gives_up_the_oldest_datagram(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole;

	// The table has room for eight.
	for (uint32_t i = 0; i < 9; i++) {
		datagram4(&whole, i, 120);
		decoding->time++;
		assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
	}
	assert_int_equal(fragment_table_abandoned(decoding->decoder.fragments), 1);
	for (uint32_t i = 1; i < 9; i++) {
		datagram4(&whole, i, 120);
		assert_int_equal(give(decoding, &whole, 64, 128), PACKET_TRACK);
	}
	fragment_table_recycle(decoding->decoder.fragments);
	datagram4(&whole, 0, 120);
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_FRAGMENT);
}

static void completed_datagrams_stay_until_they_are_recycled(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole;
	const uint8_t *first;

	datagram4(&whole, 0, 120);
	give(decoding, &whole, 0, 64);
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_TRACK);
	first = decoding->packet.payload;
	for (uint32_t i = 1; i < 8; i++) {
		datagram4(&whole, i, 500);
		assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
		assert_int_equal(give(decoding, &whole, 64, 508), PACKET_TRACK);
	}
	datagram4(&whole, 0, 120);
	assert_memory_equal(first, whole.byte + 28, 120);
	// All of the table is completed datagrams: no room for another one.
	datagram4(&whole, 9, 120);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT_REFUSED);
	fragment_table_recycle(decoding->decoder.fragments);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
}

static void datagrams_of_one_number_from_others_are_apart(void **state)
{
	struct decoding *decoding = *state;
	struct frame a, b;

	datagram4(&a, 7, 120);
	datagram4(&b, 7, 120);
	set_be32(b.byte + 12, 0x0a000003);
	b.byte[100] = 0xcc;
	frame_seal(&b);
	assert_int_equal(give(decoding, &a, 0, 64), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &b, 64, 128), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &a, 64, 128), PACKET_TRACK);
	assert_whole(decoding, &a);
	assert_int_equal(give(decoding, &b, 0, 64), PACKET_TRACK);
	assert_whole(decoding, &b);
}

static void assert_many_pieces(struct decoding *decoding, const struct frame *whole, uint32_t head,
			       uint32_t size)
{
	uint32_t length = whole->length - head;

	for (uint32_t from = 0; from < length; from += size) {
		uint32_t to = from + size < length ? from + size : length;

		assert_int_equal(give(decoding, whole, from, to),
				 to < length ? PACKET_FRAGMENT : PACKET_TRACK);
	}
	assert_whole(decoding, whole);
	fragment_table_recycle(decoding->decoder.fragments);
}

static void a_datagram_may_have_many_pieces(void **state)
{
	struct frame whole;

	datagram4(&whole, 7, 1000);
	assert_many_pieces(*state, &whole, 20, 8);
}

static void the_largest_datagrams_are_put_together(void **state)
{
	struct frame whole;

	datagram4(&whole, 7, 65507);
	assert_many_pieces(*state, &whole, 20, 1480);
	assert_many_pieces(*state, &whole, 20, 8);
	datagram6(&whole, 65527);
	assert_many_pieces(*state, &whole, 40, 1448);
}

static void pieces_beyond_the_largest_datagram_are_refused(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole, piece;

	datagram4(&whole, 7, 120);
	piece4(&piece, &whole, 0, 64);
	set_be16(piece.byte + 6, 0x1fff);
	frame_seal_ip(&piece);
	assert_int_equal(decode(decoding, &piece), PACKET_FRAGMENT_REFUSED);
}

static void header_and_pieces_beyond_64_kib_are_refused(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole, piece;

	// 65528 bytes of payload and 20 of header: every piece fits, all of it does not.
	datagram4(&whole, 7, 1472);
	for (uint32_t from = 0; from < 65528; from += 1480) {
		uint32_t length = 65528 - from < 1480 ? 65528 - from : 1480;
		bool last = from + length == 65528;

		piece4(&piece, &whole, 0, length);
		set_be16(piece.byte + 6, from / 8 | (last ? 0 : 0x2000u));
		frame_seal_ip(&piece);
		assert_int_equal(decode(decoding, &piece),
				 last ? PACKET_FRAGMENT_REFUSED : PACKET_FRAGMENT);
	}
}

static void a_piece_without_payload_is_refused(void **state)
{
	struct frame whole, piece;

	datagram4(&whole, 7, 120);
	piece4(&piece, &whole, 64, 64);
	assert_int_equal(decode(*state, &piece), PACKET_FRAGMENT_REFUSED);
}

static void a_cut_first_piece_stands_for_the_datagram(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole, piece;

	datagram4(&whole, 7, 120);
	piece4(&piece, &whole, 0, 64);
	assert_int_equal(decode_cut(decoding, &piece, piece.length - 1, piece.length),
			 PACKET_TRACK);
	assert_int_equal(decoding->packet.copied, 0);
	assert_int_equal(decoding->packet.payload_length, 56);
	assert_int_equal(decoding->packet.cut, 1);
	assert_way(&decoding->packet, address_of(HOST_A), 40000, address_of(HOST_B), 53);
}

static void a_cut_later_piece_is_refused(void **state)
{
	struct frame whole, piece;

	datagram4(&whole, 7, 120);
	piece4(&piece, &whole, 64, 128);
	assert_int_equal(decode_cut(*state, &piece, piece.length - 1, piece.length),
			 PACKET_FRAGMENT_REFUSED);
}

static void without_a_table_every_piece_is_refused(void **state)
{
	struct decoding *decoding = *state;
	struct fragment_table *table = decoding->decoder.fragments;
	struct frame whole;

	decoding->decoder.fragments = NULL;
	datagram4(&whole, 7, 120);
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT_REFUSED);
	decoding->decoder.fragments = table;
}

static void a_wrong_checksum_of_a_whole_datagram_is_noticed(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole;

	datagram4(&whole, 7, 120);
	whole.byte[100] ^= 1;
	assert_int_equal(give(decoding, &whole, 0, 64), PACKET_FRAGMENT);
	assert_int_equal(give(decoding, &whole, 64, 128), PACKET_TRACK);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_BAD_CHECKSUM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, decoding_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ipv4_fragments_come_in_any_order),
		TEST(ipv6_fragments_come_in_any_order),
		TEST(the_first_copy_of_a_byte_wins),
		TEST(a_piece_that_comes_twice_changes_nothing),
		TEST(of_two_ends_the_larger_one_counts),
		TEST(a_hole_of_one_byte_keeps_it_waiting),
		TEST(fragments_are_forgotten_in_time),
		TEST(time_that_moves_back_forgets_nothing),
		TEST(a_full_table_gives_up_the_oldest_datagram),
		TEST(completed_datagrams_stay_until_they_are_recycled),
		TEST(datagrams_of_one_number_from_others_are_apart),
		TEST(a_datagram_may_have_many_pieces),
		TEST(the_largest_datagrams_are_put_together),
		TEST(pieces_beyond_the_largest_datagram_are_refused),
		TEST(header_and_pieces_beyond_64_kib_are_refused),
		TEST(a_piece_without_payload_is_refused),
		TEST(a_cut_first_piece_stands_for_the_datagram),
		TEST(a_cut_later_piece_is_refused),
		TEST(without_a_table_every_piece_is_refused),
		TEST(a_wrong_checksum_of_a_whole_datagram_is_noticed),
	};

	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
