/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/bytes.h"
#include "base/time.h"
#include "packet/fragment.h"
#include "packet/packet.h"
#include "packet/packet_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

// Builds frames field by field, outermost header first:
//
//     struct frame frame = {.link = PACKET_LINK_ETHERNET};
//
//     frame_ethernet(&frame, 0x0800);
//     frame_ip4(&frame, HOST_A, HOST_B, PACKET_UDP);
//     frame_udp(&frame, 40000, 53, 100);
//     frame_seal(&frame);
//
// frame_seal() writes what a sender would: lengths and checksums of the last IP header and of the
// transport. What a test changes after that is wrong on purpose.

#define HOST_A      0x0a000001u
#define HOST_B      0x0a000002u
#define NOTHING     UINT32_MAX
#define DECODE_TIME (UINT64_C(1700000000) * TIME_SECOND)

struct frame {
	uint32_t link;
	uint32_t length;
	uint32_t ip;        // where the IP header begins
	uint32_t transport; // where the transport header begins
	uint8_t protocol;
	uint8_t byte[66000];
};

static inline void set_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void set_be32(uint8_t *at, uint32_t value)
{
	set_be16(at, value >> 16);
	set_be16(at + 2, value);
}

static inline uint8_t *frame_zeros(struct frame *frame, uint32_t count)
{
	uint8_t *at = frame->byte + frame->length;

	assert_true(frame->length + count <= sizeof(frame->byte));
	memset(at, 0, count);
	frame->length += count;
	return at;
}

static inline void frame_8(struct frame *frame, uint32_t value)
{
	*frame_zeros(frame, 1) = (uint8_t)value;
}

static inline void frame_16(struct frame *frame, uint32_t value)
{
	set_be16(frame_zeros(frame, 2), value);
}

static inline void frame_32(struct frame *frame, uint32_t value)
{
	set_be32(frame_zeros(frame, 4), value);
}

// Bytes that differ from their neighbours, so that a piece in the wrong place shows.
static inline void frame_payload(struct frame *frame, uint32_t count)
{
	uint8_t *at = frame_zeros(frame, count);

	for (uint32_t i = 0; i < count; i++)
		at[i] = (uint8_t)(i * 7 + i / 256 * 13 + 1);
}

static inline void frame_ethernet(struct frame *frame, uint32_t type)
{
	frame_zeros(frame, 12);
	frame_16(frame, type);
}

// A VLAN tag; `type` is what follows. The type in front of the tag was already written.
static inline void frame_vlan(struct frame *frame, uint32_t number, uint32_t type)
{
	frame_16(frame, number);
	frame_16(frame, type);
}

static inline void frame_mpls(struct frame *frame, uint32_t label, bool bottom)
{
	frame_32(frame, label << 12 | (uint32_t)bottom << 8 | 64);
}

// `words` counts 32-bit words, 5 without options; options are no-operations.
static inline void frame_ip4_options(struct frame *frame, uint32_t words, uint32_t source,
				     uint32_t destination, uint8_t protocol)
{
	uint8_t *at = frame_zeros(frame, words * 4);

	frame->ip = (uint32_t)(at - frame->byte);
	frame->protocol = protocol;
	frame->transport = frame->length;
	at[0] = (uint8_t)(0x40 | words);
	at[8] = 64;
	at[9] = protocol;
	set_be32(at + 12, source);
	set_be32(at + 16, destination);
	memset(at + 20, 1, words * 4 - 20);
}

static inline void frame_ip4(struct frame *frame, uint32_t source, uint32_t destination,
			     uint8_t protocol)
{
	frame_ip4_options(frame, 5, source, destination, protocol);
}

// 2001:db8::`host`
static inline void set_ip6(uint8_t *at, uint8_t host)
{
	memset(at, 0, 16);
	set_be32(at, 0x20010db8);
	at[15] = host;
}

static inline void frame_ip6(struct frame *frame, uint8_t source, uint8_t destination, uint8_t next)
{
	uint8_t *at = frame_zeros(frame, 40);

	frame->ip = (uint32_t)(at - frame->byte);
	frame->protocol = next;
	frame->transport = frame->length;
	at[0] = 0x60;
	at[6] = next;
	at[7] = 64;
	set_ip6(at + 8, source);
	set_ip6(at + 24, destination);
}

