/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet_fixture.h"

static void udp4(struct frame *frame, uint32_t payload)
{
	frame->link = PACKET_LINK_RAW;
	frame_ip4(frame, HOST_A, HOST_B, PACKET_UDP);
	frame_udp(frame, 40000, 53, payload);
	frame_seal(frame);
}

static void ipv4_options_are_skipped(void **state)
{
	struct decoding *decoding = *state;

	for (uint32_t words = 5; words <= 15; words++) {
		struct frame frame = {.link = PACKET_LINK_RAW};

		frame_ip4_options(&frame, words, HOST_A, HOST_B, PACKET_UDP);
		frame_udp(&frame, 40000, 53, 20);
		frame_seal(&frame);
		assert_tracked_from(decoding, &frame, words * 4 + 8);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_way(&decoding->packet, address_of(HOST_A), 40000, address_of(HOST_B), 53);
		assert_int_equal(decoding->packet.payload_length, 20);
		assert_int_equal(decoding->packet.ip_length, words * 4 + 28);
	}
}

static void a_header_length_below_five_words_is_a_bad_header(void **state)
{
	for (uint32_t words = 0; words < 5; words++) {
		struct frame frame = {0};

		udp4(&frame, 20);
		frame.byte[0] = (uint8_t)(0x40 | words);
		assert_int_equal(decode(*state, &frame), PACKET_BAD_IP_HEADER);
	}
}

static void a_header_longer_than_the_datagram_is_a_bad_header(void **state)
{
	struct frame frame = {0};

	udp4(&frame, 0);
	frame.byte[0] = 0x4f;
	assert_int_equal(decode(*state, &frame), PACKET_BAD_IP_HEADER);
}

static void a_total_length_below_the_header_is_a_bad_header(void **state)
{
	struct frame frame = {0};

	udp4(&frame, 20);
	set_be16(frame.byte + 2, 19);
	assert_int_equal(decode(*state, &frame), PACKET_BAD_IP_HEADER);
}

static void a_total_length_of_zero_is_refused_with_checksums(void **state)
{
	struct frame frame = {0};

	udp4(&frame, 20);
	set_be16(frame.byte + 2, 0);
	assert_int_equal(decode(*state, &frame), PACKET_BAD_IP_LENGTH);
}

static void a_total_length_of_zero_means_all_that_was_captured_without(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	decoding->decoder.ignore_checksums = true;
	udp4(&frame, 2000);
	set_be16(frame.byte + 2, 0);
	assert_int_equal(decode_cut(decoding, &frame, 1000, frame.length), PACKET_TRACK);
	assert_int_equal(decoding->packet.ip_length, 0);
	assert_int_equal(decoding->packet.payload_length, 1000 - 28);
}

static void a_total_length_beyond_the_wire_is_refused(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	udp4(&frame, 20);
	set_be16(frame.byte + 2, frame.length + 1);
	assert_int_equal(decode(decoding, &frame), PACKET_BAD_IP_LENGTH);
	// Not captured is another matter than not sent.
	frame_seal(&frame);
	assert_int_equal(decode_cut(decoding, &frame, 30, frame.length), PACKET_TRACK);
	assert_int_equal(decode_cut(decoding, &frame, 30, frame.length - 1), PACKET_BAD_IP_LENGTH);
}

static void padding_behind_the_datagram_is_ignored(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, 0x0800);
	frame_ip4(&frame, HOST_A, HOST_B, PACKET_TCP);
	frame_tcp(&frame, 1, 2, PACKET_TCP_ACK, 0);
	frame_seal(&frame);
	memset(frame_zeros(&frame, 6), 0xaa, 6);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.payload_length, 0);
	assert_int_equal(decoding->packet.payload_captured, 0);
	assert_int_equal(decoding->packet.ip_length, 40);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
	assert_int_equal(decoding->packet.cut, 0);
}

static void cut_padding_is_no_cut_packet(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};
	uint32_t length;

	udp4(&frame, 0);
	length = frame.length;
	frame_zeros(&frame, 18);
	assert_int_equal(decode_cut(decoding, &frame, length + 3, frame.length), PACKET_TRACK);
	assert_int_equal(decoding->packet.cut, 0);
}

static void a_wrong_header_checksum_is_refused_unless_ignored(void **state)
{
	struct decoding *decoding = *state;

	for (uint32_t at = 8; at < 20; at++) {
		struct frame frame = {0};

		udp4(&frame, 20);
		if (at == 9)
			continue;
		frame.byte[at] ^= 0x40;
		decoding->decoder.ignore_checksums = false;
		assert_int_equal(decode(decoding, &frame), PACKET_BAD_IP_CHECKSUM);
		decoding->decoder.ignore_checksums = true;
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	}
}

