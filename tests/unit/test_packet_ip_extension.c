/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet_fixture.h"

enum {
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	ESP = 50,
	AUTHENTICATION = 51,
	NO_NEXT = 59,
	DESTINATION = 60,
	MOBILITY = 135,
};

#define OPTION_HOME_ADDRESS 0xc9

static void start(struct frame *frame, uint8_t next)
{
	frame->link = PACKET_LINK_RAW;
	frame_ip6(frame, 1, 2, next);
}

static void finish(struct frame *frame)
{
	frame_udp(frame, 40000, 53, 20);
	frame_seal(frame);
}

// Tracked, and cut at every byte as long as the UDP header is there. The ends are those of the
// fixed header.
static void assert_skipped(struct decoding *decoding, const struct frame *frame)
{
	assert_tracked_from(decoding, frame, frame->transport + 8);
	assert_int_equal(decode(decoding, frame), PACKET_TRACK);
	assert_way(&decoding->packet, address6_of(1), 40000, address6_of(2), 53);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_int_equal(decoding->packet.ip_length, frame->length);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
}

static void a_hop_by_hop_header_is_skipped(void **state)
{
	struct frame frame = {0};

	start(&frame, HOP_BY_HOP);
	frame_extension(&frame, PACKET_UDP, 8);
	finish(&frame);
	assert_skipped(*state, &frame);
}

static void a_destination_options_header_is_skipped(void **state)
{
	struct frame frame = {0};

	start(&frame, DESTINATION);
	frame_extension(&frame, PACKET_UDP, 24);
	finish(&frame);
	assert_skipped(*state, &frame);
}

static void an_authentication_header_counts_words_of_four_bytes(void **state)
{
	struct frame frame = {0};

	start(&frame, AUTHENTICATION);
	frame_extension(&frame, PACKET_UDP, 24)[1] = 24 / 4 - 2;
	finish(&frame);
	assert_skipped(*state, &frame);
}

static void a_chain_of_extension_headers_is_skipped(void **state)
{
	struct frame frame = {0};

	start(&frame, HOP_BY_HOP);
	frame_extension(&frame, DESTINATION, 16);
	frame_extension(&frame, ROUTING, 16);
	frame_extension(&frame, AUTHENTICATION, 8);
	frame_extension(&frame, DESTINATION, 24)[1] = 24 / 4 - 2;
	frame_extension(&frame, PACKET_UDP, 8);
	finish(&frame);
	assert_skipped(*state, &frame);
}

// A routing header that lists hosts 3 and 4.
static void routing(struct frame *frame, uint8_t type, uint8_t left)
{
	uint8_t *header = frame_extension(frame, PACKET_UDP, 40);

	header[2] = type;
	header[3] = left;
	set_ip6(header + 8, 3);
	set_ip6(header + 24, 4);
}

// The checksum is computed for the destination where the packet will arrive.
static void finish_for(struct frame *frame, uint8_t source, uint8_t destination)
{
	uint8_t ends[32];

	memcpy(ends, frame->byte + 8, sizeof(ends));
	set_ip6(frame->byte + 8, source);
	set_ip6(frame->byte + 24, destination);
	finish(frame);
	memcpy(frame->byte + 8, ends, sizeof(ends));
}

static void with_segments_left_the_last_address_is_the_destination(void **state)
{
	struct decoding *decoding = *state;

	for (uint8_t type = 0; type <= 2; type += 2) {
		struct frame frame = {0};

		start(&frame, ROUTING);
		routing(&frame, type, 2);
		finish_for(&frame, 1, 4);
		assert_tracked_from(decoding, &frame, frame.transport + 8);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_way(&decoding->packet, address6_of(1), 40000, address6_of(4), 53);
		assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
	}
}

static void without_segments_left_the_header_says_the_destination(void **state)
{
	struct frame frame = {0};

	start(&frame, ROUTING);
	routing(&frame, 0, 0);
	finish(&frame);
	assert_skipped(*state, &frame);
}

