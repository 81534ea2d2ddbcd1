/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet_fixture.h"

// A sealed packet over either family from host 1 to host 2.
static void ip_start(struct frame *frame, bool v6, uint8_t protocol)
{
	memset(frame, 0, offsetof(struct frame, byte));
	frame->link = PACKET_LINK_RAW;
	if (v6)
		frame_ip6(frame, 1, 2, protocol);
	else
		frame_ip4(frame, HOST_A, HOST_B, protocol);
}

static void tcp(struct frame *frame, bool v6, uint32_t words, uint32_t payload)
{
	ip_start(frame, v6, PACKET_TCP);
	frame_tcp_options(frame, words, 40000, 80, PACKET_TCP_ACK, payload);
	frame_seal(frame);
}

static void udp(struct frame *frame, bool v6, uint32_t payload)
{
	ip_start(frame, v6, PACKET_UDP);
	frame_udp(frame, 40000, 53, payload);
	frame_seal(frame);
}

static void icmp(struct frame *frame, bool v6, uint8_t type, uint8_t code, uint32_t payload)
{
	ip_start(frame, v6, v6 ? PACKET_ICMPV6 : PACKET_ICMP);
	frame_icmp(frame, v6 ? PACKET_ICMPV6 : PACKET_ICMP, type, code, payload);
	frame_seal(frame);
}

static void assert_transport(struct decoding *decoding, const struct frame *frame,
			     enum packet_transport expected)
{
	assert_int_equal(decode(decoding, frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.transport, expected);
}

static void the_fields_of_a_tcp_header_are_read(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	ip_start(&frame, false, PACKET_TCP);
	frame_tcp(&frame, 40000, 80, 0xd7, 100);
	frame_seal(&frame);
	assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
	assert_int_equal(decoding->packet.sequence, 0x01020304);
	assert_int_equal(decoding->packet.acknowledgement, 0x05060708);
	assert_int_equal(decoding->packet.window, 0x1234);
	assert_int_equal(decoding->packet.tcp_flags, 0xd7);
	assert_int_equal(decoding->packet.payload_length, 100);
	assert_int_equal(decoding->packet.copied, 0);
}

static void tcp_options_are_not_payload(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	for (uint32_t words = 5; words <= 15; words++) {
		tcp(&frame, false, words, 7);
		assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
		assert_int_equal(decoding->packet.payload_length, 7);
		assert_memory_equal(decoding->packet.payload,
				    frame.byte + frame.transport + words * 4, 7);
	}
}

static void a_tcp_header_of_less_than_five_words_is_short(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	for (uint32_t words = 0; words < 5; words++) {
		tcp(&frame, false, 5, 10);
		frame.byte[frame.transport + 12] = (uint8_t)(words << 4);
		frame_seal(&frame);
		assert_transport(decoding, &frame, PACKET_TRANSPORT_SHORT_HEADER);
		assert_way(&decoding->packet, address_of(HOST_A), 40000, address_of(HOST_B), 80);
	}
}

static void a_tcp_header_beyond_the_datagram_is_long(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	tcp(&frame, true, 5, 10);
	frame.byte[frame.transport + 12] = 8 << 4;
	frame_seal(&frame);
	assert_transport(decoding, &frame, PACKET_TRANSPORT_LONG_HEADER);
}

static void a_tcp_header_beyond_what_was_captured_is_long(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	tcp(&frame, false, 10, 10);
	for (uint32_t captured = 40; captured < 60; captured++) {
		assert_int_equal(decode_cut(decoding, &frame, captured, frame.length),
				 PACKET_TRACK);
		assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_LONG_HEADER);
	}
	assert_int_equal(decode_cut(decoding, &frame, 60, frame.length), PACKET_TRACK);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
}

static void the_least_transport_header_is_needed(void **state)
{
	struct frame frame;

	for (int v6 = 0; v6 < 2; v6++) {
		tcp(&frame, v6, 5, 3);
		assert_tracked_from(*state, &frame, frame.transport + 20);
		udp(&frame, v6, 3);
		assert_tracked_from(*state, &frame, frame.transport + 8);
		icmp(&frame, v6, 8, 0, 3);
		assert_tracked_from(*state, &frame, frame.transport + 8);
	}
}

