/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "check.h"

#include "base/time.h"
#include "packet/fragment.h"
#include "packet/packet_internal.h"
#include "packet/packet_key.h"

// Any bytes as frames of any link type. An input is one byte of settings, and then for each frame
//
//     | link 1 | step 1 | missing 1 | captured 2, little endian | the captured bytes |
//
// where `link` chooses from a list, `step` moves time, and `missing` says how much more was on the
// wire. Whatever may be a tunnel is opened as each kind of tunnel, and so is what comes out of it.

#define FRAGMENTS   4
#define FRAMES_MOST 200
// What is several kinds of tunnel at once doubles with each level.
#define OPENED_MOST 300
#define MORE_MOST   100

enum { IGNORE_CHECKSUMS = 1, NO_FRAGMENTS = 2, RECYCLE_ALWAYS = 4, TUNNELS = 8, DEEP = 16 };

static const uint32_t links[] = {
	PACKET_LINK_ETHERNET, PACKET_LINK_RAW,  PACKET_LINK_COOKED,   PACKET_LINK_COOKED2,
	PACKET_LINK_NULL,     PACKET_LINK_PPP,  PACKET_LINK_NFLOG,    PACKET_LINK_PPP_SERIAL,
	PACKET_LINK_LOOP,     PACKET_LINK_FDDI, PACKET_LINK_WIRELESS, PACKET_LINK_RADIOTAP,
	UINT32_MAX,
};

// The bytes that a packet may point to.
struct bounds {
	const uint8_t *frame;
	uint32_t captured;
	uint32_t length;
	unsigned opened;
};

static void check_tracked(const struct packet_decoder *decoder, const struct packet *packet,
			  const struct bounds *bounds)
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
		CHECK(packet->payload >= bounds->frame);
		CHECK(packet->payload + packet->payload_captured <=
		      bounds->frame + bounds->captured);
		CHECK(packet->payload_length <= bounds->length);
	}
	for (uint32_t i = 0; i < packet->payload_captured; i++)
		sum = (uint8_t)(sum + packet->payload[i]);
}

static void check_tunnels(const struct packet_decoder *decoder, const struct packet *packet)
{
	const struct packet_tunnels *tunnels = decoder->tunnels;
	unsigned most = tunnels != NULL ? tunnels->depth : 0;

	CHECK(packet->depth <= most);
	CHECK((packet->depth == 0) == (packet->stack == 0));
	CHECK((packet->depth == 0) == (packet->innermost == PACKET_TUNNEL_NONE));
	CHECK(packet->innermost < PACKET_TUNNEL_COUNT);
	CHECK(!packet->may_carry || (packet->key.protocol == PACKET_UDP && tunnels != NULL));
	// Whatever its connection may find is among what was promised.
	for (int end = 0; end < 2 && packet->key.protocol == PACKET_UDP; end++) {
		enum packet_tunnel kind = packet_tunnel_of(tunnels, packet, packet->key.port[end]);

		CHECK(kind == PACKET_TUNNEL_NONE || packet->may_carry ||
		      packet->transport != PACKET_TRANSPORT_OK);
	}
}

static void check_packet(struct packet_decoder *decoder, const struct packet *packet,
			 struct bounds *bounds);

// All packets of the frame after the first.
static void take_more(struct packet_decoder *decoder, uint64_t time, struct bounds *bounds)
{
	struct packet packet;

	memset(&packet, 0xee, sizeof(packet));
	for (unsigned i = 0; i < MORE_MOST && packet_decode_more(decoder, &packet); i++) {
		struct packet_rest rest = decoder->rest;

		CHECK(packet.time == time);
		check_packet(decoder, &packet, bounds);
		// What it carries was decoded with the same decoder.
		decoder->rest = rest;
	}
}

static void open_as(struct packet_decoder *decoder, const struct packet *carrier,
		    enum packet_tunnel kind, struct bounds *bounds)
{
	struct uid parent = {kind, {carrier->depth, 77}};
	enum packet_verdict verdict;
	struct packet packet;

