/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/replay.h"

#include "base/prefetch.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/message.h"
#include "base/time.h"
#include "capture/rss.h"
#include "capture/trace.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 << 20)
// So many frames ahead their headers are asked for, as a card's driver finds them in the cache.
#define AHEAD 24
// Between the last packet of a round and the first of the next, ns.
#define PAUSE       1000
#define IPV4_HEADER 20
#define IPV6_HEADER 40

struct replay_frame {
	uint64_t time;
	uint8_t *data;
	uint32_t captured;
	uint32_t length;
	uint16_t link;
	uint16_t addresses; // offset of the source address; 0: they stay
	uint16_t checksum;  // offset of the transport's checksum; 0: there is none
	uint8_t v6;
	uint8_t udp;
};

static_assert(sizeof(struct replay_frame) == 32, "two descriptors a cache line");

struct replay_block {
	struct replay_block *next;
	size_t used;
	uint8_t *data; // [BLOCK_BYTES]
};

// What one worker plays. It is the only one who writes here after the start.
struct replay_part {
	struct replay_frame *frame;
	size_t count, room;
	size_t opening; // the first of them, which only the first round has
	size_t at;
	uint32_t round;
	uint32_t change; // what this round's addresses differ by from those of the last
	uint32_t mask;   // and from those of the trace; in network byte order
	uint64_t later;  // ns that this round is later than the trace
	_Atomic uint64_t played;
} __attribute__((aligned(64)));

struct replay {
	struct replay_settings settings;
	struct packet_decoder decoder; // only finds headers
	struct replay_block *blocks;
	uint64_t again; // the trace's time of the first packet that later rounds have
	uint64_t last;  // and of the last of all
	uint64_t count; // frames of all parts
	uint32_t failures;
	atomic_bool stop;
	struct replay_part part[];
};

void replay_destroy(struct replay *replay)
{
	if (replay == NULL)
		return;
	while (replay->blocks != NULL) {
		struct replay_block *block = replay->blocks;

		replay->blocks = block->next;
		memory_unmap(block->data, BLOCK_BYTES);
		free(block);
	}
	for (uint32_t i = 0; i < replay->settings.workers; i++)
		free(replay->part[i].frame);
	free(replay);
}

static uint8_t *keep_bytes(struct replay *replay, const uint8_t *data, uint32_t length)
{
	struct replay_block *block = replay->blocks;
	uint8_t *copy;

	if (length > BLOCK_BYTES)
		return NULL;
	if (block == NULL || BLOCK_BYTES - block->used < length) {
		block = calloc(1, sizeof(*block));
		if (block == NULL)
			return NULL;
		block->data = memory_map(BLOCK_BYTES, replay->settings.hugepages);
		if (block->data == NULL) {
			free(block);
			return NULL;
		}
		block->next = replay->blocks;
		replay->blocks = block;
	}
	copy = block->data + block->used;
	memcpy(copy, data, length);
	block->used += length;
	return copy;
}

// Where a transport has its checksum, which covers the addresses. 0: nowhere.
static uint32_t checksum_offset(uint8_t protocol, bool v6)
{
	switch (protocol) {
	case PACKET_TCP:
		return 16;
	case PACKET_UDP:
		return 6;
	case PACKET_ICMPV6:
		return v6 ? 2 : 0;
	default:
		return 0;
	}
}

static void find_checksum(struct replay_frame *frame, const uint8_t *transport, uint8_t protocol)
{
	uint32_t offset = checksum_offset(protocol, frame->v6);
	size_t at = (size_t)(transport - frame->data) + offset;

	if (offset == 0 || at + 2 > frame->captured || at > UINT16_MAX)
		return;
	frame->udp = protocol == PACKET_UDP;
	// UDP without one stays without one.
	if (!frame->udp || bytes_be16(frame->data + at) != 0)
		frame->checksum = (uint16_t)at;
}

// What stands between an IPv6 header and the transport.
enum extension {
	EXTENSION_NONE,     // nothing that matters: the transport is there
	EXTENSION_FRAGMENT, // a later fragment: the transport is in another frame
	EXTENSION_STRANGE, // the checksum covers other addresses than those of the header, or who knows
};

// Skips IPv6 extension headers (RFC 8200, section 4). `left` bytes are at *header, which is of kind
// *next. Routing headers and home addresses (RFC 6275) replace addresses in the checksum.
static enum extension skip_extensions(const uint8_t **header, uint32_t left, uint8_t *next)
{
	enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION = 60 };

	for (;;) {
		uint32_t length;

		if (*next == ROUTING || *next == DESTINATION)
			return EXTENSION_STRANGE;
		if (*next != HOP_BY_HOP && *next != FRAGMENT && *next != AUTHENTICATION)
			return EXTENSION_NONE;
		if (left < 8)
			return EXTENSION_STRANGE;
		if (*next == FRAGMENT && bytes_be16(*header + 2) & 0xfff8)
			return EXTENSION_FRAGMENT;
		length = *next == FRAGMENT         ? 8
			 : *next == AUTHENTICATION ? ((*header)[1] + 2u) * 4
						   : ((*header)[1] + 1u) * 8;
		if (length > left)
			return EXTENSION_STRANGE;
		*next = (*header)[0];
		*header += length;
		left -= length;
	}
}