static void a_zero_header_checksum_is_wrong(void **state)
{
	struct frame frame = {0};

	udp4(&frame, 20);
	set_be16(frame.byte + 10, 0);
	assert_int_equal(decode(*state, &frame), PACKET_BAD_IP_CHECKSUM);
}

static void ipv4_esp_is_a_connection_without_ports(void **state)
{
	static const uint8_t protocols[] = {50, 51, 132, 89, 0, 255};
	struct decoding *decoding = *state;

	for (unsigned i = 0; i < sizeof(protocols); i++) {
		struct frame frame = {.link = PACKET_LINK_RAW};

		frame_ip4(&frame, HOST_A, HOST_B, protocols[i]);
		frame_payload(&frame, 32);
		frame_seal(&frame);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_way(&decoding->packet, address_of(HOST_A), 0, address_of(HOST_B), 0);
		assert_int_equal(decoding->packet.key.protocol, protocols[i]);
		assert_int_equal(decoding->packet.payload_length, 32);
	}
}

static void an_unknown_protocol_needs_no_payload(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {.link = PACKET_LINK_RAW};

	frame_ip4(&frame, HOST_A, HOST_B, 99);
	frame_seal(&frame);
	assert_tracked_from(decoding, &frame, 20);
	assert_int_equal(decoding->packet.payload_length, 0);
}

static void carriers_of_tunnels_are_no_connections(void **state)
{
	static const uint8_t protocols[] = {PACKET_IPV4, PACKET_IPV6, PACKET_GRE};

	for (unsigned i = 0; i < sizeof(protocols); i++) {
		struct frame frame = {.link = PACKET_LINK_RAW};

		frame_ip4(&frame, HOST_A, HOST_B, protocols[i]);
		frame_payload(&frame, 40);
		frame_seal(&frame);
		assert_int_equal(decode(*state, &frame), PACKET_NO_CONNECTION);
	}
}

static void an_ipv6_header_is_needed_whole(void **state)
{
	struct frame frame = {.link = PACKET_LINK_RAW};

	frame_ip6(&frame, 1, 2, PACKET_UDP);
	frame_udp(&frame, 40000, 53, 20);
	frame_seal(&frame);
	assert_tracked_from(*state, &frame, 48);
	assert_int_equal(decode_cut(*state, &frame, 39, frame.length), PACKET_BAD_IP_HEADER);
}

static void an_ipv6_length_beyond_the_wire_is_refused(void **state)
{
	struct frame frame = {.link = PACKET_LINK_RAW};

	frame_ip6(&frame, 1, 2, PACKET_UDP);
	frame_udp(&frame, 40000, 53, 20);
	frame_seal(&frame);
	set_be16(frame.byte + 4, 29);
	assert_int_equal(decode(*state, &frame), PACKET_BAD_IP_LENGTH);
}

static void padding_behind_ipv6_is_ignored(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {.link = PACKET_LINK_RAW};

	frame_ip6(&frame, 1, 2, PACKET_UDP);
	frame_udp(&frame, 40000, 53, 3);
	frame_seal(&frame);
	memset(frame_zeros(&frame, 9), 0xaa, 9);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.payload_length, 3);
	assert_int_equal(decoding->packet.ip_length, 51);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, decoding_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ipv4_options_are_skipped),
		TEST(a_header_length_below_five_words_is_a_bad_header),
		TEST(a_header_longer_than_the_datagram_is_a_bad_header),
		TEST(a_total_length_below_the_header_is_a_bad_header),
		TEST(a_total_length_of_zero_is_refused_with_checksums),
		TEST(a_total_length_of_zero_means_all_that_was_captured_without),
		TEST(a_total_length_beyond_the_wire_is_refused),
		TEST(padding_behind_the_datagram_is_ignored),
		TEST(cut_padding_is_no_cut_packet),
		TEST(a_wrong_header_checksum_is_refused_unless_ignored),
		TEST(a_zero_header_checksum_is_wrong),
		TEST(ipv4_esp_is_a_connection_without_ports),
		TEST(an_unknown_protocol_needs_no_payload),
		TEST(carriers_of_tunnels_are_no_connections),
		TEST(an_ipv6_header_is_needed_whole),
		TEST(an_ipv6_length_beyond_the_wire_is_refused),
		TEST(padding_behind_ipv6_is_ignored),
	};

	return cmocka_run_group_tests_name("packet_ip", tests, NULL, NULL);
}
