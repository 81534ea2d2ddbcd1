/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// talkers: which networks send most, as an example of state per worker and per connection.
//
//   [plugin talkers]
//   path = talkers.so
//   file = talkers.tsv    # where the result goes when weir ends; has to be given, and writable
//                         # when weir starts
//   ipv4 = 24             # length of the prefixes that IPv4 addresses are counted by; default 24
//   ipv6 = 48             # the same for IPv6; default 48
//   top = 10              # how many to write; default 10
//   prefixes = 4096       # that each worker keeps; default 4096
//   interval = 1 min      # between two looks at a connection that lives; default 1 min
//
// Each line of the file has a prefix, the bytes that its hosts sent (of IP packets, headers
// included), and how many of these may be another prefix's: 0 as long as there are no more prefixes
// than each worker keeps.
//
// A table that is full gives the place of the smallest prefix to a new one, which inherits its bytes
// as a possible error: the Space-Saving algorithm of Metwally, Agrawal and El Abbadi, "Efficient
// computation of frequent and top-k elements in data streams" (ICDT 2005). What is large stays, and
// memory is bounded, however many networks there are.

#include "weir/plugin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINUTE UINT64_C(60000000000)

// The most that can be asked for.
#define PREFIXES_MOST 1000000

#define NONE          UINT32_MAX

// Written by init(), read by the workers.
static struct {
	const char *file;
	uint64_t ipv4, ipv6, top, prefixes, interval;
} settings = {
	.ipv4 = 24,
	.ipv6 = 48,
	.top = 10,
	.prefixes = 4096,
	.interval = MINUTE,
};

struct talker {
	uint8_t prefix[16]; // the bits behind it are 0
	uint64_t bytes;
	uint64_t error; // how many of them may be others'
	uint32_t place; // in the heap
	uint32_t next;  // with the same hash; or NONE
};

// What a worker knows. Talkers are found by prefix through `bucket`, and the smallest one is the
// first of `heap`, of which none is larger than those at twice its index + 1 and + 2.
struct table {
	struct talker *talker; // [settings.prefixes]
	uint32_t *heap;        // [settings.prefixes]
	uint32_t *bucket;      // [buckets]
	uint32_t buckets;      // a power of two
	uint32_t count;
	struct table *other; // of another worker
};

// All tables, for fini(); and whether any worker ran.
static struct table *tables;
static bool has_run;

// weir_conn_state(): what was counted of a connection.
struct counted {
	uint64_t bytes[2];
};

static uint32_t hash(const struct table *table, const uint8_t prefix[16])
{
	// FNV-1a.
	uint32_t value = 2166136261u;

	for (int i = 0; i < 16; i++)
		value = (value ^ prefix[i]) * 16777619u;
	return (value ^ value >> 15) & (table->buckets - 1);
}

static void put(struct table *table, uint32_t place, uint32_t index)
{
	table->heap[place] = index;
	table->talker[index].place = place;
}

static uint64_t bytes_at(const struct table *table, uint32_t place)
{
	return table->talker[table->heap[place]].bytes;
}

static void move_up(struct table *table, uint32_t place)
{
	uint32_t index = table->heap[place];
	uint64_t bytes = table->talker[index].bytes;

	for (; place > 0 && bytes_at(table, (place - 1) / 2) > bytes; place = (place - 1) / 2)
		put(table, place, table->heap[(place - 1) / 2]);
	put(table, place, index);
}

static void move_down(struct table *table, uint32_t place)
{
	uint32_t index = table->heap[place], child;
	uint64_t bytes = table->talker[index].bytes;

	while ((child = 2 * place + 1) < table->count) {
		if (child + 1 < table->count && bytes_at(table, child + 1) < bytes_at(table, child))
			child++;
		if (bytes_at(table, child) >= bytes)
			break;
		put(table, place, table->heap[child]);
		place = child;
	}
	put(table, place, index);
}