static void a_routing_header_of_another_type_changes_nothing(void **state)
{
	struct frame frame = {0};

	start(&frame, ROUTING);
	routing(&frame, 4, 2);
	finish(&frame);
	assert_skipped(*state, &frame);
}

static void a_routing_header_without_addresses_changes_nothing(void **state)
{
	struct frame frame = {0};

	start(&frame, ROUTING);
	frame_extension(&frame, PACKET_UDP, 8)[3] = 7;
	finish(&frame);
	assert_skipped(*state, &frame);
}

static void a_home_address_is_the_source(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};
	uint8_t *header;

	start(&frame, DESTINATION);
	header = frame_extension(&frame, PACKET_UDP, 24);
	// Four bytes of filling, then the option.
	header[2] = 1;
	header[3] = 2;
	header[6] = OPTION_HOME_ADDRESS;
	header[7] = 16;
	set_ip6(header + 8, 9);
	finish_for(&frame, 9, 2);
	assert_tracked_from(decoding, &frame, frame.transport + 8);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_way(&decoding->packet, address6_of(9), 40000, address6_of(2), 53);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
}

static void a_home_address_that_does_not_fit_is_ignored(void **state)
{
	struct frame frame = {0};
	uint8_t *header;

	start(&frame, DESTINATION);
	header = frame_extension(&frame, PACKET_UDP, 16);
	header[2] = OPTION_HOME_ADDRESS;
	header[3] = 16;
	finish(&frame);
	assert_skipped(*state, &frame);
}

static void an_extension_that_goes_beyond_the_datagram_is_refused(void **state)
{
	static const uint8_t kinds[] = {HOP_BY_HOP, ROUTING, AUTHENTICATION, DESTINATION};

	for (unsigned i = 0; i < sizeof(kinds); i++) {
		struct frame frame = {0};

		start(&frame, kinds[i]);
		frame_extension(&frame, PACKET_UDP, 8)[1] = 40;
		finish(&frame);
		assert_int_equal(decode(*state, &frame), PACKET_BAD_EXTENSION);
	}
}

static void an_extension_that_is_missing_is_refused(void **state)
{
	struct frame frame = {0};

	start(&frame, HOP_BY_HOP);
	frame_seal(&frame);
	assert_int_equal(decode(*state, &frame), PACKET_BAD_EXTENSION);
	frame_zeros(&frame, 7);
	frame_seal(&frame);
	assert_int_equal(decode(*state, &frame), PACKET_BAD_EXTENSION);
}

static void a_cut_extension_is_refused(void **state)
{
	struct frame frame = {0};

	start(&frame, HOP_BY_HOP);
	frame_extension(&frame, PACKET_UDP, 32);
	finish(&frame);
	for (uint32_t captured = 40; captured < 72; captured++)
		assert_int_equal(decode_cut(*state, &frame, captured, frame.length),
				 PACKET_BAD_EXTENSION);
}

static void encrypted_and_empty_packets_are_no_connections(void **state)
{
	static const uint8_t kinds[] = {ESP, NO_NEXT, MOBILITY};

	for (unsigned i = 0; i < sizeof(kinds); i++) {
		struct frame first = {0}, later = {0};

		start(&first, kinds[i]);
		frame_payload(&first, 32);
		frame_seal(&first);
		assert_int_equal(decode(*state, &first), PACKET_NO_CONNECTION);
		start(&later, HOP_BY_HOP);
		frame_extension(&later, kinds[i], 8);
		frame_payload(&later, 32);
		frame_seal(&later);
		assert_int_equal(decode(*state, &later), PACKET_NO_CONNECTION);
	}
}

static void another_protocol_is_a_connection_without_ports(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	start(&frame, 132);
	frame_payload(&frame, 12);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_way(&decoding->packet, address6_of(1), 0, address6_of(2), 0);
}

static void add_fragment_header(struct frame *frame, uint8_t next, uint32_t offset_and_more)
{
	uint8_t *header = frame_extension(frame, next, 8);

	set_be16(header + 2, offset_and_more);
	set_be32(header + 4, 77);
}