	memset(&packet, 0xee, sizeof(packet));
	verdict = packet_decapsulate(decoder, carrier, kind, parent, &packet);
	CHECK(verdict == packet.verdict);
	CHECK(packet.time == carrier->time);
	if (verdict == PACKET_TRACK) {
		CHECK(packet.depth > carrier->depth);
		CHECK(packet.stack != carrier->stack);
		// Memory that is used again after this burst stays marked as such.
		CHECK(packet.copied || !carrier->copied);
		if (kind != PACKET_TUNNEL_GRE && packet.depth == carrier->depth + 1)
			CHECK(packet.innermost == kind &&
			      memcmp(&packet.parent, &parent, sizeof(parent)) == 0);
	}
	check_packet(decoder, &packet, bounds);
	take_more(decoder, carrier->time, bounds);
}

static void open_tunnels(struct packet_decoder *decoder, const struct packet *carrier,
			 struct bounds *bounds)
{
	const struct packet_tunnels *tunnels = decoder->tunnels;

	for (int i = 0; i < PACKET_TUNNEL_COUNT; i++) {
		enum packet_tunnel kind = (enum packet_tunnel)i;
		enum packet_tunnel_result result = packet_tunnel_check(tunnels, carrier, kind);

		CHECK((result == PACKET_TUNNEL_TOO_DEEP) == (carrier->depth >= tunnels->depth));
		if (result == PACKET_TUNNEL_OPEN && bounds->opened++ < OPENED_MOST)
			open_as(decoder, carrier, kind, bounds);
	}
}

static void check_packet(struct packet_decoder *decoder, const struct packet *packet,
			 struct bounds *bounds)
{
	CHECK(packet->verdict < PACKET_VERDICT_COUNT);
	CHECK(packet->copied <= 1);
	if (packet->verdict != PACKET_TRACK)
		return;
	check_tracked(decoder, packet, bounds);
	check_tunnels(decoder, packet);
	if (packet->may_carry)
		open_tunnels(decoder, packet, bounds);
}

// What is decoded the short way comes out as it does the long way.
static void check_plain(struct packet_decoder *decoder, const struct packet_frame *frame)
{
	struct packet plain, other;

	memset(&plain, 0, sizeof(plain));
	memset(&other, 0, sizeof(other));
	if (frame->link != PACKET_LINK_ETHERNET || !packet_plain_decode(decoder, frame, &plain))
		return;
	CHECK(packet_decode_any(decoder, frame, &other) == PACKET_TRACK);
	CHECK(memcmp(&plain, &other, sizeof(plain)) == 0);
}

static void decode_one(struct packet_decoder *decoder, struct input *input, uint64_t time)
{
	uint32_t link = links[take_8(input) % (sizeof(links) / sizeof(links[0]))];
	uint32_t missing, captured;
	struct packet_frame frame;
	struct packet packet;
	struct packet_rest rest;
	struct bounds bounds;
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
	check_plain(decoder, &frame);
	memset(&packet, 0xee, sizeof(packet));
	verdict = packet_decode(decoder, &frame, &packet);
	CHECK(packet.verdict == verdict);
	CHECK(packet.time == time);
	bounds = (struct bounds){bytes, captured, frame.length, 0};
	rest = decoder->rest;
	check_packet(decoder, &packet, &bounds);
	decoder->rest = rest;
	take_more(decoder, time, &bounds);
	free(bytes);
}

static struct packet_tunnels tunnels;

static const struct packet_tunnels *tunnels_of(uint8_t settings)
{
	static const struct {
		uint16_t port;
		enum packet_tunnel kind;
	} ports[] = {
		{5072, PACKET_TUNNEL_AYIYA}, {6081, PACKET_TUNNEL_GENEVE},
		{4754, PACKET_TUNNEL_GRE},   {2123, PACKET_TUNNEL_GTP},
		{2152, PACKET_TUNNEL_GTP},   {3544, PACKET_TUNNEL_TEREDO},
		{4789, PACKET_TUNNEL_VXLAN},
	};

	if (!(settings & TUNNELS))
		return NULL;
	tunnels.depth = settings & DEEP ? PACKET_TUNNEL_MOST : 4;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		tunnels.kind[ports[i].port] = (uint8_t)ports[i].kind;
	return &tunnels;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint8_t settings = take_8(&input);
	struct packet_decoder decoder = {.ignore_checksums = settings & IGNORE_CHECKSUMS,
					 .tunnels = tunnels_of(settings),
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
