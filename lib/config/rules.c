/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/rule.h"

#include "base/message.h"
#include "config/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// The lists of rules in a snapshot.

size_t config_rule_count(const struct config *config, enum config_rule rule)
{
	switch (rule) {
	case CONFIG_RULE_THRESHOLD:
		return config->thresholds.count;
	case CONFIG_RULE_POLL:
		return config->polls.count;
	case CONFIG_RULE_PLUGIN:
		return config->plugins.count;
	default:
		return 0;
	}
}

void *config_rule_item(const struct config *config, enum config_rule rule, size_t number)
{
	switch (rule) {
	case CONFIG_RULE_THRESHOLD:
		return &config->thresholds.item[number];
	case CONFIG_RULE_POLL:
		return &config->polls.item[number];
	case CONFIG_RULE_PLUGIN:
		return &config->plugins.item[number];
	default:
		return NULL;
	}
}

int config_rule_index(const struct config *config, enum config_rule rule, const char *name)
{
	for (size_t i = 0; i < config_rule_count(config, rule); i++)
		if (strcmp(config_rule_item(config, rule, i), name) == 0)
			return (int)i;
	return -ENOENT;
}

// Makes room for one item more. Returns it, or NULL when memory is out.
static void *grow(struct config *config, enum config_rule rule)
{
	size_t count = config_rule_count(config, rule) + 1;
	void *items = NULL;

	switch (rule) {
	case CONFIG_RULE_THRESHOLD:
		items = reallocarray(config->thresholds.item, count,
				     sizeof(*config->thresholds.item));
		if (items)
			config->thresholds.item = items;
		break;
	case CONFIG_RULE_POLL:
		items = reallocarray(config->polls.item, count, sizeof(*config->polls.item));
		if (items)
			config->polls.item = items;
		break;
	case CONFIG_RULE_PLUGIN:
		items = reallocarray(config->plugins.item, count, sizeof(*config->plugins.item));
		if (items)
			config->plugins.item = items;
		break;
	default:
		break;
	}
	return items ? config_rule_item(config, rule, count - 1) : NULL;
}

static void set_count(struct config *config, enum config_rule rule, size_t count)
{
	switch (rule) {
	case CONFIG_RULE_THRESHOLD:
		config->thresholds.count = count;
		break;
	case CONFIG_RULE_POLL:
		config->polls.count = count;
		break;
	case CONFIG_RULE_PLUGIN:
		config->plugins.count = count;
		break;
	default:
		break;
	}
}

int config_rule_add(struct config *config, const struct config_section *section,
		    struct config_why *why)
{
	size_t count = config_rule_count(config, section->rule);
	void *item;
	int status;

	if (count == CONFIG_RULES_MAX)
		return config_fail(why, "more than %d sections of this kind; write fewer",
				   CONFIG_RULES_MAX);
	item = grow(config, section->rule);
	if (!item)
		return -ENOMEM;
	status = config_rule_init(section->rule, item, section->name, why);
	if (status)
		return status;
	set_count(config, section->rule, count + 1);
	return (int)count;
}

void config_rule_remove_last(struct config *config, enum config_rule rule)
{
	size_t count = config_rule_count(config, rule) - 1;

	config_rule_free(rule, config_rule_item(config, rule, count));
	config_place_forget(config, rule, count);
	set_count(config, rule, count);
}

void config_rules_free(struct config *config)
{
	for (enum config_rule rule = CONFIG_RULE_NONE; rule < CONFIG_RULE_COUNT; rule++)
		for (size_t i = 0; i < config_rule_count(config, rule); i++)
			config_rule_free(rule, config_rule_item(config, rule, i));
	free(config->thresholds.item);
	free(config->polls.item);
	free(config->plugins.item);
}

static int finish(struct config *config, enum config_rule rule, void *item)
{
	const char *title = config_rule_title(rule), *name = item, *key;
	struct config_why why;
	int status = config_rule_finish(rule, item, &key, &why);

	if (status)
		message_error("%s[%s %s]%s%s: %s", config_rule_place(config, title, name, key),
			      title, name, key ? " " : "", key ? key : "", why.text);
	return status;
}

int config_rules_finish(struct config *config)
{
	int result = 0;

	for (enum config_rule rule = CONFIG_RULE_NONE; rule < CONFIG_RULE_COUNT; rule++)
		for (size_t i = 0; i < config_rule_count(config, rule); i++)
			if (finish(config, rule, config_rule_item(config, rule, i)))
				result = -EINVAL;
	return result;
}
