/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_event.h"

#include "base/message.h"
#include "log/log_found.h"
#include "log/log_tuple.h"

#define EVENT const struct conn_event *event = record

LOG_TUPLE(conn_event)

LOG_COLUMN(name)
{
	EVENT;

	log_text_word(text, conn_event_name(event->kind));
}

// "S0 S": the state that conn.log shows, and the history.
static void write_removal(struct log_text *text, const struct conn_event *event)
{
	char words[16 + CONN_HISTORY_SIZE];
	const char *state = conn_state_name(event->state);
	size_t length = strlen(state), letters = event->history_length;

	if (letters > sizeof(event->history))
		letters = sizeof(event->history);
	memcpy(words, state, length);
	if (letters > 0)
		words[length++] = ' ';
	memcpy(words + length, event->history, letters);
	log_text_string(text, words, length + letters);
}

// "orig 1461 536": whose data, where the first missing byte is, and how many are missing.
static void write_gap(struct log_text *text, const struct conn_event *event)
{
	char words[3 * LOG_VALUE_SIZE];
	struct log_text inside = {.at = words};
	const char *side = event->side == CONN_ORIG ? "orig " : "resp ";

	log_text_raw(&inside, side, strlen(side));
	log_text_count(&inside, event->position);
	*inside.at++ = ' ';
	log_text_count(&inside, event->length);
	log_text_string(text, words, (size_t)(inside.at - words));
}

// "1000 orig", as the reference program's events are written down; a duration in seconds.
static void write_threshold(struct log_text *text, const struct conn_event *event)
{
	char words[2 * LOG_VALUE_SIZE];
	struct log_text inside = {.at = words};

	if (event->kind == CONN_EVENT_DURATION_THRESHOLD)
		log_text_interval(&inside, (int64_t)event->length);
	else
		log_text_count(&inside, event->length);
	if (event->kind == CONN_EVENT_BYTES_THRESHOLD ||
	    event->kind == CONN_EVENT_PACKETS_THRESHOLD)
		log_text_raw(&inside, event->side == CONN_ORIG ? " orig" : " resp", 5);
	log_text_string(text, words, (size_t)(inside.at - words));
}

// "rate 1048576": the feature that was looked at, and its value.
static void write_poll(struct log_text *text, const struct conn_event *event)
{
	char words[2 * LOG_VALUE_SIZE];
	struct log_text inside = {.at = words};
	const char *feature = watch_feature_name((unsigned)event->position);

	log_text_raw(&inside, feature, strlen(feature));
	*inside.at++ = ' ';
	log_found_value(&inside, true, (unsigned)event->position, event->length);
	log_text_string(text, words, (size_t)(inside.at - words));
}

LOG_COLUMN(details)
{
	EVENT;

	if (event->kind == CONN_EVENT_STATE_REMOVE)
		write_removal(text, event);
	else if (event->kind == CONN_EVENT_EOF)
		log_text_word(text, event->side == CONN_ORIG ? "orig" : "resp");
	else if (event->kind == CONN_EVENT_CONTENT_GAP)
		write_gap(text, event);
	else if (event->kind == CONN_EVENT_POLL)
		write_poll(text, event);
	else if (event->kind >= CONN_EVENT_BYTES_THRESHOLD)
		write_threshold(text, event);
}

LOG_COLUMN(reason)
{
	EVENT;

	if (event->kind == CONN_EVENT_STATE_REMOVE)
		log_text_word(text, conn_reason_name(event->reason));
}

LOG_COLUMN(rule)
{
	EVENT;

	if (event->name != 0)
		log_text_word(text, watch_name_text(event->name));
}

// clang-format off
#define COLUMNS(X)                                                                                 \
	LOG_TUPLE_COLUMNS(X)                                                                       \
	X("event", "string", name)                                                                 \
	X("details", "string", details)                                                            \
	X("reason", "string", reason)                                                              \
	X("rule", "string", rule)
// clang-format on

LOG_LINE(COLUMNS)

int log_event_layout(struct log_layout *layout)
{
	int result = log_layout_add(layout, columns, sizeof(columns) / sizeof(columns[0]));

	log_words_prepare();
	log_layout_together(layout, write_columns);
	return result;
}

struct log_stream *log_event_open(struct log_writer *writer, uint64_t now)
{
	struct log_layout layout = {0};

	if (log_event_layout(&layout) < 0) {
		message_error("events.log: more than %d columns", LOG_COLUMN_MAX);
		return NULL;
	}
	return log_stream_create(writer, "events", &layout, now);
}

bool log_event_write(struct log_stream *stream, const struct conn_event *event, uint64_t now)
{
	return log_stream_write(stream, event, now);
}
