/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "capture/stream.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

// The records of a plain pcap file, read in large pieces and handed out where they lie:
//
//   buffer:  |      the begin of a record that the last piece cut | piece: record | record | ... |
//            0                                          RECORDS_HEAD                RECORDS_BUFFER
//
// Only what is in good order is read here. At anything else (the end of the file, a record that was
// cut or is larger than the file says) libpcap goes on from that record, so that it alone decides
// what is an error and what to say of it.

// What is read at once. It stays in the second-level cache until it was decoded.
#define RECORDS_PIECE (1u << 18)
// A frame that is larger is libpcap's, too: its own limit for most link types.
#define RECORDS_FRAME 262144u
// Room for all but the last byte of a record, so that the piece behind it begins at a page.
#define RECORDS_HEAD   (RECORDS_FRAME + 4096)
#define RECORDS_BUFFER (RECORDS_HEAD + RECORDS_PIECE)

// Gives a buffer of RECORDS_BUFFER bytes, at best at the begin of a page. The frames in the one
// that was given before it are still in use.
typedef uint8_t *(*records_buffer_function)(void *context);

struct records {
	struct stream *stream;
	records_buffer_function buffer;
	void *context;
	const uint8_t *at; // the next record
	const uint8_t *end;
	uint64_t offset; // of `end` in the file
	uint64_t unit;   // ns that a fraction of a second stands for
	uint32_t longest;
	uint32_t link;
	bool swapped;
};

// Begins with the first record, when this is a file that can be read here; else nothing happened.
// `link` and `snapshot` are what libpcap says of the file.
bool records_begin(struct records *records, struct stream *stream, uint32_t link,
		   uint32_t snapshot);

// The next frame, whose bytes stay until its buffer is given again. False when the rest is to be
// read by libpcap.
bool records_next(struct records *records, struct packet_frame *frame);

// Sets the stream to the record at which records_next() gave up. Returns 0 or a negative errno.
int records_leave(struct records *records);

// A time as trace files have it, brought back to TIME_LATEST, so that a deadline can be added to
// any time. What is no part of a second does not count.
uint64_t records_time(uint64_t seconds, uint64_t nanoseconds);
