/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_internal.h"

#include "base/memory.h"

#include <errno.h>

// Items for each connection, and beyond: three polls on every connection of a full table fit.
#define ITEMS_EACH 4
#define ITEMS_MORE 65536
#define NOTES_MOST 65536

static uint32_t item_count(uint32_t connections, uint32_t each)
{
	uint64_t count = (uint64_t)connections * each + ITEMS_MORE;

	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

// What nobody uses takes no memory: these pages are touched as they are needed. Where even addresses
// are counted (ulimit -v, vm.overcommit_memory), there may be fewer.
int watch_pools_create(struct watch *watch, uint32_t connections)
{
	for (uint32_t each = ITEMS_EACH; each > 0 && watch->item == NULL; each /= 2) {
		watch->item_end = item_count(connections, each);
		watch->item = memory_map((size_t)watch->item_end * sizeof(*watch->item), false);
	}
	watch->note_end = NOTES_MOST;
	watch->item_fresh = watch->note_fresh = 1;
	watch->note = memory_map((size_t)watch->note_end * sizeof(*watch->note), false);
	return watch->item != NULL && watch->note != NULL ? 0 : -ENOMEM;
}

void watch_pools_destroy(struct watch *watch)
{
	memory_unmap(watch->item, (size_t)watch->item_end * sizeof(*watch->item));
	memory_unmap(watch->note, (size_t)watch->note_end * sizeof(*watch->note));
}

static bool is_limited(const struct watch_item *item)
{
	return item->rule == WATCH_NO_RULE && item->type <= WATCH_ITEM_HOOK;
}

static bool has_room(const struct watch *watch, const struct conn *conn)
{
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint32_t at = list != NULL ? list->items : 0, count = 0;

	for (; at != 0; at = watch->item[at].next)
		count += is_limited(&watch->item[at]);
	return count < WATCH_ITEMS_MOST;
}

uint32_t watch_item_add(struct watch *watch, struct conn *conn, const struct watch_item *item)
{
	uint32_t index = watch->item_free;
	struct conn_watch *list;

	if (is_limited(item) && !has_room(watch, conn)) {
		watch->counters.short_of++;
		return 0;
	}
	if (index != 0) {
		watch->item_free = watch->item[index].next;
	} else if (watch->item_fresh < watch->item_end) {
		index = watch->item_fresh++;
	} else {
		watch->counters.short_of++;
		return 0;
	}
	list = conn_watch_need(watch->table, conn);
	watch->item[index] = *item;
	watch->item[index].next = list->items;
	list->items = index;
	return index;
}

// A note is linked through its first bytes while nobody has it.
uint32_t watch_note_take(struct watch *watch)
{
	uint32_t index = watch->note_free;

	if (index != 0) {
		memcpy(&watch->note_free, &watch->note[index], sizeof(watch->note_free));
	} else if (watch->note_fresh < watch->note_end) {
		index = watch->note_fresh++;
	} else {
		watch->counters.short_of++;
		return 0;
	}
	watch->note[index].length = 0;
	return index;
}

static void give_back(struct watch *watch, uint32_t index)
{
	struct watch_item *item = &watch->item[index];

	if (item->type == WATCH_ITEM_NOTE) {
		memcpy(&watch->note[item->note], &watch->note_free, sizeof(watch->note_free));
		watch->note_free = item->note;
	}
	item->next = watch->item_free;
	watch->item_free = index;
}

void watch_item_remove(struct watch *watch, struct conn_watch *list, uint32_t index)
{
	uint32_t next = watch->item[index].next, at = list->items;

	if (at == index) {
		list->items = next;
	} else {
		while (watch->item[at].next != index)
			at = watch->item[at].next;
		watch->item[at].next = next;
	}
	give_back(watch, index);
}

uint32_t watch_item_find(const struct watch *watch, const struct conn *conn,
			 enum watch_item_type type)
{
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	uint32_t index = list != NULL ? list->items : 0;

	while (index != 0 && watch->item[index].type != type)
		index = watch->item[index].next;
	return index;
}

void watch_items_release(struct watch *watch, struct conn_watch *list)
{
	uint32_t index = list->items;

	while (index != 0) {
		uint32_t next = watch->item[index].next;

		give_back(watch, index);
		index = next;
	}
	list->items = 0;
}
