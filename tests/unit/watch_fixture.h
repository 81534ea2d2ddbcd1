/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn_fixture.h"
#include "watch/watch_book.h"
#include "watch/watch_internal.h"
#include "watch/watch_name.h"

#include <errno.h>

#define TOLD_MOST 8192
#define CLIENT    1
#define SERVANT   SERVER(1)

// A worker's watch with its table, rules, and what came out of it since it was asked last.
struct watching {
	struct tracking tracking;
	struct watch_settings settings;
	struct watch *watch;
	struct watch_book *book;
	struct conn_event told[TOLD_MOST];
	uint32_t told_count;
	struct watch_record record[64];
	uint32_t record_count;
	struct watch_note note;
	uint32_t note_count;
	uint64_t captured[64]; // times of packets
	uint32_t captured_count;
	uint64_t captured_most; // packets of a connection that are wanted; 0: all
	uint32_t captures_over;
	struct watch_answer answer[600];
	uint32_t answer_count;
};

static inline void tell(void *context, const struct conn_event *event)
{
	struct watching *watching = context;

	assert_true(watching->told_count < TOLD_MOST);
	watching->told[watching->told_count++] = *event;
}

static inline void take_record(void *context, const struct watch_record *record)
{
	struct watching *watching = context;

	assert_true(watching->record_count < 64);
	watching->record[watching->record_count++] = *record;
}

static inline void take_note(void *context, const struct watch_note *note)
{
	struct watching *watching = context;

	watching->note = *note;
	watching->note_count++;
}

static inline bool take_packet(void *context, const struct conn_table *table,
			       const struct conn *conn, uint16_t name, const struct packet *packet,
			       uint64_t *given)
{
	struct watching *watching = context;

	(void)table;
	(void)conn;
	(void)name;
	assert_true(watching->captured_count < 64);
	watching->captured[watching->captured_count++] = packet->time;
	// As the capture of a connection that is large enough.
	return ++*given != watching->captured_most;
}

static inline void end_capture(void *context, struct uid uid)
{
	struct watching *watching = context;

	(void)uid;
	watching->captures_over++;
}

static inline int watching_create(void **state)
{
	struct watching *watching = calloc(1, sizeof(*watching));

	watching->tracking.settings = settings_default();
	watching->book = watch_book_create(NULL);
	assert_non_null(watching->book);
	watching->settings = (struct watch_settings){
		.sinks = {.event = tell,
			  .record = take_record,
			  .note = take_note,
			  .packet = take_packet,
			  .captured = end_capture,
			  .context = watching},
		.rules = watch_book_published(watching->book),
	};
	*state = watching;
	return 0;
}

static inline int watching_destroy(void **state)
{
	struct watching *watching = *state;

	conn_table_destroy(watching->tracking.table);
	watch_destroy(watching->watch);
	watch_book_destroy(watching->book);
	free(watching);
	return 0;
}

// To be called once, after changes to settings and rules.
static inline void watching_start(struct watching *watching)
{
	watching->settings.connections = watching->tracking.settings.maximum;
	watching->watch = watch_create(&watching->settings);
	assert_non_null(watching->watch);
	watching->tracking.settings.watcher = watch_watcher(watching->watch);
	tracking_start(&watching->tracking, NULL);
	assert_int_equal(watch_attach(watching->watch, watching->tracking.table), 0);
}

static inline void put_rule(struct watching *watching, const struct watch_rule_settings *rule)
{
	char why[256];

	assert_int_equal(watch_book_add(watching->book, rule, why, sizeof(why)), 0);
	if (watching->watch != NULL)
		watch_turn(watching->watch);
}

// A rule for all connections with one threshold.
static inline void put_threshold(struct watching *watching, const char *name, unsigned kind,
				 uint64_t value)
{
	struct watch_rule_settings rule = {.name = name, .actions = WATCH_ACTION_EVENT};

	rule.idle = kind == WATCH_DURATION_IDLE;
	rule.value[rule.idle ? WATCH_DURATION : kind] = value;
	put_rule(watching, &rule);
}

static inline void drop_rule(struct watching *watching, const char *name, bool poll)
{
	char why[256];

	assert_int_equal(watch_book_delete(watching->book, name, poll, why, sizeof(why)), 0);
	watch_turn(watching->watch);
}

// A datagram of the client or of the server, of so many IP bytes; 28 at least.
static inline void from_client(struct watching *watching, uint32_t ip_bytes)
{
	track_udp(&watching->tracking, CLIENT, 5000, SERVANT, 9000, ip_bytes - 28);
}

