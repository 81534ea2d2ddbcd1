/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "check.h"

#include "conn/conn_internal.h"
#include "filter/filter.h"
#include "watch/watch_book.h"
#include "watch/watch_internal.h"
#include "watch/watch_name.h"

// Packets, time, requests, rules that come and go, and a plugin that does as it is told, in any
// order. An input is one byte of settings and then steps: a byte that says what, and what that needs.
// Filters are not libpcap's here: a filter is a digit, the bit of the client's port that is to be 1.

#define CLIENTS    16
#define MAXIMUM    12
#define STEPS_MOST 1000

enum { EXACT = 1, PLUGIN = 2, NO_DELAY = 4, SLOW_READER = 8, MOVES = 16 };

struct filter {
	unsigned bit, users;
};

static const struct packet *filtered;

struct filter *filter_create(const char *expression, char *why, size_t size)
{
	struct filter *filter = malloc(sizeof(*filter));

	snprintf(why, size, "no digit");
	CHECK(filter != NULL);
	filter->bit = (unsigned)(*expression - '0');
	filter->users = 1;
	if (filter->bit <= 9)
		return filter;
	free(filter);
	return NULL;
}

struct filter *filter_share(struct filter *filter)
{
	filter->users++;
	return filter;
}

void filter_destroy(struct filter *filter)
{
	if (filter != NULL && --filter->users == 0)
		free(filter);
}

void filter_prepare(struct filter_scratch *scratch, const struct packet *packet)
{
	(void)scratch;
	filtered = packet;
}

bool filter_run(const struct filter *filter, const struct filter_scratch *scratch)
{
	(void)scratch;
	return filtered->key.port[0] >> filter->bit & 1;
}

// What each client's connection has had, both sides together: roles may be exchanged.
struct shadow {
	uint64_t packets, bytes;
	uint32_t slot, generation;
};

struct run {
	struct input input;
	struct conn_settings settings;
	struct conn_table *table;
	struct watch *watch;
	struct watch_book *book;
	uint64_t now;
	struct shadow shadow[CLIENTS];
	uint32_t answers, notes;
};

static struct run run;

static uint64_t some_number(struct input *input)
{
	uint8_t byte = take_8(input);

	if (byte == 0xff)
		return UINT64_MAX - take_8(input);
	return (uint64_t)(byte & 7) << (byte >> 3) << (byte >> 3 > 20 ? 20 : 0);
}

static void hook(struct weir_conn *conn);
static void crossed(struct weir_conn *conn, enum weir_threshold what, uint64_t value,
		    enum weir_side side);
static int64_t look(struct weir_conn *conn, uint64_t count);

// With no input left it does nothing.
static void act(struct weir_conn *conn)
{
	struct weir_conn_info info;
	struct input *input = &run.input;
	unsigned what;

	while ((what = take_8(input) % 16) != 0 && what < 12) {
		switch (what) {
		case 1:
			weir_conn_hook(conn, hook);
			break;
		case 2:
			weir_conn_unhook(conn, hook);
			break;
		case 3:
		case 4:
			what = take_8(input);
			weir_conn_threshold_set(conn, what % WEIR_THRESHOLDS, some_number(input),
						what & 0x80 ? crossed : NULL);
			break;
		case 5:
			what = take_8(input);
			weir_conn_threshold_delete(conn, what % WEIR_THRESHOLDS,
						   some_number(input));
			break;
		case 6:
			weir_conn_poll(conn, look, 0, (int64_t)some_number(input));
			break;
		case 7:
			weir_conn_inactivity(conn, (int64_t)some_number(input));
			break;
		case 8:
			weir_conn_note(conn, "a", "b");
			break;
		case 9:
			weir_conn_get(conn, &info, sizeof(info));
			break;
		case 10:
			weir_conn_service(conn, "ssh");
			break;
		default:
			break;
		}
	}
}

static void hook(struct weir_conn *conn)
{
	act(conn);
}

static void crossed(struct weir_conn *conn, enum weir_threshold what, uint64_t value,
		    enum weir_side side)
{
	CHECK((unsigned)what < WEIR_THRESHOLDS && value != 0 && (unsigned)side < 2);
	act(conn);
}

static int64_t look(struct weir_conn *conn, uint64_t count)
{
	(void)count;
	act(conn);
	return run.input.left == 0 ? -1 : (int64_t)some_number(&run.input) - 1;
}

static void happened(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	(void)side;
	(void)value;
	CHECK(__builtin_popcount((unsigned)event) == 1);
	act(conn);
}

static const struct weir_plugin plugin = {
	.events = UINT32_MAX >> (32 - CONN_EVENT_COUNT), .event = happened, .conn_state = 8};

static void take_event(void *context, const struct conn_event *event)
{
	(void)context;
	CHECK(event->kind < CONN_EVENT_COUNT);
	CHECK(event->slot < conn_table_slots(run.table));
}

static void take_record(void *context, const struct watch_record *record)
{
	(void)context;
	CHECK(record->conn.reason <= CONN_REASON_COUNT);
}

