/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include "base/bytes.h"

#include <string.h>

// Makes of a packet the frame that filters see.

#define LINK_ADDRESSES 12
#define IPV4_HEADER    20
#define IPV6_HEADER    40
#define TCP_HEADER     20
#define UDP_HEADER     8
#define ICMP_HEADER    8
#define TYPE_IPV4      0x0800
#define TYPE_IPV6      0x86dd
#define TYPE_VLAN      0x8100

static void put_be16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void put_be32(uint8_t *bytes, uint32_t value)
{
	put_be16(bytes, value >> 16);
	put_be16(bytes + 2, value);
}

// The transport's header as far as the packet remembers it; `at` has room for TCP's and is all
// zeros. Returns its length.
static uint32_t make_transport(uint8_t *at, const struct packet *packet)
{
	const struct packet_key *key = &packet->key;
	uint16_t source = key->port[packet->sender], destination = key->port[packet->sender ^ 1];

	switch (key->protocol) {
	case PACKET_TCP:
		put_be16(at, source);
		put_be16(at + 2, destination);
		put_be32(at + 4, packet->sequence);
		put_be32(at + 8, packet->acknowledgement);
		at[12] = TCP_HEADER / 4 << 4;
		at[13] = packet->tcp_flags;
		put_be16(at + 14, packet->window);
		return TCP_HEADER;
	case PACKET_UDP:
		put_be16(at, source);
		put_be16(at + 2, destination);
		put_be16(at + 4, (uint32_t)packet->udp_length + UDP_HEADER);
		return UDP_HEADER;
	case PACKET_ICMP:
	case PACKET_ICMPV6:
		at[0] = (uint8_t)source;
		// Where a type has a partner, that stands in the code's place.
		at[1] = key->one_way ? (uint8_t)destination : 0;
		return ICMP_HEADER;
	default:
		return 0;
	}
}

static void make_ipv4(uint8_t *at, const struct packet *packet, uint32_t total)
{
	const struct address *address = packet->key.address;

	at[0] = 4 << 4 | IPV4_HEADER / 4;
	put_be16(at + 2, total);
	at[8] = 64;
	at[9] = packet->key.protocol;
	memcpy(at + 12, address[packet->sender].byte + 12, 4);
	memcpy(at + 16, address[packet->sender ^ 1].byte + 12, 4);
}

static void make_ipv6(uint8_t *at, const struct packet *packet, uint32_t total)
{
	const struct address *address = packet->key.address;

	at[0] = 6 << 4;
	put_be16(at + 4, total - IPV6_HEADER);
	at[6] = packet->key.protocol;
	at[7] = 64;
	memcpy(at + 8, address[packet->sender].byte, 16);
	memcpy(at + 24, address[packet->sender ^ 1].byte, 16);
}

// Both headers. Returns their length; `total` is set to what IP's length then is.
static uint32_t make_headers(uint8_t *at, const struct packet *packet, uint32_t *total)
{
	const struct address *address = packet->key.address;
	bool v4 = address_is_v4(&address[0]) && address_is_v4(&address[1]);
	uint32_t length = v4 ? IPV4_HEADER : IPV6_HEADER;

	memset(at, 0, IPV6_HEADER + TCP_HEADER);
	length += make_transport(at + length, packet);
	*total = packet->ip_length != 0 ? packet->ip_length : length + packet->payload_length;
	if (v4)
		make_ipv4(at, packet, *total);
	else
		make_ipv6(at, packet, *total);
	return length;
}

// What was captured behind the head. No packet has more than there is room for: whoever makes a
// whole frame of it counts on that.
static void set_rest(struct filter_scratch *scratch, const uint8_t *rest, uint32_t length)
{
	scratch->rest = rest;
	scratch->rest_length = length < FILTER_REST_MOST ? length : FILTER_REST_MOST;
}

// The same with tags in front: of head[0], `length` bytes are used.
static void add_tags(struct filter_scratch *scratch, const uint16_t vlan[2], uint32_t length,
		     uint32_t wire_length)
{
	const uint8_t *plain = scratch->head[0];
	uint8_t *head = scratch->head[1];
	uint32_t at = LINK_ADDRESSES;

	memcpy(head, plain, LINK_ADDRESSES);
	for (int i = 0; i < 2 && vlan[i] != PACKET_NO_VLAN; i++, at += FILTER_TAG) {
		put_be16(head + at, TYPE_VLAN);
		put_be16(head + at + 2, vlan[i]);
	}
	memcpy(head + at, plain + LINK_ADDRESSES, length - LINK_ADDRESSES);
	scratch->frame[1] = (struct filter_view){head, length + at - LINK_ADDRESSES, wire_length};
}

void filter_prepare(struct filter_scratch *scratch, const struct packet *packet)
{
	uint8_t *head = scratch->head[0], *ip = head + FILTER_LINK;
	uint32_t headers = packet_headers(packet), total = packet->ip_length;
	uint32_t tags = (packet->vlan[0] != PACKET_NO_VLAN) * FILTER_TAG;

	if (packet->vlan[0] != PACKET_NO_VLAN && packet->vlan[1] != PACKET_NO_VLAN)
		tags += FILTER_TAG;
	if (headers > 0) {
		const uint8_t *data = packet->payload - headers;
		uint32_t captured = headers + packet->payload_captured;
		uint32_t copied = captured < FILTER_HEAD ? captured : FILTER_HEAD;

		memcpy(ip, data, copied);
		set_rest(scratch, data + copied, captured - copied);
		headers = copied;
	} else {
		headers = make_headers(ip, packet, &total);
		set_rest(scratch, packet->payload, packet->payload_captured);
	}
	if (packet->has_mac)
		memcpy(head, packet->mac, LINK_ADDRESSES);
	else
		memset(head, 0, LINK_ADDRESSES);
	put_be16(head + LINK_ADDRESSES, ip[0] >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4);
	headers += FILTER_LINK;
	total += FILTER_LINK + tags;
	scratch->frame[0] = (struct filter_view){head, headers, total};
	if (tags > 0)
		add_tags(scratch, packet->vlan, headers, total);
	else
		scratch->frame[1] = scratch->frame[0];
}
