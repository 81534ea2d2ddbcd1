/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/bytes.h"
#include "packet/packet.h"
#include "packet/packet_key.h"

// The plain frame: Ethernet, IPv4 without options or IPv6 without extension headers, TCP or UDP,
// all of it captured and nothing wrong with it. Most frames are; what stands in link.c, ip.c and
// transport.c comes down to this for them, in one piece that a poll loop takes into itself.
// Whatever is not plain goes there. A unit test decodes frames of all kinds both ways and compares.
//
// Here every instruction counts, and a branch that traffic takes by chance as much as a hundred of
// them: there are two, for the version of IP and for UDP. Who of the two ends is the lower one is
// left to masks.

#define PLAIN_INLINE   static inline __attribute__((always_inline))

#define PLAIN_ETHERNET 14
#define PLAIN_IPV4     20
#define PLAIN_IPV6     40
#define PLAIN_TCP      20
#define PLAIN_UDP      8

// packet.c: packet_decode() for frames of all kinds.
enum packet_verdict packet_decode_any(struct packet_decoder *decoder,
				      const struct packet_frame *frame, struct packet *packet);

// packet_plain.c: are the checksums right? `length` is that of the transport's header and payload.
bool packet_plain_verified(const uint8_t *transport, bool v6, uint8_t protocol, uint32_t length);

// tunnel.c: could this UDP packet be a tunnel, whichever of its ports is the responder's?
bool packet_tunnel_likely(const struct packet_tunnels *tunnels, const struct packet *packet);

// Words that begin with one member of a packet and cover those behind it.
PLAIN_INLINE void plain_store64(struct packet *packet, size_t offset, uint64_t word)
{
	memcpy((uint8_t *)packet + offset, &word, sizeof(word));
}

PLAIN_INLINE void plain_store32(struct packet *packet, size_t offset, uint32_t word)
{
	memcpy((uint8_t *)packet + offset, &word, sizeof(word));
}

static_assert(offsetof(struct packet, vlan) == offsetof(struct packet, mac) + 12 &&
		      offsetof(struct packet, tcp_flags) == offsetof(struct packet, window) + 2 &&
		      offsetof(struct packet, transport) == offsetof(struct packet, window) + 3 &&
		      offsetof(struct packet, cut) == offsetof(struct packet, sender) + 1 &&
		      offsetof(struct packet, copied) == offsetof(struct packet, sender) + 2 &&
		      offsetof(struct packet, verdict) == offsetof(struct packet, sender) + 3 &&
		      offsetof(struct packet, pad) == offsetof(struct packet, owner) + 3,
	      "these are written together");
static_assert(PACKET_TRACK == 0 && PACKET_TRANSPORT_OK == 0 && PACKET_TUNNEL_NONE == 0,
	      "these are written as zeros");

// Writes the key word by word and hashes the words from the registers: a processor waits for what
// was just written in other pieces than it is read in. `ports` is the source's and below it the
// destination's; `swap` is all ones when the destination is end 0, else 0.
PLAIN_INLINE void plain_set_key(const uint64_t low[2], const uint64_t high[2], uint32_t ports,
				uint8_t protocol, uint32_t swap, const uint64_t *secret,
				struct packet *packet)
{
	uint32_t turn = ~swap & 16;
	uint64_t tail;

	ports = ports << turn | ports >> (-turn & 31);
	tail = ports | (uint64_t)protocol << 32;
	plain_store64(packet, offsetof(struct packet, key), low[0]);
	plain_store64(packet, offsetof(struct packet, key) + 8, low[1]);
	plain_store64(packet, offsetof(struct packet, key) + 16, high[0]);
	plain_store64(packet, offsetof(struct packet, key) + 24, high[1]);
	plain_store64(packet, offsetof(struct packet, key) + 32, tail);
	packet->hash = packet_words_hash(low[0], low[1], high[0], high[1], tail, secret);
	// It was captured whole, lies in the frame, and is to be tracked.
	plain_store32(packet, offsetof(struct packet, sender), swap & 1);
}

// The addresses and, behind them, the ports.
PLAIN_INLINE void plain_set_key_v4(const uint8_t *ends, uint8_t protocol, const uint64_t *secret,
				   struct packet *packet)
{
	uint32_t source = bytes_host32(ends), destination = bytes_host32(ends + 4), change;
	uint32_t ports = bytes_be32(ends + 8);
	uint64_t low[2] = {0, 0xffff0000}, high[2] = {0, 0xffff0000};
	uint32_t swap = -(uint32_t)(__builtin_bswap32(source) > __builtin_bswap32(destination));

	if (__builtin_expect(source == destination, 0))
		swap = -(uint32_t)(ports >> 16 > (ports & 0xffff));
	change = (source ^ destination) & swap;
	low[1] |= (uint64_t)(source ^ change) << 32;
	high[1] |= (uint64_t)(destination ^ change) << 32;
	plain_set_key(low, high, ports, protocol, swap, secret, packet);
}

PLAIN_INLINE void plain_set_key_v6(const uint8_t *ends, uint8_t protocol, const uint64_t *secret,
				   struct packet *packet)
{
	uint64_t low[2] = {bytes_host64(ends), bytes_host64(ends + 8)};
	uint64_t high[2] = {bytes_host64(ends + 16), bytes_host64(ends + 24)};
	uint32_t ports = bytes_be32(ends + 32);
	uint64_t swap = -(uint64_t)(__builtin_bswap64(low[0]) > __builtin_bswap64(high[0]));

	if (low[0] == high[0]) {
		swap = -(uint64_t)(__builtin_bswap64(low[1]) > __builtin_bswap64(high[1]));
		if (__builtin_expect(low[1] == high[1], 0))
			swap = -(uint64_t)(ports >> 16 > (ports & 0xffff));
	}
	for (int i = 0; i < 2; i++) {
		uint64_t change = (low[i] ^ high[i]) & swap;

		low[i] ^= change;
		high[i] ^= change;
	}
	plain_set_key(low, high, ports, protocol, (uint32_t)swap, secret, packet);
}

