/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch_fixture.h"

#include <time.h>

// Thresholds against a naive model of spec-conn 7.1: a list of values for each connection, all of
// them compared after every packet. Everything that fired has to be the same after each step:
// connection, kind, value, side. $WEIR_SEED repeats a run, $WEIR_STEPS makes it longer.

#define CONNS      12
#define VALUES     40
#define RULES      16
#define STEPS      150000
#define CROSS_MOST 512

struct model_value {
	uint64_t value;
	uint32_t rule; // its place + 1 in `rules`; 0: set by request
	uint8_t kind;
	bool used;
};

struct model_conn {
	struct model_value value[VALUES + RULES * WATCH_STEP_KINDS];
	uint64_t packets[2], bytes[2];
	uint64_t first;
	bool live;
	bool turned;  // roles are not those of the first packet
	bool decided; // and cannot be exchanged any more
};

struct model_rule {
	struct watch_rule_settings settings;
	char name[8];
	bool used;
};

struct crossing {
	uint32_t conn;
	uint64_t value;
	uint8_t kind, side;
};

static struct model_conn conns[CONNS];
static struct model_rule rules[RULES];
static struct crossing expected[CROSS_MOST], got[CROSS_MOST];
static uint32_t expected_count, rule_names;
static uint64_t random_state;

static uint32_t chance(uint32_t most)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 20) % most);
}

static uint64_t model_count(const struct model_conn *conn, unsigned kind, uint64_t now)
{
	switch (kind) {
	case WATCH_ORIG_BYTES:
		return conn->bytes[0];
	case WATCH_RESP_BYTES:
		return conn->bytes[1];
	case WATCH_ORIG_PACKETS:
		return conn->packets[0];
	case WATCH_RESP_PACKETS:
		return conn->packets[1];
	case WATCH_PACKETS:
		return conn->packets[0] + conn->packets[1];
	default:
		return now - conn->first;
	}
}

static bool model_crossed(const struct model_conn *conn, const struct model_value *value,
			  uint64_t now)
{
	uint64_t count = model_count(conn, value->kind, now);

	return value->kind >= WATCH_DURATION ? count > value->value : count >= value->value;
}

static uint8_t side_of_kind(unsigned kind)
{
	return kind == WATCH_RESP_BYTES || kind == WATCH_RESP_PACKETS;
}

static void expect(uint32_t number, const struct model_value *value, unsigned side)
{
	struct crossing crossing = {.conn = number, .value = value->value, .kind = value->kind};

	if (value->kind >= WATCH_DURATION)
		crossing.kind = WATCH_DURATION;
	crossing.side = value->kind < WATCH_PACKETS ? side_of_kind(value->kind) : side == CONN_RESP;
	assert_true(expected_count < CROSS_MOST);
	expected[expected_count++] = crossing;
}

// All that is crossed, as far as somebody may look at it now.
static void model_look(uint32_t number, unsigned side, uint64_t now)
{
	struct model_conn *conn = &conns[number];

	for (size_t i = 0; i < sizeof(conn->value) / sizeof(conn->value[0]); i++) {
		struct model_value *value = &conn->value[i];

		if (!value->used || !model_crossed(conn, value, now))
			continue;
		if (side < 2 && value->kind < WATCH_PACKETS && side_of_kind(value->kind) != side)
			continue;
		if (side == WATCH_NO_SIDE && value->kind != WATCH_DURATION_IDLE)
			continue;
		expect(number, value, side);
		value->used = false;
	}
}

static struct model_value *model_add(struct model_conn *conn, unsigned kind, uint64_t value,
				     uint32_t rule)
{
	size_t at = 0;

	while (conn->value[at].used)
		assert_true(++at < sizeof(conn->value) / sizeof(conn->value[0]));
	conn->value[at] = (struct model_value){
		.value = value, .rule = rule, .kind = (uint8_t)kind, .used = true};
	return &conn->value[at];
}

static struct model_value *model_find(struct model_conn *conn, unsigned kind, uint64_t value)
{
	for (size_t i = 0; i < sizeof(conn->value) / sizeof(conn->value[0]); i++) {
		if (conn->value[i].used && conn->value[i].rule == 0 &&
		    conn->value[i].kind == kind && conn->value[i].value == value)
			return &conn->value[i];
	}
	return NULL;
}

static void model_begin(struct model_conn *conn, uint64_t now)
{
	memset(conn, 0, sizeof(*conn));
	conn->live = true;
	conn->first = now;
	for (uint32_t i = 0; i < RULES; i++) {
		for (unsigned kind = 0; kind < WATCH_KIND_COUNT && rules[i].used; kind++) {
			uint64_t value = rules[i].settings.value[kind];
			bool idle = kind == WATCH_DURATION && rules[i].settings.idle;

			if (value != 0)
				model_add(conn, idle ? WATCH_DURATION_IDLE : kind, value, i + 1);
		}
	}
}

static int compare_crossings(const void *left, const void *right)
{
	const struct crossing *a = left, *b = right;

	if (a->conn != b->conn)
		return a->conn < b->conn ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return a->side < b->side ? -1 : a->side > b->side;
}

