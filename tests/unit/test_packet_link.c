/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet_fixture.h"

enum {
	IPV4 = 0x0800,
	IPV6 = 0x86dd,
	ARP = 0x0806,
	VLAN = 0x8100,
	VLAN_SERVICE = 0x88a8,
	VLAN_OLD = 0x9100,
	MPLS = 0x8847,
	PPPOE = 0x8864,
};

// What every link layer of this file carries: a UDP datagram of 20 bytes over IPv4.
static void add_udp(struct frame *frame)
{
	frame_ip4(frame, HOST_A, HOST_B, PACKET_UDP);
	frame_udp(frame, 40000, 53, 20);
	frame_seal(frame);
}

static void add_udp6(struct frame *frame)
{
	frame_ip6(frame, 1, 2, PACKET_UDP);
	frame_udp(frame, 40000, 53, 20);
	frame_seal(frame);
}

// Tracked whole, and cut at every byte as long as the UDP header is there.
static void assert_carries_udp(struct decoding *decoding, const struct frame *frame)
{
	bool v6 = frame->byte[frame->ip] >> 4 == 6;

	assert_tracked_from(decoding, frame, frame->transport + 8);
	assert_int_equal(decode(decoding, frame), PACKET_TRACK);
	assert_way(&decoding->packet, v6 ? address6_of(1) : address_of(HOST_A), 40000,
		   v6 ? address6_of(2) : address_of(HOST_B), 53);
	assert_int_equal(decoding->packet.ip_length, frame->length - frame->ip);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_memory_equal(decoding->packet.payload, frame->byte + frame->transport + 8, 20);
}

static void assert_verdict(struct decoding *decoding, const struct frame *frame,
			   enum packet_verdict expected)
{
	assert_int_equal(decode(decoding, frame), expected);
	for (uint32_t captured = 0; captured < frame->length; captured++)
		assert_int_not_equal(decode_cut(decoding, frame, captured, frame->length),
				     PACKET_TRACK);
}

static void ethernet_carries_ipv4(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, IPV4);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void ethernet_carries_ipv6(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, IPV6);
	add_udp6(&frame);
	assert_carries_udp(*state, &frame);
}

static void arp_is_not_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, ARP);
	frame_zeros(&frame, 46);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void an_ethernet_header_alone_is_a_bad_link(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, IPV4);
	assert_verdict(*state, &frame, PACKET_BAD_LINK);
}

static void a_vlan_tag_is_skipped(void **state)
{
	static const uint32_t types[] = {VLAN, VLAN_SERVICE, VLAN_OLD};

	for (unsigned i = 0; i < 3; i++) {
		struct frame frame = {.link = PACKET_LINK_ETHERNET};

		frame_ethernet(&frame, types[i]);
		frame_vlan(&frame, 100, IPV4);
		add_udp(&frame);
		assert_carries_udp(*state, &frame);
	}
}

static void two_vlan_tags_are_skipped(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, VLAN_SERVICE);
	frame_vlan(&frame, 100, VLAN);
	frame_vlan(&frame, 200, IPV6);
	add_udp6(&frame);
	assert_carries_udp(*state, &frame);
}

static void ethernet_with_tags(struct frame *frame, unsigned tags)
{
	frame_ethernet(frame, VLAN);
	for (unsigned i = 1; i < tags; i++)
		frame_vlan(frame, i, VLAN);
	frame_vlan(frame, tags, IPV4);
	add_udp(frame);
}

static void many_vlan_tags_are_skipped(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	ethernet_with_tags(&frame, 16);
	assert_carries_udp(*state, &frame);
}

static void a_frame_of_nothing_but_tags_ends_somewhere(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	ethernet_with_tags(&frame, 1000);
	assert_verdict(*state, &frame, PACKET_BAD_LINK);
}

static void snap_carries_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, 8 + 48);
	frame_16(&frame, 0xaaaa);
	frame_8(&frame, 0x03);
	frame_zeros(&frame, 3);
	frame_16(&frame, IPV4);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void spanning_tree_is_not_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, 38);
	frame_16(&frame, 0x4242);
	frame_8(&frame, 0x03);
	frame_zeros(&frame, 43);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void snap_within_snap_is_not_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, 60);
	frame_16(&frame, 0xaaaa);
	frame_8(&frame, 0x03);
	frame_zeros(&frame, 3);
	frame_16(&frame, 52);
	frame_zeros(&frame, 40);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void one_mpls_label_is_skipped(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, MPLS);
	frame_mpls(&frame, 16, true);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void many_mpls_labels_are_skipped(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, VLAN);
	frame_vlan(&frame, 100, MPLS);
	for (uint32_t label = 16; label < 40; label++)
		frame_mpls(&frame, label, false);
	frame_mpls(&frame, 40, true);
	add_udp6(&frame);
	assert_carries_udp(*state, &frame);
}

