/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// Rules come and go on one thread while another one, as a worker does, tracks connections that begin
// with them and moves these on to later ones: no snapshot may go that is still in use, and none may
// stay that is not.

#include "base/monotonic.h"
#include "watch_fixture.h"

#include <pthread.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

// Changes, as many as there is time for.
#define CHANGES_MOST  8000
#define CHANGES_LEAST 500
#define SECONDS_MOST  2

// Names of rules, and ports that their filters are for.
#define NAMES 24
#define PORTS 6

// Ports of clients: each has a connection to each of the ports above, now and then.
#define CLIENTS 12

// Between two packets: connections live for a minute after their last one.
#define PACE TIME_SECOND

// More snapshots than that make connections move on.
#define ENOUGH 2
// A pass takes some turns; as many changes may come meanwhile.
#define KEPT_MOST 60

struct retiring {
	struct watching *watching;
	atomic_bool started, stop;
	// The worker's own, until it has ended.
	uint32_t seed;
	uint64_t packets, looks, turns, moves, ended;
	const char *wrong; // NULL: nothing
};

// Both threads need numbers that are the same in each run.
static uint32_t some(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static uint32_t port_of(uint32_t name)
{
	return 9000 + name % PORTS;
}

// The rule says in its `above` which port its filter is for.
static struct watch_rule_settings rule_of(uint32_t number, char name[8], char expression[24])
{
	snprintf(name, 8, "r%u", number);
	expression[0] = '\0';
	if (number % 4 != 0)
		snprintf(expression, 24, "udp port %u", port_of(number));
	return (struct watch_rule_settings){
		.name = name,
		.expression = expression,
		.poll = true,
		.interval = TIME_SECOND,
		.above = number % 4 != 0 ? port_of(number) : 0,
		.actions = WATCH_ACTION_EVENT,
	};
}

// Looks at all rules of a connection's set: they have to be those that it was made of.
static const char *look_at_set(const struct watch_set *set, uint16_t port)
{
	bool any = false;

	for (uint32_t rule = 0; rule < WATCH_RULES_MOST; rule++) {
		if (!(set->bits[rule / 64] >> (rule % 64) & 1))
			continue;
		any = true;
		if (rule >= set->rules->rule_count)
			return "a set has rules that its snapshot does not have";
		// May be dead or not.
		watch_set_has(set, (uint16_t)rule);
		if (set->rules->rule[rule].above != 0 && set->rules->rule[rule].above != port)
			return "a set has rules that did not match";
		if (set->rules->rule[rule].name == 0)
			return "a rule lost its name";
	}
	return any ? NULL : "a set is empty";
}

// Polls have to be of rules that are in the set.
static const char *look_at_polls(const struct watch *watch, const struct conn_watch *list)
{
	const struct watch_set *set = &watch->set[list->set];

	for (uint32_t at = list->items; at != 0; at = watch->item[at].next) {
		const struct watch_item *item = &watch->item[at];

		if (list->set == 0 || item->rule >= set->rules->rule_count)
			return "a poll has no rule";
		if (!(set->bits[item->rule / 64] >> (item->rule % 64) & 1))
			return "a poll's rule is not in the set";
		if (set->rules->rule[item->rule].name != item->name)
			return "a poll has another one's rule";
	}
	return NULL;
}

static const char *look_at(struct watch *watch, const struct conn *conn)
{
	const struct conn_watch *list = conn_watch_get(watch->table, conn);
	struct conn_summary summary;
	const char *wrong = NULL;

	if (list == NULL || !conn_is_live(conn))
		return NULL;
	conn_watch_summarize(watch->table, conn, &summary);
	if (list->set != 0)
		wrong = look_at_set(&watch->set[list->set], summary.port[CONN_RESP]);
	return wrong != NULL ? wrong : look_at_polls(watch, list);
}

// A packet, of a connection that is there or not; others end meanwhile.
static void go_on(struct retiring *retiring)
{
	struct watching *watching = retiring->watching;
	struct tracking *tracking = &watching->tracking;
	struct conn_table *table = tracking->table;
	uint16_t client = (uint16_t)(5000 + some(&retiring->seed, CLIENTS));
	uint16_t port = (uint16_t)port_of(some(&retiring->seed, PORTS));
	struct conn_summary summary;
	const char *wrong;

	tracking->now += PACE;
	conn_table_advance(table, tracking->now, SIZE_MAX);
	while (conn_finished_take(table, &summary, 1) > 0)
		retiring->ended++;
	packet_between(tracking, PACKET_UDP, CLIENT, client, SERVANT, port);
	tracking->packet.ip_length = 28;
	conn_track(table, &tracking->packet, 1, 0);
	retiring->packets++;
	watching->told_count = 0;
	wrong = look_at(watching->watch,
			conn_table_at(table, some(&retiring->seed, conn_table_fresh(table))));
	if (wrong != NULL)
		retiring->wrong = wrong;
}

// As watch_turn() does it, by a worker that loses its CPU when it has just found the rules.
static void turn_slowly(struct watch *watch)
{
	struct watch_rules *rules = atomic_load_explicit(watch->settings.rules,
							 memory_order_acquire);

	usleep(10);
	if (rules != watch->rules)
		watch_set_rules(watch, rules);
}

static void *be_a_worker(void *argument)
{
	struct retiring *retiring = argument;
	struct watch *watch = retiring->watching->watch;

	urcu_qsbr_register_thread();
	atomic_store(&retiring->started, true);
	while (!atomic_load(&retiring->stop)) {
		const struct watch_rules *before = watch->rules;
		uint32_t slot = watch->move_slot;

		if (some(&retiring->seed, 8) == 0)
			turn_slowly(watch);
		else
			watch_turn(watch);
		retiring->turns += watch->rules != before;
		retiring->moves += watch->move_slot > slot;
		for (uint32_t i = some(&retiring->seed, 8); i > 0; i--)
			go_on(retiring);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

// Adds a rule, takes one away, or replaces all of them.
static void change(struct watch_book *book, uint32_t *seed, bool has[NAMES])
{
	struct watch_rule_settings rule[NAMES];
	char name[NAMES][8], expression[NAMES][24], why[256];
	uint32_t number = some(seed, NAMES), count = 0;

	if (some(seed, 50) == 0) {
		for (uint32_t i = 0; i < NAMES; i++) {
			has[i] = some(seed, 2);
			if (has[i])
				rule[count++] = rule_of(i, name[i], expression[i]);
		}
		assert_int_equal(watch_book_replace(book, rule, count, NULL, why, sizeof(why)), 0);
		return;
	}
	rule[0] = rule_of(number, name[0], expression[0]);
	if (has[number])
		assert_int_equal(watch_book_delete(book, name[0], true, why, sizeof(why)), 0);
	else
		assert_int_equal(watch_book_add(book, &rule[0], why, sizeof(why)), 0);
	has[number] = !has[number];
}

static void old_rules_go_when_no_worker_needs_them(void **state)
{
	struct watching *watching = *state;
	struct watch_book *book = watching->book;
	struct retiring retiring = {.watching = watching, .seed = 1};
	uint64_t end = monotonic_now() + SECONDS_MOST * TIME_SECOND;
	uint32_t seed = 2, changes = 0;
	bool has[NAMES] = {false};
	size_t kept = 0;
	pthread_t worker;

	watching->tracking.settings.maximum = 2 * CLIENTS * PORTS;
	watching_start(watching);
	watching->watch->generations_enough = ENOUGH;
	assert_int_equal(pthread_create(&worker, NULL, be_a_worker, &retiring), 0);
	while (!atomic_load(&retiring.started))
		;
	while (changes < CHANGES_MOST && (changes < CHANGES_LEAST || monotonic_now() < end)) {
		change(book, &seed, has);
		changes++;
		if (watch_book_kept(book) > kept)
			kept = watch_book_kept(book);
	}
	atomic_store(&retiring.stop, true);
	pthread_join(worker, NULL);
	print_message("%u changes, %ju of them taken over, %ju packets, %ju turns that moved "
		      "connections; %zu snapshots at most\n",
		      changes, (uintmax_t)retiring.turns, (uintmax_t)retiring.packets,
		      (uintmax_t)retiring.moves, kept);
	if (retiring.wrong != NULL)
		fail_msg("%s", retiring.wrong);
	assert_int_equal(watching->watch->counters.rules_late, 0);
	assert_int_equal(watching->watch->counters.unset, 0);
	assert_true(retiring.turns > 0 && retiring.ended > 0 && retiring.moves > 0);
	// Old ones that may stay and those of a pass, the one in force, and what is just taken over.
	assert_in_range(kept, 2, KEPT_MOST);
	assert_items_kept(watching);
	// All move on to the one in force, once the pass that there may be is over, or end.
	for (int pass = 0; pass < 2; pass++) {
		if (pass > 0)
			watch_move_begin(watching->watch);
		do
			watch_turn(watching->watch);
		while (watching->watch->moving);
	}
	assert_int_equal(watching->watch->generation_count, 1);
	advance(&watching->tracking, 10 * TIME_MINUTE);
	assert_true(finish_all(&watching->tracking) > 0);
	assert_int_equal(atomic_load(&atomic_load(watch_book_published(book))->users), 1);
	change(book, &seed, has);
	// The one in force, and the worker's.
	assert_int_equal(watch_book_kept(book), 2);
}

static int create(void **state)
{
	int result = watching_create(state);
	struct watching *watching = *state;

	// Another one, that waits for the worker.
	watch_book_destroy(watching->book);
	watching->book = watch_book_create(urcu_qsbr_synchronize_rcu);
	assert_non_null(watching->book);
	watching->settings.rules = watch_book_published(watching->book);
	return result;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(old_rules_go_when_no_worker_needs_them, create,
						watching_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
