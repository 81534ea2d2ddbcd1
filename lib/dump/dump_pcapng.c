/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "dump/dump_pcapng.h"

#include "base/bytes.h"
#include "weir/version.h"

#include <string.h>

enum block {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = DUMP_PCAPNG_PACKET,
};

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_APPLICATION = 4,
	INTERFACE_DESCRIPTION = 3,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	STATISTICS_BEGIN = 2,
	STATISTICS_END = 3,
	STATISTICS_RECEIVED = 4,
	STATISTICS_DROPPED = 5,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define NANOSECONDS      9 // units are 10^-9 s

#define LINK_ETHERNET    1
#define INTERFACE        0 // the section's first

// Bits 0 and 1 of a packet's flags.
#define INBOUND  1
#define OUTBOUND 2

// Type and length in front, length behind.
#define FRAME 12

static uint8_t *put16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

// Times are written with their upper half first, whatever the byte order.
static uint8_t *put_time(uint8_t *at, uint64_t time)
{
	at = put32(at, (uint32_t)(time >> 32));
	return put32(at, (uint32_t)time);
}

static uint8_t *put_padded(uint8_t *at, const void *bytes, size_t length)
{
	static const uint8_t zeros[3];

	memcpy(at, bytes, length);
	memcpy(at + length, zeros, -length & 3);
	return at + length + (-length & 3);
}

static uint8_t *put_option(uint8_t *at, enum option option, const void *bytes, size_t length)
{
	at = put16(at, (uint16_t)option);
	at = put16(at, (uint16_t)length);
	return put_padded(at, bytes, length);
}

static uint8_t *put_text(uint8_t *at, enum option option, const char *text)
{
	return put_option(at, option, text, strnlen(text, DUMP_PCAPNG_COMMENT));
}

static uint8_t *begin(uint8_t *to, enum block type)
{
	return put32(to, (uint32_t)type) + sizeof(uint32_t);
}

static size_t end(uint8_t *to, uint8_t *at)
{
	uint32_t length = (uint32_t)(at - to) + (uint32_t)sizeof(length);

	put32(to + 4, length);
	put32(at, length);
	return length;
}

size_t dump_pcapng_section(uint8_t *to, const char *comment)
{
	uint8_t *at = begin(to, BLOCK_SECTION);

	at = put32(at, BYTE_ORDER_MAGIC);
	at = put16(at, 1); // version 1.0
	at = put16(at, 0);
	at = put32(at, UINT32_MAX); // how long the section will be is not known
	at = put32(at, UINT32_MAX);
	at = put_text(at, OPTION_COMMENT, comment);
	at = put_text(at, SECTION_APPLICATION, "weir " WEIR_VERSION);
	at = put_option(at, OPTION_END, "", 0);
	return end(to, at);
}

size_t dump_pcapng_interface(uint8_t *to, uint32_t snap)
{
	uint8_t *at = begin(to, BLOCK_INTERFACE);
	uint8_t resolution = NANOSECONDS;

	at = put16(at, LINK_ETHERNET);
	at = put16(at, 0);
	at = put32(at, snap);
	at = put_text(at, INTERFACE_DESCRIPTION, "outbound: from the originator");
	at = put_option(at, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	at = put_option(at, OPTION_END, "", 0);
	return end(to, at);
}

size_t dump_pcapng_packet_size(uint32_t captured)
{
	// Interface, time and lengths; the packet; its flags and the end of options.
	return FRAME + 20 + (((size_t)captured + 3) & ~(size_t)3) + 12;
}

size_t dump_pcapng_packet(uint8_t *to, const struct dump_pcapng_packet *packet)
{
	uint32_t flags = packet->from_originator ? OUTBOUND : INBOUND;
	uint8_t *at = begin(to, BLOCK_PACKET);

	at = put32(at, INTERFACE);
	at = put_time(at, packet->time);
	at = put32(at, packet->captured);
	at = put32(at, packet->length);
	at = put_padded(at, packet->data, packet->captured);
	at = put_option(at, PACKET_FLAGS, &flags, sizeof(flags));
	at = put_option(at, OPTION_END, "", 0);
	return end(to, at);
}

static uint8_t *put_time_option(uint8_t *at, enum option option, uint64_t time)
{
	uint8_t halves[8];

	put_time(halves, time);
	return put_option(at, option, halves, sizeof(halves));
}

size_t dump_pcapng_statistics(uint8_t *to, const struct dump_pcapng_statistics *statistics)
{
	uint8_t *at = begin(to, BLOCK_STATISTICS);

	at = put32(at, INTERFACE);
	at = put_time(at, statistics->end);
	if (statistics->comment != NULL)
		at = put_text(at, OPTION_COMMENT, statistics->comment);
	at = put_time_option(at, STATISTICS_BEGIN, statistics->begin);
	at = put_time_option(at, STATISTICS_END, statistics->end);
	at = put_option(at, STATISTICS_RECEIVED, &statistics->received,
			sizeof(statistics->received));
	at = put_option(at, STATISTICS_DROPPED, &statistics->dropped, sizeof(statistics->dropped));
	at = put_option(at, OPTION_END, "", 0);
	return end(to, at);
}

uint32_t dump_pcapng_block(const uint8_t *from, size_t left, size_t *length)
{
	*length = 0;
	if (left < FRAME)
		return 0;
	if (bytes_host32(from + 4) <= left)
		*length = bytes_host32(from + 4);
	return bytes_host32(from);
}