static void take_note(void *context, const struct watch_note *note)
{
	(void)context;
	CHECK(note->length <= sizeof(note->text));
	run.notes++;
}

static bool take_packet(void *context, const struct conn_table *table, const struct conn *conn,
			uint16_t name, const struct packet *packet, uint64_t *given)
{
	(void)context;
	(void)name;
	CHECK(conn_is_live(conn) && packet->time <= table->clock);
	return ++*given != 20;
}

static void take_answer(void *context, const struct watch_answer *answer)
{
	(void)context;
	CHECK(answer->number == 5 && answer->status <= 0);
	CHECK(++run.answers <= 257);
}

static struct packet make_packet(uint8_t who, bool tcp)
{
	struct packet packet = {.time = run.now, .verdict = PACKET_TRACK, .sender = who >> 7};
	struct packet_key *key = &packet.key;

	key->address[0].byte[10] = key->address[0].byte[11] = 0xff;
	key->address[1] = key->address[0];
	key->address[0].byte[15] = 1;
	key->address[1].byte[15] = 2;
	key->protocol = tcp ? PACKET_TCP : PACKET_UDP;
	key->port[0] = (uint16_t)(1000 + who % CLIENTS);
	key->port[1] = tcp ? 80 : 123;
	packet.hash = packet_key_hash(key, run.settings.secret);
	packet.window = 1000;
	return packet;
}

static void count_shadow(const struct packet *packet)
{
	struct shadow *shadow = &run.shadow[packet->key.port[0] % CLIENTS];
	const struct conn *conn = conn_index_find(run.table, packet);
	uint32_t slot, generation;

	if (conn == NULL)
		return;
	slot = conn_slot_of(run.table, conn);
	generation = conn_generation(run.table, conn);
	if (shadow->slot != slot || shadow->generation != generation)
		*shadow = (struct shadow){.slot = slot, .generation = generation};
	shadow->packets++;
	shadow->bytes += packet->ip_length;
	CHECK(conn_packets(run.table, conn, 0) + conn_packets(run.table, conn, 1) ==
	      shadow->packets);
	CHECK(conn_ip_bytes(run.table, conn, 0) + conn_ip_bytes(run.table, conn, 1) ==
	      shadow->bytes);
}

static void step_packet(bool tcp)
{
	static uint8_t payload[48];
	struct packet packet = make_packet(take_8(&run.input), tcp);
	uint8_t flags = take_8(&run.input);

	packet.ip_length = 76 + take_16(&run.input) % 1400;
	if (tcp) {
		packet.tcp_flags = flags;
		packet.sequence = packet.acknowledgement = take_8(&run.input);
		conn_track(run.table, &packet, 1, 0);
		return;
	}
	payload[0] = 0x20 | (flags & 7);
	packet.payload = payload;
	packet.payload_length = packet.payload_captured = sizeof(payload);
	packet.udp_length = sizeof(payload);
	conn_track(run.table, &packet, 1, 0);
	count_shadow(&packet);
}

static void step_request(void)
{
	struct input *input = &run.input;
	struct watch_request request = {.number = 5, .request = take_8(input) % 9};

	request.slot = take_8(input) % (MAXIMUM + 4);
	request.generation = conn_cold(run.table, &run.table->conn[request.slot])->generation +
			     (take_8(input) == 0xff);
	request.kind = take_8(input) % 12;
	request.value = some_number(input);
	request.interval = some_number(input);
	request.actions = take_8(input);
	request.idle = request.actions & 8;
	request.repeat = request.actions & 16;
	run.answers = 0;
	watch_serve(run.watch, &request, take_answer, NULL);
	CHECK(run.answers > 0);
}

static void step_rules(void)
{
	struct input *input = &run.input;
	uint8_t what = take_8(input), bits = take_8(input);
	char name[] = {(char)('a' + what % 16), '\0'}, filter[] = {'0', '\0'}, why[256];
	struct watch_rule_settings rule = {.name = name, .poll = what & 0x10};

	if (what & 0x20) {
		watch_book_delete(run.book, name, rule.poll, why, sizeof(why));
	} else if (what & 0x40) {
		watch_book_replace(run.book, &rule, what >> 7, NULL, why, sizeof(why));
	} else {
		filter[0] += bits & 3;
		rule.expression = bits & 4 ? filter : "";
		rule.actions = bits >> 3 & 7;
		rule.idle = bits & 0x40;
		rule.repeat = bits & 0x80;
		rule.feature = bits % WATCH_FEATURE_COUNT;
		rule.interval = some_number(input);
		rule.above = some_number(input);
		rule.value[bits % WATCH_KIND_COUNT] = some_number(input);
		rule.value[what % WATCH_KIND_COUNT] = some_number(input);
		// The configuration allows no such value.
		for (unsigned kind = 0; kind < WATCH_KIND_COUNT; kind++)
			rule.value[kind] -= rule.value[kind] == UINT64_MAX;
		watch_book_add(run.book, &rule, why, sizeof(why));
	}
	if (!(what & 0x80))
		watch_turn(run.watch);
}

