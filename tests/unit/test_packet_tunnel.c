/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "tunnel_fixture.h"

// Tunnels inside UDP; those directly in IP are in test_packet_tunnel_ip.c.

#define PARENT                                                                                     \
	(struct uid)                                                                               \
	{                                                                                          \
		.salt = 1, .place = { 2, 3 }                                                       \
	}

#define MACS    "000000000002 000000000001 "
#define VXLAN   "08000000 00007b00 "
#define VXLAN_4 VXLAN MACS "0800"
#define VXLAN_6 VXLAN MACS "86dd"

static const uint16_t port_of[PACKET_TUNNEL_COUNT] = {
	[PACKET_TUNNEL_VXLAN] = 4789,  [PACKET_TUNNEL_GENEVE] = 6081, [PACKET_TUNNEL_GTP] = 2152,
	[PACKET_TUNNEL_TEREDO] = 3544, [PACKET_TUNNEL_AYIYA] = 5072,  [PACKET_TUNNEL_GRE] = 4754,
};

// The IP and UDP header of a datagram; what it carries is to be appended.
static void carrier_start(struct frame *frame, uint16_t port)
{
	frame_start(frame);
	frame_ip4(frame, HOST_A, HOST_B, PACKET_UDP);
	frame_udp(frame, 40000, port, 0);
}

static void carrier_end(struct frame *frame)
{
	set_be16(frame->byte + frame->transport + 4, frame->length - frame->transport);
	frame_seal(frame);
}

static void empty_carrier(struct frame *frame, enum packet_tunnel kind, const char *header)
{
	carrier_start(frame, port_of[kind]);
	frame_hex(frame, header);
	carrier_end(frame);
}

// A datagram to the port of this kind: a header in hexadecimal, then an IP packet.
static void carrier(struct frame *frame, enum packet_tunnel kind, const char *header, bool v6)
{
	struct frame inner;

	inner_packet(&inner, v6);
	carrier_start(frame, port_of[kind]);
	frame_hex(frame, header);
	frame_append(frame, &inner);
	carrier_end(frame);
}

static enum packet_tunnel_result check_cut(struct decoding *decoding, const struct frame *frame,
					   enum packet_tunnel kind, uint32_t captured)
{
	assert_int_equal(decode_cut(decoding, frame, captured, frame->length), PACKET_TRACK);
	return packet_tunnel_check(&tunnels, &decoding->packet, kind);
}

static enum packet_tunnel_result check(struct decoding *decoding, const struct frame *frame,
				       enum packet_tunnel kind)
{
	return check_cut(decoding, frame, kind, frame->length);
}

static void assert_result(struct decoding *decoding, enum packet_tunnel kind, const char *header,
			  enum packet_tunnel_result expected)
{
	struct frame frame;

	carrier(&frame, kind, header, false);
	assert_int_equal(check(decoding, &frame, kind), expected);
}

static void assert_empty(struct decoding *decoding, enum packet_tunnel kind, const char *header,
			 enum packet_tunnel_result expected)
{
	struct frame frame;

	empty_carrier(&frame, kind, header);
	assert_int_equal(check(decoding, &frame, kind), expected);
}

static struct packet open_again(struct decoding *decoding, const struct packet *packet,
				enum packet_tunnel kind, struct uid parent)
{
	struct packet inside;

	memset(&inside, 0xee, sizeof(inside));
	assert_int_equal(packet_tunnel_check(&tunnels, packet, kind), PACKET_TUNNEL_OPEN);
	packet_decapsulate(&decoding->decoder, packet, kind, parent, &inside);
	assert_int_equal(inside.time, packet->time);
	return inside;
}

static struct packet open(struct decoding *decoding, const struct frame *frame,
			  enum packet_tunnel kind)
{
	assert_int_equal(decode(decoding, frame), PACKET_TRACK);
	return open_again(decoding, &decoding->packet, kind, PARENT);
}

