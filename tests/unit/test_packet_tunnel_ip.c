/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "tunnel_fixture.h"

// Tunnels directly in IP: IP in IP, GRE and what runs in it.

#define MACS     "000000000002 000000000001 "
#define SEQUENCE "1000 "

// An IP header, a header in hexadecimal, and `inner`, which may be NULL.
static void around(struct frame *frame, bool outer6, uint8_t protocol, const char *header,
		   const struct frame *inner)
{
	frame_start(frame);
	if (outer6)
		frame_ip6(frame, 1, 2, protocol);
	else
		frame_ip4(frame, HOST_A, HOST_B, protocol);
	frame_hex(frame, header);
	if (inner != NULL)
		frame_append(frame, inner);
	frame_seal_ip(frame);
}

static void carry(struct frame *frame, bool outer6, uint8_t protocol, const char *header, bool v6)
{
	struct frame inner;

	inner_packet(&inner, v6);
	around(frame, outer6, protocol, header, &inner);
}

static void assert_gre(struct decoding *decoding, const char *header, bool v6)
{
	struct frame frame;

	for (int outer6 = 0; outer6 < 2; outer6++) {
		carry(&frame, outer6, PACKET_GRE, header, v6);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_inner(&decoding->packet, v6);
		assert_int_equal(decoding->packet.depth, 1);
		assert_int_equal(decoding->packet.innermost, PACKET_TUNNEL_IP);
	}
}

static void assert_refused(struct decoding *decoding, uint8_t protocol, const char *header, bool v6)
{
	struct frame frame;

	carry(&frame, false, protocol, header, v6);
	assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
}

// A header that nothing, or nothing but `rest`, follows.
static void assert_short(struct decoding *decoding, const char *header, const char *rest)
{
	struct frame frame, inner;

	frame_start(&inner);
	frame_hex(&inner, rest);
	around(&frame, false, PACKET_GRE, header, &inner);
	assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
}

// However much was captured, nothing beyond is read.
static void decode_every_cut(struct decoding *decoding, const struct frame *frame)
{
	for (uint32_t captured = 0; captured < frame->length; captured++) {
		decode_cut(decoding, frame, captured, frame->length);
		decode_cut(decoding, frame, captured, captured);
	}
}

static void either_ip_is_carried_in_either(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	for (int way = 0; way < 4; way++) {
		bool v6 = way & 1;

		carry(&frame, way & 2, v6 ? PACKET_IPV6 : PACKET_IPV4, "", v6);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_inner(&decoding->packet, v6);
		assert_int_equal(decoding->packet.depth, 1);
		decode_every_cut(decoding, &frame);
	}
}

static void without_tunnels_their_carriers_are_no_connections(void **state)
{
	static const uint8_t protocols[] = {PACKET_IPV4, PACKET_IPV6, PACKET_GRE};
	struct decoding *decoding = *state;
	struct frame frame;

	decoding->decoder.tunnels = NULL;
	for (int i = 0; i < 3; i++) {
		carry(&frame, false, protocols[i], i == 2 ? "0000 0800" : "", i == 1);
		assert_int_equal(decode(decoding, &frame), PACKET_NO_CONNECTION);
		assert_int_equal(decoding->packet.stack, 0);
	}
}

static void ip_in_ip_fills_the_datagram_exactly(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame, inner;

	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t protocol = v6 ? PACKET_IPV6 : PACKET_IPV4;

		inner_packet(&inner, v6);
		frame_zeros(&inner, 1);
		around(&frame, false, protocol, "", &inner);
		assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
		inner.length -= 2;
		around(&frame, false, protocol, "", &inner);
		assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
		inner.length += 1;
		around(&frame, false, protocol, "", &inner);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		// A part of it was not captured: then it does not fill it either.
		assert_int_equal(decode_cut(decoding, &frame, frame.length - 1, frame.length),
				 PACKET_BAD_TUNNEL);
		// The version is that of the protocol.
		carry(&frame, false, protocol, "", !v6);
		assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
		around(&frame, false, protocol, "", NULL);
		assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
	}
}

