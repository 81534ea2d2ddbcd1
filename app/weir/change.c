/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "change.h"

#include "base/message.h"
#include "filter/filter.h"
#include "idle.h"
#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reload {
	struct service_change change;
	const struct options *running;
	struct watch_book *book;
	struct config *wanted;
	struct filter **filter; // see rules.h
};

static void reload_drop(struct service_change *change)
{
	struct reload *reload = (struct reload *)change;

	if (reload->wanted != NULL)
		rules_drop(reload->wanted, reload->filter);
	config_destroy(reload->wanted);
	free(reload);
}

static int reload_prepare(struct service_change *change, char *why, size_t size)
{
	struct reload *reload = (struct reload *)change;
	int result;

	message_keep(why, size);
	result = rules_compile(reload->wanted, reload->filter);
	message_keep(NULL, 0);
	if (result < 0)
		message_error("reload: nothing was changed");
	return result;
}

static int reload_apply(struct service_change *change, char *why, size_t size)
{
	const struct reload *reload = (struct reload *)change;
	const struct config *wanted = reload->wanted;
	char fixed[512], reason[1024];
	size_t length;
	int result = rules_apply(reload->book, wanted, reload->filter, reason, sizeof(reason));

	if (result < 0) {
		snprintf(why, size, "%s", reason);
		message_error("reload: nothing was changed: %s", why);
		return result;
	}
	// Behind what there was to warn about filters.
	message_keep(reason, sizeof(reason));
	idle_check(wanted, reload->running->config);
	if (config_fixed_changes(reload->running->config, wanted, fixed, sizeof(fixed)) > 0)
		message_warning("%s: changed, but in force only after a restart", fixed);
	message_keep(NULL, 0);
	length = strlen(why);
	snprintf(why + length, size - length, "%s%s", length > 0 && reason[0] != '\0' ? "; " : "",
		 reason);
	message_info("the configuration was read again: %zu threshold%s, %zu poll%s",
		     wanted->thresholds.count, wanted->thresholds.count == 1 ? "" : "s",
		     wanted->polls.count, wanted->polls.count == 1 ? "" : "s");
	return 0;
}

static struct config *read_again(const struct options *running, char *why, size_t size)
{
	struct config *wanted;

	message_keep(why, size);
	wanted = options_configure(running);
	message_keep(NULL, 0);
	if (wanted == NULL)
		message_error("reload: nothing was changed");
	return wanted;
}

struct service_change *reload_begin(const struct options *running, struct watch_book *book,
				    char *why, size_t size)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (reload == NULL)
		goto no_memory;
	reload->change = (struct service_change){
		.prepare = reload_prepare,
		.apply = reload_apply,
		.drop = reload_drop,
	};
	reload->running = running;
	reload->book = book;
	reload->wanted = read_again(running, why, size);
	if (reload->wanted == NULL) {
		reload_drop(&reload->change);
		return NULL;
	}
	reload->filter = rules_filters(reload->wanted, book);
	if (reload->filter != NULL)
		return &reload->change;

no_memory:
	if (reload != NULL)
		reload_drop(&reload->change);
	snprintf(why, size, "there is no memory for it");
	message_error("reload: nothing was changed: %s", why);
	return NULL;
}

struct rule_add {
	struct service_change change;
	struct watch_book *book;
	struct watch_rule_settings rule; // with texts and a filter of its own
};

static void rule_add_drop(struct service_change *change)
{
	struct rule_add *add = (struct rule_add *)change;

	filter_destroy(add->rule.filter);
	free((char *)add->rule.expression);
	free((char *)add->rule.name);
	free(add);
}

static int rule_add_prepare(struct service_change *change, char *why, size_t size)
{
	struct watch_rule_settings *rule = &((struct rule_add *)change)->rule;

	if (rule->filter != NULL || rule->expression[0] == '\0')
		return 0;
	rule->filter = filter_create(rule->expression, why, size);
	return rule->filter != NULL ? 0 : -EINVAL;
}

static int rule_add_apply(struct service_change *change, char *why, size_t size)
{
	const struct rule_add *add = (struct rule_add *)change;
	int result = watch_book_add(add->book, &add->rule, why, size);

	if (result == 0 && add->rule.filter != NULL && filter_matches_nothing(add->rule.filter))
		snprintf(why, size, "no packet can ever match '%.200s'", add->rule.expression);
	return result;
}

struct service_change *rule_add_begin(struct watch_book *book,
				      const struct watch_rule_settings *rule, char *why,
				      size_t size)
{
	struct rule_add *add = calloc(1, sizeof(*add));

	if (add == NULL)
		goto no_memory;
	add->change = (struct service_change){
		.prepare = rule_add_prepare,
		.apply = rule_add_apply,
		.drop = rule_add_drop,
	};
	add->book = book;
	add->rule = *rule;
	add->rule.name = strdup(rule->name);
	add->rule.expression = strdup(rule->expression);
	add->rule.filter = watch_book_filter(book, rule->expression);
	if (add->rule.name != NULL && add->rule.expression != NULL)
		return &add->change;
	rule_add_drop(&add->change);

no_memory:
	snprintf(why, size, "there is no memory for it");
	return NULL;
}
