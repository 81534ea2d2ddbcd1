/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter.h"

#include "filter/filter_internal.h"
#include "packet_fixture.h"

#include <stdio.h>

// Asks in both ways: of what is in one piece where that suffices, and of a copy of all of it. They
// must say the same.
static bool ask(const struct filter *filter, const struct filter_scratch *scratch)
{
	struct filter other = *filter;
	bool matches = filter_run(filter, scratch);

	other.reach = UINT32_MAX;
	assert_int_equal(filter_run(&other, scratch), matches);
	return matches;
}

static struct filter *create(const char *expression)
{
	char why[400] = "";
	struct filter *filter = filter_create(expression, why, sizeof(why));

	if (filter == NULL)
		fail_msg("%s", why);
	return filter;
}

static void assert_answer(const struct filter_scratch *scratch, const char *expression,
			  bool expected)
{
	struct filter *filter = create(expression);

	if (ask(filter, scratch) != expected)
		fail_msg("'%s' %s", expression, expected ? "does not match" : "matches");
	filter_destroy(filter);
}

// The expressions are given one after the other and end with NULL.
static void assert_answers(const struct packet *packet, const char *const *matching,
			   const char *const *others)
{
	struct filter_scratch scratch;

	// What was not written must not be read.
	memset(&scratch, 0xee, sizeof(scratch));
	filter_prepare(&scratch, packet);
	for (; *matching != NULL; matching++)
		assert_answer(&scratch, *matching, true);
	for (; *others != NULL; others++)
		assert_answer(&scratch, *others, false);
}

#define LIST(...)                                                                                  \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static struct frame frame;

static void begin(uint32_t type)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	frame.link = PACKET_LINK_ETHERNET;
	frame.length = 0;
	frame_ethernet(&frame, type);
	memcpy(frame.byte, macs, sizeof(macs));
}

static void begin_tcp(uint8_t flags, uint32_t payload)
{
	begin(0x0800);
	frame_ip4(&frame, HOST_A, HOST_B, PACKET_TCP);
	frame_tcp(&frame, 40000, 80, flags, payload);
	frame_seal(&frame);
}

static void finds_hosts_nets_and_ports_of_ipv4(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_SYN, 10);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("", "ip", "tcp", "host 10.0.0.1", "src host 10.0.0.1",
			    "dst host 10.0.0.2", "src 10.0.0.1 and dst port 80", "tcp port 80",
			    "net 10.0.0.0/8", "port 80 or port 443",
			    "tcp src portrange 39999-40001", "portrange 80-90", "not udp",
			    "ip proto 6", "net 10 and not port 443", "ip src net 10.0.0.0/30",
			    "ip[8] = 64", "ip[9] = 6 and ip[2:2] = 50"),
		       LIST("ip6", "udp", "arp", "icmp", "host 10.0.0.3", "dst host 10.0.0.1",
			    "src port 80", "portrange 81-90", "net 10.0.0.0/8 and not port 80",
			    "net 192.168.0.0/16", "vlan", "mpls", "multicast"));
}

static void finds_ipv4_behind_options(void **state)
{
	struct decoding *decoding = *state;

	begin(0x0800);
	frame_ip4_options(&frame, 15, HOST_A, HOST_B, PACKET_TCP);
	frame_tcp_options(&frame, 15, 40000, 80, PACKET_TCP_SYN, 300);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("tcp dst port 80", "ip[0] & 0xf = 15", "ip[20] = 1",
			    "tcp[12] >> 4 = 15", "tcp[59] = 1", "tcp[60] = 1", "tcp[61] = 8",
			    "tcp[60:4] = 0x01080f16"),
		       LIST("tcp dst port 81", "ip[0] & 0xf = 5", "tcp[61] = 9"));
}