static uint32_t find(const struct table *table, const uint8_t prefix[16])
{
	uint32_t index = table->bucket[hash(table, prefix)];

	while (index != NONE && memcmp(table->talker[index].prefix, prefix, 16) != 0)
		index = table->talker[index].next;
	return index;
}

static void link_in(struct table *table, uint32_t index, const uint8_t prefix[16])
{
	uint32_t *bucket = &table->bucket[hash(table, prefix)];

	memcpy(table->talker[index].prefix, prefix, 16);
	table->talker[index].next = *bucket;
	*bucket = index;
}

static void take_out(struct table *table, uint32_t index)
{
	uint32_t *at = &table->bucket[hash(table, table->talker[index].prefix)];

	while (*at != index)
		at = &table->talker[*at].next;
	*at = table->talker[index].next;
}

static void add(struct table *table, const uint8_t prefix[16], uint64_t bytes)
{
	uint32_t index = find(table, prefix);
	struct talker *talker;

	if (index == NONE && table->count < settings.prefixes) {
		index = table->count++;
		link_in(table, index, prefix);
		table->talker[index].bytes = bytes;
		table->talker[index].error = 0;
		put(table, index, index);
		move_up(table, index);
		return;
	}
	if (index == NONE) {
		index = table->heap[0];
		take_out(table, index);
		link_in(table, index, prefix);
		table->talker[index].error = table->talker[index].bytes;
	}
	talker = &table->talker[index];
	talker->bytes += bytes;
	move_down(table, talker->place);
}

static bool is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static void cut(uint8_t prefix[16], const uint8_t address[16])
{
	unsigned bits = (unsigned)(is_ipv4(address) ? 96 + settings.ipv4 : settings.ipv6);

	memset(prefix, 0, 16);
	memcpy(prefix, address, bits / 8);
	if (bits % 8 != 0)
		prefix[bits / 8] = (uint8_t)(address[bits / 8] & 0xff << (8 - bits % 8));
}

// Counts what came since this was called last for this connection.
static void count_more(struct weir_conn *conn)
{
	struct table *table = weir_conn_worker_state(conn);
	struct counted *counted = weir_conn_state(conn);
	struct weir_conn_info info;
	uint8_t prefix[16];

	weir_conn_get(conn, &info, sizeof(info));
	for (int side = 0; side < 2; side++) {
		uint64_t more = info.ip_bytes[side] - counted->bytes[side];

		if (more == 0)
			continue;
		counted->bytes[side] = info.ip_bytes[side];
		cut(prefix, info.address[side]);
		add(table, prefix, more);
	}
}

static int64_t look(struct weir_conn *conn, uint64_t count)
{
	count_more(conn);
	return (int64_t)settings.interval;
}

static void exchange(struct counted *counted)
{
	uint64_t bytes = counted->bytes[WEIR_ORIG];

	counted->bytes[WEIR_ORIG] = counted->bytes[WEIR_RESP];
	counted->bytes[WEIR_RESP] = bytes;
}

static void on_event(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	switch (event) {
	case WEIR_NEW_CONNECTION:
		// Should this fail, all of it is counted at its end.
		weir_conn_poll(conn, look, 0, (int64_t)settings.interval);
		break;
	case WEIR_CONNECTION_FLIPPED:
		exchange(weir_conn_state(conn));
		break;
	case WEIR_CONNECTION_STATE_REMOVE:
		count_more(conn);
		break;
	default:
		break;
	}
}

static void *worker_create(unsigned worker)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		goto no_memory;
	table->other = tables;
	tables = table;
	table->buckets = 1;
	while (table->buckets < 2 * settings.prefixes)
		table->buckets *= 2;
	table->talker = calloc(settings.prefixes, sizeof(*table->talker));
	table->heap = calloc(settings.prefixes, sizeof(*table->heap));
	table->bucket = malloc(table->buckets * sizeof(*table->bucket));
	if (table->talker == NULL || table->heap == NULL || table->bucket == NULL)
		goto no_memory;
	memset(table->bucket, 0xff, table->buckets * sizeof(*table->bucket));
	return table;