// The type of IPv4, a header of five words, no fragment.
PLAIN_INLINE bool plain_v4(const uint8_t *data)
{
	return (((bytes_host32(data + 12) & 0xffffff) ^ 0x450008) |
		(bytes_host32(data + 20) & 0xff3f)) == 0;
}

PLAIN_INLINE bool plain_v6(const uint8_t *data)
{
	return (bytes_host32(data + 12) & 0xf0ffff) == 0x60dd86;
}

// Returns the length of the header; less than PLAIN_TCP is wrong.
PLAIN_INLINE uint32_t plain_set_tcp(const uint8_t *header, struct packet *packet)
{
	uint64_t numbers = __builtin_bswap64(bytes_host64(header + 4));
	uint32_t rest = bytes_be32(header + 12);

	packet->sequence = (uint32_t)(numbers >> 32);
	packet->acknowledgement = (uint32_t)numbers;
	// And the flags, and that nothing is wrong.
	plain_store32(packet, offsetof(struct packet, window), rest & 0xffffff);
	return rest >> 26 & 0x3c;
}

PLAIN_INLINE void plain_set_udp(const uint8_t *header, struct packet *packet)
{
	packet->udp_length = (int32_t)bytes_be16(header + 4) - PLAIN_UDP;
	packet->acknowledgement = 0;
	plain_store32(packet, offsetof(struct packet, window), 0);
}

// What is the same in all plain frames, or nearly so.
PLAIN_INLINE void plain_set_frame(const struct packet_frame *frame, const uint8_t *data,
				  uint32_t captured, struct packet *packet)
{
	packet->time = frame->time;
	packet->stack = 0;
	// The first 12 of these bytes are the link addresses; where the others go stand the tags.
	memcpy((uint8_t *)packet + offsetof(struct packet, mac), data, 16);
	plain_store32(packet, offsetof(struct packet, vlan), UINT32_MAX);
	// It is inside no tunnel, and its link addresses are known (has_mac); its headers are there
	// (headed).
	plain_store32(packet, offsetof(struct packet, owner), 0x11 << 16);
	if (__builtin_expect(frame->length > captured, 0))
		packet->frame_cut = 1;
}

// From the transport's header on. `v6` and `protocol` are constants where this is called.
PLAIN_INLINE bool plain_transport(const struct packet_decoder *decoder, const uint8_t *data,
				  uint32_t captured, bool v6, uint8_t protocol,
				  struct packet *packet)
{
	const uint32_t headers = PLAIN_ETHERNET + (v6 ? PLAIN_IPV6 : PLAIN_IPV4);
	const uint32_t least = protocol == PACKET_TCP ? PLAIN_TCP : PLAIN_UDP;
	const uint8_t *transport = data + headers;
	uint32_t header = PLAIN_UDP, length, payload;

	// Of the transport's header and payload.
	length = v6 ? bytes_be16(data + 18) : bytes_be16(data + 16) - (uint32_t)PLAIN_IPV4;
	packet->ip_length = length + headers - PLAIN_ETHERNET;
	if (protocol == PACKET_TCP)
		header = plain_set_tcp(transport, packet);
	else
		plain_set_udp(transport, packet);
	payload = length - header;
	packet->payload_captured = (uint16_t)payload;
	// None of these may be less than 0.
	if ((int32_t)((captured - headers - length) | payload | (header - least)) < 0)
		return false;
	packet->payload = transport + header;
	packet->payload_length = (uint16_t)payload;
	if (v6)
		plain_set_key_v6(data + 22, protocol, decoder->secret, packet);
	else
		plain_set_key_v4(data + 26, protocol, decoder->secret, packet);
	return __builtin_expect(decoder->ignore_checksums, 1) ||
	       packet_plain_verified(transport, v6, protocol, length);
}

PLAIN_INLINE bool plain_decode(const struct packet_decoder *decoder,
			       const struct packet_frame *frame, bool v6, struct packet *packet)
{
	const uint8_t *data = frame->data;
	uint32_t captured = frame->captured;
	uint8_t protocol = data[v6 ? 20 : 23];

	plain_set_frame(frame, data, captured, packet);
	if (protocol == PACKET_TCP)
		return plain_transport(decoder, data, captured, v6, PACKET_TCP, packet);
	if (__builtin_expect(protocol != PACKET_UDP, 0) ||
	    !plain_transport(decoder, data, captured, v6, PACKET_UDP, packet))
		return false;
	if (packet_tunnel_likely(decoder->tunnels, packet))
		packet->may_carry = 1;
	return true;
}

// Decodes a frame if it is a plain one: all of `packet` is set but its owner, and it is to be
// tracked. False when it is not, and `packet` may have been written to: packet_decode_any() decodes
// it.
PLAIN_INLINE bool packet_plain_decode(const struct packet_decoder *decoder,
				      const struct packet_frame *frame, struct packet *packet)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (__builtin_expect(frame->link != PACKET_LINK_ETHERNET, 0) ||
	    frame->captured < PLAIN_ETHERNET + PLAIN_IPV4 + PLAIN_TCP)
		return false;
	if (__builtin_expect(plain_v4(frame->data), 1))
		return plain_decode(decoder, frame, false, packet);
	return plain_v6(frame->data) &&
	       frame->captured >= PLAIN_ETHERNET + PLAIN_IPV6 + PLAIN_TCP &&
	       plain_decode(decoder, frame, true, packet);
#else
	// Written for the words of little-endian machines; others take the general way.
	return false;
#endif
}