static void finds_ipv6(void **state)
{
	struct decoding *decoding = *state;

	begin(0x86dd);
	frame_ip6(&frame, 1, 2, PACKET_UDP);
	frame_udp(&frame, 40000, 53, 20);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("ip6", "udp port 53", "ip6 host 2001:db8::1", "dst 2001:db8::2",
			    "net 2001:db8::/32", "port domain", "ip6[6] = 17", "len = 82",
			    "ip6[48] = 1"),
		       LIST("ip", "tcp", "host 2001:db8::3", "net 2001:db9::/32", "port 54"));
}

// As for tcpdump: only `protochain` looks behind extension headers.
static void shows_extension_headers_of_ipv6(void **state)
{
	struct decoding *decoding = *state;

	begin(0x86dd);
	frame_ip6(&frame, 1, 2, 60);
	frame_extension(&frame, PACKET_TCP, 16);
	frame_tcp(&frame, 40000, 80, PACKET_TCP_SYN, 0);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("ip6", "ip6[6] = 60", "ip6[40] = 6", "ip6 protochain 6",
			    "ip6 protochain \\tcp"),
		       LIST("tcp port 80", "ip6 protochain 17"));
}

static void shows_headers_that_are_longer_than_the_copy(void **state)
{
	struct decoding *decoding = *state;

	begin(0x86dd);
	frame_ip6(&frame, 1, 2, 60);
	frame_extension(&frame, PACKET_UDP, 2048)[1000] = 77;
	frame_udp(&frame, 40000, 53, 20);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("ip6[40] = 17", "ip6[1040] = 77", "ip6[2088:2] = 40000",
			    "ip6[158:4] = 0", "ip6[2096] = 1", "ip6[2115] = 134"),
		       LIST("ip6[1040] = 78", "ip6[2116] >= 0"));
}

static struct decoding *decode_tagged(void **state, int tags)
{
	struct decoding *decoding = *state;

	begin(tags > 0 ? 0x8100 : 0x0800);
	for (int i = 0; i < tags; i++)
		frame_vlan(&frame, 100u * (unsigned)(i + 1), i + 1 < tags ? 0x8100 : 0x0800);
	frame_ip4(&frame, HOST_A, HOST_B, PACKET_TCP);
	frame_tcp(&frame, 40000, 80, PACKET_TCP_SYN, 10);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	return decoding;
}

static void finds_a_host_in_every_vlan(void **state)
{
	for (int tags = 0; tags <= 2; tags++) {
		struct decoding *decoding = decode_tagged(state, tags);

		assert_answers(&decoding->packet,
			       LIST("host 10.0.0.1", "tcp port 80", "ether host 2:0:0:0:0:1",
				    "not port 443"),
			       LIST("udp", "not host 10.0.0.1"));
	}
}

static void sees_one_tag(void **state)
{
	struct decoding *decoding = decode_tagged(state, 1);

	assert_answers(&decoding->packet,
		       LIST("vlan", "vlan 100", "vlan 100 and host 10.0.0.1", "vlan 100 or vlan 7",
			    "vlan and tcp port 80", "len = 68", "vlan and len = 68",
			    "host 10.0.0.1 or vlan 7 or not vlan 7"),
		       // The second `vlan` is about a second tag.
		       LIST("vlan 7 or vlan 100", "not vlan", "vlan 7", "vlan 100 and vlan",
			    "vlan and host 10.0.0.3", "host 10.0.0.1 and not vlan"));
}

static void sees_two_tags(void **state)
{
	struct decoding *decoding = decode_tagged(state, 2);

	assert_answers(
		&decoding->packet,
		LIST("vlan", "vlan 100", "vlan 100 and vlan 200",
		     "vlan 100 and vlan 200 and tcp port 80", "len = 72"),
		LIST("not vlan", "vlan 200", "vlan 100 and vlan 100", "vlan 100 and tcp port 80"));
}

static void sees_that_there_is_no_tag(void **state)
{
	struct decoding *decoding = decode_tagged(state, 0);

	assert_answers(&decoding->packet, LIST("not vlan", "host 10.0.0.1 and not vlan"),
		       LIST("vlan", "vlan and host 10.0.0.1"));
}

