/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "link_fixture.h"

// 802.11 (link type 105), alone and behind radiotap.

enum { DATA = 0x08, NULL_DATA = 0x48, QOS_DATA = 0x88, BEACON = 0x80, ACKNOWLEDGEMENT = 0xd4 };
enum { TO_DS = 1, FROM_DS = 2, PROTECTED = 0x40, ORDER = 0x80 };
enum { AGGREGATE = 0x80 };

static void add_header(struct frame *frame, uint32_t type, uint32_t flags)
{
	frame->link = PACKET_LINK_WIRELESS;
	frame_8(frame, type);
	frame_8(frame, flags);
	frame_16(frame, 0);
	memcpy(frame_zeros(frame, 18), "111111222222333333", 18);
	frame_16(frame, 0);
	if ((flags & TO_DS) && (flags & FROM_DS))
		memcpy(frame_zeros(frame, 6), "444444", 6);
}

static void add_quality(struct frame *frame, uint32_t first)
{
	frame_8(frame, first);
	frame_8(frame, 0);
}

static void add_llc(struct frame *frame, uint32_t type)
{
	frame_32(frame, 0xaaaa0300);
	frame_16(frame, 0);
	frame_16(frame, type);
}

static void wireless(struct frame *frame, uint32_t type, uint32_t flags)
{
	add_header(frame, type, flags);
	if (type & 0x80)
		add_quality(frame, 0);
	add_llc(frame, IPV4);
	add_udp(frame);
}

static void data_frames_carry_ip(void **state)
{
	for (uint32_t flags = 0; flags < 4; flags++) {
		struct frame plain = {0}, quality = {0};

		wireless(&plain, DATA, flags);
		assert_carries_udp(*state, &plain);
		wireless(&quality, QOS_DATA, flags);
		assert_carries_udp(*state, &quality);
	}
}

static void data_frames_carry_ipv6(void **state)
{
	struct frame frame = {0};

	add_header(&frame, QOS_DATA, TO_DS);
	add_quality(&frame, 6);
	add_llc(&frame, IPV6);
	add_udp6(&frame);
	assert_carries_udp(*state, &frame);
}

static void the_addresses_depend_on_the_way_of_the_frame(void **state)
{
	static const char *const expected[4] = {
		[0] = "111111222222",
		[TO_DS] = "333333222222",
		[FROM_DS] = "111111333333",
		[TO_DS | FROM_DS] = "333333444444",
	};

	for (uint32_t flags = 0; flags < 4; flags++) {
		struct frame frame = {0};

		wireless(&frame, QOS_DATA, flags);
		assert_macs(*state, &frame, expected[flags]);
	}
}

static void frames_without_data_are_not_ip(void **state)
{
	static const uint8_t types[] = {NULL_DATA, BEACON, ACKNOWLEDGEMENT, NULL_DATA | 0x80};

	for (unsigned i = 0; i < sizeof(types); i++) {
		struct frame frame = {0};

		add_header(&frame, types[i], 0);
		add_quality(&frame, 0);
		add_llc(&frame, IPV4);
		add_udp(&frame);
		assert_verdict(*state, &frame, PACKET_NOT_IP);
	}
}

static void encrypted_frames_are_not_ip(void **state)
{
	struct frame quality = {0}, plain = {0};

	wireless(&quality, QOS_DATA, TO_DS | PROTECTED);
	assert_verdict(*state, &quality, PACKET_NOT_IP);
	add_header(&plain, DATA, TO_DS | PROTECTED);
	frame_payload(&plain, 100);
	assert_verdict(*state, &plain, PACKET_NOT_IP);
}

static void only_snap_carries_ip(void **state)
{
	struct frame organization = {0}, arp = {0}, spanning_tree = {0};

	add_header(&organization, DATA, 0);
	frame_32(&organization, 0xaaaa0300);
	frame_16(&organization, 0x000c);
	frame_16(&organization, IPV4);
	add_udp(&organization);
	assert_verdict(*state, &organization, PACKET_NOT_IP);
	add_header(&spanning_tree, DATA, 0);
	frame_32(&spanning_tree, 0x42420300);
	frame_zeros(&spanning_tree, 40);
	assert_verdict(*state, &spanning_tree, PACKET_NOT_IP);
	add_header(&arp, DATA, 0);
	add_llc(&arp, ARP);
	frame_zeros(&arp, 28);
	assert_verdict(*state, &arp, PACKET_NOT_IP);
}

