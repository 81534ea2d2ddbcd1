/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "dump/dump_ring.h"

#include <stddef.h>

// Captures: the packets of chosen connections go to files, one a connection.
//
//   worker --(frames, by value)--> ring --> thread "weir-capture" --> DIRECTORY/UID.pcapng
//   worker --------------------->  ring -->
//
// A file begins with the first packet that was put, and is complete once its connection has ended
// (or the run has); until then it can be read as far as it goes. Its section header has the comment
// "weir connection UID, rule NAME, PROTO ORIG:PORT > RESP:PORT", its interface statistics at the
// end say how many packets are missing. All frames are Ethernet's, whatever the link was: those
// that filters see (filter/filter.h).
//
// Files of an earlier run are left alone: they do not count, and where one has the name of a new
// file, a number is added to the new one ("UID-1.pcapng").
//
// What cannot be written is told once and counted, and never ends the run: the file is closed, its
// connection gets no other one. New files are tried again after a second.

#define DUMP_FILE_LEAST 4096    // bytes of a file
#define DUMP_RING_MOST  1048576 // packets in a ring
#define DUMP_RULE_SIZE  64      // room for a rule's name

struct dump_settings {
	const char *directory;
	uint64_t file_bytes;   // of a file, at most; DUMP_FILE_LEAST or more
	uint32_t files;        // that one run makes, at most
	uint32_t packet_bytes; // of a packet, at most; up to DUMP_PACKET_MOST
	uint32_t ring_packets; // that a worker's ring holds, at most; a power of two
	uint32_t workers;
	// A worker whose ring is full waits: for runs that read files and are to lose nothing.
	bool wait;
	// Writes what a rule is called into `name`, at most DUMP_RULE_SIZE bytes with its NUL. Is
	// called from the thread.
	void (*rule_name)(void *context, uint32_t rule, char *name);
	void *context;
};

struct dump_counters {
	uint64_t files;   // made by this run
	uint64_t packets; // written
	uint64_t bytes;   // written, with all that a file has around packets
	// Packets that were wanted and not written:
	uint64_t lost;    // the ring was full
	uint64_t refused; // no file for their connection: there were `files` already
	uint64_t beyond;  // their file had `file_bytes` already
	uint64_t failed;  // writing failed
	uint64_t filled;  // files that reached `file_bytes`
};

struct dump;

// Rings for the workers; nothing is touched in them, or made in the file system, before a packet
// comes. The settings are copied. NULL after a message when they are wrong or memory is out.
// Start-up only, as all here unless said otherwise.
struct dump *dump_create(const struct dump_settings *settings);

// Finds out, before the run, whether files can be made: creates the directory if it is missing.
// Without it that is done when the first packet comes. Returns 0 or a negative errno after a
// message.
int dump_prepare(struct dump *dump);

struct dump_ring *dump_ring(struct dump *dump, uint32_t worker);

// Starts the thread, which blocks every signal and has the caller's CPUs. Returns 0 or a negative errno after a message.
int dump_start(struct dump *dump);

// Writes what is left in the rings, completes every file and ends the thread. Blocks. No worker may
// put anything any more. Returns 0, or the first thing that went wrong in the whole run as a
// negative errno; a message told it. Control only.
int dump_finish(struct dump *dump);

// A little late while the thread runs. Any thread but a worker.
void dump_count(const struct dump *dump, struct dump_counters *counters);

// Finishes unless that was done, and frees everything. NULL is allowed.
void dump_destroy(struct dump *dump);