// Words that only begin like it, or that libpcap is told to take for names.
static void knows_the_word_vlan(void **state)
{
	static const struct {
		const char *expression;
		bool tags;
	} cases[] = {{"vlan", true},
		     {"not vlan 7", true},
		     {"tcp and(vlan)", true},
		     {"!vlan&&tcp", true},
		     {"ether host 2:0:0:0:0:1", false},
		     {"tcp", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter *filter = create(cases[i].expression);

		assert_int_equal(filter->tags, cases[i].tags);
		filter_destroy(filter);
	}
}

static void tests_tcp_flags(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_SYN | PACKET_TCP_ACK, 0);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("tcp[13] & 2 != 0", "tcp[tcpflags] & tcp-syn != 0",
			    "tcp[tcpflags] & (tcp-syn|tcp-ack) = (tcp-syn|tcp-ack)",
			    "tcp[tcpflags] = 0x12", "tcp[13] & 0x81 = 0",
			    "tcp[4:4] & 0xf0000000 = 0", "tcp[4:4] & 0x80000004 != 0"),
		       LIST("tcp[tcpflags] & tcp-fin != 0", "tcp[13] & 2 = 0",
			    "tcp[tcpflags] == tcp-syn"));
}

static void tests_types_of_icmp(void **state)
{
	struct decoding *decoding = *state;

	begin(0x0800);
	frame_ip4(&frame, HOST_A, HOST_B, PACKET_ICMP);
	frame_icmp(&frame, PACKET_ICMP, 3, 4, 20);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("icmp", "icmp[icmptype] = icmp-unreach", "icmp[icmpcode] = 4"),
		       LIST("icmp[icmptype] = icmp-echo", "icmp6", "tcp", "port 3"));
	begin(0x86dd);
	frame_ip6(&frame, 1, 2, PACKET_ICMPV6);
	frame_icmp(&frame, PACKET_ICMPV6, 128, 0, 20);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet, LIST("icmp6", "icmp6[0] = 128", "ip6 proto 58"),
		       LIST("icmp", "icmp6[0] = 129"));
}

static void reads_payload(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_ACK, 1000);
	memcpy(frame.byte + frame.transport + 20, "GET ", 4);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("tcp[((tcp[12]&0xf0)>>2):4] = 0x47455420",
			    "tcp[((tcp[12:1] & 0xf0) >> 2):2] = 0x4745",
			    // Half in the header, half in the payload.
			    "tcp[18:4] = 0x00004745", "ether[1053] >= 0", "ether[1050:4] != 0"),
		       LIST("tcp[((tcp[12]&0xf0)>>2):4] = 0x504f5354", "ether[1054] >= 0",
			    "ether[1051:4] != 0"));
}

// What lies outside makes an expression false, whatever it says of it.
static void reads_nothing_outside(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_ACK, 5);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet, LIST("ether[58] = 29", "ip[ip[0] & 0xf] >= 0"),
		       LIST("ether[59] >= 0", "ether[56:4] >= 0", "ether[-1] >= 0",
			    "ether[-4:4] >= 0", "ip[-15] >= 0", "tcp[-100:4] >= 0",
			    "ip[ip[0] - 100] >= 0", "ip[ip[0] - 84:4] >= 0", "ip[0 - ip[0]:2] >= 0",
			    "ip[ip[16:4] * 4096:2] >= 0", "ether[0x7fffffff] >= 0",
			    "ether[0xfffffffe:4] >= 0"));
}

