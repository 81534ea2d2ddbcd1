/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "capture/records.h"
#include "capture/stream.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

// Trace files, one after the other: pcap and pcapng, any link type, gzipped or not, "-" for
// standard input.
struct trace;

// `paths` must stay while the trace lives. Opens the first file that can be read, with a message
// for each that cannot; NULL when there is none. `wait` is called with `context` while nothing
// comes, see stream.h. A pipe or terminal is opened by the first trace_next(), which may take its
// time.
struct trace *trace_open(const char *const *paths, uint32_t count, stream_wait_function wait,
			 void *context);
void trace_close(struct trace *trace);

// Lets frames of plain pcap files be read into buffers that `buffer` gives, with the context of
// `wait`, instead of into one of the trace's own: then they stay longer (see records.h). Before the
// first trace_next().
void trace_use_buffers(struct trace *trace, records_buffer_function buffer);

// The next frame; its bytes stay until the next call, or longer (trace_frame_stays()). 1: there is
// one. 0: no more. Below 0, once for each file that cannot be read or ends early, with a message:
// the call after that goes on with the next file. One thread.
int trace_next(struct trace *trace, struct packet_frame *frame);

// Do the bytes of the last frame stay until the buffer is given again that it lies in? The thread
// that reads.
bool trace_frame_stays(const struct trace *trace);

// Files that could not be read, or not to their end, so far. The thread that reads.
uint32_t trace_failures(const struct trace *trace);

// How much of all files was read, from 0 to 1, or below 0 when that cannot be known (standard
// input). Any thread.
double trace_progress(const struct trace *trace);