static void assert_opens(struct decoding *decoding, enum packet_tunnel kind, const char *header,
			 bool v6)
{
	struct uid parent = PARENT;
	struct packet inside;
	struct frame frame;

	carrier(&frame, kind, header, v6);
	inside = open(decoding, &frame, kind);
	assert_true(decoding->packet.may_carry);
	assert_int_equal(packet_tunnel_of(&tunnels, &decoding->packet, port_of[kind]), kind);
	assert_inner(&inside, v6);
	assert_int_equal(inside.depth, 1);
	assert_false(inside.has_mac && kind != PACKET_TUNNEL_VXLAN && kind != PACKET_TUNNEL_GENEVE);
	if (kind == PACKET_TUNNEL_GRE)
		return;
	assert_int_equal(inside.innermost, kind);
	assert_memory_equal(&inside.parent, &parent, sizeof(parent));
}

// What a header of `header` bytes is when only a part of it was captured.
static void assert_cut(struct decoding *decoding, enum packet_tunnel kind, const char *hex,
		       uint32_t header, bool v6, enum packet_tunnel_result expected)
{
	struct frame frame;
	uint32_t begin;

	carrier(&frame, kind, hex, v6);
	begin = frame.transport + 8;
	for (uint32_t captured = begin; captured < begin + header; captured++)
		assert_int_equal(check_cut(decoding, &frame, kind, captured), expected);
	// Wherever the rest ends, nothing beyond is read.
	for (uint32_t captured = begin + header; captured < frame.length; captured++) {
		if (check_cut(decoding, &frame, kind, captured) == PACKET_TUNNEL_OPEN)
			open_again(decoding, &decoding->packet, kind, PARENT);
	}
}

static void vxlan_carries_frames(void **state)
{
	assert_opens(*state, PACKET_TUNNEL_VXLAN, VXLAN_4, false);
	assert_opens(*state, PACKET_TUNNEL_VXLAN, VXLAN_6, true);
	// All that is reserved may be anything.
	assert_opens(*state, PACKET_TUNNEL_VXLAN, "ffffffff ffffffff " MACS "0800", false);
	assert_opens(*state, PACKET_TUNNEL_VXLAN, VXLAN MACS "8100 0005 0800", false);
}

static void a_vxlan_header_is_eight_bytes_with_its_flag(void **state)
{
	assert_cut(*state, PACKET_TUNNEL_VXLAN, VXLAN_4, 8, false, PACKET_TUNNEL_INVALID);
	assert_result(*state, PACKET_TUNNEL_VXLAN, "f7ffffff 00007b00 " MACS "0800",
		      PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_VXLAN, "08000000 00007b", PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_VXLAN, VXLAN, PACKET_TUNNEL_CLOSED);
	assert_empty(*state, PACKET_TUNNEL_VXLAN, VXLAN "00", PACKET_TUNNEL_OPEN);
}

static void geneve_carries_frames_and_ip(void **state)
{
	assert_opens(*state, PACKET_TUNNEL_GENEVE, "0000 6558 00000100 " MACS "0800", false);
	assert_opens(*state, PACKET_TUNNEL_GENEVE, "0000 0800 00000100", false);
	assert_opens(*state, PACKET_TUNNEL_GENEVE, "00c0 86dd 00000100", true);
	assert_opens(*state, PACKET_TUNNEL_GENEVE, "0200 0800 00000100 00010203 04050607", false);
	assert_result(*state, PACKET_TUNNEL_GENEVE, "0000 0806 00000100", PACKET_TUNNEL_CLOSED);
	assert_result(*state, PACKET_TUNNEL_GENEVE, "0000 1234 00000100", PACKET_TUNNEL_CLOSED);
}

static void geneve_of_another_version_is_left_alone(void **state)
{
	assert_result(*state, PACKET_TUNNEL_GENEVE, "4000 0800 00000100", PACKET_TUNNEL_CLOSED);
	assert_result(*state, PACKET_TUNNEL_GENEVE, "c000 0800 00000100", PACKET_TUNNEL_CLOSED);
	// Before the options are looked at.
	assert_empty(*state, PACKET_TUNNEL_GENEVE, "7f00 0800 00000100", PACKET_TUNNEL_CLOSED);
}