static void calculates(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_ACK, 5);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("(ip[0] & 0xf) * 4 = 20",
			    "ip[2:2] - (ip[0] & 0xf) * 4 - (tcp[12] >> 4) * 4 = 5",
			    "ip[8] / 2 = 32", "ip[8] % 60 = 4", "1 << (ip[0] & 3) = 2",
			    "ip[8] + ip[9] = 70", "ip[8] | 1 = 65", "ip[8] ^ 0xff = 0xbf",
			    "tcp[4:4] * ip[8] = 0x4080c100", "ip[16:4] > ip[12:4]",
			    "tcp[4:4] > 0 and tcp[4:4] < 0xf0000000", "0 - ip[8] > 0xffffff00",
			    "ip[8] / (ip[8] - 63) = 64"),
		       LIST("ip[8] / (ip[8] - 64) = 0", "ip[8] % (ip[8] - 64) = 0", "len / len = 2",
			    "ip[16:4] <= ip[12:4]", "ip[12:4] & 0xff000000 = ip[16:4]"));
}

static void knows_the_length_of_a_cut_frame(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_ACK, 500);
	assert_int_equal(decode_cut(decoding, &frame, 60, frame.length), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("len = 554", "greater 554", "less 554", "tcp port 80", "len - 500 = 54",
			    "ether[59] >= 0"),
		       LIST("greater 555", "less 553", "ether[60] >= 0", "ether[57:4] >= 0"));
}

static void answers_for_frames_cut_anywhere(void **state)
{
	struct decoding *decoding = *state;
	struct filter *deep = create("ether[60:4] != 0 and tcp port 80");
	struct filter *port = create("tcp port 80");

	begin_tcp(PACKET_TCP_ACK, 100);
	for (uint32_t captured = 54; captured <= frame.length; captured++) {
		struct filter_scratch scratch;

		assert_int_equal(decode_cut(decoding, &frame, captured, frame.length),
				 PACKET_TRACK);
		filter_prepare(&scratch, &decoding->packet);
		assert_true(ask(port, &scratch));
		assert_int_equal(ask(deep, &scratch), captured >= 64);
	}
	filter_destroy(deep);
	filter_destroy(port);
}

static void does_not_count_padding(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_ACK, 0);
	frame_zeros(&frame, 6);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet, LIST("len = 54"), LIST("ether[54] >= 0"));
}

static void finds_link_addresses(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_SYN, 0);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("ether host 02:00:00:00:00:01", "ether dst 02:00:00:00:00:01",
			    "ether src 02:00:00:00:00:02", "ether proto 0x800"),
		       LIST("ether src 02:00:00:00:00:01", "ether broadcast"));
	// Raw IP has none.
	frame.link = PACKET_LINK_RAW;
	memmove(frame.byte, frame.byte + 14, frame.length -= 14);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet, LIST("ether host 0:0:0:0:0:0", "tcp port 80"),
		       LIST("ether host 02:00:00:00:00:01"));
}

static void finds_other_protocols(void **state)
{
	struct decoding *decoding = *state;

	begin(0x0800);
	frame_ip4(&frame, HOST_A, HOST_B, 132);
	frame_16(&frame, 1000);
	frame_16(&frame, 2000);
	frame_zeros(&frame, 20);
	frame_seal(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("sctp", "ip proto 132", "sctp port 2000", "host 10.0.0.2"),
		       LIST("tcp", "udp", "sctp port 2001"));
}

static void sees_a_wrong_tcp_header_as_it_is(void **state)
{
	struct decoding *decoding = *state;

	for (int words = 0; words < 16; words += 15) {
		begin_tcp(PACKET_TCP_SYN, 10);
		frame.byte[frame.transport + 12] = (uint8_t)(words << 4);
		assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
		assert_answers(&decoding->packet,
			       LIST("tcp port 80", "tcp[20] = 1", "tcp[29] >= 0", "len = 64"),
			       LIST("tcp[30] >= 0"));
		assert_answers(&decoding->packet,
			       LIST(words == 0 ? "tcp[12] = 0" : "tcp[12] = 0xf0"),
			       LIST("tcp[12] = 0x50"));
	}
}

