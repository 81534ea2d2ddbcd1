/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/monotonic.h"
#include "base/time.h"
#include "conn/conn_reader.h"
#include "filter/filter.h"
#include "service/aside.h"
#include "service/compile.h"
#include "service/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A listing first looks at every slot once and keeps the best in a heap. Then it writes them, the
// best first, as the client takes them. It keeps what it read, so that connections which end before
// they are written are in it, too. Of one that is too long for that it keeps the places, reads them
// again, and leaves out what ended in between. In the tables' own order it writes what it finds at once,
// and stops when it has enough.

// Very short ones are always kept: 24 MiB when every client has one. Of others all together keep
// 36 MiB, and as those that are too long they keep 64 MiB of places.
#define SHORT_MOST   256
#define KEPT_MOST    10000
#define KEPT_ALL     100000
#define ENTRIES_MOST (UINT32_C(4) << 20)
#define ITEMS_A_TURN 256
#define LIMIT_MOST   1000000
// How long a worker may be away while it changes a connection, ns.
#define BUSY_TIME (50 * TIME_MILLISECOND)

enum listing_sort {
	SORT_NONE,
	SORT_START,
	SORT_DURATION,
	SORT_IDLE,
	SORT_ORIG_BYTES,
	SORT_RESP_BYTES,
	SORT_BYTES,
	SORT_PACKETS,
	SORT_COUNT
};

static const char *const sort_word[SORT_COUNT] = {
	"none", "start", "duration", "idle", "orig_bytes", "resp_bytes", "bytes", "packets",
};

static const char *const order_word[2] = {"descending", "ascending"};

// What was read, and the packets' time then.
struct kept {
	struct conn_summary summary;
	uint64_t now;
};

struct service_listing {
	enum listing_sort sort;
	bool ascending;
	bool writing;          // all slots were looked at
	uint64_t busy_since;   // see conn_read; 0: it is not
	struct aside *compile; // of its filter, as long as it runs
	struct filter *filter;
	struct filter_scratch scratch;
	uint32_t worker; // where it is
	uint32_t slot;
	uint32_t step;   // how many of the worker's slots were passed, see slot_of()
	uint32_t blocks; // in which they lie
	uint64_t limit;
	uint64_t written;
	struct heap_entry *entry; // a heap once there are `limit`
	size_t count;
	size_t room;
	struct kept *kept;   // [limit], `slot` of an entry says which; NULL: too long
	uint64_t kept_count; // of them, as far as they are counted
};

void listing_destroy(struct service *service, struct service_listing *listing)
{
	if (listing == NULL)
		return;
	service->listing_items -= listing->room;
	service->listing_kept -= listing->kept_count;
	aside_end(listing->compile);
	filter_destroy(listing->filter);
	free(listing->kept);
	free(listing->entry);
	free(listing);
}

static int find_word(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	}
	return -1;
}

// A text that is to be one of a few words. Returns which, or -1 after an error.
static int take_word(struct client *client, const json_t *request, const char *name, int otherwise,
		     const char *const *words, size_t count)
{
	const char *word = parameter_text(request, name, NULL);
	int found = word != NULL ? find_word(word, words, count) : otherwise;
	char hint[256];

	if (found >= 0)
		return found;
	parameter_suggest(word, words, count, hint, sizeof(hint));
	answer_error(client, "conns: '%.60s' is no %s; %s", word, name, hint);
	return -1;
}

static bool take_settings(struct client *client, const json_t *request,
			  struct service_listing *listing)
{
	const char *filter = parameter_text(request, "filter", "");
	int sort, order;

	sort = take_word(client, request, "sort", SORT_START, sort_word, SORT_COUNT);
	if (sort < 0)
		return false;
	order = take_word(client, request, "order", 0, order_word, 2);
	if (order < 0)
		return false;
	listing->sort = (enum listing_sort)sort;
	listing->ascending = order == 1;
	listing->limit = parameter_count(request, "limit", 100);
	if (listing->limit < 1 || listing->limit > LIMIT_MOST) {
		answer_error(client, "conns: limit is to be a whole number from 1 to %d",
			     LIMIT_MOST);
		return false;
	}
	if (*filter == '\0')
		return true;
	listing->compile = compile_begin(filter);
	if (listing->compile != NULL)
		return true;
	answer_error(client, "conns: too many filters are being compiled; ask again soon");
	return false;
}

