/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "link_fixture.h"

// Link layers other than Ethernet.

static void ppp_with_address_and_control_carries_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_PPP};

	frame_16(&frame, 0xff03);
	frame_16(&frame, 0x0021);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void ppp_without_address_and_control_carries_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_PPP};

	frame_16(&frame, 0x0057);
	add_udp6(&frame);
	assert_carries_udp(*state, &frame);
}

static void ppp_carries_mpls(void **state)
{
	struct frame frame = {.link = PACKET_LINK_PPP};

	frame_16(&frame, 0x0281);
	frame_mpls(&frame, 16, true);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void serial_ppp_carries_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_PPP_SERIAL};

	frame_16(&frame, 0x0f00);
	frame_16(&frame, 0x0021);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void a_loopback_family_of_either_byte_order_is_understood(void **state)
{
	static const uint32_t links[] = {PACKET_LINK_NULL, PACKET_LINK_LOOP};

	for (unsigned i = 0; i < 4; i++) {
		struct frame frame = {.link = links[i / 2]};

		frame_32(&frame, i % 2 ? 2u << 24 : 2u);
		add_udp(&frame);
		assert_carries_udp(*state, &frame);
	}
}

static void every_number_of_ipv6_as_a_loopback_family_is_understood(void **state)
{
	static const uint32_t families[] = {24, 28, 30};

	for (unsigned i = 0; i < 6; i++) {
		struct frame frame = {.link = PACKET_LINK_NULL};

		frame_32(&frame, i % 2 ? families[i / 2] << 24 : families[i / 2]);
		add_udp6(&frame);
		assert_carries_udp(*state, &frame);
	}
}

static void another_loopback_family_is_not_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_NULL};

	frame_32(&frame, 7);
	add_udp(&frame);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void cooked(struct frame *frame, uint32_t type)
{
	frame->link = PACKET_LINK_COOKED;
	frame_zeros(frame, 14);
	frame_16(frame, type);
}

static void cooked_captures_carry_ip(void **state)
{
	struct frame v4 = {0}, v6 = {0};

	cooked(&v4, IPV4);
	add_udp(&v4);
	assert_carries_udp(*state, &v4);
	cooked(&v6, IPV6);
	add_udp6(&v6);
	assert_carries_udp(*state, &v6);
}

static void cooked_captures_of_the_second_version_carry_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_COOKED2};

	frame_16(&frame, IPV4);
	frame_zeros(&frame, 18);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void cooked_captures_name_the_sender_only(void **state)
{
	struct frame first = {0}, second = {.link = PACKET_LINK_COOKED2};

	cooked(&first, IPV4);
	memcpy(first.byte + 6, "ssssss", 6);
	add_udp(&first);
	assert_macs(*state, &first, "\0\0\0\0\0\0ssssss");
	frame_16(&second, IPV4);
	frame_zeros(&second, 18);
	memcpy(second.byte + 12, "ssssss", 6);
	add_udp(&second);
	assert_macs(*state, &second, "\0\0\0\0\0\0ssssss");
}