// Segmentation offload: IP's length is 0, and nobody knows where the headers begin.
static void makes_headers_up_where_they_are_not_there(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_SYN, 10);
	set_be16(frame.byte + frame.ip + 2, 0);
	decoding->decoder.ignore_checksums = true;
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	decoding->decoder.ignore_checksums = false;
	assert_int_equal(packet_headers(&decoding->packet), 0);
	assert_answers(&decoding->packet,
		       LIST("tcp dst port 80", "src host 10.0.0.1", "len = 64", "ip[2:2] = 50",
			    "tcp[13] = 2", "tcp[4:4] = 0x01020304", "tcp[8:4] = 0x05060708",
			    "tcp[14:2] = 0x1234", "tcp[((tcp[12]&0xf0)>>2)] = 1", "tcp[29] >= 0"),
		       LIST("tcp[30] >= 0", "udp"));
}

static void makes_headers_up_for_every_protocol(void **state)
{
	struct packet packet = {
		.key = {.address = {address_of(HOST_A), address_of(HOST_B)}, .port = {53, 40000}},
		.vlan = {7, PACKET_NO_VLAN},
		.sender = 1,
		.udp_length = 100,
		.payload_length = 100,
	};

	packet.key.protocol = PACKET_UDP;
	assert_answers(&packet,
		       LIST("udp src port 40000", "dst host 10.0.0.1", "vlan 7 and udp port 53",
			    "udp[4:2] = 108", "len = 146"),
		       LIST("udp[8] >= 0"));
	packet.key.protocol = 132;
	assert_answers(&packet, LIST("sctp", "host 10.0.0.2"), LIST("sctp[0] >= 0"));
	packet.key.protocol = PACKET_ICMP;
	packet.key.one_way = 1;
	packet.sender = 0;
	packet.key.port[0] = 3;
	packet.key.port[1] = 4;
	assert_answers(&packet, LIST("icmp[0] = 3 and icmp[1] = 4"), LIST("icmp[8] >= 0"));
	packet.key.address[0] = address6_of(1);
	packet.key.address[1] = address6_of(2);
	packet.key.protocol = PACKET_TCP;
	packet.ip_length = 160;
	assert_answers(&packet, LIST("ip6 and tcp src port 3", "ip6[4:2] = 120", "len = 178"),
		       LIST("ip"));
}

static void sees_a_datagram_that_was_put_together(void **state)
{
	struct decoding *decoding = *state;
	static struct frame whole;

	begin(0x0800);
	frame_ip4(&frame, HOST_A, HOST_B, PACKET_UDP);
	frame_udp(&frame, 40000, 53, 2000);
	frame_seal(&frame);
	whole = frame;
	// The first 1000 bytes behind IP's header, then the rest.
	frame.length = frame.transport + 1000;
	set_be16(frame.byte + frame.ip + 6, 0x2000);
	frame_seal_ip(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_FRAGMENT);
	frame = whole;
	memmove(frame.byte + frame.transport, frame.byte + frame.transport + 1000, 1008);
	frame.length -= 1000;
	set_be16(frame.byte + frame.ip + 6, 125);
	frame_seal_ip(&frame);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_true(decoding->packet.copied);
	assert_answers(&decoding->packet,
		       LIST("udp dst port 53", "ip[2:2] = 2028", "len = 2042", "ip[6:2] = 0",
			    "udp[8:2] = 0x0108", "udp[2007] >= 0"),
		       LIST("udp[2008] >= 0"));
}

static void sees_the_packet_inside_a_tunnel(void **state)
{
	struct decoding *decoding = *state;
	struct packet_tunnels *tunnels = calloc(1, sizeof(*tunnels));

	tunnels->depth = 2;
	decoding->decoder.tunnels = tunnels;
	begin(0x8100);
	frame_vlan(&frame, 100, 0x0800);
	frame_ip4(&frame, HOST_A, HOST_B, PACKET_IPV4);
	frame_seal_ip(&frame);
	frame_ip4(&frame, 0xc0000201, 0xc0000202, PACKET_TCP);
	frame_tcp(&frame, 40000, 80, PACKET_TCP_SYN, 10);
	frame_seal(&frame);
	set_be16(frame.byte + 20, frame.length - 18);
	set_be16(frame.byte + 28, 0);
	set_be16(frame.byte + 28, 0xffff ^ slow_sum(0, frame.byte + 18, 20));
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet,
		       LIST("host 192.0.2.1", "tcp port 80", "ether host 0:0:0:0:0:0", "len = 64"),
		       LIST("net 10.0.0.0/8", "vlan", "ip proto 4"));
	decoding->decoder.tunnels = NULL;
	free(tunnels);
}

