/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/records.h"

#include "base/bytes.h"
#include "base/time.h"

#include <pcap/dlt.h>

// The pcap file format (draft-ietf-opsawg-pcap): a header of the file, then records with a header
// each.
#define FILE_HEADER       24
#define MAGIC_MICROSECOND 0xa1b2c3d4u
#define MAGIC_NANOSECOND  0xa1b23c4du
// Seconds 4, fraction 4, captured length 4, original length 4.
#define RECORD_HEADER 16

// Before version 2.4 the two lengths may be the other way round; libpcap knows when.
#define VERSION_MAJOR 2
#define VERSION_MINOR 4

static uint32_t field(const struct records *records, const uint8_t *bytes)
{
	uint32_t value = bytes_host32(bytes);

	return records->swapped ? __builtin_bswap32(value) : value;
}

static bool read_file_header(struct records *records, const uint8_t *header)
{
	uint32_t magic = bytes_host32(header);
	uint16_t major, minor;

	records->swapped = magic == __builtin_bswap32(MAGIC_MICROSECOND) ||
			   magic == __builtin_bswap32(MAGIC_NANOSECOND);
	magic = field(records, header);
	if (magic != MAGIC_MICROSECOND && magic != MAGIC_NANOSECOND)
		return false;
	records->unit = magic == MAGIC_MICROSECOND ? TIME_MICROSECOND : 1;
	memcpy(&major, header + 4, sizeof(major));
	memcpy(&minor, header + 6, sizeof(minor));
	if (records->swapped) {
		major = __builtin_bswap16(major);
		minor = __builtin_bswap16(minor);
	}
	return major == VERSION_MAJOR && minor == VERSION_MINOR;
}

// Link types whose frames libpcap hands over as they lie in the file. Of some others it swaps
// fields or corrects lengths (USB, NFLOG).
static bool is_left_alone(uint32_t link)
{
	switch (link) {
	case DLT_NULL:
	case DLT_EN10MB:
	case DLT_PPP:
	case DLT_PPP_SERIAL:
	case DLT_RAW:
	case DLT_IEEE802_11:
	case DLT_IEEE802_11_RADIO:
	case DLT_LOOP:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
		return true;
	default:
		return false;
	}
}

bool records_begin(struct records *records, struct stream *stream, uint32_t link, uint32_t snapshot)
{
	uint8_t header[FILE_HEADER];

	if (!is_left_alone(link) || !stream_peek(stream, header, sizeof(header)) ||
	    !read_file_header(records, header))
		return false;
	records->stream = stream;
	records->link = link;
	records->longest = snapshot < RECORDS_FRAME ? snapshot : RECORDS_FRAME;
	records->at = records->end = NULL;
	records->offset = FILE_HEADER;
	// From the begin on, so that pieces of the file begin at pages, too.
	return stream_seek(stream, 0) == 0;
}

// Reads the next piece behind what is left of this one. False when nothing came.
static bool read_piece(struct records *records)
{
	size_t left = (size_t)(records->end - records->at);
	uint8_t *buffer = records->buffer(records->context);
	uint8_t *piece = buffer + RECORDS_HEAD;
	bool first = records->at == NULL;
	ssize_t got;

	if (left > 0)
		memcpy(piece - left, records->at, left);
	records->at = piece - left;
	records->end = piece;
	got = stream_read(records->stream, piece, RECORDS_PIECE);
	if (got <= 0)
		return false;
	records->end += got;
	if (!first) {
		records->offset += (uint64_t)got;
		return true;
	}
	if (got < FILE_HEADER) {
		records->end = piece;
		return false;
	}
	records->at += FILE_HEADER;
	records->offset = (uint64_t)got;
	return true;
}

uint64_t records_time(uint64_t seconds, uint64_t nanoseconds)
{
	if (seconds >= TIME_LATEST / TIME_SECOND)
		return TIME_LATEST;
	return seconds * TIME_SECOND + (nanoseconds < TIME_SECOND ? nanoseconds : 0);
}

bool records_next(struct records *records, struct packet_frame *frame)
{
	const uint8_t *record = records->at;
	size_t left = (size_t)(records->end - record);
	uint32_t captured;

	while (left < RECORD_HEADER ||
	       left - RECORD_HEADER < (captured = field(records, record + 8))) {
		if (left >= RECORD_HEADER && captured > records->longest)
			return false;
		if (!read_piece(records))
			return false;
		record = records->at;
		left = (size_t)(records->end - record);
	}
	if (captured > records->longest)
		return false;
	frame->data = record + RECORD_HEADER;
	frame->captured = captured;
	frame->length = field(records, record + 12);
	frame->time = records_time(field(records, record),
				   field(records, record + 4) * records->unit);
	frame->link = records->link;
	records->at = frame->data + captured;
	return true;
}

int records_leave(struct records *records)
{
	return stream_seek(records->stream,
			   records->offset - (uint64_t)(records->end - records->at));
}