static void a_frame_check_sequence_is_left_alone(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	wireless(&frame, QOS_DATA, TO_DS);
	frame_32(&frame, 0xdeadbeef);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_int_equal(decoding->packet.payload_captured, 20);
	assert_false(packet_decode_more(&decoding->decoder, &decoding->packet));
}

// As in Zeek.
static void the_field_of_the_order_bit_is_not_skipped(void **state)
{
	struct frame without = {0}, with = {0};

	wireless(&without, QOS_DATA, TO_DS | ORDER);
	assert_carries_udp(*state, &without);
	add_header(&with, QOS_DATA, TO_DS | ORDER);
	add_quality(&with, 0);
	frame_32(&with, 0x12345678);
	add_llc(&with, IPV4);
	add_udp(&with);
	assert_verdict(*state, &with, PACKET_NOT_IP);
}

static void what_the_radio_noted_is_skipped(void **state)
{
	static const uint32_t lengths[] = {8, 13, 300};

	for (unsigned i = 0; i < 3; i++) {
		struct frame frame = {0};

		frame_16(&frame, 0);
		frame_8(&frame, lengths[i] & 0xff);
		frame_8(&frame, lengths[i] >> 8);
		frame_zeros(&frame, lengths[i] - 4);
		wireless(&frame, QOS_DATA, FROM_DS);
		frame.link = PACKET_LINK_RADIOTAP;
		assert_carries_udp(*state, &frame);
	}
}

static void radio_notes_beyond_the_frame_are_a_bad_link(void **state)
{
	struct frame frame = {.link = PACKET_LINK_RADIOTAP};

	frame_32(&frame, 0x0000ffff);
	frame_zeros(&frame, 60);
	assert_verdict(*state, &frame, PACKET_BAD_LINK);
}

// Aggregates: each packet is UDP from port 1000 + its place to 53, `payload` bytes long.

static void aggregate(struct frame *frame)
{
	add_header(frame, QOS_DATA, TO_DS);
	add_quality(frame, AGGREGATE);
}

static void add_subframe_header(struct frame *frame, uint32_t length)
{
	memcpy(frame_zeros(frame, 12), "ddddddssssss", 12);
	frame_16(frame, length);
}

static void add_subframe(struct frame *frame, uint32_t place, uint32_t payload)
{
	add_subframe_header(frame, 8 + 20 + 8 + payload);
	add_llc(frame, IPV4);
	frame_ip4(frame, HOST_A, HOST_B, PACKET_UDP);
	frame_udp(frame, 1000 + place, 53, payload);
	frame_seal(frame);
}

static void assert_place(const struct packet *packet, uint32_t place, uint32_t payload)
{
	assert_int_equal(packet->verdict, PACKET_TRACK);
	assert_int_equal(packet->transport, PACKET_TRANSPORT_OK);
	assert_way(packet, address_of(HOST_A), (uint16_t)(1000 + place), address_of(HOST_B), 53);
	assert_int_equal(packet->payload_length, payload);
	assert_int_equal(packet->cut, 0);
}

static bool more(struct decoding *decoding)
{
	memset(&decoding->packet, 0xee, sizeof(decoding->packet));
	return packet_decode_more(&decoding->decoder, &decoding->packet);
}

static void assert_no_more(struct decoding *decoding)
{
	for (int i = 0; i < 3; i++)
		assert_false(more(decoding));
}