static void a_datagram_without_room_for_the_header_is_refused(void **state)
{
	static const struct {
		uint8_t protocol;
		uint32_t least;
	} kinds[] = {{PACKET_TCP, 20}, {PACKET_UDP, 8}, {PACKET_ICMP, 8}, {PACKET_ICMPV6, 8}};
	struct frame frame;

	for (unsigned i = 0; i < 4; i++) {
		for (uint32_t length = 0; length < kinds[i].least; length++) {
			ip_start(&frame, false, kinds[i].protocol);
			frame_zeros(&frame, length);
			frame_seal_ip(&frame);
			// Room in the frame does not make up for it.
			frame_zeros(&frame, 40);
			assert_int_equal(decode(*state, &frame), PACKET_BAD_TRANSPORT);
		}
	}
}

// Each bit of the message that is wrong is noticed, and none when checksums are ignored.
static void assert_guarded(struct decoding *decoding, struct frame *frame)
{
	// Where the header of TCP ends is looked at first.
	uint32_t offset = frame->protocol == PACKET_TCP ? frame->transport + 12 : UINT32_MAX;

	assert_transport(decoding, frame, PACKET_TRANSPORT_OK);
	for (uint32_t at = frame->transport; at < frame->length; at++) {
		if (at == offset)
			continue;
		frame->byte[at] ^= 1 << at % 8;
		assert_transport(decoding, frame, PACKET_TRANSPORT_BAD_CHECKSUM);
		decoding->decoder.ignore_checksums = true;
		assert_transport(decoding, frame, PACKET_TRANSPORT_OK);
		decoding->decoder.ignore_checksums = false;
		frame->byte[at] ^= 1 << at % 8;
	}
}

static void tcp_checksums_are_verified(void **state)
{
	struct frame frame;

	for (uint32_t payload = 0; payload < 20; payload++) {
		tcp(&frame, false, 5, payload);
		assert_guarded(*state, &frame);
		tcp(&frame, true, 6, payload);
		assert_guarded(*state, &frame);
	}
}

static void udp_checksums_are_verified(void **state)
{
	struct frame frame;

	for (uint32_t payload = 0; payload < 20; payload++) {
		udp(&frame, false, payload);
		assert_guarded(*state, &frame);
		udp(&frame, true, payload);
		assert_guarded(*state, &frame);
	}
}

static void icmp_checksums_are_verified(void **state)
{
	struct frame frame;

	for (uint32_t payload = 0; payload < 20; payload++) {
		icmp(&frame, false, 8, 0, payload);
		assert_guarded(*state, &frame);
		icmp(&frame, true, 128, 0, payload);
		assert_guarded(*state, &frame);
	}
}

static void the_addresses_are_part_of_the_checksum(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	tcp(&frame, true, 5, 9);
	frame.byte[23] ^= 4;
	assert_transport(decoding, &frame, PACKET_TRANSPORT_BAD_CHECKSUM);
	udp(&frame, false, 9);
	frame.byte[19] ^= 4;
	frame_seal_ip(&frame);
	assert_transport(decoding, &frame, PACKET_TRANSPORT_BAD_CHECKSUM);
	// ICMP over IPv4 has no pseudo header.
	icmp(&frame, false, 8, 0, 9);
	frame.byte[19] ^= 4;
	frame_seal_ip(&frame);
	assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
}

static void checksums_of_any_length_are_verified(void **state)
{
	struct frame frame;

	for (uint32_t payload = 0; payload < 300; payload++) {
		tcp(&frame, payload % 2, 5, payload);
		assert_transport(*state, &frame, PACKET_TRANSPORT_OK);
	}
	udp(&frame, false, 65507);
	assert_transport(*state, &frame, PACKET_TRANSPORT_OK);
	frame.byte[65534] ^= 1;
	assert_transport(*state, &frame, PACKET_TRANSPORT_BAD_CHECKSUM);
	udp(&frame, true, 65527);
	assert_transport(*state, &frame, PACKET_TRANSPORT_OK);
}

static void a_message_of_all_ones_adds_up(void **state)
{
	struct frame frame;

	udp(&frame, true, 65527);
	memset(frame.byte + frame.transport + 8, 0xff, 65527);
	frame_seal(&frame);
	assert_transport(*state, &frame, PACKET_TRANSPORT_OK);
}