static void labels_without_a_bottom_are_a_bad_link(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, MPLS);
	for (uint32_t label = 16; label < 40; label++)
		frame_mpls(&frame, label, false);
	assert_verdict(*state, &frame, PACKET_BAD_LINK);
}

static void pppoe(struct frame *frame, uint32_t protocol, uint32_t length)
{
	frame_ethernet(frame, PPPOE);
	frame_16(frame, 0x1100);
	frame_16(frame, 7);
	frame_16(frame, length);
	frame_16(frame, protocol);
}

static void pppoe_carries_ip(void **state)
{
	struct frame v4 = {.link = PACKET_LINK_ETHERNET}, v6 = {.link = PACKET_LINK_ETHERNET};

	pppoe(&v4, 0x0021, 50);
	add_udp(&v4);
	assert_carries_udp(*state, &v4);
	pppoe(&v6, 0x0057, 70);
	add_udp6(&v6);
	assert_carries_udp(*state, &v6);
}

static void the_length_of_pppoe_is_not_believed(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	pppoe(&frame, 0x0021, 2);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
}

static void pppoe_link_control_is_not_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	pppoe(&frame, 0xc021, 50);
	frame_zeros(&frame, 48);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

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
	struct frame v4 = {0}, v6 = {0}, tagged = {0};

	cooked(&v4, IPV4);
	add_udp(&v4);
	assert_carries_udp(*state, &v4);
	cooked(&v6, IPV6);
	add_udp6(&v6);
	assert_carries_udp(*state, &v6);
	cooked(&tagged, VLAN);
	frame_vlan(&tagged, 5, IPV4);
	add_udp(&tagged);
	assert_carries_udp(*state, &tagged);
}

static void cooked_captures_of_the_second_version_carry_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_COOKED2};

	frame_16(&frame, IPV4);
	frame_zeros(&frame, 18);
	add_udp(&frame);
	assert_carries_udp(*state, &frame);
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
		TEST(ethernet_carries_ipv4),
		TEST(ethernet_carries_ipv6),
		TEST(arp_is_not_ip),
		TEST(an_ethernet_header_alone_is_a_bad_link),
		TEST(a_vlan_tag_is_skipped),
		TEST(two_vlan_tags_are_skipped),
		TEST(many_vlan_tags_are_skipped),
		TEST(a_frame_of_nothing_but_tags_ends_somewhere),
		TEST(snap_carries_ip),
		TEST(spanning_tree_is_not_ip),
		TEST(snap_within_snap_is_not_ip),
		TEST(one_mpls_label_is_skipped),
		TEST(many_mpls_labels_are_skipped),
		TEST(labels_without_a_bottom_are_a_bad_link),
		TEST(pppoe_carries_ip),
		TEST(the_length_of_pppoe_is_not_believed),
		TEST(pppoe_link_control_is_not_ip),
		TEST(ppp_with_address_and_control_carries_ip),
		TEST(ppp_without_address_and_control_carries_ip),
		TEST(ppp_carries_mpls),
		TEST(serial_ppp_carries_ip),
		TEST(a_loopback_family_of_either_byte_order_is_understood),
		TEST(every_number_of_ipv6_as_a_loopback_family_is_understood),
		TEST(another_loopback_family_is_not_ip),
		TEST(cooked_captures_carry_ip),
		TEST(cooked_captures_of_the_second_version_carry_ip),
		TEST(cooked_arp_is_not_ip),
		TEST(raw_frames_begin_with_ip),
		TEST(an_unknown_link_type_is_taken_for_raw_ip),
		TEST(a_raw_frame_of_another_ip_version_is_a_bad_header),
		TEST(the_payload_of_a_netfilter_log_is_found),
		TEST(a_netfilter_log_without_payload_is_a_bad_link),
		TEST(a_netfilter_attribute_of_impossible_length_is_a_bad_link),
		TEST(a_wire_length_below_the_captured_one_is_mended),
		TEST(every_verdict_has_a_name),
	};

	return cmocka_run_group_tests_name("packet_link", tests, NULL, NULL);
}