// Makes room for what is read, where it is not too long for that; false without memory.
static bool make_kept(struct service *service, struct service_listing *listing)
{
	bool is_short = listing->limit <= SHORT_MOST;

	if (listing->sort == SORT_NONE || listing->limit > KEPT_MOST ||
	    (!is_short && service->listing_kept + listing->limit > KEPT_ALL))
		return true;
	listing->kept = aligned_alloc(_Alignof(struct kept),
				      listing->limit * sizeof(*listing->kept));
	if (listing->kept != NULL && !is_short) {
		listing->kept_count = listing->limit;
		service->listing_kept += listing->limit;
	}
	return listing->kept != NULL;
}

void serve_conns(struct service *service, struct client *client, const json_t *request)
{
	static const struct parameter parameter[] = {
		{"filter", PARAMETER_TEXT, false},
		{"sort", PARAMETER_TEXT, false},
		{"order", PARAMETER_TEXT, false},
		{"limit", PARAMETER_COUNT, false},
	};
	struct service_listing *listing;

	if (!parameter_check(client, request, "conns", parameter, 4))
		return;
	listing = calloc(1, sizeof(*listing));
	if (listing == NULL) {
		answer_error(client, "conns: no memory for a listing");
	} else if (!take_settings(client, request, listing)) {
		listing_destroy(service, listing);
	} else if (!make_kept(service, listing)) {
		listing_destroy(service, listing);
		answer_error(client, "conns: no memory for a listing");
	} else {
		client->listing = listing;
		client->doing = CLIENT_LISTING;
	}
}

bool listing_is_ready(const struct client *client)
{
	const struct service_listing *listing = client->listing;

	if (client->gone || listing == NULL)
		return false;
	if (listing->compile != NULL)
		return aside_is_done(listing->compile);
	// While it only looks, nothing is written.
	return client_pending(client) < SERVICE_OUTPUT_ENOUGH ||
	       (listing->sort != SORT_NONE && !listing->writing);
}

static void end(struct service *service, struct client *client)
{
	uint64_t count = client->listing->written;

	listing_destroy(service, client->listing);
	client->listing = NULL;
	answer_items(client, count);
}

// The greatest come first.
static uint64_t key_of(const struct service_listing *listing, const struct conn_summary *summary)
{
	uint64_t key = 0;

	switch (listing->sort) {
	case SORT_NONE:
	case SORT_COUNT:
		break;
	case SORT_START:
		key = summary->time;
		break;
	case SORT_DURATION:
		key = record_last(summary) - summary->time;
		break;
	case SORT_IDLE:
		key = UINT64_MAX - record_last(summary);
		break;
	case SORT_ORIG_BYTES:
		key = summary->bytes[CONN_ORIG];
		break;
	case SORT_RESP_BYTES:
		key = summary->bytes[CONN_RESP];
		break;
	case SORT_BYTES:
		key = summary->bytes[CONN_ORIG] + summary->bytes[CONN_RESP];
		break;
	case SORT_PACKETS:
		key = summary->packets[CONN_ORIG] + summary->packets[CONN_RESP];
		break;
	}
	return listing->ascending ? ~key : key;
}

static bool passes(struct service_listing *listing, const struct conn_summary *summary)
{
	if (listing->filter == NULL)
		return true;
	filter_prepare_tuple(&listing->scratch, summary->address, summary->port, summary->protocol,
			     summary->vlan);
	return filter_run(listing->filter, &listing->scratch);
}

static bool make_room(struct service *service, struct service_listing *listing)
{
	size_t room = listing->room > 0 ? 2 * listing->room : 256;
	struct heap_entry *entry;

	if (room > listing->limit)
		room = listing->limit;
	if (service->listing_items + room - listing->room > ENTRIES_MOST)
		return false;
	entry = realloc(listing->entry, room * sizeof(*entry));
	if (entry == NULL)
		return false;
	service->listing_items += room - listing->room;
	listing->entry = entry;
	listing->room = room;
	return true;
}