static void finds_connections_of_a_listing(void **state)
{
	const struct address ends[2] = {address_of(HOST_B), address_of(HOST_A)};
	const struct address ends6[2] = {address6_of(9), address6_of(2)};
	const uint16_t port[2] = {40000, 443}, echo[2] = {8, 0}, unreachable[2] = {3, 1};
	const uint16_t none[2] = {PACKET_NO_VLAN, PACKET_NO_VLAN}, vlan[2] = {5, 6};
	struct filter_scratch scratch;

	filter_prepare_tuple(&scratch, ends, port, PACKET_TCP, none);
	assert_answer(&scratch, "tcp and src host 10.0.0.2 and dst port 443", true);
	assert_answer(&scratch, "tcp[tcpflags] = tcp-syn", true);
	assert_answer(&scratch, "dst host 10.0.0.2", false);
	assert_answer(&scratch, "vlan", false);
	filter_prepare_tuple(&scratch, ends6, port, PACKET_UDP, vlan);
	assert_answer(&scratch, "udp port 443 and src host 2001:db8::9", true);
	assert_answer(&scratch, "vlan 5 and vlan 6", true);
	filter_prepare_tuple(&scratch, ends, echo, PACKET_ICMP, none);
	assert_answer(&scratch, "icmp[0] = 8 and icmp[1] = 0", true);
	filter_prepare_tuple(&scratch, ends, unreachable, PACKET_ICMP, none);
	assert_answer(&scratch, "icmp[0] = 3 and icmp[1] = 1", true);
}

static void says_that_nothing_can_match(void **state)
{
	struct decoding *decoding = *state;
	struct filter *filter = create("tcp and udp"), *other = create("tcp");

	assert_true(filter_matches_nothing(filter));
	assert_false(filter_matches_nothing(other));
	filter_destroy(filter);
	filter_destroy(other);
	begin_tcp(PACKET_TCP_SYN, 0);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_answers(&decoding->packet, LIST(""), LIST("tcp and udp", "ip and ip6", "1 = 2"));
}

static void explains_what_is_wrong(void **state)
{
	static const char *const wrong[] = {"tcp prot 80", "host", "port 70000", "net 10.0.0.1/8",
					    "(tcp",        "ip[",  "vlan 5000",  "host 10.0.0.256"};
	char why[400], little[10];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = '\0';
		assert_null(filter_create(wrong[i], why, sizeof(why)));
		assert_non_null(strstr(why, wrong[i]));
		assert_non_null(strstr(why, "pcap-filter"));
	}
	assert_null(filter_create("tcp prot 80", why, sizeof(why)));
	assert_non_null(strstr(why, "syntax error"));
	assert_null(filter_create("tcp prot 80", little, sizeof(little)));
	assert_int_equal(strlen(little), sizeof(little) - 1);
}

static void refuses_an_expression_without_end(void **state)
{
	size_t length = FILTER_EXPRESSION_MOST + 1;
	char *expression = malloc(length + 1), why[400];

	memset(expression, '(', length);
	expression[length] = '\0';
	assert_null(filter_create(expression, why, sizeof(why)));
	assert_non_null(strstr(why, "4097"));
	expression[length - 1] = '\0';
	assert_null(filter_create(expression, why, sizeof(why)));
	free(expression);
}

static char *repeat(const char *format, const char *between, unsigned count)
{
	char *text = calloc(count + 1, 64), *at = text;

	for (unsigned i = 0; i < count; i++) {
		at += sprintf(at, "%s", i > 0 ? between : "");
		at += sprintf(at, format, i / 250, i % 250);
	}
	return text;
}