// An IPv6 extension header of `length` bytes, in the form that most of them share: next header,
// length, zeros.
static inline uint8_t *frame_extension(struct frame *frame, uint8_t next, uint32_t length)
{
	uint8_t *at = frame_zeros(frame, length);

	at[0] = next;
	at[1] = (uint8_t)(length / 8 - 1);
	frame->protocol = next;
	frame->transport = frame->length;
	return at;
}

static inline void frame_udp(struct frame *frame, uint32_t source, uint32_t destination,
			     uint32_t payload)
{
	frame->transport = frame->length;
	frame->protocol = PACKET_UDP;
	frame_16(frame, source);
	frame_16(frame, destination);
	frame_16(frame, 8 + payload);
	frame_16(frame, 0);
	frame_payload(frame, payload);
}

// `words` of header, 5 without options.
static inline void frame_tcp_options(struct frame *frame, uint32_t words, uint32_t source,
				     uint32_t destination, uint8_t flags, uint32_t payload)
{
	uint8_t *at = frame_zeros(frame, words * 4);

	frame->transport = (uint32_t)(at - frame->byte);
	frame->protocol = PACKET_TCP;
	set_be16(at, source);
	set_be16(at + 2, destination);
	set_be32(at + 4, 0x01020304);
	set_be32(at + 8, 0x05060708);
	at[12] = (uint8_t)(words << 4);
	at[13] = flags;
	set_be16(at + 14, 0x1234);
	memset(at + 20, 1, words * 4 - 20);
	frame_payload(frame, payload);
}

static inline void frame_tcp(struct frame *frame, uint32_t source, uint32_t destination,
			     uint8_t flags, uint32_t payload)
{
	frame_tcp_options(frame, 5, source, destination, flags, payload);
}

static inline void frame_icmp(struct frame *frame, uint8_t protocol, uint8_t type, uint8_t code,
			      uint32_t payload)
{
	frame->transport = frame->length;
	frame->protocol = protocol;
	frame_8(frame, type);
	frame_8(frame, code);
	frame_zeros(frame, 6);
	frame_payload(frame, payload);
}