static void an_atomic_fragment_is_a_packet(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	start(&frame, FRAGMENT);
	add_fragment_header(&frame, PACKET_UDP, 0);
	finish(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_way(&decoding->packet, address6_of(1), 40000, address6_of(2), 53);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
	// The fragment header is not part of the datagram that was put together.
	assert_int_equal(decoding->packet.ip_length, 40 + 28);
	assert_int_equal(decoding->packet.copied, 1);
}

static void headers_in_front_of_an_atomic_fragment_stay(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	start(&frame, HOP_BY_HOP);
	frame_extension(&frame, FRAGMENT, 16);
	add_fragment_header(&frame, DESTINATION, 0);
	frame_extension(&frame, PACKET_UDP, 8);
	finish(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_way(&decoding->packet, address6_of(1), 40000, address6_of(2), 53);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_int_equal(decoding->packet.ip_length, 40 + 16 + 8 + 28);
}

static void a_fragment_within_a_fragment_is_refused(void **state)
{
	struct frame frame = {0};

	start(&frame, FRAGMENT);
	add_fragment_header(&frame, FRAGMENT, 0);
	add_fragment_header(&frame, PACKET_UDP, 0);
	finish(&frame);
	assert_int_equal(decode(*state, &frame), PACKET_FRAGMENT_REFUSED);
}

static void a_cut_first_fragment_stands_for_the_datagram(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	start(&frame, FRAGMENT);
	add_fragment_header(&frame, PACKET_UDP, 1);
	finish(&frame);
	assert_int_equal(decode_cut(decoding, &frame, frame.length - 5, frame.length),
			 PACKET_TRACK);
	assert_way(&decoding->packet, address6_of(1), 40000, address6_of(2), 53);
	assert_int_equal(decoding->packet.cut, 1);
}

static void a_cut_later_fragment_is_refused(void **state)
{
	struct frame frame = {0};

	start(&frame, FRAGMENT);
	add_fragment_header(&frame, PACKET_UDP, 64);
	finish(&frame);
	assert_int_equal(decode_cut(*state, &frame, frame.length - 5, frame.length),
			 PACKET_FRAGMENT_REFUSED);
}

static void a_cut_fragment_header_is_refused(void **state)
{
	struct frame frame = {0};

	start(&frame, FRAGMENT);
	add_fragment_header(&frame, PACKET_UDP, 0);
	finish(&frame);
	for (uint32_t captured = 40; captured < 48; captured++)
		assert_int_equal(decode_cut(*state, &frame, captured, frame.length),
				 PACKET_BAD_EXTENSION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, decoding_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hop_by_hop_header_is_skipped),
		TEST(a_destination_options_header_is_skipped),
		TEST(an_authentication_header_counts_words_of_four_bytes),
		TEST(a_chain_of_extension_headers_is_skipped),
		TEST(with_segments_left_the_last_address_is_the_destination),
		TEST(without_segments_left_the_header_says_the_destination),
		TEST(a_routing_header_of_another_type_changes_nothing),
		TEST(a_routing_header_without_addresses_changes_nothing),
		TEST(a_home_address_is_the_source),
		TEST(a_home_address_that_does_not_fit_is_ignored),
		TEST(an_extension_that_goes_beyond_the_datagram_is_refused),
		TEST(an_extension_that_is_missing_is_refused),
		TEST(a_cut_extension_is_refused),
		TEST(encrypted_and_empty_packets_are_no_connections),
		TEST(another_protocol_is_a_connection_without_ports),
		TEST(an_atomic_fragment_is_a_packet),
		TEST(headers_in_front_of_an_atomic_fragment_stay),
		TEST(a_fragment_within_a_fragment_is_refused),
		TEST(a_cut_first_fragment_stands_for_the_datagram),
		TEST(a_cut_later_fragment_is_refused),
		TEST(a_cut_fragment_header_is_refused),
	};

	return cmocka_run_group_tests_name("packet_ip_extension", tests, NULL, NULL);
}