static void assert_long(struct decoding *decoding, char *expression, bool expected)
{
	struct filter_scratch scratch;

	filter_prepare(&scratch, &decoding->packet);
	assert_answer(&scratch, expression, expected);
	free(expression);
}

static void takes_long_expressions(void **state)
{
	struct decoding *decoding = *state;

	begin_tcp(PACKET_TCP_SYN, 0);
	assert_int_equal(decode(decoding, &frame), PACKET_TRACK);
	assert_long(decoding, repeat("src host 10.0.%u.%u", " or ", 160), true);
	assert_long(decoding, repeat("host 10.1.%u.%u", " or ", 150), false);
	// As long as may be, nearly.
	assert_long(decoding, repeat("src host 10.%u.0.%u", " or ", 160), true);
	assert_long(decoding, repeat("ip[8] != 1%u%03u", " and ", 170), true);
	assert_long(decoding, repeat("(net 10.0.%u.%u/32 or port 9)", " and ", 40), false);
	assert_long(decoding, repeat("(ip[%u] = 69 or tcp[13] & 2 != %u)", " and ", 40), true);
}

// Payload is copied for those only who look at it.
static void knows_how_far_a_program_looks(void **state)
{
	static const struct {
		const char *expression;
		bool head;
	} cases[] = {
		{"", true},
		{"tcp port 80", true},
		{"net 10.0.0.0/8 and not port 443", true},
		{"tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", true},
		{"vlan 100 and vlan 200 and tcp port 80", true},
		{"host 2001:db8::1 and (tcp or udp portrange 1000-2000)", true},
		{"greater 1000", true},
		{"ether[200] = 1", false},
		{"udp[8:4] = 1 and udp[200:4] = 7", false},
		{"tcp[((tcp[12]&0xf0)>>2):4] = 0x47455420", false},
		{"ip6 protochain 6", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter *filter = create(cases[i].expression);

		if ((filter->reach <= FILTER_LINK + FILTER_HEAD) != cases[i].head)
			fail_msg("'%s' reaches %u", cases[i].expression, filter->reach);
		filter_destroy(filter);
	}
}

#define DECODES(test) cmocka_unit_test_setup_teardown(test, decoding_create, decoding_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DECODES(finds_hosts_nets_and_ports_of_ipv4),
		DECODES(finds_ipv4_behind_options),
		DECODES(finds_ipv6),
		DECODES(shows_extension_headers_of_ipv6),
		DECODES(shows_headers_that_are_longer_than_the_copy),
		DECODES(finds_a_host_in_every_vlan),
		DECODES(sees_one_tag),
		DECODES(sees_two_tags),
		DECODES(sees_that_there_is_no_tag),
		cmocka_unit_test(knows_the_word_vlan),
		DECODES(tests_tcp_flags),
		DECODES(tests_types_of_icmp),
		DECODES(reads_payload),
		DECODES(reads_nothing_outside),
		DECODES(calculates),
		DECODES(knows_the_length_of_a_cut_frame),
		DECODES(answers_for_frames_cut_anywhere),
		DECODES(does_not_count_padding),
		DECODES(finds_link_addresses),
		DECODES(finds_other_protocols),
		DECODES(sees_a_wrong_tcp_header_as_it_is),
		DECODES(makes_headers_up_where_they_are_not_there),
		cmocka_unit_test(makes_headers_up_for_every_protocol),
		DECODES(sees_a_datagram_that_was_put_together),
		DECODES(sees_the_packet_inside_a_tunnel),
		cmocka_unit_test(finds_connections_of_a_listing),
		DECODES(says_that_nothing_can_match),
		cmocka_unit_test(explains_what_is_wrong),
		cmocka_unit_test(refuses_an_expression_without_end),
		DECODES(takes_long_expressions),
		cmocka_unit_test(knows_how_far_a_program_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
