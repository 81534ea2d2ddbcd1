/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "link_fixture.h"

#include <stdio.h>

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

static void only_plain_tags_follow_a_tag(void **state)
{
	static const uint32_t types[] = {VLAN_SERVICE, VLAN_OLD};

	for (unsigned i = 0; i < 2; i++) {
		struct frame frame = {.link = PACKET_LINK_ETHERNET};

		frame_ethernet(&frame, VLAN_SERVICE);
		frame_vlan(&frame, 100, types[i]);
		frame_vlan(&frame, 200, IPV4);
		add_udp(&frame);
		assert_verdict(*state, &frame, PACKET_NOT_IP);
	}
}

static void assert_tags(struct decoding *decoding, const struct frame *frame, uint16_t outer,
			uint16_t inner)
{
	assert_carries_udp(decoding, frame);
	assert_int_equal(decoding->packet.vlan[0], outer);
	assert_int_equal(decoding->packet.vlan[1], inner);
}

static void the_first_tag_is_the_outer_and_the_last_the_inner_one(void **state)
{
	struct frame none = {.link = PACKET_LINK_ETHERNET}, one = none, two = none, three = none;

	frame_ethernet(&none, IPV4);
	add_udp(&none);
	assert_tags(*state, &none, PACKET_NO_VLAN, PACKET_NO_VLAN);
	frame_ethernet(&one, VLAN);
	frame_vlan(&one, 0xe000 | 5, IPV4);
	add_udp(&one);
	assert_tags(*state, &one, 5, PACKET_NO_VLAN);
	frame_ethernet(&two, VLAN_SERVICE);
	frame_vlan(&two, 0, VLAN);
	frame_vlan(&two, 0xffff, IPV4);
	add_udp(&two);
	assert_tags(*state, &two, 0, 0xfff);
	frame_ethernet(&three, VLAN_SERVICE);
	frame_vlan(&three, 5, VLAN);
	frame_vlan(&three, 6, VLAN);
	frame_vlan(&three, 7, IPV4);
	add_udp(&three);
	assert_tags(*state, &three, 5, 7);
}

static void the_addresses_of_ethernet_are_noted(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	frame_ethernet(&frame, IPV4);
	memcpy(frame.byte, "ddddddssssss", 12);
	add_udp(&frame);
	assert_macs(*state, &frame, "ddddddssssss");
}

static void the_addresses_of_the_frame_inside_count(void **state)
{
	struct frame backbone = {.link = PACKET_LINK_ETHERNET}, path = backbone;

	frame_ethernet(&backbone, 0x88e7);
	frame_zeros(&backbone, 4);
	frame_ethernet(&backbone, VLAN);
	memcpy(backbone.byte + 18, "ddddddssssss", 12);
	frame_vlan(&backbone, 5, IPV4);
	add_udp(&backbone);
	assert_macs(*state, &backbone, "ddddddssssss");
	assert_int_equal(((struct decoding *)*state)->packet.vlan[0], 5);
	frame_ethernet(&path, 0x8903);
	frame_16(&path, 0);
	frame_ethernet(&path, IPV4);
	memcpy(path.byte + 16, "ddddddssssss", 12);
	add_udp(&path);
	assert_macs(*state, &path, "ddddddssssss");
}

static void a_vn_tag_leads_to_a_vlan_tag_only(void **state)
{
	struct frame tagged = {.link = PACKET_LINK_ETHERNET}, bare = tagged;

	frame_ethernet(&tagged, VN_TAG);
	frame_32(&tagged, 0);
	frame_16(&tagged, VLAN_SERVICE);
	frame_vlan(&tagged, 5, IPV4);
	add_udp(&tagged);
	assert_tags(*state, &tagged, 5, PACKET_NO_VLAN);
	frame_ethernet(&bare, VN_TAG);
	frame_32(&bare, 0);
	frame_16(&bare, IPV4);
	add_udp(&bare);
	assert_verdict(*state, &bare, PACKET_NOT_IP);
}

static void ethernet_with_tags(struct frame *frame, unsigned tags)
{
	frame_ethernet(frame, VLAN);
	for (unsigned i = 1; i < tags; i++)
		frame_vlan(frame, i, VLAN);
	frame_vlan(frame, tags, IPV4);
	add_udp(frame);
}