static void a_geneve_header_is_whole_with_its_options(void **state)
{
	assert_cut(*state, PACKET_TUNNEL_GENEVE, "0000 0800 00000100", 8, false,
		   PACKET_TUNNEL_INVALID);
	assert_cut(*state, PACKET_TUNNEL_GENEVE, "0200 0800 00000100 00010203 04050607", 16, false,
		   PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_GENEVE, "0100 0800 00000100 000102",
		     PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_GENEVE, "0100 0800 00000100 00010203",
		     PACKET_TUNNEL_CLOSED);
}

static void gtp_carries_ip(void **state)
{
	assert_opens(*state, PACKET_TUNNEL_GTP, "30ff 003a 00000001", false);
	assert_opens(*state, PACKET_TUNNEL_GTP, "30ff 0000 00000001", true);
	// Any of the three options brings the bytes of all of them.
	assert_opens(*state, PACKET_TUNNEL_GTP, "31ff 003e 00000001 00000000", false);
	assert_opens(*state, PACKET_TUNNEL_GTP, "32ff 003e 00000001 00010000", false);
	assert_opens(*state, PACKET_TUNNEL_GTP, "33ff 003e 00000001 00010085", false);
}

static void gtp_extension_headers_are_skipped(void **state)
{
	assert_opens(*state, PACKET_TUNNEL_GTP, "34ff 0000 00000001 00000085 01100900", false);
	assert_opens(*state, PACKET_TUNNEL_GTP,
		     "36ff 0000 00000001 00010085 01100985 0200000000000000", false);
	// One of no words would have no end; one goes beyond; one names a successor that is not
	// there.
	assert_result(*state, PACKET_TUNNEL_GTP, "34ff 0000 00000001 00000085 00000000",
		      PACKET_TUNNEL_CLOSED);
	assert_empty(*state, PACKET_TUNNEL_GTP, "34ff 0000 00000001 00000085 02000000",
		     PACKET_TUNNEL_CLOSED);
	assert_empty(*state, PACKET_TUNNEL_GTP, "34ff 0000 00000001 00000085 01000085",
		     PACKET_TUNNEL_CLOSED);
	assert_cut(*state, PACKET_TUNNEL_GTP, "34ff 0000 00000001 00000085 01100900", 16, false,
		   PACKET_TUNNEL_CLOSED);
}

static void what_else_runs_on_ports_of_gtp_is_left_alone(void **state)
{
	assert_cut(*state, PACKET_TUNNEL_GTP, "30ff 003a 00000001", 8, false, PACKET_TUNNEL_CLOSED);
	// Versions 0 and 2, GTP', an echo request.
	assert_result(*state, PACKET_TUNNEL_GTP, "10ff 003a 00000001", PACKET_TUNNEL_CLOSED);
	assert_result(*state, PACKET_TUNNEL_GTP, "50ff 003a 00000001", PACKET_TUNNEL_CLOSED);
	assert_result(*state, PACKET_TUNNEL_GTP, "20ff 003a 00000001", PACKET_TUNNEL_CLOSED);
	assert_result(*state, PACKET_TUNNEL_GTP, "3001 003a 00000001", PACKET_TUNNEL_CLOSED);
	assert_empty(*state, PACKET_TUNNEL_GTP, "30ff 0000 00000001", PACKET_TUNNEL_CLOSED);
}

// Gives the datagram some bytes more, or less when `more` is negative.
static void stretch(struct frame *frame, int more)
{
	if (more > 0)
		frame_zeros(frame, (uint32_t)more);
	frame->length -= more < 0 ? (uint32_t)-more : 0;
	carrier_end(frame);
}

