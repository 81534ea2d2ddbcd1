/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "check.h"

#include "base/time.h"
#include "packet/fragment.h"
#include "packet/packet.h"
#include "packet/packet_key.h"

// Any bytes as frames of any link type. An input is one byte of settings, and then for each frame
//
//     | link 1 | step 1 | missing 1 | captured 2, little endian | the captured bytes |
//
// where `link` chooses from a list, `step` moves time, and `missing` says how much more was on the
// wire.

#define FRAGMENTS   4
#define FRAMES_MOST 200
#define TUNNELS     4

enum { IGNORE_CHECKSUMS = 1, NO_FRAGMENTS = 2, RECYCLE_ALWAYS = 4, NO_TUNNELS = 8 };

static const struct packet_tunnels tunnels = {.depth = TUNNELS};

static const uint32_t links[] = {
	PACKET_LINK_ETHERNET,
	PACKET_LINK_RAW,
	PACKET_LINK_COOKED,
	PACKET_LINK_COOKED2,
	PACKET_LINK_NULL,
	PACKET_LINK_PPP,
	PACKET_LINK_NFLOG,
	PACKET_LINK_PPP_SERIAL,
	PACKET_LINK_LOOP,
	PACKET_LINK_FDDI,
	PACKET_LINK_WIRELESS,
	PACKET_LINK_RADIOTAP,
	UINT32_MAX,
};

static void check_tracked(const struct packet_decoder *decoder, const struct packet *packet,
			  const uint8_t *frame, uint32_t captured, uint32_t length)
{
	const struct packet_key *key = &packet->key;
	int order = memcmp(&key->address[0], &key->address[1], sizeof(key->address[0]));
	volatile uint8_t sum = 0;

	CHECK(packet->sender <= 1);
	CHECK(key->one_way <= 1);
	CHECK(key->flags == 0);
	CHECK(key->one_way || order < 0 || (order == 0 && key->port[0] <= key->port[1]));
	CHECK(!key->one_way || packet->sender == 0);
	CHECK(packet->hash == packet_key_hash(key, decoder->secret));
	CHECK(packet->transport <= PACKET_TRANSPORT_LONG_HEADER);
	CHECK(!decoder->ignore_checksums || packet->transport != PACKET_TRANSPORT_BAD_CHECKSUM);
	CHECK(packet->payload_captured <= packet->payload_length);
	CHECK(packet->cut == (packet->payload_captured < packet->payload_length));
	CHECK(packet->ip_length <= 65535 + 40);
	if (packet->copied) {
		CHECK(packet->payload_length <= 65535);
		CHECK(!packet->cut || packet->depth > 0);
	} else {
		CHECK(packet->payload >= frame);
		CHECK(packet->payload + packet->payload_captured <= frame + captured);
		CHECK(packet->payload_length <= length);
	}
	for (uint32_t i = 0; i < packet->payload_captured; i++)
		sum = (uint8_t)(sum + packet->payload[i]);
}

static void decode_one(struct packet_decoder *decoder, struct input *input, uint64_t time)
{
	uint32_t link = links[take_8(input) % (sizeof(links) / sizeof(links[0]))];
	uint32_t missing, captured;
	struct packet_frame frame;
	struct packet packet;
	enum packet_verdict verdict;
	uint8_t *bytes;

	take_8(input);
	missing = take_8(input);
	missing = missing < 128 ? missing : (missing - 127) * 600;
	captured = take_16(input);
	captured = captured < input->left ? captured : (uint32_t)input->left;
	// A copy of exactly this size, so that the sanitizer sees a read beyond it.
	bytes = malloc(captured > 0 ? captured : 1);
	memcpy(bytes, input->data, captured);
	input->data += captured;
	input->left -= captured;
	frame = (struct packet_frame){bytes, captured, captured + missing, time, link};
	memset(&packet, 0xee, sizeof(packet));
	verdict = packet_decode(decoder, &frame, &packet);
	CHECK(packet.verdict == verdict);
	do {
		CHECK(packet.verdict < PACKET_VERDICT_COUNT);
		CHECK(packet.time == time);
		CHECK(packet.copied <= 1);
		CHECK(packet.depth <= TUNNELS);
		if (packet.verdict == PACKET_TRACK)
			check_tracked(decoder, &packet, bytes, captured, frame.length);
	} while (packet_decode_more(decoder, &packet));
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint8_t settings = take_8(&input);
	struct packet_decoder decoder = {.ignore_checksums = settings & IGNORE_CHECKSUMS,
					 .tunnels = settings & NO_TUNNELS ? NULL : &tunnels,
					 .secret = {1, 2, 3, 4, 5, 6}};
	uint64_t time = UINT64_C(1700000000) * TIME_SECOND;

	if (!(settings & NO_FRAGMENTS)) {
		decoder.fragments = fragment_table_create(FRAGMENTS, TIME_SECOND);
		CHECK(decoder.fragments != NULL);
	}
	for (int i = 0; i < FRAMES_MOST && input.left > 5; i++) {
		time += input.data[1] * (TIME_SECOND / 64);
		decode_one(&decoder, &input, time);
		if (decoder.fragments != NULL && (settings & RECYCLE_ALWAYS || i % 16 == 15))
			fragment_table_recycle(decoder.fragments);
	}
	fragment_table_destroy(decoder.fragments);
	return 0;
}