// With Ethernet, IP and UDP, these are the 25 headers that Zeek looks at.
static void twenty_two_vlan_tags_are_skipped(void **state)
{
	struct frame most = {.link = PACKET_LINK_ETHERNET}, more = most;

	ethernet_with_tags(&most, 22);
	assert_carries_udp(*state, &most);
	ethernet_with_tags(&more, 23);
	assert_verdict(*state, &more, PACKET_BAD_LINK);
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

static void snap(struct frame *frame, uint32_t length, const char *header)
{
	frame_ethernet(frame, length);
	for (; *header != '\0'; header += 2) {
		unsigned byte;

		assert_int_equal(sscanf(header, "%2x", &byte), 1);
		frame_8(frame, byte);
	}
	add_udp(frame);
}

static void snap_with_a_long_control_field_carries_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	snap(&frame, 9 + 48,
	     "aaaa0000"
	     "000000"
	     "0800");
	assert_carries_udp(*state, &frame);
}

static void snap_of_another_organization_is_not_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	snap(&frame, 8 + 48,
	     "aaaa03"
	     "00000c"
	     "0800");
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void ip_beyond_the_length_of_a_frame_was_cut(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	snap(&frame, 8 + 33,
	     "aaaa03"
	     "000000"
	     "0800");
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_int_equal(decoding->packet.payload_captured, 5);
}

static void what_is_neither_length_nor_type_is_not_ip(void **state)
{
	struct frame length = {.link = PACKET_LINK_ETHERNET}, neither = length;

	snap(&length, 1500,
	     "aaaa03"
	     "000000"
	     "0800");
	assert_carries_udp(*state, &length);
	snap(&neither, 1501,
	     "aaaa03"
	     "000000"
	     "0800");
	assert_verdict(*state, &neither, PACKET_NOT_IP);
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

static void ip_beyond_the_length_of_pppoe_was_cut(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	pppoe(&frame, 0x0021, 2 + 20 + 8 + 5);
	add_udp(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.cut, 1);
	assert_int_equal(decoding->packet.payload_length, 20);
	assert_int_equal(decoding->packet.payload_captured, 5);
}

static void pppoe_of_no_length_is_refused(void **state)
{
	for (uint32_t length = 0; length < 2 + 20; length++) {
		struct frame frame = {.link = PACKET_LINK_ETHERNET};

		pppoe(&frame, 0x0021, length);
		add_udp(&frame);
		assert_verdict(*state, &frame, PACKET_BAD_IP_HEADER);
	}
}

static void pppoe_carries_no_mpls(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	pppoe(&frame, 0x0281, 54);
	frame_mpls(&frame, 16, true);
	add_udp(&frame);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
}

static void pppoe_link_control_is_not_ip(void **state)
{
	struct frame frame = {.link = PACKET_LINK_ETHERNET};

	pppoe(&frame, 0xc021, 50);
	frame_zeros(&frame, 48);
	assert_verdict(*state, &frame, PACKET_NOT_IP);
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
		TEST(only_plain_tags_follow_a_tag),
		TEST(the_first_tag_is_the_outer_and_the_last_the_inner_one),
		TEST(the_addresses_of_ethernet_are_noted),
		TEST(the_addresses_of_the_frame_inside_count),
		TEST(a_vn_tag_leads_to_a_vlan_tag_only),
		TEST(twenty_two_vlan_tags_are_skipped),
		TEST(a_frame_of_nothing_but_tags_ends_somewhere),
		TEST(snap_carries_ip),
		TEST(snap_with_a_long_control_field_carries_ip),
		TEST(snap_of_another_organization_is_not_ip),
		TEST(ip_beyond_the_length_of_a_frame_was_cut),
		TEST(what_is_neither_length_nor_type_is_not_ip),
		TEST(spanning_tree_is_not_ip),
		TEST(snap_within_snap_is_not_ip),
		TEST(one_mpls_label_is_skipped),
		TEST(many_mpls_labels_are_skipped),
		TEST(labels_without_a_bottom_are_a_bad_link),
		TEST(pppoe_carries_ip),
		TEST(ip_beyond_the_length_of_pppoe_was_cut),
		TEST(pppoe_of_no_length_is_refused),
		TEST(pppoe_carries_no_mpls),
		TEST(pppoe_link_control_is_not_ip),
	};

	return cmocka_run_group_tests_name("packet_link", tests, NULL, NULL);
}