static void every_packet_of_an_aggregate_is_decoded(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	aggregate(&frame);
	for (uint32_t i = 0; i < 5; i++) {
		add_subframe(&frame, i, 13 + 4 * i);
		frame_zeros(&frame, i < 4);
	}
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_place(&decoding->packet, 0, 13);
	for (uint32_t i = 1; i < 5; i++) {
		assert_true(more(decoding));
		assert_place(&decoding->packet, i, 13 + 4 * i);
		assert_int_equal(decoding->packet.time, decoding->time);
		assert_int_equal(decoding->packet.has_mac, 1);
		assert_memory_equal(decoding->packet.mac, "333333222222", 12);
		assert_int_equal(decoding->packet.vlan[0], PACKET_NO_VLAN);
		assert_int_equal(decoding->packet.stack, 0);
		assert_int_equal(decoding->packet.depth, 0);
	}
	assert_no_more(decoding);
}

static void the_padding_of_an_aggregate_is_the_remainder_of_the_length(void **state)
{
	struct decoding *decoding = *state;

	for (uint32_t payload = 12; payload < 16; payload++) {
		struct frame frame = {0};

		aggregate(&frame);
		add_subframe(&frame, 0, payload);
		frame_zeros(&frame, payload % 4);
		add_subframe(&frame, 1, 20);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_true(more(decoding));
		assert_place(&decoding->packet, 1, 20);
		assert_no_more(decoding);
	}
}

static void a_frame_check_sequence_is_no_packet_of_an_aggregate(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	aggregate(&frame);
	add_subframe(&frame, 0, 12);
	frame_32(&frame, 0xdeadbeef);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_place(&decoding->packet, 0, 12);
	assert_no_more(decoding);
}

static void arp_in_an_aggregate_does_not_end_it(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	aggregate(&frame);
	add_subframe_header(&frame, 8 + 28);
	add_llc(&frame, ARP);
	frame_zeros(&frame, 28);
	add_subframe(&frame, 1, 12);
	assert_int_equal(decode(decoding, &frame), PACKET_NOT_IP);
	assert_true(more(decoding));
	assert_place(&decoding->packet, 1, 12);
	assert_no_more(decoding);
}

static void what_is_unknown_ends_an_aggregate(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	aggregate(&frame);
	add_subframe(&frame, 0, 12);
	add_subframe_header(&frame, 8 + 28);
	add_llc(&frame, 0x888e);
	frame_zeros(&frame, 28);
	add_subframe(&frame, 2, 12);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_true(more(decoding));
	assert_int_equal(decoding->packet.verdict, PACKET_NOT_IP);
	assert_no_more(decoding);
}

static void a_packet_that_is_refused_ends_an_aggregate(void **state)
{
	struct decoding *decoding = *state;

	for (int place = 0; place < 2; place++) {
		struct frame frame = {0};

		aggregate(&frame);
		add_subframe(&frame, 0, 12);
		if (place == 1)
			add_subframe(&frame, 1, 12);
		frame.byte[frame.ip + 10] ^= 0x55;
		add_subframe(&frame, 2, 12);
		assert_int_equal(decode(decoding, &frame),
				 place == 0 ? PACKET_BAD_IP_CHECKSUM : PACKET_TRACK);
		if (place == 1) {
			assert_true(more(decoding));
			assert_int_equal(decoding->packet.verdict, PACKET_BAD_IP_CHECKSUM);
		}
		assert_no_more(decoding);
	}
}

static void a_packet_of_an_aggregate_that_was_cut_is_refused(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};
	uint32_t second;

	aggregate(&frame);
	add_subframe(&frame, 0, 12);
	second = frame.length;
	add_subframe(&frame, 1, 12);
	for (uint32_t captured = 0; captured < frame.length; captured++) {
		enum packet_verdict verdict = decode_cut(decoding, &frame, captured, frame.length);

		assert_int_equal(verdict == PACKET_TRACK, captured >= second);
		if (captured >= second + 14) {
			assert_true(more(decoding));
			assert_int_equal(decoding->packet.verdict, PACKET_BAD_LINK);
		}
		assert_no_more(decoding);
	}
}

