/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_reader.h"

#include "conn/conn_internal.h"

#include <stdlib.h>

// How a record is read while its worker changes it.
//
// The worker says which record it is changing (conn_at()), and every change of what a summary shows
// leaves a trace in the record's version: a packet is counted, or conn_changed() counts the change;
// a slot that is used again has another generation. With other words it is a sequence lock whose
// "odd" bit is one word for the whole table, since a worker changes one record at a time, and whose
// number is what the record has anyway: a packet pays one store for all this.
//
//   reader:  version   at?         copy ...         at?   version, live?
//   worker:      | at = this | change, version + 1 | at = another |
//
// Why the copy is then of one moment. Let the record not be the one at hand when the first "at?" is
// asked; so no change is under way there. A change that writes while the copy is made has begun
// after that. Either it is still under way at the second "at?", which shows it, or it is complete;
// then its trace is in the second version and not in the first one, which was taken before it
// began. The packet counts cannot come back to where they were: each change makes their sum one
// larger, modulo 2^32 for either, also where a flip exchanges them; and whoever sets them otherwise
// calls conn_changed().
//
// Changes between conn_change_begin() and conn_change_end() have a sequence lock's number of their own.
//
// Removing is another case: nothing changes but the flag CONN_LIVE, which belongs to the version,
// and then the extension, which may be another connection's from there on. Whoever saw something of
// that sees that the flag is gone. It does not come back with the same generation, and within one
// read section not at all. An index of an extension that is no index is never used: it comes out of
// a copy which is checked only later.
//
// Not read, because others than this connection's packets write to them: links of lists and of the
// wheel, ranges. Deadlines, which timers move, are read, but no summary shows them.
//
// Order: on x86 loads are made in the order of the program, and become visible so as stores;
// elsewhere the fences see to it.

// A record that changes all the time is read so often; with pauses, some ten microseconds.
#define ATTEMPTS 256

// The worker's stores to its records are plain ones, on purpose: a packet would pay for anything
// else. What a race can do is worked out above, so that ThreadSanitizer is not asked about these
// functions.
#define RACES __attribute__((no_sanitize("thread")))

typedef uint64_t __attribute__((may_alias)) any_word;

struct version {
	uint64_t packets; // of both sides
	uint32_t generation;
	uint32_t changes;
};

static_assert(offsetof(struct conn, packets) % 8 == 0 && sizeof(((struct conn *)0)->packets) == 8,
	      "both counts are one word");

// Where a table has what. Copied, since the worker writes to the lines in which the table says so.
struct places {
	const struct conn *conn;
	const struct conn_cold *cold;
	const struct conn_rare *rare;
	const struct conn_watch *watch;
	const struct conn_extension *extension;
	_Atomic(struct conn *) const *at;
	const uint32_t *changes;
	const uint64_t *inactivity; // by class; new rules change it
	uint32_t slots, extensions;
};

struct conn_reader {
	struct places from;
	uint64_t again;
	// A table of one connection, whose arrays are the copies below: for conn_summarize().
	struct conn_table one;
	struct conn conn;
	struct conn_cold cold;
	struct conn_rare rare;
	struct conn_watch watch;
	struct conn_extension extension;
};

struct conn_reader *conn_reader_create(const struct conn_table *table)
{
	struct conn_reader *reader = aligned_alloc(_Alignof(struct conn_reader), sizeof(*reader));

	if (reader == NULL)
		return NULL;
	memset(reader, 0, sizeof(*reader));
	reader->from = (struct places){
		.conn = table->conn,
		.cold = table->cold,
		.rare = table->rare,
		.watch = table->watch,
		.extension = table->pool.extension,
		.at = &table->at,
		.changes = table->changes,
		.inactivity = table->settings.inactivity,
		.slots = table->slots,
		.extensions = table->pool.extension_end,
	};
	reader->one.settings = table->settings;
	reader->one.conn = &reader->conn;
	reader->one.cold = &reader->cold;
	reader->one.rare = &reader->rare;
	reader->one.watch = &reader->watch;
	reader->one.pool.extension = &reader->extension;
	return reader;
}

void conn_reader_destroy(struct conn_reader *reader)
{
	free(reader);
}

uint64_t conn_reader_again(const struct conn_reader *reader)
{
	return reader->again;
}

bool conn_reader_has_tags(const struct conn_reader *reader)
{
	return reader->one.settings.keep_link;
}

RACES uint32_t conn_table_slots_used(const struct conn_table *table)
{
	return __atomic_load_n(&table->free.fresh, __ATOMIC_RELAXED);
}

RACES static inline __attribute__((always_inline)) void copy(void *to, const void *from,
							     size_t size)
{
	const any_word *source = from;
	any_word *target = to;

	for (size_t i = 0; i < size / sizeof(*source); i++)
		target[i] = __atomic_load_n(&source[i], __ATOMIC_RELAXED);
}

#define COPY(to, from)                                                                             \
	do {                                                                                       \
		static_assert(sizeof(*(to)) % sizeof(any_word) == 0, "copied by words");           \
		copy(to, from, sizeof(*(to)));                                                     \
	} while (0)