static uint8_t kind_of(const struct conn_event *event)
{
	switch (event->kind) {
	case CONN_EVENT_BYTES_THRESHOLD:
		return event->side == CONN_ORIG ? WATCH_ORIG_BYTES : WATCH_RESP_BYTES;
	case CONN_EVENT_PACKETS_THRESHOLD:
		return event->side == CONN_ORIG ? WATCH_ORIG_PACKETS : WATCH_RESP_PACKETS;
	case CONN_EVENT_GENERIC_THRESHOLD:
		return WATCH_PACKETS;
	default:
		return WATCH_DURATION;
	}
}

// Within a kind they have to come in ascending order; between kinds the model knows none.
static void assert_same(struct watching *watching)
{
	uint32_t count = watching->told_count;

	assert_int_equal(count, expected_count);
	for (uint32_t i = 0; i < count; i++) {
		const struct conn_event *event = &watching->told[i];
		unsigned opener = event->port[0] == 123;

		got[i] = (struct crossing){.conn = (uint32_t)event->port[opener] - 5000,
					   .value = event->length,
					   .kind = kind_of(event),
					   .side = event->side};
		for (uint32_t j = 0; j < i; j++)
			assert_false(got[j].conn == got[i].conn && got[j].kind == got[i].kind &&
				     got[j].value > got[i].value && got[i].kind != WATCH_DURATION);
	}
	qsort(got, count, sizeof(got[0]), compare_crossings);
	qsort(expected, count, sizeof(got[0]), compare_crossings);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(compare_crossings(&got[i], &expected[i]), 0);
	watching->told_count = expected_count = 0;
}

// A packet of NTP's port; `mode` 4 of the opener is an answer, and exchanges the roles.
static void send(struct watching *watching, uint32_t number, bool opener, uint8_t mode)
{
	static uint8_t message[48];
	struct tracking *tracking = &watching->tracking;
	uint16_t port = (uint16_t)(5000 + number);
	struct packet *packet = opener ? packet_between(tracking, PACKET_UDP, 1, port, 2, 123)
				       : packet_between(tracking, PACKET_UDP, 2, 123, 1, port);

	message[0] = 0x20 | mode;
	packet->payload = message;
	packet->payload_length = packet->payload_captured = sizeof(message);
	packet->udp_length = sizeof(message);
	packet->ip_length = 76 + chance(4) * chance(400);
	track(tracking);
}

static void swap_counts(struct model_conn *conn)
{
	uint64_t packets = conn->packets[0], bytes = conn->bytes[0];

	conn->packets[0] = conn->packets[1];
	conn->packets[1] = packets;
	conn->bytes[0] = conn->bytes[1];
	conn->bytes[1] = bytes;
	conn->turned = !conn->turned;
	conn->decided = true;
}

static void step_packet(struct watching *watching)
{
	uint32_t number = chance(CONNS);
	struct model_conn *conn = &conns[number];
	uint8_t mode = chance(20) == 0 ? 4 : 0;
	bool opener = !conn->live || chance(2), begins = !conn->live;
	unsigned side;

	if (begins)
		model_begin(conn, watching->tracking.now);
	// The side that the packet is counted for is that of before it was read (spec-conn 1.4).
	side = conn->turned == opener;
	if (mode == 4 && side == CONN_ORIG && !conn->decided)
		swap_counts(conn);
	send(watching, number, opener, mode);
	conn->packets[side]++;
	conn->bytes[side] += watching->tracking.packet.ip_length;
	model_look(number, begins ? WATCH_BOTH_SIDES : side, watching->tracking.now);
}

static struct conn *find_conn(struct watching *watching, uint32_t number)
{
	packet_between(&watching->tracking, PACKET_UDP, 1, (uint16_t)(5000 + number), 2, 123);
	return conn_index_find(watching->tracking.table, &watching->tracking.packet);
}

static uint64_t some_value(const struct model_conn *conn, unsigned kind, uint64_t now)
{
	uint64_t count = model_count(conn, kind, now);

	if (kind >= WATCH_DURATION)
		return 1 + chance(20) * (TIME_SECOND / 4);
	if (kind <= WATCH_RESP_BYTES)
		return 1 + count / 2 + chance(4000);
	return 1 + count / 2 + chance(30);
}

static void step_set(struct watching *watching)
{
	uint32_t number = chance(CONNS), own = 0;
	struct model_conn *conn = &conns[number];
	unsigned kind = chance(WATCH_STEP_KINDS);
	uint64_t now = watching->tracking.now, value = some_value(conn, kind, now);
	bool there = conn->live && model_find(conn, kind, value) != NULL;
	int result;

	for (size_t i = 0; i < sizeof(conn->value) / sizeof(conn->value[0]); i++)
		own += conn->value[i].used && conn->value[i].rule == 0;
	if (!conn->live || own >= VALUES)
		return;
	if (!there)
		model_add(conn, kind, value, 0);
	find_conn(watching, number);
	result = set_threshold(watching, kind, value);
	assert_int_equal(result, there ? -EEXIST : 0);
	// What is set looks at all that there is.
	if (!there)
		model_look(number, WATCH_BOTH_SIDES, now);
	if (!there)
		assert_int_equal(last_answer(watching)->fired,
				 model_find(conn, kind, value) == NULL);
}

