/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/trace.h"

#include "base/message.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

// What libpcap reads from at once, and zlib from the file.
#define STREAM_BUFFER (1u << 18)
// Look at the position in the file once in this many frames.
#define PROGRESS_EVERY 4096

struct trace {
	const char *const *paths;
	uint32_t count, at;
	pcap_t *pcap;
	gzFile stream;
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

struct trace *trace_open(const char *const *paths, uint32_t count)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace == NULL)
		return NULL;
	trace->paths = paths;
	trace->count = count;
	trace->bytes_total = total_size(paths, count);
	return trace;
}

static void close_file(struct trace *trace)
{
	if (trace->pcap == NULL)
		return;
	pcap_close(trace->pcap);
	trace->pcap = NULL;
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

static ssize_t stream_read(void *cookie, char *buffer, size_t size)
{
	int got = gzread(cookie, buffer, (unsigned)size);

	if (got < 0) {
		errno = EIO;
		return -1;
	}
	return got;
}

static int stream_close(void *cookie)
{
	return gzclose_r(cookie) == Z_OK ? 0 : -1;
}

// A FILE that gives the plain bytes of a file that may be gzipped.
static FILE *open_stream(const char *path, gzFile *stream)
{
	cookie_io_functions_t functions = {.read = stream_read, .close = stream_close};
	int descriptor = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
						: open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	FILE *file;

	if (descriptor < 0 || fstat(descriptor, &status) < 0) {
		message_error("%s: cannot be read: %s", path_name(path), strerror(errno));
		goto failed;
	}
	if (S_ISDIR(status.st_mode)) {
		message_error("%s: is a directory; give the trace files in it", path_name(path));
		goto failed;
	}
	*stream = gzdopen(descriptor, "rb");
	if (*stream == NULL) {
		message_error("%s: cannot be read: no memory", path_name(path));
		goto failed;
	}
	gzbuffer(*stream, STREAM_BUFFER);
	file = fopencookie(*stream, "r", functions);
	if (file == NULL) {
		gzclose_r(*stream);
		return NULL;
	}
	setvbuf(file, NULL, _IOFBF, STREAM_BUFFER);
	return file;

failed:
	if (descriptor >= 0)
		close(descriptor);
	return NULL;
}

static int open_next(struct trace *trace)
{
	const char *path = trace->paths[trace->at++];
	char reason[PCAP_ERRBUF_SIZE];
	FILE *file = open_stream(path, &trace->stream);

	trace->frames = 0;
	if (file == NULL)
		return -EIO;
	trace->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO,
							       reason);
	if (trace->pcap == NULL) {
		message_error("%s: is not a trace that can be read (pcap or pcapng, plain or "
			      "gzipped): %s",
			      path_name(path), reason);
		fclose(file);
		return -EINVAL;
	}
	trace->link = (uint32_t)pcap_datalink(trace->pcap);
	return 0;
}

static void note_progress(struct trace *trace)
{
	z_off_t offset = gzoffset(trace->stream);

	if (offset > 0)
		atomic_store_explicit(&trace->bytes_read, trace->bytes_before + (uint64_t)offset,
				      memory_order_relaxed);
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
		result = pcap_next_ex(trace->pcap, &header, &data);
		if (result == 1)
			break;
		if (result == PCAP_ERROR) {
			message_error("%s: after %llu packets: %s; the file is cut short or "
				      "damaged, what was read of it is logged",
				      path_name(trace->paths[trace->at - 1]),
				      (unsigned long long)trace->frames, pcap_geterr(trace->pcap));
			close_file(trace);
			return -EIO;
		}
		close_file(trace);
	}
	if (trace->frames++ % PROGRESS_EVERY == 0)
		note_progress(trace);
	frame->data = data;
	frame->captured = header->caplen;
	frame->length = header->len;
	// libpcap keeps nanoseconds in tv_usec when it was asked for that precision.
	frame->time = (uint64_t)header->ts.tv_sec * TIME_SECOND + (uint64_t)header->ts.tv_usec;
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