static void refit(struct frame *frame, enum packet_tunnel kind, const char *header, bool v6,
		  int more)
{
	carrier(frame, kind, header, v6);
	frame->ip = 0;
	stretch(frame, more);
}

static void ip_fills_gtp_exactly(void **state)
{
	struct frame frame;

	for (int v6 = 0; v6 < 2; v6++) {
		refit(&frame, PACKET_TUNNEL_GTP, "30ff 0000 00000001", v6, 1);
		assert_int_equal(check(*state, &frame, PACKET_TUNNEL_GTP), PACKET_TUNNEL_CLOSED);
		refit(&frame, PACKET_TUNNEL_GTP, "30ff 0000 00000001", v6, -1);
		assert_int_equal(check(*state, &frame, PACKET_TUNNEL_GTP), PACKET_TUNNEL_CLOSED);
		refit(&frame, PACKET_TUNNEL_GTP, "30ff 0000 00000001", v6, 0);
		assert_int_equal(check(*state, &frame, PACKET_TUNNEL_GTP), PACKET_TUNNEL_OPEN);
	}
	// Neither version of IP.
	refit(&frame, PACKET_TUNNEL_GTP, "30ff 0000 00000001", false, 0);
	frame.byte[frame.transport + 16] = 0x55;
	carrier_end(&frame);
	assert_int_equal(check(*state, &frame, PACKET_TUNNEL_GTP), PACKET_TUNNEL_CLOSED);
}

static void there_is_no_gtp_in_gtp(void **state)
{
	struct decoding *decoding = *state;
	struct packet packet;
	struct frame frame;

	carrier(&frame, PACKET_TUNNEL_GTP, "30ff 0000 00000001", false);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	packet = decoding->packet;
	packet.depth = 1;
	packet.innermost = PACKET_TUNNEL_GTP;
	assert_int_equal(packet_tunnel_check(&tunnels, &packet, PACKET_TUNNEL_GTP),
			 PACKET_TUNNEL_CLOSED);
	packet.innermost = PACKET_TUNNEL_VXLAN;
	assert_int_equal(packet_tunnel_check(&tunnels, &packet, PACKET_TUNNEL_GTP),
			 PACKET_TUNNEL_OPEN);
}

#define ORIGIN         "0000 1234 f5fffffe "
#define AUTHENTICATION "0001 02 03 aabb 010203 0011223344556677 00 "

static void teredo_carries_ipv6_behind_two_optional_headers(void **state)
{
	assert_opens(*state, PACKET_TUNNEL_TEREDO, "", true);
	assert_opens(*state, PACKET_TUNNEL_TEREDO, ORIGIN, true);
	assert_opens(*state, PACKET_TUNNEL_TEREDO, AUTHENTICATION, true);
	assert_opens(*state, PACKET_TUNNEL_TEREDO, AUTHENTICATION ORIGIN, true);
	assert_opens(*state, PACKET_TUNNEL_TEREDO, "0001 00 00 0011223344556677 00", true);
}

static void teredo_of_another_shape_is_none(void **state)
{
	struct frame frame;

	assert_result(*state, PACKET_TUNNEL_TEREDO, "", PACKET_TUNNEL_INVALID);
	carrier(&frame, PACKET_TUNNEL_TEREDO, ORIGIN AUTHENTICATION, true);
	assert_int_equal(check(*state, &frame, PACKET_TUNNEL_TEREDO), PACKET_TUNNEL_INVALID);
	carrier(&frame, PACKET_TUNNEL_TEREDO, ORIGIN ORIGIN, true);
	assert_int_equal(check(*state, &frame, PACKET_TUNNEL_TEREDO), PACKET_TUNNEL_INVALID);
	assert_cut(*state, PACKET_TUNNEL_TEREDO, AUTHENTICATION ORIGIN, 18 + 8 + 40, true,
		   PACKET_TUNNEL_INVALID);
	// Lengths of an authentication that goes far beyond.
	assert_empty(*state, PACKET_TUNNEL_TEREDO, "0001 ff ff", PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_TEREDO, "0000 00 00", PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_TEREDO, "", PACKET_TUNNEL_INVALID);
}