RACES static inline __attribute__((always_inline)) struct version version_of(
	const struct places *from, uint32_t slot)
{
	const any_word *packets = (const any_word *)&from->conn[slot].packets;

	return (struct version){
		.packets = __atomic_load_n(packets, __ATOMIC_RELAXED),
		.generation = __atomic_load_n(&from->cold[slot].generation, __ATOMIC_RELAXED),
		.changes = __atomic_load_n(&from->changes[slot % CONN_CHANGES], __ATOMIC_RELAXED),
	};
}

// Is the worker changing this record? What stands before is read before, and what comes after is
// read after.
RACES static inline __attribute__((always_inline)) bool is_at(const struct places *from,
							      uint32_t slot)
{
	const struct conn *at;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	at = __atomic_load_n((struct conn *const *)from->at, __ATOMIC_ACQUIRE);
	return at == &from->conn[slot];
}

// The parts of a record beyond the two that all have; which of them, the copies of those two say.
// What is added to a record is to be added here. False when the copies contradict themselves.
RACES static bool copy_parts(struct conn_reader *reader, uint32_t slot)
{
	const struct places *from = &reader->from;

	if (reader->cold.rare)
		COPY(&reader->rare, &from->rare[slot]);
	if (reader->cold.watched)
		COPY(&reader->watch, &from->watch[slot]);
	if (conn_flag(&reader->conn, CONN_EXTENDED)) {
		if (reader->cold.extension >= from->extensions)
			return false;
		COPY(&reader->extension, &from->extension[reader->cold.extension]);
		reader->cold.extension = 0;
	}
	return true;
}

// One attempt. CONN_READ_BUSY: the worker came in between.
RACES static enum conn_read copy_record(struct conn_reader *reader, uint32_t slot)
{
	const struct places *from = &reader->from;
	struct version before = version_of(from, slot), after;
	uint16_t flags;

	if (is_at(from, slot) || before.changes % 2 != 0)
		return CONN_READ_BUSY;
	COPY(&reader->conn, &from->conn[slot]);
	COPY(&reader->cold, &from->cold[slot]);
	if (!conn_flag(&reader->conn, CONN_LIVE))
		return CONN_READ_NONE;
	if (!copy_parts(reader, slot) || is_at(from, slot))
		return CONN_READ_BUSY;
	after = version_of(from, slot);
	flags = __atomic_load_n(&from->conn[slot].key.flags, __ATOMIC_RELAXED);
	if (after.packets != before.packets || after.generation != before.generation ||
	    after.changes != before.changes)
		return CONN_READ_BUSY;
	return flags & CONN_LIVE ? CONN_READ_FOUND : CONN_READ_NONE;
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static enum conn_read read_record(struct conn_reader *reader, uint32_t slot)
{
	if (slot >= reader->from.slots)
		return CONN_READ_NONE;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		enum conn_read read = copy_record(reader, slot);

		if (read != CONN_READ_BUSY)
			return read;
		reader->again++;
		pause_briefly();
	}
	return CONN_READ_BUSY;
}

static void summarize(const struct conn_reader *reader, uint32_t slot, struct conn_summary *summary)
{
	const struct conn_settings *settings = &reader->one.settings;

	conn_watch_summarize(&reader->one, &reader->conn, summary);
	summary->uid = uid_make(&settings->uid_key, settings->worker, slot,
				reader->cold.generation);
}

enum conn_read conn_reader_look(struct conn_reader *reader, uint32_t slot,
				struct conn_summary *summary)
{
	enum conn_read read = read_record(reader, slot);

	if (read == CONN_READ_FOUND)
		summarize(reader, slot, summary);
	return read;
}

enum conn_read conn_reader_find(struct conn_reader *reader, uint32_t slot, uint32_t generation,
				struct conn_summary *summary)
{
	enum conn_read read = read_record(reader, slot);

	if (read != CONN_READ_FOUND)
		return read;
	if ((reader->cold.generation ^ generation) & 0xffffff)
		return CONN_READ_NONE;
	summarize(reader, slot, summary);
	return CONN_READ_FOUND;
}

// The copy's word with the time of its own has no trace in the version, and needs none: by itself it
// is either the old one or the new one.
RACES uint64_t conn_reader_inactivity(const struct conn_reader *reader)
{
	if (reader->cold.watched && reader->watch.inactivity != CONN_INACTIVITY_BY_CLASS)
		return reader->watch.inactivity * TIME_MILLISECOND;
	return __atomic_load_n(&reader->from.inactivity[conn_timeout_class(&reader->conn)],
			       __ATOMIC_RELAXED);
}

RACES bool conn_reader_glance(const struct conn_reader *reader, uint32_t slot, uint64_t *first,
			      uint64_t *last)
{
	const struct conn *conn = &reader->from.conn[slot];

	if (slot >= reader->from.slots ||
	    !(__atomic_load_n(&conn->key.flags, __ATOMIC_RELAXED) & CONN_LIVE))
		return false;
	*first = __atomic_load_n(&reader->from.cold[slot].first, __ATOMIC_RELAXED);
	*last = __atomic_load_n(&conn->last, __ATOMIC_RELAXED);
	return true;
}