static void find_checksum_v6(struct replay_frame *frame, const uint8_t *ip, uint32_t left)
{
	const uint8_t *transport = ip + IPV6_HEADER;
	uint8_t protocol = ip[6];

	switch (skip_extensions(&transport, left - IPV6_HEADER, &protocol)) {
	case EXTENSION_NONE:
		find_checksum(frame, transport, protocol);
		break;
	case EXTENSION_FRAGMENT:
		break;
	case EXTENSION_STRANGE:
		frame->addresses = 0;
		break;
	}
}

// Finds what a round changes, and returns the hash that chooses the worker: over the pair of
// addresses alone, so that fragments, which know no ports, come to the right one.
static uint32_t examine(struct replay *replay, const struct packet_frame *whole,
			struct replay_frame *frame)
{
	uint32_t offset = packet_ip_offset(&replay->decoder, whole);
	const uint8_t *ip = whole->data + offset;
	struct packet_key key = {0};
	uint32_t left;

	if (offset == UINT32_MAX || offset > UINT16_MAX / 2)
		return 0;
	left = whole->captured - offset;
	frame->v6 = left >= IPV6_HEADER && ip[0] >> 4 == 6;
	if (frame->v6) {
		frame->addresses = (uint16_t)(offset + 8);
		memcpy(key.address, ip + 8, sizeof(key.address));
		find_checksum_v6(frame, frame->data + offset, left);
	} else if (left >= IPV4_HEADER && ip[0] >> 4 == 4) {
		frame->addresses = (uint16_t)(offset + 12);
		for (int end = 0; end < 2; end++) {
			memset(key.address[end].byte + 10, 0xff, 2);
			memcpy(key.address[end].byte + 12, ip + 12 + 4 * end, 4);
		}
		// A later fragment has no transport header.
		if ((bytes_be16(ip + 6) & 0x1fff) == 0)
			find_checksum(frame, frame->data + offset + (ip[0] & 0xfu) * 4, ip[9]);
	}
	return rss_hash(&key);
}