static void ipv6_fills_teredo_exactly(void **state)
{
	struct frame frame;

	refit(&frame, PACKET_TUNNEL_TEREDO, ORIGIN, true, 1);
	assert_int_equal(check(*state, &frame, PACKET_TUNNEL_TEREDO), PACKET_TUNNEL_INVALID);
	refit(&frame, PACKET_TUNNEL_TEREDO, ORIGIN, true, -1);
	assert_int_equal(check(*state, &frame, PACKET_TUNNEL_TEREDO), PACKET_TUNNEL_INVALID);
}

static void anything_may_follow_a_teredo_bubble(void **state)
{
	struct decoding *decoding = *state;
	struct packet inside;
	struct frame frame;

	carrier_start(&frame, 3544);
	frame_hex(&frame, "60000000 0000 3b 15 20010000000000000000000000000001"
			  "20010000000000000000000000000002 0102030405");
	carrier_end(&frame);
	inside = open(decoding, &frame, PACKET_TUNNEL_TEREDO);
	assert_int_equal(inside.verdict, PACKET_NO_CONNECTION);
}

static void ayiya_carries_ip_behind_identity_and_signature(void **state)
{
	// Identity of 16 bytes, signature of 5 words; identity of 1 byte, no signature.
	assert_opens(*state, PACKET_TUNNEL_AYIYA,
		     "4152 1129 00000000 00000000000000000000000000000000"
		     "0000000000000000000000000000000000000000",
		     true);
	assert_opens(*state, PACKET_TUNNEL_AYIYA, "0f0f f104 00000000 00", false);
}

static void an_ayiya_header_is_as_long_as_it_says(void **state)
{
	assert_cut(*state, PACKET_TUNNEL_AYIYA, "0100 0104 00000000 00", 9, false,
		   PACKET_TUNNEL_INVALID);
	assert_cut(*state, PACKET_TUNNEL_AYIYA,
		   "2130 0104 00000000 00000000 000000000000000000000000", 24, false,
		   PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_AYIYA, "f0f0 0104 00000000 00000000",
		     PACKET_TUNNEL_INVALID);
	assert_empty(*state, PACKET_TUNNEL_AYIYA, "0000 0104 00000000 00", PACKET_TUNNEL_CLOSED);
}

static void ayiya_that_forwards_nothing_is_left_alone(void **state)
{
	assert_result(*state, PACKET_TUNNEL_AYIYA, "0000 0004 00000000 00", PACKET_TUNNEL_CLOSED);
	assert_result(*state, PACKET_TUNNEL_AYIYA, "0000 0204 00000000 00", PACKET_TUNNEL_CLOSED);
	assert_result(*state, PACKET_TUNNEL_AYIYA, "0000 013b 00000000 00", PACKET_TUNNEL_CLOSED);
}

