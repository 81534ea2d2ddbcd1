/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// Rules come and go on one thread while another one, as a worker does, matches packets against them
// and keeps the sets of rules that matched: no snapshot may go that is still in use, and none may
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

// What the worker keeps: as many snapshots at most are old.
#define HELD 40

struct retiring {
	struct watching *watching;
	atomic_bool started, stop;
	// The worker's own, until it has ended.
	uint32_t seed;
	uint16_t held[HELD];
	uint16_t port[HELD]; // that each was matched with
	uint64_t matches, turns;
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

// Looks at all rules of a set that is held: they have to be those that it was made of.
static const char *look_at(const struct watch *watch, uint16_t number, uint16_t port)
{
	const struct watch_set *set = &watch->set[number];
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

// One connection ends, and another one begins.
static void exchange(struct retiring *retiring)
{
	struct watching *watching = retiring->watching;
	struct watch *watch = watching->watch;
	uint32_t at = some(&retiring->seed, HELD);
	uint16_t port = (uint16_t)port_of(some(&retiring->seed, PORTS));
	const char *wrong = NULL;

	if (retiring->held[at] != 0) {
		wrong = look_at(watch, retiring->held[at], retiring->port[at]);
		watch_set_release(watch, retiring->held[at]);
	}
	retiring->port[at] = port;
	retiring->held[at] = watch_set_match(watch, packet_between(&watching->tracking, PACKET_UDP,
								   CLIENT, 5000, SERVANT, port));
	if (retiring->held[at] != 0) {
		watch_set_hold(watch, retiring->held[at]);
		retiring->matches++;
	}
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

		if (some(&retiring->seed, 8) == 0)
			turn_slowly(watch);
		else
			watch_turn(watch);
		retiring->turns += watch->rules != before;
		for (uint32_t i = some(&retiring->seed, 8); i > 0; i--)
			exchange(retiring);
		urcu_qsbr_quiescent_state();
	}
	// The connections end, and with them what is old.
	for (uint32_t i = 0; i < HELD; i++) {
		if (retiring->held[i] != 0)
			watch_set_release(watch, retiring->held[i]);
	}
	watch_turn(watch);
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

	watching_start(watching);
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
	print_message("%u changes, %ju of them taken over, %ju sets; %zu snapshots at most\n",
		      changes, (uintmax_t)retiring.turns, (uintmax_t)retiring.matches, kept);
	if (retiring.wrong != NULL)
		fail_msg("%s", retiring.wrong);
	assert_int_equal(watching->watch->counters.rules_late, 0);
	assert_int_equal(watching->watch->counters.unset, 0);
	assert_true(retiring.turns > 0 && retiring.matches > 0);
	// Each that is held, the one in force, the worker's, and what it may just be taking over.
	assert_in_range(kept, 2, HELD + 3);
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