static void take_finished(size_t most)
{
	struct conn_summary summary;

	while (most-- > 0 && conn_finished_take(run.table, &summary, 1) > 0) {
		CHECK(summary.noted == (run.notes > 0));
		run.notes = 0;
	}
}

static void step_time(void)
{
	uint64_t span = some_number(&run.input);

	run.now += span < TIME_DAY ? span : TIME_DAY;
	conn_table_advance(run.table, run.now, 64);
}

static void check_watch(const struct watch *watch)
{
	static uint32_t users[WATCH_SETS], sets[WATCH_GENERATIONS];
	uint32_t items = 0;

	memset(users, 0, sizeof(users));
	memset(sets, 0, sizeof(sets));
	for (uint32_t at = watch->item_free; at != 0; at = watch->item[at].next)
		CHECK(++items < watch->item_fresh);
	for (uint32_t slot = 0; slot < conn_slots_fresh(&run.table->free); slot++) {
		const struct conn *conn = &run.table->conn[slot];
		const struct conn_watch *list = conn_watch_get(run.table, conn);

		if (list == NULL)
			continue;
		for (uint32_t at = list->items; at != 0; at = watch->item[at].next)
			CHECK(++items < watch->item_fresh);
		users[list->set]++;
		CHECK(!list->checked);
		if (!conn_is_live(conn))
			continue;
		CHECK(!list->over);
		CHECK(conn->wheel.due <= list->due);
	}
	CHECK(items == watch->item_fresh - 1);
	for (uint32_t number = 1; number < watch->fresh_set; number++) {
		const struct watch_set *set = &watch->set[number];

		CHECK(set->users == users[number] || (set->rules == NULL && users[number] == 0));
		if (set->rules == NULL)
			continue;
		CHECK(watch->generations[set->generation].rules == set->rules);
		sets[set->generation]++;
	}
	for (unsigned i = 0; i < WATCH_GENERATIONS; i++)
		CHECK(watch->generations[i].sets == sets[i]);
}

static void start(uint8_t bits)
{
	static struct watch_plugin plugins[1];
	struct watch_settings settings = {
		.connections = MAXIMUM,
		.log_events = bits & 0x10 ? UINT32_MAX >> (32 - CONN_EVENT_COUNT) : 0,
		.sinks = {.event = take_event,
			  .record = take_record,
			  .note = take_note,
			  .packet = take_packet},
		.plugins = plugins,
		.plugin_count = !!(bits & PLUGIN),
	};

	run.now = UINT64_C(1700000000) * TIME_SECOND;
	run.book = watch_book_create(NULL);
	CHECK(run.book != NULL);
	settings.rules = watch_book_published(run.book);
	plugins[0] = (struct watch_plugin){.plugin = &plugin};
	run.settings = (struct conn_settings){
		.maximum = MAXIMUM,
		.exact_time = bits & EXACT,
		.secret = {11, 22, 33, 44, 55, 66},
		.tcp_attempt_delay = 5 * TIME_SECOND,
		.tcp_syn_timeout = 5 * TIME_SECOND,
		.tcp_session_timer = 6 * TIME_SECOND,
		.tcp_connection_linger = 5 * TIME_SECOND,
		.tcp_close_delay = bits & NO_DELAY ? 0 : 5 * TIME_SECOND,
	};
	for (int i = 0; i < CONN_TIMEOUT_COUNT; i++)
		run.settings.inactivity[i] = TIME_MINUTE;
	run.watch = watch_create(&settings);
	CHECK(run.watch != NULL);
	if (bits & MOVES)
		run.watch->generations_enough = 1;
	run.settings.watcher = watch_watcher(run.watch);
	run.table = conn_table_create(&run.settings, NULL);
	CHECK(run.table != NULL && watch_attach(run.watch, run.table) == 0);
}

static void finish(void)
{
	unsigned steps = 0;

	// However often plugins ask for more.
	while (conn_table_drain(run.table, 16) > 0)
		CHECK(++steps < 1000);
	CHECK(conn_table_live(run.table) == 0);
	take_finished(SIZE_MAX);
	check_watch(run.watch);
	conn_table_destroy(run.table);
	watch_destroy(run.watch);
	watch_book_destroy(run.book);
}

static void step(uint8_t what)
{
	switch (what % 8) {
	case 0:
	case 1:
		step_packet(false);
		break;
	case 2:
		step_packet(true);
		break;
	case 3:
	case 4:
		step_request();
		break;
	case 5:
		step_rules();
		break;
	default:
		step_time();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bits;

	memset(&run, 0, sizeof(run));
	run.input = (struct input){.data = data, .left = size};
	bits = take_8(&run.input);
	start(bits);
	for (unsigned i = 0; i < STEPS_MOST && run.input.left > 0; i++) {
		step(take_8(&run.input));
		if (!(bits & SLOW_READER) || i % 16 == 0)
			take_finished(SIZE_MAX);
		// Looks at everything there is.
		if (i % 8 == 0)
			check_watch(run.watch);
	}
	finish();
	return 0;
}