static void a_udp_checksum_of_zero_is_none_over_ipv4_and_wrong_over_ipv6(void **state)
{
	struct frame frame;

	udp(&frame, false, 21);
	set_be16(frame.byte + frame.transport + 6, 0);
	assert_transport(*state, &frame, PACKET_TRANSPORT_OK);
	udp(&frame, true, 21);
	set_be16(frame.byte + frame.transport + 6, 0);
	assert_transport(*state, &frame, PACKET_TRANSPORT_BAD_CHECKSUM);
}

static void what_was_cut_is_not_verified(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	for (int kind = 0; kind < 3; kind++) {
		if (kind == 0)
			tcp(&frame, false, 5, 50);
		else if (kind == 1)
			udp(&frame, true, 50);
		else
			icmp(&frame, false, 8, 0, 50);
		frame.byte[frame.length - 30] ^= 1;
		assert_transport(decoding, &frame, PACKET_TRANSPORT_BAD_CHECKSUM);
		assert_int_equal(decode_cut(decoding, &frame, frame.length - 1, frame.length),
				 PACKET_TRACK);
		assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
		assert_int_equal(decoding->packet.cut, 1);
		assert_int_equal(decoding->packet.payload_length, 50);
		assert_int_equal(decoding->packet.payload_captured, 49);
	}
}

// Padding that was on the wire and not captured.
static void udp_is_not_verified_in_a_frame_that_was_cut_behind_it(void **state)
{
	struct decoding *decoding = *state;

	for (int v6 = 0; v6 < 2; v6++) {
		struct frame frame = {.link = PACKET_LINK_ETHERNET};

		udp(&frame, v6, 20);
		frame.byte[frame.transport + 6] ^= 0x55;
		assert_int_equal(decode_cut(decoding, &frame, frame.length, frame.length + 6),
				 PACKET_TRACK);
		assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_OK);
		assert_int_equal(decoding->packet.cut, 0);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_BAD_CHECKSUM);
	}
}

static void tcp_and_icmp_are_verified_in_a_frame_that_was_cut_behind_them(void **state)
{
	struct decoding *decoding = *state;

	for (int i = 0; i < 2; i++) {
		struct frame frame = {.link = PACKET_LINK_ETHERNET};

		if (i == 0)
			tcp(&frame, false, 5, 20);
		else
			icmp(&frame, false, 8, 0, 20);
		frame.byte[frame.length - 1] ^= 0x55;
		assert_int_equal(decode_cut(decoding, &frame, frame.length, frame.length + 6),
				 PACKET_TRACK);
		assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_BAD_CHECKSUM);
	}
}

static void the_length_field_of_udp_is_handed_on_as_it_is(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	udp(&frame, false, 20);
	assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
	assert_int_equal(decoding->packet.udp_length, 20);
	set_be16(frame.byte + frame.transport + 4, 3);
	frame_seal(&frame);
	assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
	assert_int_equal(decoding->packet.udp_length, -5);
	set_be16(frame.byte + frame.transport + 4, 65535);
	frame_seal(&frame);
	assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
	assert_int_equal(decoding->packet.udp_length, 65527);
	assert_int_equal(decoding->packet.payload_length, 20);
}

// The same packet the other way round.
static void turn_round(struct frame *frame, bool ports)
{
	uint8_t *ip = frame->byte + frame->ip, swap[16];
	uint8_t *transport = frame->byte + frame->transport;
	uint32_t at = ip[0] >> 4 == 6 ? 8 : 12, size = ip[0] >> 4 == 6 ? 16 : 4;

	memcpy(swap, ip + at, size);
	memcpy(ip + at, ip + at + size, size);
	memcpy(ip + at + size, swap, size);
	if (ports) {
		memcpy(swap, transport, 2);
		memcpy(transport, transport + 2, 2);
		memcpy(transport + 2, swap, 2);
	}
	frame_seal(frame);
}

static void assert_one_connection(struct decoding *decoding, struct frame *there,
				  struct frame *back)
{
	struct packet first;

	assert_int_equal(decode(decoding, there), PACKET_TRACK);
	first = decoding->packet;
	assert_int_equal(decode(decoding, back), PACKET_TRACK);
	assert_memory_equal(&first.key, &decoding->packet.key, sizeof(first.key));
	assert_int_equal(first.hash, decoding->packet.hash);
	assert_int_equal(first.hash, packet_key_hash(&first.key, decoding->decoder.secret));
	assert_int_not_equal(first.sender, decoding->packet.sender);
	assert_int_equal(first.key.flags, 0);
}