// Where what was read of a connection is found again: a copy, or its place. `at` is the entry's.
static void fill_entry(struct service *service, struct service_listing *listing, size_t at,
		       uint64_t key, const struct conn_summary *summary)
{
	struct heap_entry *entry = &listing->entry[at];
	uint32_t generation;
	uint8_t worker;

	entry->key = key;
	if (listing->kept != NULL) {
		// A new entry takes the next place, another one that of the one it replaces.
		if (at == listing->count)
			entry->slot = (uint32_t)at;
		listing->kept[entry->slot].summary = *summary;
		listing->kept[entry->slot].now = service_packet_time(service, listing->worker);
		entry->place = listing->worker << 24;
		return;
	}
	uid_open(&service->settings.uid_key, summary->uid, &worker, &entry->slot, &generation);
	entry->place = listing->worker << 24 | generation;
}

// Keeps a connection if it is among the best so far; false when there is no memory for it.
static bool keep(struct service *service, struct service_listing *listing,
		 const struct conn_summary *summary)
{
	uint64_t key = key_of(listing, summary);
	bool full = listing->count == listing->limit;

	if ((full && key <= listing->entry[0].key) || !passes(listing, summary))
		return true;
	if (full) {
		fill_entry(service, listing, 0, key, summary);
		heap_sift(listing->entry, listing->count, 0);
		return true;
	}
	if (listing->count == listing->room && !make_room(service, listing))
		return false;
	fill_entry(service, listing, listing->count, key, summary);
	listing->count++;
	if (listing->count == listing->limit)
		heap_build(listing->entry, listing->count);
	return true;
}

// `now` is the time of its worker's packets when it was read.
static void write_item(struct client *client, const struct conn_summary *summary, uint64_t now)
{
	char text[RECORD_TEXT_SIZE];
	size_t length = record_format(summary, now, text);

	output_begin(client);
	output_text(client, "\"item\":", 7);
	output_text(client, text, length);
	output_text(client, "}\n", 2);
	client->listing->written++;
}

// Was the worker taken off its CPU while it changed just this connection? Then there is another
// turn for it, but not for ever.
static bool is_to_be_tried_again(struct service_listing *listing, enum conn_read found)
{
	uint64_t now;

	if (found != CONN_READ_BUSY) {
		listing->busy_since = 0;
		return false;
	}
	now = monotonic_now();
	if (listing->busy_since == 0)
		listing->busy_since = now;
	return now - listing->busy_since < BUSY_TIME;
}

static void refuse(struct service *service, struct client *client)
{
	listing_destroy(service, client->listing);
	client->listing = NULL;
	answer_error(client, "conns: other listings take all the memory that there is for them; "
			     "ask again soon, or for a lower limit");
}

enum look { LOOK_ON, LOOK_AGAIN, LOOK_DONE };

// Slots are looked at block by block, and the blocks out of order: slots are taken in ascending
// order, so that each would be better than all before it where the latest are wanted.
#define BLOCK 64

// The number of blocks is a power of two, and an odd number leads to each of them once.
static uint32_t slot_of(const struct service_listing *listing, uint32_t step)
{
	uint32_t block = step / BLOCK;

	if (listing->sort != SORT_NONE)
		block = block * UINT32_C(0x9e3779b1) & (listing->blocks - 1);
	return block * BLOCK + step % BLOCK;
}

static void begin_worker(const struct service *service, struct service_listing *listing)
{
	const struct conn_table *table = service->settings.workers[listing->worker].table;
	uint32_t used = conn_table_slots_used(table);

	listing->blocks = 1;
	while (listing->blocks < (used + BLOCK - 1) / BLOCK)
		listing->blocks *= 2;
}

// Can the connection in the slot at hand be among the best? Most cannot, once there are enough, and
// what is not read whole does not take its lines away from the worker.
static bool is_worth_a_look(const struct service *service, const struct service_listing *listing)
{
	const struct conn_reader *reader = service->reader[listing->worker];
	struct conn_summary times;
	uint64_t last;

	if (listing->count < listing->limit ||
	    (listing->sort != SORT_START && listing->sort != SORT_DURATION &&
	     listing->sort != SORT_IDLE))
		return true;
	if (!conn_reader_glance(reader, listing->slot, &times.time, &last))
		return false;
	times.duration = (int64_t)(last - times.time);
	return key_of(listing, &times) > listing->entry[0].key;
}

// One slot.
static enum look look(struct service *service, struct client *client)
{
	struct service_listing *listing = client->listing;
	struct conn_summary summary;
	enum conn_read found;