static void gre_has_optional_fields(void **state)
{
	assert_gre(*state, "0000 0800", false);
	assert_gre(*state, "0000 86dd", true);
	assert_gre(*state, "8000 0800 00000000", false);
	assert_gre(*state, "2000 0800 00000001", false);
	assert_gre(*state, "1000 0800 00000002", false);
	assert_gre(*state, "b000 86dd 00000000 00000001 00000002", true);
}

static void gre_of_an_unknown_type_is_taken_for_ip(void **state)
{
	assert_gre(*state, "0000 1234", false);
	assert_gre(*state, "0000 880b", true);
}

static void gre_with_routes_or_reserved_bits_is_refused(void **state)
{
	assert_refused(*state, PACKET_GRE, "4000 0800 00000000 00000000", false);
	for (unsigned bit = 3; bit < 7; bit++) {
		char header[16];

		snprintf(header, sizeof(header), "%04x 0800", 1u << bit);
		assert_refused(*state, PACKET_GRE, header, false);
	}
	for (unsigned version = 2; version < 8; version++) {
		char header[16];

		snprintf(header, sizeof(header), "%04x 0800", version);
		assert_refused(*state, PACKET_GRE, header, false);
	}
}

static void gre_that_is_cut_is_refused(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	carry(&frame, false, PACKET_GRE, "b000 0800 00000000 00000001 00000002", false);
	for (uint32_t captured = 20; captured <= 36; captured++)
		assert_int_equal(decode_cut(decoding, &frame, captured, frame.length),
				 PACKET_BAD_TUNNEL);
	decode_every_cut(decoding, &frame);
	assert_short(decoding, "0000 08", "");
	assert_short(decoding, "0000 0800", "");
	assert_short(decoding, "2000 0800 000000", "");
}

static void gre_carries_frames(void **state)
{
	assert_gre(*state, "0000 6558 " MACS "0800", false);
	assert_gre(*state, "2000 6558 00000007 " MACS "86dd", true);
	assert_gre(*state, "0000 6558 " MACS "8100 0007 0800", false);
	// More than an Ethernet header must follow.
	assert_short(*state, "0000 6558 " MACS "0800", "");
	assert_short(*state, "2000 6558 00000007 " MACS "08", "");
}

static void erspan_without_sequence_number_has_no_header(void **state)
{
	assert_gre(*state, "0000 88be " MACS "0800", false);
	assert_short(*state, "0000 88be " MACS "0800", "");
}

static void erspan_with_sequence_number_has_eight_bytes(void **state)
{
	assert_gre(*state, SEQUENCE "88be 00000001 10010000 00000000 " MACS "0800", false);
	assert_gre(*state, SEQUENCE "88be 00000001 10010000 00000000 " MACS "86dd", true);
	assert_short(*state, SEQUENCE "88be 00000001 10010000 00000000 " MACS "0800", "");
	assert_short(*state, SEQUENCE "88be 00000001 100100", "");
}

static void erspan_of_type_3_may_have_a_subheader(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	assert_gre(decoding, SEQUENCE "22eb 00000001 20010000 00000000 00000000 " MACS "0800",
		   false);
	assert_gre(decoding,
		   SEQUENCE "22eb 00000001 20010000 00000000 00000001 0000000000000000 " MACS
			    "86dd",
		   true);
	assert_short(decoding, SEQUENCE "22eb 00000001 20010000 00000000 00000000 " MACS "0800",
		     "");
	assert_short(decoding, SEQUENCE "22eb 00000001 20010000 00000000 00000001 " MACS "0800",
		     "0000000000000000");
	carry(&frame, false, PACKET_GRE,
	      SEQUENCE "22eb 00000001 20010000 00000000 00000001 0000000000000000 " MACS "0800",
	      false);
	decode_every_cut(decoding, &frame);
}