static void step_delete(struct watching *watching)
{
	uint32_t number = chance(CONNS);
	struct model_conn *conn = &conns[number];
	struct model_value *value = &conn->value[chance(VALUES)];
	unsigned kind;

	if (!conn->live || !value->used || value->rule != 0)
		return;
	// A request for a duration deletes the one that waits for packets first.
	kind = value->kind == WATCH_DURATION_IDLE ? WATCH_DURATION : value->kind;
	if (model_find(conn, kind, value->value) != NULL)
		value = model_find(conn, kind, value->value);
	find_conn(watching, number);
	assert_int_equal(delete_threshold(watching, kind, value->value), 0);
	value->used = false;
}

static void bury_rule(uint32_t place)
{
	rules[place].used = false;
	for (uint32_t i = 0; i < CONNS; i++) {
		for (size_t j = 0; j < sizeof(conns[i].value) / sizeof(conns[i].value[0]); j++) {
			if (conns[i].value[j].rule == place + 1)
				conns[i].value[j].used = false;
		}
	}
}

static void step_rule(struct watching *watching)
{
	uint32_t place = chance(RULES);
	struct model_rule *rule = &rules[place];

	if (rule->used) {
		drop_rule(watching, rule->name, false);
		bury_rule(place);
		return;
	}
	// Another name each time, so that no connection has one of an earlier rule in this place.
	snprintf(rule->name, sizeof(rule->name), "%u", rule_names++ % 50000);
	rule->settings = (struct watch_rule_settings){
		.name = rule->name, .actions = WATCH_ACTION_EVENT, .idle = chance(2)};
	for (unsigned kind = 0; kind < WATCH_KIND_COUNT; kind++) {
		if (chance(3) > 0)
			continue;
		rule->settings.value[kind] = kind == WATCH_DURATION
						     ? 1 + chance(20) * (TIME_SECOND / 4)
						     : 1 + chance(kind < 2 ? 8000 : 40);
	}
	rule->used = true;
	put_rule(watching, &rule->settings);
}

static void step_time(struct watching *watching)
{
	advance(&watching->tracking, chance(4) * (TIME_SECOND / 8) + chance(3));
	for (uint32_t i = 0; i < CONNS; i++) {
		if (conns[i].live)
			model_look(i, WATCH_NO_SIDE, watching->tracking.now);
	}
}

// Ends one: its time of inactivity is over at once.
static void step_end(struct watching *watching)
{
	uint32_t number = chance(CONNS);
	struct conn *conn;

	if (!conns[number].live)
		return;
	conn = find_conn(watching, number);
	assert_non_null(conn);
	conn_watch_inactivity(watching->tracking.table, conn, TIME_MILLISECOND);
	conns[number].live = false;
	memset(conns[number].value, 0, sizeof(conns[number].value));
	advance(&watching->tracking, TIME_MILLISECOND);
	for (uint32_t i = 0; i < CONNS; i++) {
		if (conns[i].live)
			model_look(i, WATCH_NO_SIDE, watching->tracking.now);
	}
	// What its own end came later than is not looked at here.
	for (uint32_t i = 0; i < watching->told_count;) {
		if (watching->told[i].port[watching->told[i].port[0] == 123] != 5000 + number)
			i++;
		else
			watching->told[i] = watching->told[--watching->told_count];
	}
	assert_int_equal(finish_all(&watching->tracking), 1);
}

static void step(struct watching *watching)
{
	uint32_t what = chance(100);

	// With every rule that comes and goes, connections move on to the rules in force.
	watch_turn(watching->watch);
	if (what < 62)
		step_packet(watching);
	else if (what < 75)
		step_time(watching);
	else if (what < 90)
		step_set(watching);
	else if (what < 96)
		step_delete(watching);
	else if (what < 98)
		step_rule(watching);
	else
		step_end(watching);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void whatever_is_crossed_fires_as_in_the_model(void **state)
{
	struct watching *watching = *state;
	uint64_t seed = from_environment("WEIR_SEED", (uint64_t)time(NULL)), fired = 0;
	uint64_t steps = from_environment("WEIR_STEPS", STEPS);

	print_message("seed %ju\n", (uintmax_t)seed);
	random_state = seed * 2 + 1;
	watching->tracking.settings.inactivity[CONN_TIMEOUT_UDP] = 0;
	watching_start(watching);
	watching->watch->generations_enough = 1 + chance(3);
	for (uint64_t i = 0; i < steps; i++) {
		step(watching);
		fired += watching->told_count;
		assert_same(watching);
		if (i % 1000 == 0)
			assert_items_kept(watching);
	}
	assert_in_range(watch_book_kept(watching->book), 1, WATCH_GENERATIONS);
	print_message("%ju steps, %ju fired\n", (uintmax_t)steps, (uintmax_t)fired);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, watching_create, watching_destroy)
		TEST(whatever_is_crossed_fires_as_in_the_model),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
