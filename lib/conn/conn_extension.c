/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

#include "base/memory.h"

#include <errno.h>

static size_t extension_bytes(const struct conn_pool *pool)
{
	return (size_t)pool->extension_end * sizeof(*pool->extension);
}

static size_t range_bytes(const struct conn_pool *pool)
{
	return (size_t)pool->range_end * sizeof(*pool->range);
}

int conn_pool_create(struct conn_pool *pool, uint32_t connections, bool hugepages)
{
	*pool = (struct conn_pool){
		.extension_free = CONN_NO_EXTENSION,
		.range_free = CONN_NO_EXTENSION,
		// What nobody uses takes no memory: these pages are touched as they are needed.
		.extension_end = connections,
		.range_end = connections / 4 + 16384,
	};
	pool->extension = memory_map(extension_bytes(pool), false);
	pool->range = memory_map(range_bytes(pool), hugepages);
	if (pool->extension != NULL && pool->range != NULL)
		return 0;
	conn_pool_destroy(pool);
	return -ENOMEM;
}

void conn_pool_destroy(struct conn_pool *pool)
{
	memory_unmap(pool->extension, extension_bytes(pool));
	memory_unmap(pool->range, range_bytes(pool));
	pool->extension = NULL;
	pool->range = NULL;
}

struct conn_extension *conn_extension_get(const struct conn_table *table, const struct conn *conn)
{
	// The flag is in a line that every packet touches, the index is not.
	if (__builtin_expect(!conn_flag(conn, CONN_EXTENDED), 1))
		return NULL;
	return &table->pool.extension[conn_cold(table, conn)->extension];
}

struct conn_extension *conn_extension_need(struct conn_table *table, struct conn *conn)
{
	struct conn_pool *pool = &table->pool;
	struct conn_cold *cold = conn_cold(table, conn);
	struct conn_extension *extension;

	if (cold->extension != CONN_NO_EXTENSION)
		return &pool->extension[cold->extension];
	if (pool->extension_free != CONN_NO_EXTENSION) {
		cold->extension = pool->extension_free;
		pool->extension_free = pool->extension[cold->extension].range[0];
	} else if (pool->extension_fresh < pool->extension_end) {
		cold->extension = pool->extension_fresh++;
	} else {
		table->counters.extension_short++;
		return NULL;
	}
	conn_flag_set(conn, CONN_EXTENDED);
	extension = &pool->extension[cold->extension];
	memset(extension, 0, sizeof(*extension));
	extension->range[0] = extension->range[1] = CONN_NO_EXTENSION;
	extension->range_last[0] = extension->range_last[1] = CONN_NO_EXTENSION;
	extension->vlan[0] = extension->vlan[1] = PACKET_NO_VLAN;
	memset(extension->due, 0xff, sizeof(extension->due));
	return extension;
}

void conn_extension_release(struct conn_table *table, struct conn *conn)
{
	struct conn_pool *pool = &table->pool;
	struct conn_cold *cold = conn_cold(table, conn);
	struct conn_extension *extension = conn_extension_get(table, conn);

	if (extension == NULL)
		return;
	for (int side = 0; side < 2; side++) {
		uint32_t at = extension->range[side];

		while (at != CONN_NO_EXTENSION) {
			uint32_t next = pool->range[at].next;

			conn_range_give(pool, at);
			at = next;
		}
	}
	extension->range[0] = pool->extension_free;
	pool->extension_free = cold->extension;
	cold->extension = CONN_NO_EXTENSION;
	conn_flag_clear(conn, CONN_EXTENDED);
}

uint32_t conn_range_take(struct conn_pool *pool)
{
	uint32_t index = pool->range_free;

	if (index != CONN_NO_EXTENSION)
		pool->range_free = pool->range[index].next;
	else if (pool->range_fresh < pool->range_end)
		index = pool->range_fresh++;
	return index;
}

void conn_range_give(struct conn_pool *pool, uint32_t index)
{
	pool->range[index].next = pool->range_free;
	pool->range_free = index;
}