// The Internet checksum as RFC 1071 explains it, 16 bits at a time; the code under test does it in
// another way.
static inline uint32_t slow_sum(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void frame_seal_ip(struct frame *frame)
{
	uint8_t *ip = frame->byte + frame->ip;

	if (ip[0] >> 4 == 6) {
		set_be16(ip + 4, frame->length - frame->ip - 40);
		return;
	}
	set_be16(ip + 2, frame->length - frame->ip);
	set_be16(ip + 10, 0);
	set_be16(ip + 10, 0xffff ^ slow_sum(0, ip, (ip[0] & 0xfu) * 4));
}

static inline int checksum_place(uint8_t protocol)
{
	switch (protocol) {
	case PACKET_TCP:
		return 16;
	case PACKET_UDP:
		return 6;
	case PACKET_ICMP:
	case PACKET_ICMPV6:
		return 2;
	default:
		return -1;
	}
}

static inline void frame_seal_transport(struct frame *frame)
{
	const uint8_t *ip = frame->byte + frame->ip;
	uint8_t *message = frame->byte + frame->transport;
	uint32_t length = frame->length - frame->transport, sum = 0;
	int place = checksum_place(frame->protocol);

	if (place < 0 || length < (uint32_t)place + 2)
		return;
	set_be16(message + place, 0);
	if (frame->protocol != PACKET_ICMP) {
		sum = ip[0] >> 4 == 6 ? slow_sum(0, ip + 8, 32) : slow_sum(0, ip + 12, 8);
		sum = slow_sum(sum + frame->protocol + length, NULL, 0);
	}
	sum = 0xffff ^ slow_sum(sum, message, length);
	if (frame->protocol == PACKET_UDP && sum == 0)
		sum = 0xffff;
	set_be16(message + place, sum);
}

static inline void frame_seal(struct frame *frame)
{
	frame_seal_ip(frame);
	frame_seal_transport(frame);
}

// The decoder of a test, and the frame that it decodes in memory of exactly the captured size, so
// that the sanitizer sees every read beyond it.
struct decoding {
	struct packet_decoder decoder;
	struct packet packet;
	uint8_t *bytes;
	uint64_t time;
};

static inline int decoding_create(void **state)
{
	struct decoding *decoding = calloc(1, sizeof(*decoding));

	for (unsigned i = 0; i < PACKET_SECRET_WORDS; i++)
		decoding->decoder.secret[i] = UINT64_C(0x123456789abcdef1) * (i + 1);
	decoding->decoder.fragments = fragment_table_create(8, 30 * TIME_SECOND);
	decoding->time = DECODE_TIME;
	*state = decoding;
	return 0;
}

static inline int decoding_destroy(void **state)
{
	struct decoding *decoding = *state;

	fragment_table_destroy(decoding->decoder.fragments);
	free(decoding->bytes);
	free(decoding);
	return 0;
}

// What a packet says of the headers in front of its payload.
static inline void assert_headers(const struct packet *packet)
{
	uint32_t length = packet_headers(packet);
	const uint8_t *ip = packet->payload - length;

	assert_int_equal(packet->headed, packet->ip_length != 0);
	if (length == 0)
		return;
	assert_true(length >= 20);
	if (ip[0] >> 4 == 4) {
		assert_int_equal(bytes_be16(ip + 2), packet->ip_length);
		assert_int_equal(ip[9], packet->key.protocol);
	} else {
		assert_int_equal(ip[0] >> 4, 6);
		assert_int_equal(bytes_be16(ip + 4) + 40, packet->ip_length);
	}
}

// `captured` bytes of the frame, which had `length` bytes on the wire.
static inline enum packet_verdict decode_cut(struct decoding *decoding, const struct frame *frame,
					     uint32_t captured, uint32_t length)
{
	struct packet_frame input = {.captured = captured,
				     .length = length,
				     .time = decoding->time,
				     .link = frame->link};
	enum packet_verdict verdict;

	free(decoding->bytes);
	decoding->bytes = malloc(captured > 0 ? captured : 1);
	memcpy(decoding->bytes, frame->byte, captured);
	input.data = decoding->bytes;
	memset(&decoding->packet, 0xee, sizeof(decoding->packet));
	verdict = packet_decode(&decoding->decoder, &input, &decoding->packet);
	assert_int_equal(decoding->packet.verdict, verdict);
	assert_int_equal(decoding->packet.time, decoding->time);
	if (verdict == PACKET_TRACK)
		assert_headers(&decoding->packet);
	return verdict;
}

static inline enum packet_verdict decode(struct decoding *decoding, const struct frame *frame)
{
	return decode_cut(decoding, frame, frame->length, frame->length);
}

// Decodes the frame cut at every byte. From `least` captured bytes on, it must be tracked, and
// below it must not. Where `captured` also is all that was on the wire, only the whole frame
// counts.
static inline void assert_tracked_from(struct decoding *decoding, const struct frame *frame,
				       uint32_t least)
{
	for (uint32_t captured = 0; captured <= frame->length; captured++) {
		enum packet_verdict verdict = decode_cut(decoding, frame, captured, frame->length);

		if (captured >= least)
			assert_int_equal(verdict, PACKET_TRACK);
		else
			assert_int_not_equal(verdict, PACKET_TRACK);
		verdict = decode_cut(decoding, frame, captured, captured);
		if (captured == frame->length)
			assert_int_equal(verdict, PACKET_TRACK);
		else
			assert_int_not_equal(verdict, PACKET_TRACK);
	}
}

static inline struct address address_of(uint32_t ipv4)
{
	struct address address = {{[10] = 0xff, [11] = 0xff}};

	set_be32(address.byte + 12, ipv4);
	return address;
}

static inline struct address address6_of(uint8_t host)
{
	struct address address;

	set_ip6(address.byte, host);
	return address;
}

// Who sent the packet and to whom, port included, in the words of the header.
static inline void assert_way(const struct packet *packet, struct address source, uint16_t from,
			      struct address destination, uint16_t to)
{
	unsigned sender = packet->sender;

	assert_memory_equal(&packet->key.address[sender], &source, sizeof(source));
	assert_memory_equal(&packet->key.address[sender ^ 1], &destination, sizeof(destination));
	assert_int_equal(packet->key.port[sender], from);
	assert_int_equal(packet->key.port[sender ^ 1], to);
}