static void both_directions_have_the_same_key(void **state)
{
	struct frame there, back;

	for (int v6 = 0; v6 < 2; v6++) {
		tcp(&there, v6, 5, 3);
		back = there;
		turn_round(&back, true);
		assert_one_connection(*state, &there, &back);
		udp(&there, v6, 3);
		back = there;
		turn_round(&back, true);
		assert_one_connection(*state, &there, &back);
		ip_start(&there, v6, 132);
		frame_payload(&there, 4);
		frame_seal(&there);
		back = there;
		turn_round(&back, false);
		assert_one_connection(*state, &there, &back);
	}
}

static void between_equal_addresses_the_lower_port_comes_first(void **state)
{
	struct decoding *decoding = *state;
	struct frame there, back;

	for (int v6 = 0; v6 < 2; v6++) {
		udp(&there, v6, 3);
		if (v6)
			set_ip6(there.byte + 24, 1);
		else
			set_be32(there.byte + 16, HOST_A);
		frame_seal(&there);
		back = there;
		turn_round(&back, true);
		assert_one_connection(*state, &there, &back);
		assert_int_equal(decoding->packet.key.port[0], 53);
		assert_int_equal(decoding->packet.key.port[1], 40000);
	}
}

static void the_lower_address_is_compared_as_an_unsigned_number(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	udp(&frame, false, 3);
	set_be32(frame.byte + 12, 0xc0000201);
	set_be32(frame.byte + 16, 0x7f000001);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.sender, 1);
	assert_way(&decoding->packet, address_of(0xc0000201), 40000, address_of(0x7f000001), 53);
}

static void different_tuples_have_different_keys(void **state)
{
	struct decoding *decoding = *state;
	struct frame a, b;
	struct packet first;

	udp(&a, false, 3);
	assert_int_equal(decode(decoding, &a), PACKET_TRACK);
	first = decoding->packet;
	// The ports of the two hosts exchanged, but not the hosts.
	b = a;
	turn_round(&b, true);
	turn_round(&b, false);
	assert_int_equal(decode(decoding, &b), PACKET_TRACK);
	assert_false(packet_key_equal(&first.key, &decoding->packet.key));
	assert_int_not_equal(first.hash, decoding->packet.hash);
	tcp(&b, false, 5, 3);
	set_be16(b.byte + b.transport + 2, 53);
	assert_int_equal(decode(decoding, &b), PACKET_TRACK);
	assert_false(packet_key_equal(&first.key, &decoding->packet.key));
}

static void the_flags_of_a_record_do_not_count_in_a_comparison(void **state)
{
	struct decoding *decoding = *state;
	struct packet_key other;
	struct frame frame;

	udp(&frame, false, 3);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	other = decoding->packet.key;
	other.flags = 0xffff;
	assert_true(packet_key_equal(&other, &decoding->packet.key));
	assert_int_equal(packet_key_hash(&other, decoding->decoder.secret), decoding->packet.hash);
}

static void icmp_requests_and_replies_are_one_connection(void **state)
{
	static const uint8_t pairs[][3] = {
		{false, 8, 0},    {false, 13, 14},  {false, 15, 16},  {false, 10, 9},
		{false, 17, 18},  {true, 128, 129}, {true, 133, 134}, {true, 135, 136},
		{true, 130, 131}, {true, 139, 140}, {true, 144, 145},
	};
	struct decoding *decoding = *state;

	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		bool v6 = pairs[i][0];
		uint8_t request = pairs[i][1], reply = pairs[i][2];
		struct frame there, back;

		icmp(&there, v6, request, 0, 8);
		icmp(&back, v6, reply, 0, 8);
		turn_round(&back, false);
		assert_one_connection(decoding, &there, &back);
		assert_int_equal(decode(decoding, &there), PACKET_TRACK);
		assert_int_equal(decoding->packet.key.port[decoding->packet.sender], request);
		assert_int_equal(decoding->packet.key.port[decoding->packet.sender ^ 1], reply);
		assert_int_equal(decoding->packet.key.one_way, 0);
		// The reply that comes first.
		assert_int_equal(decode(decoding, &back), PACKET_TRACK);
		assert_int_equal(decoding->packet.key.port[decoding->packet.sender], reply);
		assert_int_equal(decoding->packet.key.port[decoding->packet.sender ^ 1], request);
	}
}