static void pptp_carries_ppp(void **state)
{
	// Key, sequence, acknowledgement; then address, control and protocol.
	assert_gre(*state, "2001 880b 00000000 ff030021", false);
	assert_gre(*state, "3001 880b 00000000 00000001 ff030057", true);
	assert_gre(*state, "3081 880b 00000000 00000001 00000002 ff030021", false);
	assert_refused(*state, PACKET_GRE, "2001 0800 00000000 ff030021", false);
	assert_refused(*state, PACKET_GRE, "2001 880b 00000000 ff03c021", false);
	assert_refused(*state, PACKET_GRE, "2001 880b 00000000 ff030057", false);
	assert_short(*state, "2001 880b 00000000 ff0300", "");
	assert_short(*state, "2001 880b 00000000 ff030021", "");
}

static void ip_fills_pptp_exactly(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame, inner;

	inner_packet(&inner, false);
	frame_zeros(&inner, 1);
	around(&frame, false, PACKET_GRE, "2001 880b 00000000 ff030021", &inner);
	assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
	// Without PPP padding is no matter.
	around(&frame, false, PACKET_GRE, "2000 0800 00000000", &inner);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_inner(&decoding->packet, false);
}

// The tunnel between two hosts, seen in a packet from `from` to `to`.
static struct packet between(struct decoding *decoding, uint32_t from, uint32_t to,
			     uint8_t protocol, bool v6)
{
	struct frame frame, inner;

	inner_packet(&inner, v6);
	frame_start(&frame);
	frame_ip4(&frame, from, to, protocol);
	if (protocol == PACKET_GRE)
		frame_hex(&frame, v6 ? "0000 86dd" : "0000 0800");
	frame_append(&frame, &inner);
	frame_seal_ip(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	return decoding->packet;
}

static void assert_same_tunnel(const struct packet *a, const struct packet *b, bool same)
{
	assert_int_equal(a->stack == b->stack, same);
	assert_int_equal(memcmp(&a->parent, &b->parent, sizeof(a->parent)) == 0, same);
}

static void a_pair_of_addresses_is_one_tunnel(void **state)
{
	struct decoding *decoding = *state;
	struct packet first = between(decoding, HOST_A, HOST_B, PACKET_GRE, false), other;

	other = between(decoding, HOST_B, HOST_A, PACKET_GRE, false);
	assert_same_tunnel(&first, &other, true);
	other = between(decoding, HOST_B, HOST_A, PACKET_IPV6, true);
	assert_same_tunnel(&first, &other, true);
	other = between(decoding, HOST_A, HOST_B, PACKET_IPV4, false);
	assert_same_tunnel(&first, &other, true);
}

static void another_pair_is_another_tunnel(void **state)
{
	struct decoding *decoding = *state;
	struct packet first = between(decoding, HOST_A, HOST_B, PACKET_GRE, false), other;

	other = between(decoding, HOST_A, HOST_B + 1, PACKET_GRE, false);
	assert_same_tunnel(&first, &other, false);
	other = between(decoding, HOST_A, HOST_A, PACKET_GRE, false);
	assert_same_tunnel(&first, &other, false);
	// Equal sums, and equal exclusive-ors.
	first = between(decoding, 0x0a000003, 0x0a000004, PACKET_GRE, false);
	other = between(decoding, 0x0a000002, 0x0a000005, PACKET_GRE, false);
	assert_same_tunnel(&first, &other, false);
	decoding->decoder.secret[3]++;
	other = between(decoding, 0x0a000003, 0x0a000004, PACKET_GRE, false);
	assert_same_tunnel(&first, &other, false);
}

// Puts what the frame is into another IPv4 header.
static void wrap(struct frame *frame)
{
	struct frame inner = *frame;

	around(frame, false, PACKET_IPV4, "", &inner);
}

static void tunnels_end_at_the_depth_that_was_set(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	inner_packet(&frame, false);
	for (unsigned depth = 1; depth <= 4; depth++) {
		wrap(&frame);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_inner(&decoding->packet, false);
		assert_int_equal(decoding->packet.depth, depth);
	}
	wrap(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
	inner_packet(&frame, false);
	for (int i = 0; i < 4; i++)
		wrap(&frame);
	{
		struct frame inner = frame;

		around(&frame, false, PACKET_GRE, "0000 0800", &inner);
	}
	assert_int_equal(decode(decoding, &frame), PACKET_BAD_TUNNEL);
}

static void a_tunnel_inside_a_tunnel_is_another_than_outside(void **state)
{
	struct decoding *decoding = *state;
	uint64_t stack;
	struct frame frame;

	inner_packet(&frame, false);
	wrap(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	stack = decoding->packet.stack;
	wrap(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_not_equal(decoding->packet.stack, stack);
}

static void nothing_of_one_frame_is_left_in_the_next(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	carry(&frame, false, PACKET_GRE, "0000 0800", false);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	inner_packet(&frame, false);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.stack, 0);
	assert_int_equal(decoding->packet.depth, 0);
	assert_int_equal(decoding->packet.innermost, PACKET_TUNNEL_NONE);
}

static void fragments_of_the_carrier_and_inside_it_are_joined(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole, inner, pieces[2], frame;

	// Two pieces of what is inside, each in two pieces of IP in IP.
	inner_packet(&whole, false);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t end = i == 0 ? 16 : whole.length - 20;

		frame_start(&inner);
		memcpy(frame_zeros(&inner, 20), whole.byte, 20);
		memcpy(frame_zeros(&inner, end - i * 16), whole.byte + 20 + i * 16, end - i * 16);
		set_be16(inner.byte + 6, i == 0 ? 0x2000 : 2);
		frame_seal_ip(&inner);
		for (uint32_t j = 0; j < 2; j++) {
			end = j == 0 ? 24 : inner.length;
			frame_start(&pieces[j]);
			frame_ip4(&pieces[j], HOST_A, HOST_B, PACKET_IPV4);
			memcpy(frame_zeros(&pieces[j], end - j * 24), inner.byte + j * 24,
			       end - j * 24);
			set_be16(pieces[j].byte + 4, 77 + i);
			set_be16(pieces[j].byte + 6, j == 0 ? 0x2000 : 3);
			frame_seal_ip(&pieces[j]);
			frame = pieces[j];
			assert_int_equal(decode(decoding, &frame),
					 i + j == 2 ? PACKET_TRACK : PACKET_FRAGMENT);
		}
		fragment_table_recycle(decoding->decoder.fragments);
	}
	assert_inner(&decoding->packet, false);
	assert_true(decoding->packet.copied);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tunnelling_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(either_ip_is_carried_in_either),
		TEST(without_tunnels_their_carriers_are_no_connections),
		TEST(ip_in_ip_fills_the_datagram_exactly),
		TEST(gre_has_optional_fields),
		TEST(gre_of_an_unknown_type_is_taken_for_ip),
		TEST(gre_with_routes_or_reserved_bits_is_refused),
		TEST(gre_that_is_cut_is_refused),
		TEST(gre_carries_frames),
		TEST(erspan_without_sequence_number_has_no_header),
		TEST(erspan_with_sequence_number_has_eight_bytes),
		TEST(erspan_of_type_3_may_have_a_subheader),
		TEST(pptp_carries_ppp),
		TEST(ip_fills_pptp_exactly),
		TEST(a_pair_of_addresses_is_one_tunnel),
		TEST(another_pair_is_another_tunnel),
		TEST(tunnels_end_at_the_depth_that_was_set),
		TEST(a_tunnel_inside_a_tunnel_is_another_than_outside),
		TEST(nothing_of_one_frame_is_left_in_the_next),
		TEST(fragments_of_the_carrier_and_inside_it_are_joined),
	};

	return cmocka_run_group_tests_name("packet_tunnel_ip", tests, NULL, NULL);
}
