/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/trace.h"

#include "base/message.h"
#include "base/time.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Look at the position in the file once in this many frames.
#define PROGRESS_EVERY 4096

struct trace {
	const char *const *paths;
	uint32_t count, at;
	pcap_t *pcap;
	struct stream *stream;
	stream_wait_function wait;
	void *context;
	struct records records;
	bool in_records; // they are read by us, not by libpcap
	uint32_t failures;
	uint32_t link;
	uint64_t frames;       // of the current file
	uint64_t bytes_before; // of files that are done
	uint64_t bytes_total;  // 0: unknown
	_Atomic uint64_t bytes_read;
};

static const char *path_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

// Sizes are only for the progress bar, so that what cannot be told is no error here, but 0.
static uint64_t file_size(const char *path)
{
	struct stat status;

	if (strcmp(path, "-") == 0 || stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return 0;
	return (uint64_t)status.st_size;
}

static uint64_t total_size(const char *const *paths, uint32_t count)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t size = file_size(paths[i]);

		if (size == 0)
			return 0;
		total += size;
	}
	return total;
}

static void close_file(struct trace *trace)
{
	if (trace->pcap == NULL)
		return;
	// Closes the stream too.
	pcap_close(trace->pcap);
	trace->pcap = NULL;
	trace->in_records = false;
	trace->bytes_before += file_size(trace->paths[trace->at - 1]);
	atomic_store_explicit(&trace->bytes_read, trace->bytes_before, memory_order_relaxed);
}

void trace_close(struct trace *trace)
{
	if (trace == NULL)
		return;
	close_file(trace);
	free(trace);
}

// The header of the file was read by libpcap, which thus says what is wrong with it.
static void begin_records(struct trace *trace)
{
	int snapshot = pcap_snapshot(trace->pcap);

	if (trace->records.buffer != NULL && snapshot > 0)
		trace->in_records = records_begin(&trace->records, trace->stream, trace->link,
						  (uint32_t)snapshot);
}

void trace_use_buffers(struct trace *trace, records_buffer_function buffer)
{
	trace->records.buffer = buffer;
	trace->records.context = trace->context;
	if (trace->pcap != NULL)
		begin_records(trace);
}

bool trace_frame_stays(const struct trace *trace)
{
	return trace->in_records;
}

static int open_next(struct trace *trace)
{
	const char *path = trace->paths[trace->at++];
	char reason[PCAP_ERRBUF_SIZE];
	const char *damage;
	bool told = false;

	trace->frames = 0;
	trace->stream = stream_open(path, trace->wait, trace->context);
	if (trace->stream == NULL)
		goto failed;
	trace->pcap = pcap_fopen_offline_with_tstamp_precision(stream_file(trace->stream),
							       PCAP_TSTAMP_PRECISION_NANO, reason);
	if (trace->pcap == NULL) {
		damage = stream_reason(trace->stream);
		told = stream_ended(trace->stream);
		if (!told)
			message_error("%s: is not a trace that can be read (pcap or pcapng, plain "
				      "or gzipped): %s",
				      path_name(path), damage != NULL ? damage : reason);
		fclose(stream_file(trace->stream));
		goto failed;
	}
	trace->link = (uint32_t)pcap_datalink(trace->pcap);
	begin_records(trace);
	return 0;

failed:
	trace->failures += !told;
	return -EINVAL;
}

// A pipe or terminal: opening it may take until somebody writes.
static bool may_wait(const char *path)
{
	struct stat status;

	if (strcmp(path, "-") == 0)
		return true;
	return stat(path, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
}

struct trace *trace_open(const char *const *paths, uint32_t count, stream_wait_function wait,
			 void *context)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace == NULL) {
		message_error("no memory to read traces with");
		return NULL;
	}
	trace->paths = paths;
	trace->count = count;
	trace->wait = wait;
	trace->context = context;
	trace->bytes_total = total_size(paths, count);
	while (trace->at < count) {
		if (may_wait(paths[trace->at]) || open_next(trace) == 0)
			return trace;
	}
	trace_close(trace);
	return NULL;
}

uint32_t trace_failures(const struct trace *trace)
{
	return trace->failures;
}

static void note_progress(struct trace *trace)
{
	atomic_store_explicit(&trace->bytes_read,
			      trace->bytes_before + stream_position(trace->stream),
			      memory_order_relaxed);
}

// The file ended in the middle of something, unless we were told to stop there.
static int fail(struct trace *trace)
{
	const char *reason = stream_reason(trace->stream);
	bool told = stream_ended(trace->stream);

	if (!told) {
		trace->failures++;
		message_error("%s: after %llu packets: %s; the file is cut short or damaged, what "
			      "was read of it is logged",
			      path_name(trace->paths[trace->at - 1]),
			      (unsigned long long)trace->frames,
			      reason != NULL ? reason : pcap_geterr(trace->pcap));
	}
	close_file(trace);
	return told ? 0 : -EIO;
}

// A classic pcap has 32 bits without sign for the seconds, which libpcap hands over with one, and
// keeps nanoseconds in tv_usec when it was asked for that precision.
static uint64_t frame_time(const struct timeval *stamp)
{
	uint64_t seconds = stamp->tv_sec < 0 && stamp->tv_sec >= INT32_MIN
				   ? (uint32_t)stamp->tv_sec
				   : (uint64_t)stamp->tv_sec;

	return records_time(seconds, (uint64_t)stamp->tv_usec);
}

static void count_frame(struct trace *trace)
{
	if (trace->frames++ % PROGRESS_EVERY == 0)
		note_progress(trace);
}

int trace_next(struct trace *trace, struct packet_frame *frame)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;

	for (;;) {
		int result;

		if (trace->pcap == NULL) {
			if (trace->at == trace->count)
				return 0;
			result = open_next(trace);
			if (result < 0)
				return result;
		}
		if (trace->in_records) {
			if (records_next(&trace->records, frame)) {
				count_frame(trace);
				return 1;
			}
			trace->in_records = false;
			if (records_leave(&trace->records) < 0)
				return fail(trace);
		}
		result = pcap_next_ex(trace->pcap, &header, &data);
		if (result == 1)
			break;
		if (result == PCAP_ERROR)
			return fail(trace);
		if (stream_reason(trace->stream) != NULL)
			return fail(trace);
		close_file(trace);
	}
	count_frame(trace);
	frame->data = data;
	frame->captured = header->caplen;
	frame->length = header->len;
	frame->time = frame_time(&header->ts);
	frame->link = trace->link;
	return 1;
}

double trace_progress(const struct trace *trace)
{
	if (trace->bytes_total == 0)
		return -1;
	return (double)atomic_load_explicit(&trace->bytes_read, memory_order_relaxed) /
	       (double)trace->bytes_total;
}