static void other_icmp_types_are_one_way(void **state)
{
	static const uint8_t types[][2] = {{false, 3},  {false, 4},  {false, 5}, {false, 11},
					   {false, 12}, {true, 1},   {true, 2},  {true, 3},
					   {true, 4},   {true, 132}, {true, 137}};
	struct decoding *decoding = *state;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct frame there, back;
		struct packet first;

		icmp(&there, types[i][0], types[i][1], 3, 8);
		back = there;
		turn_round(&back, false);
		assert_int_equal(decode(decoding, &there), PACKET_TRACK);
		first = decoding->packet;
		assert_int_equal(first.key.port[0], types[i][1]);
		assert_int_equal(first.key.port[1], 3);
		assert_int_equal(first.key.one_way, 1);
		assert_int_equal(first.sender, 0);
		assert_int_equal(decode(decoding, &back), PACKET_TRACK);
		assert_int_equal(decoding->packet.sender, 0);
		assert_false(packet_key_equal(&first.key, &decoding->packet.key));
	}
}

static void every_icmp_type_names_its_partner_both_ways(void **state)
{
	struct decoding *decoding = *state;

	for (int v6 = 0; v6 < 2; v6++) {
		for (unsigned type = 0; type < 256; type++) {
			struct frame frame;
			uint16_t partner;

			icmp(&frame, v6, (uint8_t)type, 0, 0);
			assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
			if (decoding->packet.key.one_way)
				continue;
			partner = decoding->packet.key.port[decoding->packet.sender ^ 1];
			icmp(&frame, v6, (uint8_t)partner, 0, 0);
			assert_transport(decoding, &frame, PACKET_TRANSPORT_OK);
			assert_int_equal(decoding->packet.key.one_way, 0);
			assert_int_equal(decoding->packet.key.port[decoding->packet.sender ^ 1],
					 type);
		}
	}
}

static void secrets_differ_from_run_to_run(void **state)
{
	struct packet_decoder a = {0}, b = {0};

	assert_int_equal(packet_decoder_secret(&a), 0);
	assert_int_equal(packet_decoder_secret(&b), 0);
	assert_memory_not_equal(a.secret, b.secret, sizeof(a.secret));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, decoding_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_fields_of_a_tcp_header_are_read),
		TEST(tcp_options_are_not_payload),
		TEST(a_tcp_header_of_less_than_five_words_is_short),
		TEST(a_tcp_header_beyond_the_datagram_is_long),
		TEST(a_tcp_header_beyond_what_was_captured_is_long),
		TEST(the_least_transport_header_is_needed),
		TEST(a_datagram_without_room_for_the_header_is_refused),
		TEST(tcp_checksums_are_verified),
		TEST(udp_checksums_are_verified),
		TEST(icmp_checksums_are_verified),
		TEST(the_addresses_are_part_of_the_checksum),
		TEST(checksums_of_any_length_are_verified),
		TEST(a_message_of_all_ones_adds_up),
		TEST(a_udp_checksum_of_zero_is_none_over_ipv4_and_wrong_over_ipv6),
		TEST(what_was_cut_is_not_verified),
		TEST(udp_is_not_verified_in_a_frame_that_was_cut_behind_it),
		TEST(tcp_and_icmp_are_verified_in_a_frame_that_was_cut_behind_them),
		TEST(the_length_field_of_udp_is_handed_on_as_it_is),
		TEST(both_directions_have_the_same_key),
		TEST(between_equal_addresses_the_lower_port_comes_first),
		TEST(the_lower_address_is_compared_as_an_unsigned_number),
		TEST(different_tuples_have_different_keys),
		TEST(the_flags_of_a_record_do_not_count_in_a_comparison),
		TEST(icmp_requests_and_replies_are_one_connection),
		TEST(other_icmp_types_are_one_way),
		TEST(every_icmp_type_names_its_partner_both_ways),
		TEST(secrets_differ_from_run_to_run),
	};

	return cmocka_run_group_tests_name("packet_transport", tests, NULL, NULL);
}