static inline void from_server(struct watching *watching, uint32_t ip_bytes)
{
	track_udp(&watching->tracking, SERVANT, 9000, CLIENT, 5000, ip_bytes - 28);
}

// One event as text: "orig_bytes 1000", "packets 5", "duration 1000 orig", "poll 7", or its name.
static inline int tell_text(const struct conn_event *event, char *text, size_t size)
{
	const char *side = event->side == CONN_ORIG ? "orig" : "resp";

	switch ((enum conn_event_kind)event->kind) {
	case CONN_EVENT_BYTES_THRESHOLD:
		return snprintf(text, size, "%s_bytes %ju", side, (uintmax_t)event->length);
	case CONN_EVENT_PACKETS_THRESHOLD:
		return snprintf(text, size, "%s_packets %ju", side, (uintmax_t)event->length);
	case CONN_EVENT_GENERIC_THRESHOLD:
		return snprintf(text, size, "packets %ju", (uintmax_t)event->length);
	case CONN_EVENT_DURATION_THRESHOLD:
		return snprintf(text, size, "duration %ju %s", (uintmax_t)event->length, side);
	case CONN_EVENT_POLL:
		return snprintf(text, size, "poll %ju", (uintmax_t)event->length);
	default:
		return snprintf(text, size, "%s", conn_event_name(event->kind));
	}
}

// Exactly these events were told, in this order, since it was asked last: "one, another".
static inline void assert_told(struct watching *watching, const char *expected)
{
	static char text[TOLD_MOST * 40];
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < watching->told_count; i++) {
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s",
					   i > 0 ? ", " : "");
		length += (size_t)tell_text(&watching->told[i], text + length,
					    sizeof(text) - length);
	}
	assert_string_equal(text, expected);
	watching->told_count = 0;
}

static inline void keep_answer(void *context, const struct watch_answer *answer)
{
	struct watching *watching = context;

	assert_true(watching->answer_count < 600);
	watching->answer[watching->answer_count++] = *answer;
}

// Has the worker carry a request about the connection out; returns the last answer's status.
static inline int ask_about(struct watching *watching, const struct conn *conn,
			    struct watch_request request)
{
	struct conn_table *table = watching->tracking.table;

	request.number = 77;
	request.slot = conn_slot_of(table, conn);
	request.generation = conn_generation(table, conn) & 0xffffff;
	watching->answer_count = 0;
	watch_serve(watching->watch, &request, keep_answer, watching);
	assert_true(watching->answer_count > 0);
	for (uint32_t i = 0; i < watching->answer_count; i++) {
		assert_int_equal(watching->answer[i].number, 77);
		assert_int_equal(watching->answer[i].more, i + 1 < watching->answer_count);
	}
	return watching->answer[watching->answer_count - 1].status;
}

static inline const struct watch_answer *last_answer(const struct watching *watching)
{
	return &watching->answer[watching->answer_count - 1];
}

// The same about the connection of the packet that came last.
static inline int ask(struct watching *watching, struct watch_request request)
{
	return ask_about(watching, conn_of(&watching->tracking), request);
}

static inline int set_threshold(struct watching *watching, unsigned kind, uint64_t value)
{
	bool idle = kind == WATCH_DURATION_IDLE;

	return ask(watching, (struct watch_request){.request = WATCH_REQUEST_THRESHOLD_ADD,
						    .kind = idle ? WATCH_DURATION : (uint8_t)kind,
						    .idle = idle,
						    .value = value,
						    .actions = WATCH_ACTION_EVENT,
						    .name = watch_name_number("asked")});
}

static inline int delete_threshold(struct watching *watching, unsigned kind, uint64_t value)
{
	return ask(watching, (struct watch_request){.request = WATCH_REQUEST_THRESHOLD_DELETE,
						    .kind = (uint8_t)kind,
						    .value = value});
}

// Every item is on the list of one connection, or free.
static inline void assert_items_kept(const struct watching *watching)
{
	const struct watch *watch = watching->watch;
	struct conn_table *table = watching->tracking.table;
	uint32_t count = 0;

	for (uint32_t at = watch->item_free; at != 0; at = watch->item[at].next)
		assert_true(++count < watch->item_fresh);
	for (uint32_t slot = 0; slot < conn_table_slots(table); slot++) {
		const struct conn_watch *list = conn_watch_get(table, conn_table_at(table, slot));

		for (uint32_t at = list != NULL ? list->items : 0; at != 0;
		     at = watch->item[at].next)
			assert_true(++count < watch->item_fresh);
	}
	assert_int_equal(count, watch->item_fresh - 1);
}
