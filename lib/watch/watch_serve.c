/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

#include <errno.h>

// Requests about one connection. What a request sets has no plugin and no rule.

// What a uid knows of it.
#define GENERATION 0xffffff

struct serving {
	struct watch *watch;
	const struct watch_request *request;
	void (*answer)(void *context, const struct watch_answer *answer);
	void *context;
};

static void answer(const struct serving *serving, int status, bool fired)
{
	serving->answer(serving->context, &(struct watch_answer){.number = serving->request->number,
								 .status = status,
								 .fired = fired});
}

// Slots are used again, so that the uid has to name this very use.
static struct conn *find(const struct serving *serving)
{
	struct conn_table *table = serving->watch->table;
	const struct watch_request *request = serving->request;
	struct conn *conn;

	if (request->slot >= conn_table_slots(table))
		return NULL;
	conn = conn_table_at(table, request->slot);
	if (!conn_is_live(conn) ||
	    ((conn_generation(table, conn) ^ request->generation) & GENERATION) != 0)
		return NULL;
	return conn;
}

static void add_threshold(const struct serving *serving, struct conn *conn)
{
	const struct watch_request *request = serving->request;
	struct watch_item item = {
		.type = WATCH_ITEM_THRESHOLD,
		.kind = watch_step_kind(request->kind, request->idle),
		.actions = request->actions,
		.name = request->name,
		.plugin = WATCH_NO_PLUGIN,
		.rule = WATCH_NO_RULE,
		.value = request->value,
	};
	int status = watch_threshold_add(serving->watch, conn, &item);

	conn_table_events_done(serving->watch->table);
	answer(serving, status,
	       status == 0 && !watch_threshold_has(serving->watch, conn, WATCH_NO_PLUGIN, item.kind,
						   item.value));
}

static void delete_threshold(const struct serving *serving, struct conn *conn)
{
	const struct watch_request *request = serving->request;
	bool was = watch_threshold_delete(serving->watch, conn, WATCH_NO_PLUGIN, request->kind,
					  request->value);

	if (!was && request->kind == WATCH_DURATION)
		was = watch_threshold_delete(serving->watch, conn, WATCH_NO_PLUGIN,
					     WATCH_DURATION_IDLE, request->value);
	answer(serving, was ? 0 : -ESRCH, false);
}

static void list_one(const struct serving *serving, const struct conn *conn, unsigned kind,
		     uint64_t value, uint8_t actions, uint16_t name)
{
	struct watch_answer element = {
		.number = serving->request->number,
		.value = value,
		.current = watch_count(serving->watch, conn, kind),
		.name = name,
		.kind = kind == WATCH_DURATION_IDLE ? WATCH_DURATION : (uint8_t)kind,
		.actions = actions,
		.idle = kind == WATCH_DURATION_IDLE,
		.more = true,
	};

	serving->answer(serving->context, &element);
}

// More than anybody reads at once; the ring that answers travel on has room for as many.
#define LIST_MOST 256

static void list_thresholds(const struct serving *serving, const struct conn *conn)
{
	const struct watch *watch = serving->watch;
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint32_t listed = 0;

	for (uint32_t at = list != NULL ? list->items : 0; at != 0 && listed < LIST_MOST;
	     at = watch->item[at].next) {
		const struct watch_item *item = &watch->item[at];

		// A plugin's are its own business.
		if (item->type != WATCH_ITEM_THRESHOLD || item->plugin != WATCH_NO_PLUGIN)
			continue;
		list_one(serving, conn, item->kind, item->value, item->actions, item->name);
		listed++;
	}
	for (unsigned kind = 0; kind < WATCH_STEP_KINDS && list != NULL; kind++) {
		uint16_t index = watch_progress(list, kind);

		for (; listed < LIST_MOST && watch_step_next(watch, list, kind, &index); index++) {
			const struct watch_rules *rules = watch->set[list->set].rules;
			const struct watch_step *step = &rules->step[kind][index];

			list_one(serving, conn, kind, step->value, rules->rule[step->rule].actions,
				 rules->rule[step->rule].name);
			listed++;
		}
	}
	answer(serving, 0, false);
}