static void cooked_captures_carry_no_tags(void **state)
{
	struct frame frame = {0};

	cooked(&frame, VLAN);
	frame_vlan(&frame, 5, IPV4);
	add_udp(&frame);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void cooked_arp_is_not_ip(void **state)
{
	struct frame frame = {0};

	cooked(&frame, ARP);
	frame_zeros(&frame, 28);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void raw_frames_begin_with_ip(void **state)
{
	struct frame v4 = {.link = PACKET_LINK_RAW}, v6 = {.link = PACKET_LINK_RAW};

	add_udp(&v4);
	assert_carries_udp(*state, &v4);
	add_udp6(&v6);
	assert_carries_udp(*state, &v6);
}

static void an_unknown_link_type_is_taken_for_raw_ip(void **state)
{
	static const uint32_t links[] = {12, 14, 228, 229, 9999, UINT32_MAX};

	for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct frame frame = {.link = links[i]};

		add_udp(&frame);
		assert_carries_udp(*state, &frame);
	}
}

static void a_raw_frame_of_another_ip_version_is_a_bad_header(void **state)
{
	struct frame frame = {.link = PACKET_LINK_RAW};

	add_udp(&frame);
	frame.byte[0] = 0x55;
	assert_verdict(*state, &frame, PACKET_BAD_IP_HEADER);
}

// An attribute of Netfilter's log: its length counts itself but not the filling up to a multiple of
// four.
static void nflog_attribute(struct frame *frame, uint32_t kind, uint32_t length)
{
	uint8_t *at = frame_zeros(frame, 4 + ((length + 3) & ~3u));

	at[0] = (uint8_t)(length + 4);
	at[1] = (uint8_t)((length + 4) >> 8);
	at[2] = (uint8_t)kind;
}

static void the_payload_of_a_netfilter_log_is_found(void **state)
{
	struct frame frame = {.link = PACKET_LINK_NFLOG};

	frame_32(&frame, 0x02000000);
	nflog_attribute(&frame, 1, 4);
	nflog_attribute(&frame, 10, 5);
	nflog_attribute(&frame, 9, 0);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void a_netfilter_log_of_another_kind_is_not_ip(void **state)
{
	struct frame family = {.link = PACKET_LINK_NFLOG}, version = family;

	frame_32(&family, 0x07000000);
	nflog_attribute(&family, 9, 0);
	add_udp(&family);
	assert_verdict(*state, &family, PACKET_NOT_IP);
	frame_32(&version, 0x02010000);
	nflog_attribute(&version, 9, 0);
	add_udp(&version);
	assert_verdict(*state, &version, PACKET_BAD_LINK);
}

static void a_netfilter_log_without_payload_is_a_bad_link(void **state)
{
	struct frame frame = {.link = PACKET_LINK_NFLOG};

	frame_32(&frame, 0x02000000);
	for (int i = 0; i < 5; i++)
		nflog_attribute(&frame, 1, 4);
	assert_verdict(*state, &frame, PACKET_BAD_LINK);
}

static void a_netfilter_attribute_of_impossible_length_is_a_bad_link(void **state)
{
	for (unsigned length = 0; length < 4; length++) {
		struct frame frame = {.link = PACKET_LINK_NFLOG};

		frame_32(&frame, 0x02000000);
		frame_8(&frame, length);
		frame_zeros(&frame, 43);
		assert_verdict(*state, &frame, PACKET_BAD_LINK);
	}
}

static void a_wire_length_below_the_captured_one_is_mended(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, IPV4);
	add_udp(&frame);
	assert_int_equal(decode_cut(decoding, &frame, frame.length, 0), PACKET_TRACK);
	assert_int_equal(decoding->packet.cut, 0);
}

static void every_verdict_has_a_name(void **state)
{
	for (int i = 0; i < PACKET_VERDICT_COUNT; i++) {
		for (int j = 0; j < i; j++)
			assert_string_not_equal(packet_verdict_name(i), packet_verdict_name(j));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, decoding_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ppp_with_address_and_control_carries_ip),
		TEST(ppp_without_address_and_control_carries_ip),
		TEST(ppp_carries_mpls),
		TEST(serial_ppp_carries_ip),
		TEST(a_loopback_family_of_either_byte_order_is_understood),
		TEST(every_number_of_ipv6_as_a_loopback_family_is_understood),
		TEST(another_loopback_family_is_not_ip),
		TEST(cooked_captures_carry_ip),
		TEST(cooked_captures_of_the_second_version_carry_ip),
		TEST(cooked_captures_name_the_sender_only),
		TEST(cooked_captures_carry_no_tags),
		TEST(cooked_arp_is_not_ip),
		TEST(raw_frames_begin_with_ip),
		TEST(an_unknown_link_type_is_taken_for_raw_ip),
		TEST(a_raw_frame_of_another_ip_version_is_a_bad_header),
		TEST(the_payload_of_a_netfilter_log_is_found),
		TEST(a_netfilter_log_of_another_kind_is_not_ip),
		TEST(a_netfilter_log_without_payload_is_a_bad_link),
		TEST(a_netfilter_attribute_of_impossible_length_is_a_bad_link),
		TEST(a_wire_length_below_the_captured_one_is_mended),
		TEST(every_verdict_has_a_name),
	};

	return cmocka_run_group_tests_name("packet_link", tests, NULL, NULL);
}
