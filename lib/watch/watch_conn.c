/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

#include <errno.h>

// The functions of weir/conn.h, which plugins call.

static_assert((int)WEIR_ORIG_BYTES == WATCH_ORIG_BYTES &&
		      (int)WEIR_RESP_BYTES == WATCH_RESP_BYTES &&
		      (int)WEIR_ORIG_PACKETS == WATCH_ORIG_PACKETS &&
		      (int)WEIR_RESP_PACKETS == WATCH_RESP_PACKETS &&
		      (int)WEIR_PACKETS == WATCH_PACKETS && (int)WEIR_DURATION == WATCH_DURATION &&
		      (int)WEIR_DURATION_IDLE == WATCH_DURATION_IDLE &&
		      (int)WEIR_THRESHOLDS == WATCH_STEP_KINDS,
	      "plugins count what watch counts");
static_assert(WEIR_NEW_CONNECTION == 1 << CONN_EVENT_NEW &&
		      WEIR_CONNECTION_ESTABLISHED == 1 << CONN_EVENT_ESTABLISHED &&
		      WEIR_CONNECTION_FLIPPED == 1 << CONN_EVENT_FLIPPED &&
		      WEIR_CONNECTION_STATE_REMOVE == 1 << CONN_EVENT_STATE_REMOVE &&
		      WEIR_CONTENT_GAP == 1 << CONN_EVENT_CONTENT_GAP &&
		      WEIR_CONN_BYTES_THRESHOLD_CROSSED == 1 << CONN_EVENT_BYTES_THRESHOLD &&
		      WEIR_CONN_POLL_MATCHED == 1 << CONN_EVENT_POLL,
	      "plugins are told what connections tell");
static_assert(WEIR_UID_SIZE > UID_TEXT_SIZE && WEIR_HISTORY_SIZE == CONN_HISTORY_SIZE + 1,
	      "texts fit, with a 0 behind them");
static_assert(sizeof(struct weir_conn_info) == 280, "its members are where plugins look for them");

// Fills what there is of version 1; a plugin that knows less gets less.
static void fill(const struct weir_conn *conn, struct weir_conn_info *info)
{
	const struct conn_table *table = conn->watch->table;
	struct conn_summary summary;

	conn_watch_summarize(table, conn->conn, &summary);
	uid_format(summary.uid, info->uid);
	for (unsigned side = 0; side < 2; side++) {
		memcpy(info->address[side], summary.address[side].byte, 16);
		info->port[side] = summary.port[side];
		info->packets[side] = summary.packets[side];
		info->ip_bytes[side] = summary.ip_bytes[side];
		info->payload_bytes[side] = summary.bytes[side];
	}
	info->protocol = summary.protocol;
	info->state = conn_state_name(summary.state);
	info->reason = summary.reason < CONN_REASON_COUNT ? conn_reason_name(summary.reason) : "";
	info->first = summary.time;
	info->last = conn_last(conn->conn);
	info->now = conn_table_clock(table);
	info->missed_bytes = summary.missed_bytes;
	memcpy(info->history, summary.history, summary.history_length);
}

void weir_conn_get(const struct weir_conn *conn, struct weir_conn_info *info, size_t size)
{
	struct weir_conn_info all = {0};

	fill(conn, &all);
	memset(info, 0, size);
	memcpy(info, &all, size < sizeof(all) ? size : sizeof(all));
}

uint64_t weir_conn_packets(const struct weir_conn *conn, enum weir_side side)
{
	return conn_packets(conn->watch->table, conn->conn, side != WEIR_ORIG);
}

uint64_t weir_conn_ip_bytes(const struct weir_conn *conn, enum weir_side side)
{
	return conn_ip_bytes(conn->watch->table, conn->conn, side != WEIR_ORIG);
}

uint64_t weir_conn_first(const struct weir_conn *conn)
{
	return conn_first(conn->watch->table, conn->conn);
}

uint64_t weir_conn_last(const struct weir_conn *conn)
{
	return conn_last(conn->conn);
}

uint64_t weir_conn_now(const struct weir_conn *conn)
{
	return conn_table_clock(conn->watch->table);
}

void *weir_conn_state(const struct weir_conn *conn)
{
	return watch_plugin_state(conn->watch, conn->conn, conn->plugin);
}

void *weir_conn_worker_state(const struct weir_conn *conn)
{
	return conn->watch->settings.plugins[conn->plugin].state;
}

static uint32_t find_hook(const struct weir_conn *conn, weir_hook_function hook)
{
	const struct watch *watch = conn->watch;
	uint32_t at = watch_item_find(watch, conn->conn, WATCH_ITEM_HOOK);

	while (at != 0 && (watch->item[at].type != WATCH_ITEM_HOOK ||
			   watch->item[at].hook != hook || watch->item[at].plugin != conn->plugin))
		at = watch->item[at].next;
	return at;
}