	listing->slot = slot_of(listing, listing->step);
	if (!is_worth_a_look(service, listing)) {
		listing->step++;
		return LOOK_ON;
	}
	found = conn_reader_look(service->reader[listing->worker], listing->slot, &summary);
	if (is_to_be_tried_again(listing, found))
		return LOOK_AGAIN;
	listing->step++;
	if (found != CONN_READ_FOUND)
		return LOOK_ON;
	if (listing->sort == SORT_NONE) {
		if (passes(listing, &summary))
			write_item(client, &summary, service_packet_time(service, listing->worker));
		return listing->written < listing->limit ? LOOK_ON : LOOK_DONE;
	}
	if (keep(service, listing, &summary))
		return LOOK_ON;
	refuse(service, client);
	return LOOK_DONE;
}

// Everything was looked at: from now on the best is taken first.
static void begin_writing(struct service_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		listing->entry[i].key = ~listing->entry[i].key;
	heap_build(listing->entry, listing->count);
	listing->writing = true;
}

// Looks at so many slots. Returns false when there is nothing more to look at.
static bool look_on(struct service *service, struct client *client, uint32_t slots)
{
	struct service_listing *listing = client->listing;

	while (listing->worker < service->settings.worker_count) {
		if (listing->step == 0)
			begin_worker(service, listing);
		while (listing->step < listing->blocks * BLOCK) {
			enum look next;

			if (slots-- == 0 || (listing->sort == SORT_NONE &&
					     client_pending(client) >= SERVICE_OUTPUT_ENOUGH))
				return true;
			next = look(service, client);
			if (next != LOOK_ON)
				return next == LOOK_AGAIN;
		}
		listing->worker++;
		listing->step = 0;
	}
	return false;
}

// One item, the best that is left; false when it is to be tried again.
static bool write_one(struct service *service, struct client *client)
{
	struct service_listing *listing = client->listing;
	const struct heap_entry *best = &listing->entry[0];
	uint32_t worker = best->place >> 24;
	struct conn_summary summary;
	struct heap_entry taken;
	enum conn_read found;

	if (listing->kept != NULL) {
		const struct kept *kept = &listing->kept[best->slot];

		write_item(client, &kept->summary, kept->now);
		listing->count = heap_take(listing->entry, listing->count, &taken);
		return true;
	}
	found = conn_reader_find(service->reader[worker], best->slot, best->place & 0xffffff,
				 &summary);
	if (is_to_be_tried_again(listing, found))
		return false;
	listing->count = heap_take(listing->entry, listing->count, &taken);
	if (found == CONN_READ_FOUND)
		write_item(client, &summary, service_packet_time(service, worker));
	return true;
}

static void write_on(struct service *service, struct client *client)
{
	struct service_listing *listing = client->listing;

	for (int i = 0; i < ITEMS_A_TURN && listing->count > 0; i++) {
		if (client_pending(client) >= SERVICE_OUTPUT_ENOUGH || !write_one(service, client))
			return;
	}
	if (listing->count == 0)
		end(service, client);
}

bool listing_is_compiling(const struct client *client)
{
	return client->listing != NULL && client->listing->compile != NULL;
}

// A filter that asks for tags would take every connection for one without, where they are not kept.
static bool knows_tags(const struct service *service, const struct filter *filter, char *why,
		       size_t size)
{
	if (!filter_sees_tags(filter) || conn_reader_has_tags(service->reader[0]))
		return true;
	snprintf(why, size,
		 "the filter has the word vlan, and this weir does not keep the tags of "
		 "connections: add vlan to columns in [log] of its configuration, and start it "
		 "again");
	return false;
}

// The filter is there, or there is none; false after an error.
static bool take_filter(struct service *service, struct client *client)
{
	struct service_listing *listing = client->listing;
	char why[512];

	if (listing->compile == NULL)
		return true;
	listing->filter = compile_end(listing->compile, why, sizeof(why));
	listing->compile = NULL;
	if (listing->filter != NULL && knows_tags(service, listing->filter, why, sizeof(why)))
		return true;
	listing_destroy(service, listing);
	client->listing = NULL;
	answer_error(client, "conns: %s", why);
	return false;
}

void listing_continue(struct service *service, struct client *client, uint32_t slots)
{
	struct service_listing *listing = client->listing;

	if (!take_filter(service, client))
		return;
	if (listing->writing) {
		write_on(service, client);
		return;
	}
	if (look_on(service, client, slots) || client->listing == NULL)
		return;
	if (listing->sort == SORT_NONE)
		end(service, client);
	else
		begin_writing(listing);
}
