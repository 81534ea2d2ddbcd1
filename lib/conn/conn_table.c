/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

#include "base/memory.h"
#include "base/message.h"

#include <errno.h>
#include <stdlib.h>

#define RESERVE (CONN_LIMBO_BATCH * CONN_LIMBO_BATCHES)
// Slots that come back lie anywhere in a large table.
#define RETURNS_AHEAD 16

static uint64_t power_of_two(uint64_t least)
{
	uint64_t power = 1;

	while (power < least)
		power *= 2;
	return power;
}

static size_t bucket_count(const struct conn_table *table)
{
	return table->overflow_end;
}

// What was mapped of the arrays of slots and buckets.
static void unmap_records(struct conn_table *table)
{
	conn_slots_destroy(&table->free);
	memory_unmap(table->bucket, bucket_count(table) * sizeof(*table->bucket));
	memory_unmap(table->watch, (size_t)table->slots * sizeof(*table->watch));
	memory_unmap(table->link, (size_t)table->slots * sizeof(*table->link));
	memory_unmap(table->rare, (size_t)table->slots * sizeof(*table->rare));
	memory_unmap(table->cold, (size_t)table->slots * sizeof(*table->cold));
	memory_unmap(table->conn, (size_t)table->slots * sizeof(*table->conn));
}

// What each packet needs of it lies in one page.
#define PAGE 4096

static_assert(offsetof(struct conn_table, settings.exact_time) < PAGE, "one page");

static struct conn_table *make_table(void)
{
	size_t size = (sizeof(struct conn_table) + PAGE - 1) / PAGE * PAGE;
	struct conn_table *table = aligned_alloc(PAGE, size);

	if (table != NULL)
		memset(table, 0, size);
	return table;
}

struct conn_table *conn_table_create(const struct conn_settings *settings,
				     conn_reclaim_function reclaim)
{
	struct conn_table *table = make_table();
	uint64_t buckets = power_of_two((settings->maximum + 3) / 4);

	if (table == NULL)
		goto no_table;
	table->settings = *settings;
	table->reclaim = reclaim;
	table->slots = settings->maximum + RESERVE;
	table->bucket_mask = buckets - 1;
	// A table that is full to the last slot has more than eight entries in about 2 % of its
	// buckets.
	table->overflow_fresh = (uint32_t)buckets;
	table->overflow_end = (uint32_t)(buckets + buckets / 8 + 64);
	table->finished_first = table->finished_last = CONN_SLOT_NONE;
	table->half_open = table->closing = (struct conn_list){.oldest = CONN_SLOT_NONE,
							       .newest = CONN_SLOT_NONE};
	table->conn = memory_map((size_t)table->slots * sizeof(*table->conn), settings->hugepages);
	table->cold = memory_map((size_t)table->slots * sizeof(*table->cold), settings->hugepages);
	table->rare = memory_map((size_t)table->slots * sizeof(*table->rare), settings->hugepages);
	table->link = memory_map((size_t)table->slots * sizeof(*table->link), settings->hugepages);
	// Small pages, touched as they are needed.
	table->watch = memory_map((size_t)table->slots * sizeof(*table->watch), false);
	table->bucket = memory_map(bucket_count(table) * sizeof(*table->bucket),
				   settings->hugepages);
	if (table->conn == NULL || table->cold == NULL || table->rare == NULL ||
	    table->link == NULL || table->watch == NULL || table->bucket == NULL ||
	    conn_slots_create(&table->free, table->slots) < 0)
		goto no_memory;
	if (conn_pool_create(&table->pool, table->slots, settings->hugepages) < 0)
		goto no_memory;
	table->wheel = wheel_create(&table->conn->wheel, sizeof(*table->conn),
				    settings->exact_time);
	table->limbo = calloc(CONN_LIMBO_BATCHES, sizeof(*table->limbo));
	table->event = calloc(CONN_EVENTS_A_PACKET, sizeof(*table->event));
	// So Zeek's clock begins; it shows in traces whose times count from 0.
	table->clock = TIME_SECOND;
	if (table->wheel == NULL || table->limbo == NULL || table->event == NULL)
		goto no_wheel;
	return table;

no_wheel:
	free(table->event);
	free(table->limbo);
	wheel_destroy(table->wheel);
	conn_pool_destroy(&table->pool);
no_memory:
	unmap_records(table);
	free(table);
no_table:
	message_error("no memory for a table of %u connections: lower [connections] maximum",
		      settings->maximum);
	return NULL;
}

void conn_table_destroy(struct conn_table *table)
{
	if (table == NULL)
		return;
	free(table->event);
	free(table->limbo);
	wheel_destroy(table->wheel);
	conn_pool_destroy(&table->pool);
	unmap_records(table);
	free(table);
}

uint32_t conn_table_live(const struct conn_table *table)
{
	return __atomic_load_n(&table->live, __ATOMIC_RELAXED);
}

uint32_t conn_table_waiting(const struct conn_table *table)
{
	return __atomic_load_n(&table->waiting, __ATOMIC_RELAXED);
}

