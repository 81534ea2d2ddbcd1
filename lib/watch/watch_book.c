/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_book.h"

#include "filter/filter.h"
#include "watch/watch_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Rules and what was compiled for them, in the order in which they came; deep copies.
struct page {
	struct watch_rule_settings *rule;
	struct filter **filter; // [count]; rules with the same expression share one
	size_t count;
	struct watch_inactivity *inactivity; // NULL: none was given
	struct watch_rules *snapshot;
	struct page *older;
};

struct watch_book {
	struct watch_rules *_Atomic published;
	void (*synchronize)(void);
	struct page *page; // in force, then those that connections still need
	uint32_t born;     // rules so far
};

static void inactivity_free(struct watch_inactivity *inactivity)
{
	if (inactivity == NULL)
		return;
	free(inactivity->port_span);
	free(inactivity->service);
	free(inactivity);
}

static struct watch_inactivity *inactivity_copy(const struct watch_inactivity *from)
{
	struct watch_inactivity *copy = calloc(1, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	*copy = *from;
	copy->port_span = calloc(from->port_span_count + 1, sizeof(*copy->port_span));
	copy->service = calloc(from->service_count + 1, sizeof(*copy->service));
	if (copy->port_span == NULL || copy->service == NULL) {
		inactivity_free(copy);
		return NULL;
	}
	for (size_t i = 0; i < from->port_span_count; i++)
		copy->port_span[i] = from->port_span[i];
	for (size_t i = 0; i < from->service_count; i++)
		copy->service[i] = from->service[i];
	return copy;
}

static bool inactivity_equal(const struct watch_inactivity *a, const struct watch_inactivity *b)
{
	if (a == NULL || memcmp(&a->ports, &b->ports, sizeof(a->ports)) != 0 ||
	    a->span != b->span || a->port_span_count != b->port_span_count ||
	    a->service_count != b->service_count)
		return false;
	for (size_t i = 0; i < a->port_span_count; i++) {
		if (a->port_span[i].first != b->port_span[i].first ||
		    a->port_span[i].last != b->port_span[i].last ||
		    a->port_span[i].span != b->port_span[i].span)
			return false;
	}
	for (size_t i = 0; i < a->service_count; i++) {
		if (strcmp(a->service[i].name, b->service[i].name) != 0 ||
		    a->service[i].span != b->service[i].span)
			return false;
	}
	return true;
}

static void page_free(struct page *page)
{
	if (page == NULL)
		return;
	watch_rules_destroy(page->snapshot);
	for (size_t i = 0; page->filter != NULL && i < page->count; i++)
		filter_destroy(page->filter[i]);
	for (size_t i = 0; page->rule != NULL && i < page->count; i++) {
		free((char *)page->rule[i].name);
		free((char *)page->rule[i].expression);
	}
	inactivity_free(page->inactivity);
	free(page->filter);
	free(page->rule);
	free(page);
}

// Compiling takes long: what was compiled for this page or an older one is shared.
static struct filter *find_filter(const struct page *page, const char *expression)
{
	for (; page != NULL; page = page->older) {
		for (size_t i = 0; i < page->count; i++) {
			if (page->filter[i] != NULL &&
			    strcmp(page->rule[i].expression, expression) == 0)
				return filter_share(page->filter[i]);
		}
	}
	return NULL;
}

static int compile(struct page *page, size_t at, struct filter *compiled, char *why, size_t size)
{
	struct watch_rule_settings *rule = &page->rule[at];
	char reason[512];

	if (rule->expression[0] == '\0')
		return 0;
	page->filter[at] = find_filter(page, rule->expression);
	if (page->filter[at] == NULL)
		page->filter[at] = compiled != NULL ? filter_share(compiled)
						    : filter_create(rule->expression, reason,
								    sizeof(reason));
	if (page->filter[at] != NULL)
		return 0;
	snprintf(why, size, "[%s %s] filter: %s", rule->poll ? "poll" : "threshold", rule->name,
		 reason);
	return -EINVAL;
}

static int copy_rule(struct page *page, size_t at, const struct watch_rule_settings *rule)
{
	page->rule[at] = *rule;
	page->rule[at].filter = NULL;
	page->rule[at].name = strdup(rule->name);
	page->rule[at].expression = strdup(rule->expression != NULL ? rule->expression : "");
	return page->rule[at].name != NULL && page->rule[at].expression != NULL ? 0 : -ENOMEM;
}

static struct page *page_create(const struct watch_rule_settings *const *rules, size_t count,
				const struct watch_inactivity *inactivity, struct page *older,
				char *why, size_t size, int *error)
{
	struct page *page = calloc(1, sizeof(*page));

	snprintf(why, size, "no memory for %zu rules", count);
	*error = -ENOMEM;
	if (page == NULL)
		return NULL;
	page->rule = calloc(count + 1, sizeof(*page->rule));
	page->filter = calloc(count + 1, sizeof(*page->filter));
	if (page->rule == NULL || page->filter == NULL)
		goto failed;
	if (inactivity != NULL && (page->inactivity = inactivity_copy(inactivity)) == NULL)
		goto failed;
	page->count = count;
	page->older = older;
	if (count > WATCH_RULES_MOST) {
		*error = -E2BIG;
		snprintf(why, size, "%zu thresholds and polls, at most %d are possible", count,
			 WATCH_RULES_MOST);
		goto failed;
	}
	for (size_t i = 0; i < count; i++) {
		if (copy_rule(page, i, rules[i]) < 0)
			goto failed;
		if (watch_name_number(rules[i]->name) == 0) {
			snprintf(why, size,
				 "the rule '%s' needs a name that was in use before: weir can tell "
				 "65535 apart until it is started again",
				 rules[i]->name);
			goto failed;
		}
	}
	for (size_t i = 0; i < count; i++) {
		*error = compile(page, i, rules[i]->filter, why, size);
		if (*error < 0)
			goto failed;
	}
	page->snapshot = watch_rules_create(page->rule, page->filter, count);
	if (page->snapshot != NULL) {
		page->snapshot->inactivity = page->inactivity;
		return page;
	}
	*error = -ENOMEM;
	snprintf(why, size, "no memory for %zu rules", count);

failed:
	page_free(page);
	return NULL;
}

static bool is_equal(const struct watch_rule_settings *a, const struct watch_rule_settings *b)
{
	const char *other = b->expression != NULL ? b->expression : "";

	return strcmp(a->name, b->name) == 0 && a->poll == b->poll &&
	       strcmp(a->expression, other) == 0 && a->actions == b->actions &&
	       memcmp(a->value, b->value, sizeof(a->value)) == 0 && a->idle == b->idle &&
	       a->feature == b->feature && a->repeat == b->repeat && a->interval == b->interval &&
	       a->above == b->above;
}

// The number that a rule has in another snapshot, or its rule_count. Rules that stay do so in their
// order, as a rule: then the next one is where it is looked for first.
static uint32_t find_again(const struct watch_rules *rules, const struct watch_rule *rule,
			   uint32_t guess)
{
	if (guess < rules->rule_count && rules->rule[guess].name == rule->name &&
	    rules->rule[guess].poll == rule->poll)
		return guess;
	return watch_rules_find(rules, rule->name, rule->poll);
}

// All rules of a new page are born with it, but for those that go on as they are.
static void give_birth(struct watch_book *book, struct page *next)
{
	const struct page *before = book->page;
	uint32_t at = 0;

	for (size_t i = 0; i < next->count; i++)
		next->snapshot->rule[i].born = ++book->born;
	for (size_t i = 0; i < before->count; i++) {
		const struct watch_rule *rule = &before->snapshot->rule[i];

		at = find_again(next->snapshot, rule, at);
		if (at < next->count && is_equal(&before->rule[i], &next->rule[at]))
			next->snapshot->rule[at].born = rule->born;
		at++;
	}
}

// Whatever connections still have of older snapshots does nothing more, unless it goes on as it is.
static void bury(struct watch_book *book, const struct page *next)
{
	for (struct page *page = book->page; page != NULL; page = page->older) {
		uint32_t at = 0;

		for (size_t i = 0; i < page->count; i++) {
			const struct watch_rule *rule = &page->snapshot->rule[i];

			if (atomic_load_explicit(&rule->dead, memory_order_relaxed))
				continue;
			at = find_again(next->snapshot, rule, at);
			if (at == next->count || next->snapshot->rule[at].born != rule->born)
				watch_rules_bury(page->snapshot, (uint32_t)i);
			at++;
		}
	}
}

// Frees the snapshots that no worker needs. A worker that takes one over does so between two
// quiescent states, and counts itself among its users then.
static void clear_away(struct watch_book *book)
{
	struct page **link = &book->page->older;

	if (*link == NULL || (*link)->snapshot == NULL) {
		page_free(*link);
		*link = NULL;
		return;
	}
	if (book->synchronize != NULL)
		book->synchronize();
	while (*link != NULL) {
		struct page *page = *link;

		if (atomic_load_explicit(&page->snapshot->users, memory_order_acquire) > 0) {
			link = &page->older;
			continue;
		}
		*link = page->older;
		page_free(page);
	}
}

static int publish(struct watch_book *book, const struct watch_rule_settings *const *rules,
		   size_t count, const struct watch_inactivity *inactivity, char *why, size_t size)
{
	struct page *page;
	int error;

	page = page_create(rules, count, inactivity, book->page, why, size, &error);
	if (page == NULL)
		return error;
	give_birth(book, page);
	bury(book, page);
	book->page = page;
	why[0] = '\0';
	atomic_store_explicit(&book->published, page->snapshot, memory_order_release);
	clear_away(book);
	return 0;
}

struct watch_book *watch_book_create(void (*synchronize)(void))
{
	struct watch_book *book = calloc(1, sizeof(*book));
	char why[64];