// A poll by request is known by what it looks at, and what it looks for.
static uint32_t find_poll(const struct serving *serving, const struct conn *conn)
{
	const struct watch *watch = serving->watch;
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	const struct watch_request *request = serving->request;
	uint32_t at = list != NULL ? list->items : 0;

	for (; at != 0; at = watch->item[at].next) {
		const struct watch_item *item = &watch->item[at];

		if (item->type == WATCH_ITEM_POLL && item->plugin == WATCH_NO_PLUGIN &&
		    item->rule == WATCH_NO_RULE && item->kind == request->kind &&
		    item->value == request->value)
			break;
	}
	return at;
}

static void add_poll(const struct serving *serving, struct conn *conn)
{
	const struct watch_request *request = serving->request;
	struct watch_item item = {
		.kind = request->kind,
		.actions = request->actions,
		.repeat = request->repeat,
		.name = request->name,
		.plugin = WATCH_NO_PLUGIN,
		.rule = WATCH_NO_RULE,
		.value = request->value,
		.interval = request->interval,
	};
	int status = -EEXIST;

	if (find_poll(serving, conn) == 0)
		status = watch_poll_add(serving->watch, conn, &item);
	conn_table_events_done(serving->watch->table);
	answer(serving, status, false);
}

static void delete_poll(const struct serving *serving, struct conn *conn)
{
	struct watch *watch = serving->watch;
	uint32_t at = find_poll(serving, conn);

	if (at != 0)
		watch_item_remove(watch, conn_watch_get(watch->table, conn), at);
	answer(serving, at != 0 ? 0 : -ESRCH, false);
}

static void list_polls(const struct serving *serving, const struct conn *conn)
{
	const struct watch *watch = serving->watch;
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint32_t at = list != NULL ? list->items : 0, listed = 0;

	for (; at != 0 && listed < LIST_MOST; at = watch->item[at].next) {
		const struct watch_item *item = &watch->item[at];
		struct watch_answer element = {
			.number = serving->request->number,
			.value = item->value,
			.interval = item->interval,
			.name = item->name,
			.kind = item->kind,
			.actions = item->actions,
			.repeat = item->repeat,
			.more = true,
		};

		// A plugin's polls look at whatever it likes.
		if (item->type != WATCH_ITEM_POLL || item->plugin != WATCH_NO_PLUGIN)
			continue;
		element.current = watch_feature_now(watch, conn, item);
		serving->answer(serving->context, &element);
		listed++;
	}
	answer(serving, 0, false);
}

static bool is_sound(const struct watch_request *request)
{
	switch ((enum watch_request_kind)request->request) {
	case WATCH_REQUEST_THRESHOLD_ADD:
	case WATCH_REQUEST_THRESHOLD_DELETE:
		return request->kind < WATCH_KIND_COUNT && request->value != 0 &&
		       request->value != UINT64_MAX;
	case WATCH_REQUEST_POLL_ADD:
	case WATCH_REQUEST_POLL_DELETE:
		return request->kind < WATCH_FEATURE_COUNT;
	default:
		return true;
	}
}

void watch_serve(struct watch *watch, const struct watch_request *request,
		 void (*answer_function)(void *context, const struct watch_answer *answer),
		 void *context)
{
	struct serving serving = {
		.watch = watch, .request = request, .answer = answer_function, .context = context};
	struct conn *conn = find(&serving);

	if (conn == NULL || !is_sound(request)) {
		answer(&serving, conn == NULL ? -ENOENT : -EINVAL, false);
		return;
	}
	switch ((enum watch_request_kind)request->request) {
	case WATCH_REQUEST_THRESHOLD_ADD:
		add_threshold(&serving, conn);
		return;
	case WATCH_REQUEST_THRESHOLD_DELETE:
		delete_threshold(&serving, conn);
		return;
	case WATCH_REQUEST_THRESHOLD_LIST:
		list_thresholds(&serving, conn);
		return;
	case WATCH_REQUEST_POLL_ADD:
		add_poll(&serving, conn);
		return;
	case WATCH_REQUEST_POLL_DELETE:
		delete_poll(&serving, conn);
		return;
	case WATCH_REQUEST_POLL_LIST:
		list_polls(&serving, conn);
		return;
	case WATCH_REQUEST_INACTIVITY:
		conn_watch_inactivity(watch->table, conn, request->value);
		answer(&serving, 0, false);
		return;
	}
	answer(&serving, -EINVAL, false);
}