static void gre_in_udp_is_known_by_the_addresses(void **state)
{
	struct decoding *decoding = *state;
	struct uid parent = PARENT;
	struct packet inside, plain;
	struct frame frame, inner;

	assert_opens(decoding, PACKET_TUNNEL_GRE, "0000 0800", false);
	carrier(&frame, PACKET_TUNNEL_GRE, "2000 86dd 00000001", true);
	inside = open(decoding, &frame, PACKET_TUNNEL_GRE);
	assert_inner(&inside, true);
	assert_memory_not_equal(&inside.parent, &parent, sizeof(parent));
	inner_packet(&inner, true);
	frame_start(&frame);
	frame_ip4(&frame, HOST_A, HOST_B, PACKET_GRE);
	frame_hex(&frame, "0000 86dd");
	frame_append(&frame, &inner);
	frame_seal_ip(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	plain = decoding->packet;
	assert_memory_equal(&inside.parent, &plain.parent, sizeof(parent));
	assert_int_equal(inside.stack, plain.stack);
	assert_cut(decoding, PACKET_TUNNEL_GRE, "2000 0800 00000001", 8, false,
		   PACKET_TUNNEL_CLOSED);
	assert_result(decoding, PACKET_TUNNEL_GRE, "4000 0800", PACKET_TUNNEL_CLOSED);
}

static void ayiya_and_teredo_are_known_by_what_they_look_like(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame, inner;

	inner_packet(&inner, true);
	carrier_start(&frame, 9999);
	frame_hex(&frame, "4052 1129");
	carrier_end(&frame);
	decode(decoding, &frame);
	assert_true(decoding->packet.may_carry);
	assert_int_equal(packet_tunnel_of(&tunnels, &decoding->packet, 9999), PACKET_TUNNEL_AYIYA);
	// The port counts more than the look.
	assert_int_equal(packet_tunnel_of(&tunnels, &decoding->packet, 4789), PACKET_TUNNEL_VXLAN);
	for (int address = 0; address < 3; address++) {
		carrier_start(&frame, 9999);
		frame_append(&frame, &inner);
		if (address < 2)
			set_be32(frame.byte + 28 + 8 + address * 16, 0x20010000);
		carrier_end(&frame);
		decode(decoding, &frame);
		assert_int_equal(decoding->packet.may_carry, address < 2);
		assert_int_equal(packet_tunnel_of(&tunnels, &decoding->packet, 9999),
				 address < 2 ? PACKET_TUNNEL_TEREDO : PACKET_TUNNEL_NONE);
	}
}

static void teredo_is_known_by_what_only_it_puts_in_front(void **state)
{
	static const struct {
		const char *header;
		bool known;
	} cases[] = {
		{ORIGIN, true},           {AUTHENTICATION ORIGIN, true}, {AUTHENTICATION, false},
		{ORIGIN ORIGIN, false},   {"0002 1234 f5fffffe", false}, {"", false},
		{"0001 ff ff 00", false},
	};
	struct decoding *decoding = *state;
	struct frame frame, inner;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		inner_packet(&inner, true);
		carrier_start(&frame, 9999);
		frame_hex(&frame, cases[i].header);
		frame_append(&frame, &inner);
		carrier_end(&frame);
		decode(decoding, &frame);
		assert_int_equal(decoding->packet.may_carry, cases[i].known);
		for (uint32_t captured = 28; captured < frame.length; captured++)
			decode_cut(decoding, &frame, captured, frame.length);
		assert_int_equal(packet_tunnel_of(NULL, &decoding->packet, 9999),
				 PACKET_TUNNEL_NONE);
	}
}

static void a_wrong_checksum_carries_nothing(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	carrier(&frame, PACKET_TUNNEL_VXLAN, VXLAN_4, false);
	frame.byte[frame.transport + 6] ^= 1;
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_int_equal(decoding->packet.transport, PACKET_TRANSPORT_BAD_CHECKSUM);
	assert_false(decoding->packet.may_carry);
}