static bool is_over(const struct weir_conn *conn)
{
	const struct conn_watch *list = conn_watch_get(conn->watch->table, conn->conn);

	return list != NULL && list->over;
}

bool weir_conn_hook(struct weir_conn *conn, weir_hook_function hook)
{
	struct watch_item item = {.type = WATCH_ITEM_HOOK,
				  .plugin = conn->plugin,
				  .rule = WATCH_NO_RULE,
				  .hook = hook};

	if (hook == NULL || is_over(conn) || find_hook(conn, hook) != 0)
		return false;
	return watch_item_add(conn->watch, conn->conn, &item) != 0;
}

bool weir_conn_unhook(struct weir_conn *conn, weir_hook_function hook)
{
	uint32_t at = find_hook(conn, hook);

	if (at == 0)
		return false;
	watch_item_remove(conn->watch, conn_watch_get(conn->watch->table, conn->conn), at);
	return true;
}

bool weir_conn_threshold_set(struct weir_conn *conn, enum weir_threshold what, uint64_t value,
			     weir_threshold_function function)
{
	struct watch_item item = {.type = WATCH_ITEM_THRESHOLD,
				  .kind = (uint8_t)what,
				  .plugin = conn->plugin,
				  .rule = WATCH_NO_RULE,
				  .threshold = function,
				  .value = value};
	int result;

	if (value == 0 || value == UINT64_MAX || (unsigned)what >= WEIR_THRESHOLDS)
		return false;
	result = watch_threshold_add(conn->watch, conn->conn, &item);
	return result == 0 || result == -EEXIST;
}

bool weir_conn_threshold_delete(struct weir_conn *conn, enum weir_threshold what, uint64_t value)
{
	return watch_threshold_delete(conn->watch, conn->conn, conn->plugin, (uint8_t)what, value);
}

bool weir_conn_poll(struct weir_conn *conn, weir_poll_function function, uint64_t count,
		    int64_t interval)
{
	struct watch_item item = {.plugin = conn->plugin,
				  .rule = WATCH_NO_RULE,
				  .poll = function,
				  .value = count,
				  .interval = (uint64_t)interval};

	return function != NULL && interval >= 0 &&
	       watch_poll_add(conn->watch, conn->conn, &item) == 0;
}

bool weir_conn_inactivity(struct weir_conn *conn, int64_t span)
{
	if (span < 0 || !conn_is_live(conn->conn))
		return false;
	conn_watch_inactivity(conn->watch->table, conn->conn, (uint64_t)span);
	return true;
}

bool weir_conn_service(struct weir_conn *conn, const char *service)
{
	return service != NULL && watch_service(conn->watch, conn->conn, service);
}

bool watch_service(struct watch *watch, struct conn *conn, const char *service)
{
	const struct watch_inactivity *known = watch->rules != NULL ? watch->rules->inactivity
								    : NULL;

	for (size_t i = 0; known != NULL && i < known->service_count; i++) {
		if (strcmp(known->service[i].name, service) != 0 || !conn_is_live(conn))
			continue;
		conn_watch_inactivity(watch->table, conn, known->service[i].span);
		return true;
	}
	return false;
}

static void append(struct watch_note *note, const char *text, char instead)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool wrong = c < ' ' || c == 0x7f || c == ',' || c == (unsigned char)instead;

		note->text[note->length++] = wrong ? '_' : *text;
	}
}

// The notes of a connection; NULL when there is no room for them.
static struct watch_note *find_note(struct watch *watch, struct conn *conn)
{
	uint32_t at = watch_item_find(watch, conn, WATCH_ITEM_NOTE);
	struct watch_item item = {
		.type = WATCH_ITEM_NOTE, .plugin = WATCH_NO_PLUGIN, .rule = WATCH_NO_RULE};

	if (at == 0) {
		item.note = watch_note_take(watch);
		at = item.note != 0 ? watch_item_add(watch, conn, &item) : 0;
	}
	return at != 0 ? &watch->note[watch->item[at].note] : NULL;
}

bool weir_conn_note(struct weir_conn *conn, const char *name, const char *value)
{
	struct watch_note *note;
	size_t more;

	if (name == NULL || name[0] == '\0' || value == NULL || value[0] == '\0')
		return false;
	more = strlen(name) + 1 + strlen(value);
	if (more > sizeof(note->text))
		return false;
	note = find_note(conn->watch, conn->conn);
	if (note == NULL || note->length + (note->length > 0) + more > sizeof(note->text))
		return false;
	if (note->length > 0)
		note->text[note->length++] = ',';
	append(note, name, '=');
	note->text[note->length++] = '=';
	append(note, value, ',');
	return true;
}
