/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

#include "packet/checksum.h"
#include "packet/packet_key.h"

// The plain frame: Ethernet, IPv4 without options or IPv6 without extension headers, TCP or UDP, all of it
// captured and nothing wrong with it. Most frames are; what stands in link.c, ip.c and transport.c
// comes down to this for them, in one piece. Whatever is not plain goes there. A unit test decodes
// frames of all kinds both ways and compares.

#define ETHERNET   14
#define IPV4       20
#define IPV6       40
#define TCP        20
#define UDP        8

#define TYPE_IPV4  0x0800
#define TYPE_IPV6  0x86dd
#define NO_OPTIONS 0x45   // version 4, five words
#define FRAGMENT   0x3fff // more fragments, or an offset

// A datagram on its way: what its IP header says.
struct plain {
	const uint8_t *addresses; // of source and destination, one behind the other
	const uint8_t *transport;
	uint32_t length; // of the transport's header and payload
	uint32_t total;  // of the datagram
	uint8_t protocol;
	bool v6;
};

static inline bool read_v4(const uint8_t *ip, uint32_t captured, struct plain *plain)
{
	uint32_t total = bytes_be16(ip + 2);

	if (ip[0] != NO_OPTIONS || bytes_be16(ip + 6) & FRAGMENT || total > captured ||
	    total < IPV4 + UDP)
		return false;
	*plain = (struct plain){
		.addresses = ip + 12,
		.transport = ip + IPV4,
		.length = total - IPV4,
		.total = total,
		.protocol = ip[9],
	};
	return true;
}

static inline bool read_v6(const uint8_t *ip, uint32_t captured, struct plain *plain)
{
	uint32_t length = bytes_be16(ip + 4);

	if (ip[0] >> 4 != 6 || captured < IPV6 + length || length < UDP)
		return false;
	*plain = (struct plain){
		.addresses = ip + 8,
		.transport = ip + IPV6,
		.length = length,
		.total = length + IPV6,
		.protocol = ip[6],
		.v6 = true,
	};
	return true;
}

// Writes the key word by word and hashes the words from the registers: a processor waits for what was
// just written in other pieces than it is read in. `ports` is the source's, and the destination's
// above it. Returns which end is the sender.
static inline bool write_key(const struct plain *plain, uint32_t ports, const uint64_t *secret,
			     struct packet *packet)
{
	uint64_t a0, a1, b0, b1, tail;
	uint8_t *key = (uint8_t *)&packet->key;
	bool swap;

	if (__builtin_expect(!plain->v6, 1)) {
		uint32_t source = bytes_host32(plain->addresses);
		uint32_t destination = bytes_host32(plain->addresses + 4);
		uint64_t a = (uint64_t)__builtin_bswap32(source) << 16 | (ports & 0xffff);
		uint64_t b = (uint64_t)__builtin_bswap32(destination) << 16 | ports >> 16;

		swap = a > b;
		a0 = b0 = 0;
		a1 = UINT64_C(0xffff0000) | (uint64_t)source << 32;
		b1 = UINT64_C(0xffff0000) | (uint64_t)destination << 32;
	} else {
		a0 = bytes_host64(plain->addresses);
		a1 = bytes_host64(plain->addresses + 8);
		b0 = bytes_host64(plain->addresses + 16);
		b1 = bytes_host64(plain->addresses + 24);
		if (a0 != b0)
			swap = __builtin_bswap64(a0) > __builtin_bswap64(b0);
		else if (a1 != b1)
			swap = __builtin_bswap64(a1) > __builtin_bswap64(b1);
		else
			swap = (ports & 0xffff) > ports >> 16;
	}

	// Who has the lower address is a coin's toss: a branch would be guessed wrong every other time.
	uint64_t other = -(uint64_t)swap, change0 = (a0 ^ b0) & other, change1 = (a1 ^ b1) & other;
	uint64_t low0 = a0 ^ change0, low1 = a1 ^ change1;
	uint64_t high0 = b0 ^ change0, high1 = b1 ^ change1;
	uint32_t turn = (uint32_t)swap << 4;