static int add_frame(struct replay *replay, const struct packet_frame *whole)
{
	struct replay_frame frame = {
		.time = whole->time,
		.captured = whole->captured,
		.length = whole->length,
		.link = (uint16_t)whole->link,
		.data = keep_bytes(replay, whole->data, whole->captured),
	};
	struct replay_part *part;

	if (frame.data == NULL)
		return -ENOMEM;
	part = &replay->part[rss_worker(examine(replay, whole, &frame))];
	if (part->count == part->room) {
		size_t room = part->room != 0 ? 2 * part->room : 65536;
		struct replay_frame *more = realloc(part->frame, room * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		part->frame = more;
		part->room = room;
	}
	part->frame[part->count++] = frame;
	if (replay->count < replay->settings.opening)
		part->opening++;
	if (replay->count == 0 || whole->time > replay->last)
		replay->last = whole->time;
	if (replay->count == replay->settings.opening ||
	    (replay->count > replay->settings.opening && whole->time < replay->again))
		replay->again = whole->time;
	replay->count++;
	return 0;
}

// Signals wait until all is loaded.
static bool go_on(void *context)
{
	return true;
}

static int load(struct replay *replay)
{
	const struct replay_settings *settings = &replay->settings;
	struct trace *trace = trace_open(settings->paths, settings->path_count, go_on, replay);
	struct packet_frame frame;
	int result = 1;

	if (trace == NULL)
		return -EINVAL;
	while (result != 0) {
		result = trace_next(trace, &frame);
		if (result == 1 && add_frame(replay, &frame) < 0) {
			message_error("no memory to keep the traces in; replay fewer or smaller "
				      "ones, or set [capture] source = direct");
			trace_close(trace);
			return -ENOMEM;
		}
	}
	replay->failures = trace_failures(trace);
	trace_close(trace);
	if (replay->count == 0) {
		message_error("there is no packet in the traces, so there is nothing to replay");
		return -EINVAL;
	}
	if (replay->count <= settings->opening && settings->rounds != 1) {
		message_error("[replay] opening = %u is to be less than the packets in the traces, "
			      "which are %llu: otherwise later rounds have none",
			      settings->opening, (unsigned long long)replay->count);
		return -EINVAL;
	}
	return 0;
}

struct replay *replay_create(const struct replay_settings *settings)
{
	size_t size = sizeof(struct replay) + settings->workers * sizeof(struct replay_part);
	struct replay *replay = aligned_alloc(64, (size + 63) & ~(size_t)63);

	if (replay == NULL) {
		message_error("no memory to replay traces");
		return NULL;
	}
	memset(replay, 0, size);
	replay->settings = *settings;
	rss_prepare(settings->workers);
	if (load(replay) < 0) {
		replay_destroy(replay);
		return NULL;
	}
	return replay;
}

// The change of a checksum when `before` becomes `after` (RFC 1624, equation 3).
static uint32_t checksum_change(uint32_t sum, uint32_t before, uint32_t after)
{
	sum += (~before & 0xffff) + (~(before >> 16) & 0xffff);
	return sum + (after & 0xffff) + (after >> 16);
}

static void checksum_update(uint8_t *field, uint32_t change, bool udp)
{
	uint16_t checksum;
	uint32_t sum;

	memcpy(&checksum, field, sizeof(checksum));
	sum = (uint16_t)~checksum + change;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	checksum = (uint16_t)~sum;
	// In UDP 0 would say that there is none (RFC 768).
	if (checksum == 0 && udp)
		checksum = 0xffff;
	memcpy(field, &checksum, sizeof(checksum));
}

// Gives a frame this round's addresses: both are changed alike, so that their pair keeps its
// worker, and the two directions of a connection stay together.
static void rewrite(const struct replay_frame *frame, uint32_t change, bool checksums)
{
	uint8_t *source = frame->data + frame->addresses + (frame->v6 ? 12 : 0);
	uint8_t *destination = source + (frame->v6 ? 16 : 4);
	uint32_t before[2] = {bytes_host32(source), bytes_host32(destination)};
	uint32_t after[2] = {before[0] ^ change, before[1] ^ change};
	uint32_t sum;

	memcpy(source, &after[0], sizeof(after[0]));
	memcpy(destination, &after[1], sizeof(after[1]));
	if (!checksums)
		return;
	sum = checksum_change(checksum_change(0, before[0], after[0]), before[1], after[1]);
	if (!frame->v6)
		checksum_update(source - 2, sum, false);
	if (frame->checksum != 0)
		checksum_update(frame->data + frame->checksum, sum, frame->udp);
}

// False when there is no further round.
static bool next_round(const struct replay *replay, struct replay_part *part)
{
	uint32_t rounds = replay->settings.rounds, mask;

	if (part->count == part->opening || (rounds != 0 && part->round + 1 >= rounds))
		return false;
	// Time has an end, to which a trace of many years comes after a few rounds.
	if (part->later + 2 * (replay->last - replay->again + PAUSE) + replay->again > TIME_LATEST)
		return false;
	part->round++;
	part->at = part->opening;
	part->later += replay->last - replay->again + PAUSE;
	if (!replay->settings.new_addresses)
		return true;
	// Well mixed, so that no two rounds share many addresses.
	mask = part->round * 0x9e3779b1u;
	part->change = part->mask ^ mask;
	part->mask = mask;
	return true;
}

static void prefetch_header(const struct replay_part *part, size_t at)
{
	const uint8_t *data;

	if (at >= part->count)
		return;
	data = part->frame[at].data;
	prefetch(data);
	// Where a frame begins in a line decides whether its headers end in the next.
	prefetch(data + 63);
}

uint32_t replay_burst(struct replay *replay, uint32_t worker, struct packet_frame *frames,
		      uint32_t most)
{
	struct replay_part *part = &replay->part[worker];
	bool checksums = !replay->settings.ignore_checksums;
	uint32_t count = 0;

	if (atomic_load_explicit(&replay->stop, memory_order_relaxed) ||
	    (part->at == part->count && !next_round(replay, part)))
		return 0;
	for (; count < most && part->at < part->count; count++) {
		const struct replay_frame *frame = &part->frame[part->at];

		prefetch_header(part, part->at + AHEAD);
		if (part->change != 0 && frame->addresses != 0)
			rewrite(frame, part->change, checksums);
		frames[count] = (struct packet_frame){
			.data = frame->data,
			.captured = frame->captured,
			.length = frame->length,
			.time = frame->time + part->later,
			.link = frame->link,
		};
		part->at++;
	}
	atomic_store_explicit(&part->played,
			      part->round * (uint64_t)(part->count - part->opening) + part->at,
			      memory_order_relaxed);
	return count;
}

void replay_stop(struct replay *replay)
{
	atomic_store_explicit(&replay->stop, true, memory_order_relaxed);
}

double replay_progress(const struct replay *replay)
{
	uint64_t played = 0, all = 0;

	if (replay->settings.rounds == 0)
		return -1;
	for (uint32_t i = 0; i < replay->settings.workers; i++) {
		const struct replay_part *part = &replay->part[i];

		played += atomic_load_explicit(&part->played, memory_order_relaxed);
		all += part->opening +
		       (uint64_t)(part->count - part->opening) * replay->settings.rounds;
	}
	return (double)played / (double)all;
}

uint32_t replay_failures(const struct replay *replay)
{
	return replay->failures;
}