	if (book == NULL)
		return NULL;
	book->synchronize = synchronize;
	book->page = calloc(1, sizeof(*book->page));
	if (book->page == NULL || watch_book_replace(book, NULL, 0, NULL, why, sizeof(why)) < 0) {
		watch_book_destroy(book);
		return NULL;
	}
	return book;
}

void watch_book_destroy(struct watch_book *book)
{
	if (book == NULL)
		return;
	while (book->page != NULL) {
		struct page *older = book->page->older;

		page_free(book->page);
		book->page = older;
	}
	free(book);
}

struct watch_rules *_Atomic *watch_book_published(struct watch_book *book)
{
	return &book->published;
}

int watch_book_replace(struct watch_book *book, const struct watch_rule_settings *rules,
		       size_t count, const struct watch_inactivity *inactivity, char *why,
		       size_t size)
{
	const struct watch_rule_settings **list = calloc(count + 1, sizeof(*list));
	bool same = count == book->page->count && book->page->snapshot != NULL;
	int result = 0;

	if (list == NULL) {
		snprintf(why, size, "no memory for %zu rules", count);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		list[i] = &rules[i];
		same = same && is_equal(&book->page->rule[i], &rules[i]);
	}
	if (inactivity == NULL)
		inactivity = book->page->inactivity;
	else if (same)
		same = inactivity_equal(book->page->inactivity, inactivity);
	why[0] = '\0';
	if (!same)
		result = publish(book, list, count, inactivity, why, size);
	free(list);
	return result;
}

static size_t find(const struct watch_book *book, const char *name, bool poll)
{
	size_t at = 0;

	while (at < book->page->count &&
	       (strcmp(book->page->rule[at].name, name) != 0 || book->page->rule[at].poll != poll))
		at++;
	return at;
}

// The rules in force without the one at `without`, and then `more`.
static int change(struct watch_book *book, size_t without, const struct watch_rule_settings *more,
		  char *why, size_t size)
{
	const struct watch_rule_settings **list = calloc(book->page->count + 2, sizeof(*list));
	size_t count = 0;
	int result;

	if (list == NULL) {
		snprintf(why, size, "no memory for the rules");
		return -ENOMEM;
	}
	for (size_t i = 0; i < book->page->count; i++) {
		if (i != without)
			list[count++] = &book->page->rule[i];
	}
	if (more != NULL)
		list[count++] = more;
	result = publish(book, list, count, book->page->inactivity, why, size);
	free(list);
	return result;
}

int watch_book_add(struct watch_book *book, const struct watch_rule_settings *rule, char *why,
		   size_t size)
{
	const char *what = rule->poll ? "poll" : "threshold";

	if (find(book, rule->name, rule->poll) < book->page->count) {
		snprintf(why, size,
			 "there is a %s named '%s' already; delete it first, or take another name",
			 what, rule->name);
		return -EEXIST;
	}
	return change(book, SIZE_MAX, rule, why, size);
}

int watch_book_delete(struct watch_book *book, const char *name, bool poll, char *why, size_t size)
{
	size_t at = find(book, name, poll);
	const char *what = poll ? "poll" : "threshold";

	if (at == book->page->count) {
		snprintf(why, size, "there is no %s named '%s'; '%s list' shows those that are",
			 what, name, what);
		return -ENOENT;
	}
	return change(book, at, NULL, why, size);
}

struct filter *watch_book_filter(const struct watch_book *book, const char *expression)
{
	return find_filter(book->page, expression);
}

const struct watch_inactivity *watch_book_inactivity(const struct watch_book *book)
{
	return book->page->inactivity;
}

const struct watch_rule_settings *watch_book_rules(const struct watch_book *book, size_t *count)
{
	*count = book->page->count;
	return book->page->rule;
}

size_t watch_book_kept(const struct watch_book *book)
{
	size_t count = 0;

	for (const struct page *page = book->page; page != NULL; page = page->older)
		count += page->snapshot != NULL;
	return count;
}
