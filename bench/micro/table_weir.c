/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "table.h"

#include "conn/conn_internal.h"

// As in conn_track.c: a record is asked for so many packets before it is needed.
#define RECORD_AHEAD 8

static struct conn_table *table;

static int create(uint32_t entries)
{
	static struct conn_settings settings;

	settings = (struct conn_settings){
		.maximum = entries,
		.hugepages = true,
		.secret = {0x2d358dccaa6c78a5, 0x8bb84b93962eacc9, 0x4b33a62ed433d4a3,
			   0x4d5a2da51de1aa47, 0xa0761d6478bd642f, 0xe7037ed1a0b428db},
	};
	table = conn_table_create(&settings, NULL);
	return table != NULL ? 0 : -1;
}

static void destroy(void)
{
	conn_table_destroy(table);
	table = NULL;
}

// What a worker does while it decodes.
static void begin(struct packet *packet, const struct packet_key *key)
{
	packet->key = *key;
	packet->hash = packet_key_hash(key, table->settings.secret);
	conn_track_prepare(table, packet);
}

static struct conn *prefetch_record(const struct packet *packet)
{
	struct conn *conn = conn_index_likely(table, packet);

	if (conn != NULL) {
		__builtin_prefetch(conn, 1);
		__builtin_prefetch((const char *)conn + 64, 1);
	}
	return conn;
}

static size_t lookup_burst(const struct packet_key *keys, size_t count)
{
	struct packet packets[TABLE_BURST];
	struct conn *likely[RECORD_AHEAD];
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		begin(&packets[i], &keys[i]);
	for (size_t i = 0; i < RECORD_AHEAD && i < count; i++)
		likely[i] = prefetch_record(&packets[i]);
	for (size_t i = 0; i < count; i++) {
		struct conn *conn = likely[i % RECORD_AHEAD];

		if (i + RECORD_AHEAD < count)
			likely[i % RECORD_AHEAD] = prefetch_record(&packets[i + RECORD_AHEAD]);
		if (conn == NULL || !packet_key_equal(&conn->key, &packets[i].key))
			conn = conn_index_find(table, &packets[i]);
		if (conn == NULL)
			continue;
		conn->last++;
		conn->packets[0]++;
		found++;
	}
	return found;
}

static size_t lookup(const struct packet_key *keys, size_t count)
{
	size_t found = 0;

	for (size_t at = 0; at < count; at += TABLE_BURST)
		found += lookup_burst(keys + at,
				      count - at < TABLE_BURST ? count - at : TABLE_BURST);
	return found;
}

static void add_burst(const struct packet_key *keys, const uint32_t *slots, size_t count)
{
	struct packet packets[TABLE_BURST];

	for (size_t i = 0; i < count; i++)
		begin(&packets[i], &keys[i]);
	for (size_t i = 0; i < count; i++) {
		struct conn *conn = &table->conn[slots[i]];

		if (conn_index_find(table, &packets[i]) != NULL)
			table_fail("weir", "the key is there already");
		if (conn_index_insert(table, packets[i].hash, slots[i]) < 0)
			table_fail("weir", "no room");
		conn->key = keys[i];
		conn->packets[0] = 0;
	}
}

static void add(const struct packet_key *keys, const uint32_t *slots, size_t count)
{
	for (size_t at = 0; at < count; at += TABLE_BURST)
		add_burst(keys + at, slots + at,
			  count - at < TABLE_BURST ? count - at : TABLE_BURST);
}

static void remove_slots(const uint32_t *slots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct conn *conn = &table->conn[slots[i]];

		conn_index_remove(table, packet_key_hash(&conn->key, table->settings.secret),
				  slots[i]);
	}
}

const struct table_contender table_weir = {
	.name = "weir",
	.create = create,
	.destroy = destroy,
	.lookup = lookup,
	.add = add,
	.remove = remove_slots,
};