const struct conn_counters *conn_table_counters(const struct conn_table *table)
{
	return &table->counters;
}

void conn_list_append(struct conn_table *table, struct conn_list *list, struct conn *conn)
{
	uint32_t slot = conn_slot(table, conn);

	table->link[slot] = (struct conn_link){.older = list->newest, .newer = CONN_SLOT_NONE};
	if (list->newest != CONN_SLOT_NONE)
		table->link[list->newest].newer = slot;
	else
		list->oldest = slot;
	list->newest = slot;
}

void conn_list_remove(struct conn_table *table, struct conn_list *list, struct conn *conn)
{
	struct conn_link link = table->link[conn_slot(table, conn)];

	if (link.older != CONN_SLOT_NONE)
		table->link[link.older].newer = link.newer;
	else
		list->oldest = link.newer;
	if (link.newer != CONN_SLOT_NONE)
		table->link[link.newer].older = link.older;
	else
		list->newest = link.older;
}

// Takes back the slots of batches whose grace period is over. No more than two at a time: one grace
// period may end for all of them, and the packets that come meanwhile would wait; each call comes
// with one batch at most that is filled.
static void limbo_collect(struct conn_table *table)
{
	for (int batch = 0; batch < 2 && table->limbo_oldest != table->limbo_fill; batch++) {
		struct conn_limbo *limbo = &table->limbo[table->limbo_oldest];

		if (!atomic_load_explicit(&limbo->elapsed, memory_order_acquire))
			return;
		for (uint32_t i = 0; i < limbo->count; i++) {
			if (i + RETURNS_AHEAD < limbo->count)
				conn_slots_prefetch(&table->free, limbo->slot[i + RETURNS_AHEAD]);
			conn_slots_return(&table->free, limbo->slot[i]);
		}
		limbo->count = 0;
		table->limbo_oldest = (table->limbo_oldest + 1) % CONN_LIMBO_BATCHES;
	}
}

void conn_table_reclaim(struct conn_table *table)
{
	struct conn_limbo *limbo = &table->limbo[table->limbo_fill];
	uint32_t next = (table->limbo_fill + 1) % CONN_LIMBO_BATCHES;

	limbo_collect(table);
	if (table->reclaim == NULL || limbo->count == 0 || next == table->limbo_oldest)
		return;
	atomic_store_explicit(&limbo->elapsed, false, memory_order_relaxed);
	table->limbo_fill = next;
	table->reclaim(limbo);
}

static void slot_release(struct conn_table *table, uint32_t slot)
{
	struct conn_limbo *limbo = &table->limbo[table->limbo_fill];

	if (table->reclaim == NULL) {
		conn_slots_return(&table->free, slot);
		return;
	}
	limbo->slot[limbo->count++] = slot;
	if (limbo->count == CONN_LIMBO_BATCH)
		conn_table_reclaim(table);
}

static bool slot_available(struct conn_table *table)
{
	if (!conn_slots_any(&table->free))
		limbo_collect(table);
	return conn_slots_any(&table->free);
}

// Asks the memory for a slot that is taken soon: it has not been looked at for long, or never.
static void slot_prefetch(const struct conn_table *table, uint32_t slot)
{
	conn_prefetch_hot(&table->conn[slot]);
	conn_prefetch_cold(table, slot);
}

static uint32_t slot_take(struct conn_table *table)
{
	uint32_t ahead, slot = conn_slots_take(&table->free, &ahead);

	if (ahead != CONN_SLOT_NONE)
		slot_prefetch(table, ahead);
	return slot;
}

// Asks the memory for those that are evicted next: half-open ones were not looked at since they
// began. The record of the one after the next; the index's bucket of the next, whose record was
// asked for when the last one went.
static void prefetch_victims(const struct conn_table *table, uint32_t slot)
{
	uint32_t next = table->link[slot].newer, after;

	if (next == CONN_SLOT_NONE)
		return;
	conn_index_prefetch(table, packet_key_hash(&table->conn[next].key, table->settings.secret));
	after = table->link[next].newer;
	if (after == CONN_SLOT_NONE)
		return;
	conn_prefetch_hot(&table->conn[after]);
	conn_prefetch_cold(table, after);
}

// Makes room by giving up what is worth least: half-open connections, then those that only wait for
// stragglers after their close, the oldest first. Established ones stay whatever happens.
static bool evict(struct conn_table *table)
{
	uint32_t slot = table->half_open.oldest;

	if (slot == CONN_SLOT_NONE)
		slot = table->closing.oldest;
	if (slot == CONN_SLOT_NONE)
		return false;
	table->counters.evicted++;
	prefetch_victims(table, slot);
	conn_remove(table, &table->conn[slot], CONN_REASON_EVICTED);
	return true;
}

struct conn *conn_create(struct conn_table *table, const struct packet *packet)
{
	struct conn_cold *cold;
	struct conn *conn;
	uint32_t slot, generation;