no_memory:
	weir_plugin_error("no memory for %" PRIu64 " prefixes", settings.prefixes);
	return NULL;
}

static void worker_finish(unsigned worker, void *state)
{
	__atomic_store_n(&has_run, true, __ATOMIC_RELAXED);
}

// What fini() does with all tables: each prefix once, with the sum of what the workers know of it. A
// worker that does not know it, and whose table is full, may have forgotten as much as its smallest
// has.
struct result {
	uint8_t prefix[16];
	uint64_t bytes, error;
	uint64_t smallest; // of the tables that know it
};

static uint64_t smallest_of(const struct table *table)
{
	return table->count == settings.prefixes ? bytes_at(table, 0) : 0;
}

static int by_prefix(const void *a, const void *b)
{
	return memcmp(((const struct result *)a)->prefix, ((const struct result *)b)->prefix, 16);
}

static int by_bytes(const void *a, const void *b)
{
	const struct result *one = a, *other = b;

	if (one->bytes != other->bytes)
		return one->bytes < other->bytes ? 1 : -1;
	return by_prefix(a, b);
}

static size_t collect(struct result *result)
{
	size_t count = 0;

	for (const struct table *table = tables; table != NULL; table = table->other)
		for (uint32_t i = 0; i < table->count; i++, count++) {
			memcpy(result[count].prefix, table->talker[i].prefix, 16);
			result[count].bytes = table->talker[i].bytes;
			result[count].error = table->talker[i].error;
			result[count].smallest = smallest_of(table);
		}
	return count;
}

// Returns how many there are, the largest first.
static size_t merge(struct result *result, size_t count)
{
	uint64_t forgotten = 0;
	size_t merged = 0;

	for (const struct table *table = tables; table != NULL; table = table->other)
		forgotten += smallest_of(table);
	qsort(result, count, sizeof(*result), by_prefix);
	for (size_t i = 0; i < count; i++) {
		if (merged == 0 || by_prefix(&result[merged - 1], &result[i]) != 0) {
			result[merged++] = result[i];
			continue;
		}
		result[merged - 1].bytes += result[i].bytes;
		result[merged - 1].error += result[i].error;
		result[merged - 1].smallest += result[i].smallest;
	}
	for (size_t i = 0; i < merged; i++) {
		result[i].bytes += forgotten - result[i].smallest;
		result[i].error += forgotten - result[i].smallest;
	}
	qsort(result, merged, sizeof(*result), by_bytes);
	return merged;
}

static int write_file(const struct result *result, size_t count)
{
	FILE *file = fopen(settings.file, "w");
	bool failed;

	if (file == NULL)
		goto failed;
	fprintf(file, "#prefix\tbytes\terror\n");
	for (size_t i = 0; i < count && i < settings.top; i++) {
		bool ipv4 = is_ipv4(result[i].prefix);
		char text[INET6_ADDRSTRLEN] = "";

		inet_ntop(ipv4 ? AF_INET : AF_INET6, result[i].prefix + (ipv4 ? 12 : 0), text,
			  sizeof(text));
		fprintf(file, "%s/%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", text,
			ipv4 ? settings.ipv4 : settings.ipv6, result[i].bytes, result[i].error);
	}
	failed = ferror(file) != 0;
	if (fclose(file) == 0 && !failed)
		return 0;

failed:
	weir_plugin_error("%s cannot be written: %s", settings.file, strerror(errno));
	return -EIO;
}

static int report(void)
{
	struct result *result;
	size_t count = 1;
	int status;

	for (const struct table *table = tables; table != NULL; table = table->other)
		count += table->count;
	result = calloc(count, sizeof(*result));
	if (result == NULL) {
		weir_plugin_error("no memory to write %s", settings.file);
		return -ENOMEM;
	}
	status = write_file(result, merge(result, collect(result)));
	free(result);
	return status;
}