static void udp_in_a_cut_aggregate_is_not_verified(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0};

	aggregate(&frame);
	add_subframe(&frame, 0, 12);
	add_subframe(&frame, 1, 12);
	frame.byte[frame.length - 1] ^= 1;
	frame_32(&frame, 0xdeadbeef);
	assert_int_equal(decode_cut(decoding, &frame, frame.length, frame.length + 1),
			 PACKET_TRACK);
	assert_true(more(decoding));
	assert_place(&decoding->packet, 1, 12);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_true(more(decoding));
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_BAD_CHECKSUM);
}

static void an_aggregate_of_nothing_is_a_bad_link(void **state)
{
	struct decoding *decoding = *state;
	struct frame empty = {0}, zeros = {0};

	aggregate(&empty);
	assert_int_equal(decode(decoding, &empty), PACKET_BAD_LINK);
	assert_no_more(decoding);
	aggregate(&zeros);
	frame_zeros(&zeros, 1000);
	assert_int_equal(decode(decoding, &zeros), PACKET_BAD_LINK);
	assert_no_more(decoding);
}

static void another_frame_forgets_the_rest_of_an_aggregate(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {0}, other = {0};

	aggregate(&frame);
	add_subframe(&frame, 0, 12);
	add_subframe(&frame, 1, 12);
	wireless(&other, DATA, 0);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decode(decoding, &other), PACKET_TRACK);
	assert_no_more(decoding);
}

static void add_aruba(struct frame *frame)
{
	frame->link = PACKET_LINK_ETHERNET;
	frame_ethernet(frame, IPV4);
	frame_ip4(frame, HOST_B, HOST_A, PACKET_GRE);
	frame_16(frame, 0);
	frame_16(frame, 0x8240);
}

static void an_aggregate_inside_a_tunnel_is_decoded_there(void **state)
{
	static const struct packet_tunnels tunnels = {.depth = 4};
	struct decoding *decoding = *state;
	struct frame frame = {0};
	struct packet first;

	decoding->decoder.tunnels = &tunnels;
	add_aruba(&frame);
	aggregate(&frame);
	frame.link = PACKET_LINK_ETHERNET;
	add_subframe(&frame, 0, 12);
	add_subframe(&frame, 1, 12);
	set_be16(frame.byte + 14 + 2, frame.length - 14);
	set_be16(frame.byte + 14 + 10, 0xffff ^ slow_sum(0, frame.byte + 14, 20));
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_place(&decoding->packet, 0, 12);
	first = decoding->packet;
	assert_int_equal(first.depth, 1);
	assert_true(more(decoding));
	assert_place(&decoding->packet, 1, 12);
	assert_int_equal(decoding->packet.depth, 1);
	assert_int_equal(decoding->packet.stack, first.stack);
	assert_memory_equal(&decoding->packet.parent, &first.parent, sizeof(first.parent));
	assert_memory_equal(decoding->packet.mac, "333333222222", 12);
	assert_no_more(decoding);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, decoding_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(data_frames_carry_ip),
		TEST(data_frames_carry_ipv6),
		TEST(the_addresses_depend_on_the_way_of_the_frame),
		TEST(frames_without_data_are_not_ip),
		TEST(encrypted_frames_are_not_ip),
		TEST(only_snap_carries_ip),
		TEST(a_frame_check_sequence_is_left_alone),
		TEST(the_field_of_the_order_bit_is_not_skipped),
		TEST(what_the_radio_noted_is_skipped),
		TEST(radio_notes_beyond_the_frame_are_a_bad_link),
		TEST(every_packet_of_an_aggregate_is_decoded),
		TEST(the_padding_of_an_aggregate_is_the_remainder_of_the_length),
		TEST(a_frame_check_sequence_is_no_packet_of_an_aggregate),
		TEST(arp_in_an_aggregate_does_not_end_it),
		TEST(what_is_unknown_ends_an_aggregate),
		TEST(a_packet_that_is_refused_ends_an_aggregate),
		TEST(a_packet_of_an_aggregate_that_was_cut_is_refused),
		TEST(udp_in_a_cut_aggregate_is_not_verified),
		TEST(an_aggregate_of_nothing_is_a_bad_link),
		TEST(another_frame_forgets_the_rest_of_an_aggregate),
		TEST(an_aggregate_inside_a_tunnel_is_decoded_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