	if (!slot_available(table) || (table->live >= table->settings.maximum && !evict(table)))
		return NULL;
	slot = slot_take(table);
	conn = &table->conn[slot];
	cold = &table->cold[slot];
	conn_at(table, conn);
	if (conn_index_insert(table, packet->hash, slot) < 0) {
		conn_slots_return(&table->free, slot);
		return NULL;
	}
	generation = cold->generation + 1;
	memset(cold, 0, sizeof(*cold));
	memset(conn->end, 0, sizeof(*conn) - offsetof(struct conn, end));
	conn->key = packet->key;
	conn->key.flags = (uint16_t)(packet->sender | CONN_LIVE | CONN_EVENTS_ACTIVE |
				     CONN_HALF_OPEN);
	conn->last = packet->time;
	wheel_node_clear(&conn->wheel);
	cold->first = packet->time;
	cold->due[0] = cold->due[1] = TIME_NEVER;
	cold->extension = CONN_NO_EXTENSION;
	cold->generation = generation;
	conn_list_append(table, &table->half_open, conn);
	table->live++;
	table->counters.created++;
	return conn;
}

void conn_remove(struct conn_table *table, struct conn *conn, enum conn_reason reason)
{
	struct conn_cold *cold = conn_cold(table, conn);
	uint32_t slot = conn_slot(table, conn);

	conn_at(table, conn);
	if (conn_subscribed(table, CONN_EVENT_STATE_REMOVE) || cold->watched)
		conn_event_removed(table, conn, reason);
	// The timer that removes it is off the wheel already, as a rule.
	if (conn->wheel.due != WHEEL_NEVER)
		wheel_cancel(table->wheel, slot);
	conn_index_remove(table, packet_key_hash(&conn->key, table->settings.secret), slot);
	if (conn_flag(conn, CONN_HALF_OPEN))
		conn_list_remove(table, &table->half_open, conn);
	else if (conn_flag(conn, CONN_CLOSING))
		conn_list_remove(table, &table->closing, conn);
	conn_flag_clear(conn, CONN_LIVE);
	table->counters.removed[reason]++;
	table->live--;
	// The timers are over: their fields now say when and why.
	cold->due[0] = table->clock;
	cold->due[1] = reason;
	conn->wheel.next = CONN_SLOT_NONE;
	if (table->finished_last != CONN_SLOT_NONE)
		table->conn[table->finished_last].wheel.next = slot;
	else
		table->finished_first = slot;
	table->finished_last = slot;
	table->waiting++;
}

// Is there room for one more slot that waits for its grace period?
static bool limbo_has_room(struct conn_table *table)
{
	if (__builtin_expect(table->limbo[table->limbo_fill].count < CONN_LIMBO_BATCH, 1))
		return true;
	conn_table_reclaim(table);
	return table->limbo[table->limbo_fill].count < CONN_LIMBO_BATCH;
}

static void release_watch(struct conn_table *table, struct conn *conn, struct conn_summary *summary)
{
	const struct conn_watcher *watcher = table->settings.watcher;

	if (watcher != NULL)
		watcher->released(watcher->context, table, conn, summary);
	conn_cold(table, conn)->watched = 0;
}

size_t conn_finished_take(struct conn_table *table, struct conn_summary *summaries, size_t most)
{
	uint32_t slot = table->finished_first;
	size_t count = 0;

	while (slot != CONN_SLOT_NONE && count < most && limbo_has_room(table)) {
		struct conn *conn = &table->conn[slot];
		uint32_t next = conn->wheel.next;

		// It may have waited for long.
		if (next != CONN_SLOT_NONE)
			slot_prefetch(table, next);
		conn_summarize(table, conn, &summaries[count]);
		if (__builtin_expect(conn_cold(table, conn)->watched, 0))
			release_watch(table, conn, &summaries[count]);
		count++;
		if (conn_flag(conn, CONN_EXTENDED))
			conn_extension_release(table, conn);
		slot_release(table, slot);
		slot = next;
	}
	table->finished_first = slot;
	if (slot == CONN_SLOT_NONE)
		table->finished_last = CONN_SLOT_NONE;
	table->waiting -= (uint32_t)count;
	table->counters.finished += count;
	return count;
}

// Zeek's connection_pending: cut off while it might have gone on.
static bool is_pending(const struct conn *conn)
{
	return conn->key.protocol == PACKET_TCP && conn_flag(conn, CONN_EVENTS_ACTIVE) &&
	       !(conn->end[CONN_ORIG].closed && conn->end[CONN_RESP].closed);
}

size_t conn_table_drain(struct conn_table *table, size_t limit)
{
	size_t done = 0;

	while (done < limit && conn_timers_end(table))
		done++;
	for (; table->drain_at < conn_slots_fresh(&table->free) && done < limit;
	     table->drain_at++) {
		struct conn *conn = &table->conn[table->drain_at];

		if (!conn_flag(conn, CONN_LIVE))
			continue;
		if (is_pending(conn))
			conn_event(table, conn, CONN_EVENT_PENDING);
		conn_remove(table, conn, CONN_REASON_END);
		conn_events_done(table);
		done++;
	}
	conn_at(table, NULL);
	return done;
}