static int fini(void)
{
	// A run that did not begin leaves the file of the one before alone.
	int status = has_run ? report() : 0;

	while (tables != NULL) {
		struct table *table = tables;

		tables = table->other;
		free(table->talker);
		free(table->heap);
		free(table->bucket);
		free(table);
	}
	return status;
}

static int take_number(const struct weir_key *key, uint64_t least, uint64_t most, uint64_t *value)
{
	uint64_t number;

	if (weir_plugin_number(key, &number) < 0)
		return -EINVAL;
	if (number < least || number > most)
		return weir_plugin_key_error(key, "%s is not from %" PRIu64 " to %" PRIu64,
					     key->value, least, most);
	*value = number;
	return 0;
}

static int take_interval(const struct weir_key *key)
{
	if (weir_plugin_span(key, &settings.interval) < 0)
		return -EINVAL;
	if (settings.interval == 0)
		return weir_plugin_key_error(key,
					     "has to be more than 0; write for instance 1 min");
	return 0;
}

// Asks as who opens it later: access() would for the real user, who may be another one.
static int may(const char *path, int what)
{
	return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0 ? 0 : errno;
}

// Could the file be written now? Touches nothing: until a run ends, the result of the one before
// stays. Returns 0 or an errno.
static int look_at_file(const char *path)
{
	const char *name = strrchr(path, '/');
	struct stat status;
	char *folder;
	int error;

	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return EISDIR;
		// A pipe would be waited for.
		if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
			return ENOTSUP;
		return may(path, W_OK);
	}
	if (errno != ENOENT || path[0] == '\0')
		return errno;
	folder = name == NULL ? strdup(".") : strndup(path, (size_t)(name - path) + 1);
	if (folder == NULL)
		return ENOMEM;
	error = may(folder, W_OK | X_OK);
	free(folder);
	return error;
}

static int take_file(const struct weir_key *key)
{
	int error = look_at_file(key->value);

	if (error != 0)
		return weir_plugin_key_error(
			key,
			"%s cannot be written: %s; name a file in a folder that is there, "
			"which this user may write",
			key->value, strerror(error));
	settings.file = key->value;
	return 0;
}

static int take(const struct weir_key *key)
{
	if (strcmp(key->name, "ipv4") == 0)
		return take_number(key, 0, 32, &settings.ipv4);
	if (strcmp(key->name, "ipv6") == 0)
		return take_number(key, 0, 128, &settings.ipv6);
	if (strcmp(key->name, "top") == 0)
		return take_number(key, 1, PREFIXES_MOST, &settings.top);
	if (strcmp(key->name, "prefixes") == 0)
		return take_number(key, 1, PREFIXES_MOST, &settings.prefixes);
	if (strcmp(key->name, "interval") == 0)
		return take_interval(key);
	if (strcmp(key->name, "file") == 0)
		return take_file(key);
	return weir_plugin_key_error(key, "unknown key; there are file, ipv4, ipv6, top, prefixes, "
					  "interval");
}

static int init(const struct weir_key *keys, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count; i++)
		if (take(&keys[i]) < 0)
			result = -EINVAL;
	if (result == 0 && settings.file == NULL) {
		weir_plugin_error("no file is given; write where the result goes, such as "
				  "file = talkers.tsv");
		result = -EINVAL;
	}
	return result;
}

const struct weir_plugin weir_plugin = {
	.version = WEIR_PLUGIN_VERSION,
	.size = sizeof(struct weir_plugin),
	.name = "talkers 1.0",
	.events = WEIR_NEW_CONNECTION | WEIR_CONNECTION_FLIPPED | WEIR_CONNECTION_STATE_REMOVE,
	.conn_state = sizeof(struct counted),
	.init = init,
	.worker_create = worker_create,
	.event = on_event,
	.worker_finish = worker_finish,
	.fini = fini,
};
