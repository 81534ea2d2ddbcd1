/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet_fixture.h"

#include "packet/packet_internal.h"

// Frames that are decoded the short way must come out as they do the long way.

static uint64_t random_state = 7;

static uint32_t any(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % below);
}

static const struct packet_tunnels tunnels = {
	.depth = 4, .kind = {[4789] = PACKET_TUNNEL_VXLAN, [3544] = PACKET_TUNNEL_TEREDO}};

static struct packet_decoder decoder(bool ignore_checksums)
{
	struct packet_decoder decoder = {.ignore_checksums = ignore_checksums, .tunnels = &tunnels};

	for (unsigned i = 0; i < PACKET_SECRET_WORDS; i++)
		decoder.secret[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
	return decoder;
}

static void build(struct frame *frame)
{
	static const uint16_t ports[] = {53, 80, 443, 4789, 3544, 40000, 50000};
	uint32_t source = ports[any(7)], destination = ports[any(7)], payload = any(4) * any(300);

	frame->link = PACKET_LINK_ETHERNET;
	frame->length = 0;
	if (any(4) == 0) {
		uint8_t protocol = any(3) ? PACKET_TCP : PACKET_UDP;

		frame_ethernet(frame, 0x86dd);
		frame_ip6(frame, (uint8_t)any(3), (uint8_t)any(3), protocol);
		if (protocol == PACKET_TCP)
			frame_tcp(frame, source, destination, (uint8_t)any(256), payload);
		else
			frame_udp(frame, source, destination, payload);
	} else {
		uint8_t protocol = any(3) ? PACKET_TCP : PACKET_UDP;

		frame_ethernet(frame, 0x0800);
		frame_ip4(frame, HOST_A + any(3), HOST_B, protocol);
		if (protocol == PACKET_TCP)
			frame_tcp_options(frame, 5 + any(3), source, destination, (uint8_t)any(256),
					  payload);
		else
			frame_udp(frame, source, destination, payload);
	}
	frame_seal(frame);
	if (any(5) == 0)
		frame_payload(frame, any(40));
}

// Returns whether the short way took it.
static bool compare(struct packet_decoder *decoder, const struct packet_frame *frame)
{
	struct packet plain, other;

	// As in a poll loop's array: of another packet.
	memset(&plain, 0xa5, sizeof(plain));
	memset(&other, 0, sizeof(other));
	if (!packet_plain_decode(decoder, frame, &plain))
		return false;
	// Nobody asks who carries a packet that came through no tunnel.
	assert_int_equal(plain.stack, 0);
	plain.parent = other.parent;
	assert_int_equal(packet_decode_any(decoder, frame, &other), PACKET_TRACK);
	assert_memory_equal(&plain, &other, sizeof(plain));
	return true;
}

static void whole_frames_come_out_the_same(void **state)
{
	static struct frame frame;
	unsigned plain = 0;

	for (int i = 0; i < 20000; i++) {
		struct packet_decoder strict = decoder(false), lax = decoder(true);

		build(&frame);

		struct packet_frame whole = {.data = frame.byte,
					     .captured = frame.length,
					     .length = frame.length + any(2),
					     .time = DECODE_TIME,
					     .link = frame.link};

		plain += compare(&strict, &whole);
		plain += compare(&lax, &whole);
	}
	assert_true(plain > 30000);
}

static void damaged_frames_come_out_the_same(void **state)
{
	static struct frame frame;
	unsigned plain = 0;

	for (int i = 0; i < 300000; i++) {
		struct packet_decoder lax = decoder(any(2));
		uint8_t *exact;

		build(&frame);
		for (uint32_t flips = any(4); flips > 0; flips--)
			frame.byte[any(60)] ^= (uint8_t)(1u << any(8));
		if (any(3) == 0)
			frame.length = any(frame.length) + 1;
		// In a block of its own, so that what reads behind it is found out.
		exact = malloc(frame.length);
		memcpy(exact, frame.byte, frame.length);

		struct packet_frame damaged = {.data = exact,
					       .captured = frame.length,
					       .length = any(5) ? frame.length : any(2000),
					       .time = DECODE_TIME,
					       .link = frame.link};

		plain += compare(&lax, &damaged);
		free(exact);
	}
	assert_true(plain > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_frames_come_out_the_same),
		cmocka_unit_test(damaged_frames_come_out_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