// A datagram over IPv6 without a checksum: `payload` bytes that begin with `first`.
static bool passes_without_checksum(struct decoding *decoding, uint16_t port, uint8_t first,
				    uint32_t payload)
{
	struct frame frame;

	frame_start(&frame);
	frame_ip6(&frame, 1, 2, PACKET_UDP);
	frame_udp(&frame, 40000, port, payload);
	frame.byte[48] = first;
	frame_seal_ip(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	return decoding->packet.transport == PACKET_TRANSPORT_OK;
}

static void vxlan_over_ipv6_may_have_no_checksum(void **state)
{
	assert_true(passes_without_checksum(*state, 4789, 0x08, 23));
	assert_false(passes_without_checksum(*state, 4789, 0x08, 22));
	assert_false(passes_without_checksum(*state, 4789, 0x08, 0));
	assert_false(passes_without_checksum(*state, 4789, 0xf7, 100));
	assert_false(passes_without_checksum(*state, 6081, 0x08, 100));
	((struct decoding *)*state)->decoder.tunnels = NULL;
	assert_false(passes_without_checksum(*state, 4789, 0x08, 100));
}

static void a_stack_is_the_same_both_ways_and_for_every_flow(void **state)
{
	struct decoding *decoding = *state;
	struct uid other = {1, {2, 4}};
	struct packet a, b;
	struct frame frame;

	carrier(&frame, PACKET_TUNNEL_VXLAN, VXLAN_4, false);
	a = open(decoding, &frame, PACKET_TUNNEL_VXLAN);
	carrier(&frame, PACKET_TUNNEL_VXLAN, VXLAN_6, true);
	b = open(decoding, &frame, PACKET_TUNNEL_VXLAN);
	assert_int_equal(a.stack, b.stack);
	b = open_again(decoding, &decoding->packet, PACKET_TUNNEL_VXLAN, other);
	assert_int_not_equal(a.stack, b.stack);
	carrier(&frame, PACKET_TUNNEL_GENEVE, "0000 0800 00000100", false);
	b = open(decoding, &frame, PACKET_TUNNEL_GENEVE);
	assert_int_not_equal(a.stack, b.stack);
}

// Puts what was a frame into VXLAN, UDP and IPv4 and a frame.
static void wrap(struct frame *frame)
{
	struct frame inner = *frame;

	carrier_start(frame, 4789);
	frame_hex(frame, VXLAN_4);
	frame_append(frame, &inner);
	carrier_end(frame);
}

static void tunnels_end_at_the_depth_that_was_set(void **state)
{
	struct decoding *decoding = *state;
	struct packet packet, inside;
	uint64_t stack = 0;
	struct frame frame;

	inner_packet(&frame, false);
	for (int i = 0; i < 5; i++)
		wrap(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	packet = decoding->packet;
	for (unsigned depth = 1; depth <= 4; depth++) {
		inside = open_again(decoding, &packet, PACKET_TUNNEL_VXLAN, PARENT);
		assert_int_equal(inside.depth, depth);
		assert_int_not_equal(inside.stack, stack);
		stack = inside.stack;
		packet = inside;
	}
	assert_true(packet.may_carry);
	assert_int_equal(packet_tunnel_check(&tunnels, &packet, PACKET_TUNNEL_VXLAN),
			 PACKET_TUNNEL_TOO_DEEP);
	// Before anything else is known of it.
	packet.payload_captured = 0;
	assert_int_equal(packet_tunnel_check(&tunnels, &packet, PACKET_TUNNEL_GTP),
			 PACKET_TUNNEL_TOO_DEEP);
}

static void what_was_on_the_wire_is_known_inside_a_cut_frame(void **state)
{
	struct decoding *decoding = *state;
	struct packet inside;
	struct frame frame;

	carrier(&frame, PACKET_TUNNEL_VXLAN, VXLAN_4, false);
	assert_int_equal(decode_cut(decoding, &frame, frame.length - 7, frame.length),
			 PACKET_TRACK);
	inside = open_again(decoding, &decoding->packet, PACKET_TUNNEL_VXLAN, PARENT);
	assert_int_equal(inside.verdict, PACKET_TRACK);
	assert_int_equal(inside.payload_length, 30);
	assert_int_equal(inside.payload_captured, 23);
	assert_true(inside.cut);
}

// A UDP datagram in two fragments, each the whole of `carrier` but for its own IP header.
static void fragment_of(struct frame *piece, const struct frame *whole, uint32_t header,
			uint32_t from, uint32_t to, bool more)
{
	frame_start(piece);
	memcpy(frame_zeros(piece, header), whole->byte, header);
	memcpy(frame_zeros(piece, to - from), whole->byte + header + from, to - from);
	set_be16(piece->byte + 6, (more ? 0x2000 : 0) | from / 8);
	frame_seal_ip(piece);
}

static void what_a_joined_datagram_carries_is_marked_as_joined(void **state)
{
	struct decoding *decoding = *state;
	struct packet inside;
	struct frame frame, piece;

	carrier(&frame, PACKET_TUNNEL_VXLAN, VXLAN_4, false);
	fragment_of(&piece, &frame, 20, 0, 40, true);
	assert_int_equal(decode(decoding, &piece), PACKET_FRAGMENT);
	fragment_of(&piece, &frame, 20, 40, frame.length - 20, false);
	inside = open(decoding, &piece, PACKET_TUNNEL_VXLAN);
	assert_inner(&inside, false);
	assert_true(decoding->packet.copied);
	assert_true(inside.copied);
}

static void fragments_inside_are_joined_whatever_carries_them(void **state)
{
	struct decoding *decoding = *state;
	struct frame whole, piece, frame;
	struct packet inside = {0};

	inner_packet(&whole, false);
	for (int i = 0; i < 2; i++) {
		fragment_of(&piece, &whole, 20, i * 16, i == 0 ? 16 : whole.length - 20, i == 0);
		carrier_start(&frame, 4789);
		set_be16(frame.byte + frame.transport, 50000 + (uint32_t)i);
		frame_hex(&frame, VXLAN_4);
		frame_append(&frame, &piece);
		carrier_end(&frame);
		inside = open(decoding, &frame, PACKET_TUNNEL_VXLAN);
		if (i == 0)
			assert_int_equal(inside.verdict, PACKET_FRAGMENT);
	}
	assert_inner(&inside, false);
	assert_true(inside.copied);
	assert_false(decoding->packet.copied);
}

static void a_kind_without_a_header_is_never_open(void **state)
{
	struct decoding *decoding = *state;
	struct frame frame;

	carrier(&frame, PACKET_TUNNEL_VXLAN, VXLAN_4, false);
	assert_int_equal(check(decoding, &frame, PACKET_TUNNEL_IP), PACKET_TUNNEL_CLOSED);
	assert_int_equal(check(decoding, &frame, PACKET_TUNNEL_NONE), PACKET_TUNNEL_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tunnelling_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vxlan_carries_frames),
		TEST(a_vxlan_header_is_eight_bytes_with_its_flag),
		TEST(geneve_carries_frames_and_ip),
		TEST(geneve_of_another_version_is_left_alone),
		TEST(a_geneve_header_is_whole_with_its_options),
		TEST(gtp_carries_ip),
		TEST(gtp_extension_headers_are_skipped),
		TEST(what_else_runs_on_ports_of_gtp_is_left_alone),
		TEST(ip_fills_gtp_exactly),
		TEST(there_is_no_gtp_in_gtp),
		TEST(teredo_carries_ipv6_behind_two_optional_headers),
		TEST(teredo_of_another_shape_is_none),
		TEST(ipv6_fills_teredo_exactly),
		TEST(anything_may_follow_a_teredo_bubble),
		TEST(ayiya_carries_ip_behind_identity_and_signature),
		TEST(an_ayiya_header_is_as_long_as_it_says),
		TEST(ayiya_that_forwards_nothing_is_left_alone),
		TEST(gre_in_udp_is_known_by_the_addresses),
		TEST(ayiya_and_teredo_are_known_by_what_they_look_like),
		TEST(teredo_is_known_by_what_only_it_puts_in_front),
		TEST(a_wrong_checksum_carries_nothing),
		TEST(vxlan_over_ipv6_may_have_no_checksum),
		TEST(a_stack_is_the_same_both_ways_and_for_every_flow),
		TEST(tunnels_end_at_the_depth_that_was_set),
		TEST(what_was_on_the_wire_is_known_inside_a_cut_frame),
		TEST(what_a_joined_datagram_carries_is_marked_as_joined),
		TEST(fragments_inside_are_joined_whatever_carries_them),
		TEST(a_kind_without_a_header_is_never_open),
	};

	return cmocka_run_group_tests_name("packet_tunnel", tests, NULL, NULL);
}