	ports = ports << turn | ports >> (-turn & 31);
	tail = ports | (uint64_t)plain->protocol << 32;
	memcpy(key, &low0, 8);
	memcpy(key + 8, &low1, 8);
	memcpy(key + 16, &high0, 8);
	memcpy(key + 24, &high1, 8);
	memcpy(key + 32, &tail, 8);
	packet->hash = packet_words_hash(low0, low1, high0, high1, tail, secret);
	return swap;
}

// The pseudo header's addresses stand right before an IPv4 or IPv6 message without options.
static bool verified(const struct plain *plain, const uint8_t *ip)
{
	const uint8_t *udp = plain->transport + 6;
	size_t addresses = plain->v6 ? 32 : 8;
	uint64_t sum = (uint64_t)__builtin_bswap16((uint16_t)plain->length) +
		       ((uint64_t)plain->protocol << 8);

	if (!plain->v6 && checksum_fold(checksum_bytes(0, ip, IPV4)) != 0xffff)
		return false;
	// IPv6 without one is for the general way.
	if (plain->protocol == PACKET_UDP && udp[0] == 0 && udp[1] == 0)
		return !plain->v6;
	return checksum_fold(checksum_bytes(sum, plain->addresses, addresses + plain->length)) ==
	       0xffff;
}

static inline void set_rest(const struct packet_frame *frame, struct packet *packet)
{
	packet->time = frame->time;
	packet->stack = 0;
	memcpy(packet->mac, frame->data, sizeof(packet->mac));
	packet->vlan[0] = packet->vlan[1] = PACKET_NO_VLAN;
	packet->transport = PACKET_TRANSPORT_OK;
	packet->cut = 0;
	packet->copied = 0;
	packet->verdict = PACKET_TRACK;
	packet->depth = 0;
	packet->innermost = PACKET_TUNNEL_NONE;
	packet->has_mac = 1;
	packet->may_carry = 0;
	packet->step = 0;
	packet->frame_cut = frame->length > frame->captured;
	packet->unused = 0;
}

static inline void set_tcp(const uint8_t *header, struct packet *packet)
{
	packet->sequence = bytes_be32(header + 4);
	packet->acknowledgement = bytes_be32(header + 8);
	packet->tcp_flags = header[13];
	packet->window = bytes_be16(header + 14);
}

bool packet_plain_decode(const struct packet_decoder *decoder, const struct packet_frame *frame,
			 struct packet *packet)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint8_t *ip = frame->data + ETHERNET;
	struct plain plain;
	uint32_t header = UDP;
	uint16_t type;
	bool whole;

	if (frame->captured < ETHERNET + IPV6)
		return false;
	type = bytes_be16(ip - 2);
	if (__builtin_expect(type == TYPE_IPV4, 1))
		whole = read_v4(ip, frame->captured - ETHERNET, &plain);
	else
		whole = type == TYPE_IPV6 && read_v6(ip, frame->captured - ETHERNET, &plain);
	if (!whole)
		return false;
	if (plain.protocol == PACKET_TCP && plain.length >= TCP)
		header = (plain.transport[12] >> 4) * 4u;
	else if (plain.protocol != PACKET_UDP)
		return false;
	if (header > plain.length || (plain.protocol == PACKET_TCP && header < TCP) ||
	    (!decoder->ignore_checksums && !verified(&plain, ip)))
		return false;
	packet->sender = write_key(&plain,
				   bytes_be16(plain.transport) |
					   (uint32_t)bytes_be16(plain.transport + 2) << 16,
				   decoder->secret, packet);
	set_rest(frame, packet);
	packet->ip_length = plain.total;
	packet->payload = plain.transport + header;
	packet->payload_captured = packet->payload_length = (uint16_t)(plain.length - header);
	if (plain.protocol == PACKET_TCP) {
		set_tcp(plain.transport, packet);
	} else {
		packet->udp_length = (int32_t)bytes_be16(plain.transport + 4) - UDP;
		packet->may_carry = packet_tunnel_likely(decoder->tunnels, packet);
	}
	return true;
#else
	// Written for the words of little-endian machines; others take the general way.
	return false;
#endif
}
