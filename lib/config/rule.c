/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/rule.h"

#include "config/assign.h"
#include "config/list.h"
#include "config/suggest.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One rule by itself; rules.c has the lists of them.

bool config_name_is_right(const char *name, size_t length)
{
	if (length == 0 || length >= CONFIG_NAME_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		      (name[i] >= '0' && name[i] <= '9') || name[i] == '_' || name[i] == '-'))
			return false;
	return true;
}

int config_check_name(const char *name, struct config_why *why)
{
	if (config_name_is_right(name, strlen(name)))
		return 0;
	return config_fail(why, "'%.60s' is not a name; write 1 to %d letters, digits, '_' or '-'",
			   name, CONFIG_NAME_SIZE - 1);
}

static const size_t item_size[CONFIG_RULE_COUNT] = {
	[CONFIG_RULE_THRESHOLD] = sizeof(struct config_threshold),
	[CONFIG_RULE_POLL] = sizeof(struct config_poll),
	[CONFIG_RULE_PLUGIN] = sizeof(struct config_plugin),
};

static_assert(offsetof(struct config_threshold, name) == 0, "each item begins with its name");
static_assert(offsetof(struct config_poll, name) == 0, "each item begins with its name");
static_assert(offsetof(struct config_plugin, name) == 0, "each item begins with its name");

int config_rule_init(enum config_rule rule, void *item, const char *name, struct config_why *why)
{
	int status = config_check_name(name, why);

	memset(item, 0, item_size[rule]);
	if (status)
		return status;
	memcpy(item, name, strlen(name) + 1);
	if (rule == CONFIG_RULE_POLL)
		((struct config_poll *)item)->feature = CONFIG_FEATURE_COUNT;
	for (size_t i = 0; status == 0 && i < config_key_count; i++)
		if (config_keys[i].rule == rule && config_keys[i].default_value)
			status = config_assign(item, &config_keys[i], config_keys[i].default_value,
					       why);
	if (status)
		config_rule_free(rule, item);
	return status;
}

void config_rule_free(enum config_rule rule, void *item)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (config_keys[i].rule == rule)
			config_release(item, &config_keys[i]);
	if (rule == CONFIG_RULE_PLUGIN) {
		config_texts_free(&((struct config_plugin *)item)->keys);
		config_texts_free(&((struct config_plugin *)item)->values);
	}
}

// A key of a plugin that is the plugin's own.
static int set_other(struct config_plugin *plugin, const char *name, const char *text,
		     struct config_why *why)
{
	const struct config_word key = {name, strlen(name)}, value = {text, strlen(text)};
	int status = config_check_text(&config_key_other, text, why);
	char *copy;

	if (status)
		return status;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return config_fail(why, "the key holds a control character; write it "
						"without");
	if (*name == '\0')
		return config_fail(why, "the key is missing; write key = value");
	for (size_t i = 0; i < plugin->keys.count; i++) {
		if (strcmp(plugin->keys.item[i], name) != 0)
			continue;
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
		free(plugin->values.item[i]);
		plugin->values.item[i] = copy;
		return 0;
	}
	if (plugin->keys.count == CONFIG_OTHERS_MAX)
		return config_fail(why, "more than %d keys in one section; write fewer",
				   CONFIG_OTHERS_MAX);
	if (config_texts_add(&plugin->keys, key) < 0)
		return -ENOMEM;
	if (config_texts_add(&plugin->values, value) < 0) {
		free(plugin->keys.item[--plugin->keys.count]);
		return -ENOMEM;
	}
	return 0;
}

int config_item_assign(void *item, const struct config_key *key, const char *name, const char *text,
		       struct config_why *why)
{
	if (key->kind == CONFIG_OTHER)
		return set_other(item, name, text, why);
	return config_assign(item, key, text, why);
}

int config_rule_set(enum config_rule rule, void *item, const char *name, const char *text,
		    struct config_why *why)
{
	struct config_section section;
	const struct config_key *key;
	char suggestion[CONFIG_SUGGESTION_SIZE];

	config_section_fill(&section, rule, config_rule_title(rule), item);
	key = config_section_key(&section, name);
	if (key)
		return config_item_assign(item, key, name, text, why);
	config_suggest_key(&section, name, suggestion);
	return config_fail(why, "unknown key; %s", suggestion);
}

static int finish_threshold(const struct config_threshold *item, const char **key,
			    struct config_why *why)
{
	if (item->idle && item->duration == 0) {
		*key = "idle";
		return config_fail(why, "means nothing without a duration; write one, such as "
					"duration = 1 h");
	}
	if (item->orig_bytes || item->resp_bytes || item->orig_pkts || item->resp_pkts ||
	    item->pkts || item->duration)
		return 0;
	return config_fail(why, "no limit is given; write at least one of orig_bytes, resp_bytes, "
				"orig_pkts, resp_pkts, pkts, duration");
}

static int finish_poll(struct config_poll *item, const char **key, struct config_why *why)
{
	if (item->feature == CONFIG_FEATURE_COUNT)
		return config_fail(why, "feature is missing; write what to look at, such as "
					"feature = rate");
	if (!item->above_text)
		return config_fail(why,
				   "above is missing; write which value of %s is too much, "
				   "such as above = %s",
				   config_feature_name(item->feature),
				   config_feature_example(item->feature));
	*key = "above";
	return config_parse_above(item->feature, item->above_text, &item->above, why);
}

int config_rule_finish(enum config_rule rule, void *item, const char **key, struct config_why *why)
{
	*key = NULL;
	switch (rule) {
	case CONFIG_RULE_THRESHOLD:
		return finish_threshold(item, key, why);
	case CONFIG_RULE_POLL:
		return finish_poll(item, key, why);
	case CONFIG_RULE_PLUGIN:
		if (((struct config_plugin *)item)->path)
			return 0;
		return config_fail(why, "path is missing; write where the plugin is, such as "
					"path = /usr/local/lib/weir/x.so");
	default:
		return -EINVAL;
	}
}
