/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/config.h"

#include "config/assign.h"
#include "config/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// What a new configuration would change that must stay as it is while weir runs.

struct report {
	char *text;
	size_t size, length;
	size_t count;
};

// Adds one change; what does not fit is left out, and "..." says so.
__attribute__((format(printf, 2, 3))) static void add(struct report *report, const char *format,
						      ...)
{
	static const char more[] = ", ...";
	const char *separator = report->count++ ? ", " : "";
	char change[CONFIG_LABEL_SIZE + 80];
	size_t length;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(change, sizeof(change), format, arguments);
	va_end(arguments);
	if (report->size == 0)
		return;
	length = report->length + strlen(separator) + strlen(change);
	if (length + sizeof(more) <= report->size) {
		snprintf(report->text + report->length, report->size - report->length, "%s%s",
			 separator, change);
		report->length = length;
		return;
	}
	snprintf(report->text + report->length, report->size - report->length, "%s",
		 report->length ? more : "...");
	// The room is kept, so that a shorter change does not come after one that was left out.
	report->size = 0;
}

static const char *find_value(const struct config_plugin *plugin, const char *key)
{
	for (size_t i = 0; i < plugin->keys.count; i++)
		if (strcmp(plugin->keys.item[i], key) == 0)
			return plugin->values.item[i];
	return NULL;
}

static void compare_others(struct report *report, const struct config_plugin *running,
			   const struct config_plugin *wanted)
{
	for (size_t i = 0; i < running->keys.count; i++) {
		const char *key = running->keys.item[i], *value = find_value(wanted, key);

		if (!value || strcmp(value, running->values.item[i]) != 0)
			add(report, "[plugin %s] %.60s", running->name, key);
	}
	for (size_t i = 0; i < wanted->keys.count; i++)
		if (!find_value(running, wanted->keys.item[i]))
			add(report, "[plugin %s] %.60s", wanted->name, wanted->keys.item[i]);
}

static void compare_plugin(struct report *report, const struct config_plugin *running,
			   const struct config_plugin *wanted)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (key->rule == CONFIG_RULE_PLUGIN && !config_same_value(running, wanted, key))
			add(report, "[plugin %s] %s", running->name, key->name);
	}
	compare_others(report, running, wanted);
}

static void compare_plugins(struct report *report, const struct config *running,
			    const struct config *wanted)
{
	size_t before = report->count;

	for (size_t i = 0; i < running->plugins.count; i++) {
		const struct config_plugin *plugin = &running->plugins.item[i];
		int number = config_rule_index(wanted, CONFIG_RULE_PLUGIN, plugin->name);

		if (number < 0)
			add(report, "[plugin %s]", plugin->name);
		else
			compare_plugin(report, plugin, &wanted->plugins.item[number]);
	}
	for (size_t i = 0; i < wanted->plugins.count; i++) {
		const struct config_plugin *plugin = &wanted->plugins.item[i];

		if (config_rule_index(running, CONFIG_RULE_PLUGIN, plugin->name) < 0)
			add(report, "[plugin %s]", plugin->name);
	}
	if (report->count > before)
		return;
	// They are called in the order of the file.
	for (size_t i = 0; i < running->plugins.count; i++) {
		if (strcmp(running->plugins.item[i].name, wanted->plugins.item[i].name) != 0) {
			add(report, "the order of [plugin NAME]");
			return;
		}
	}
}

size_t config_fixed_changes(const struct config *running, const struct config *wanted, char *text,
			    size_t size)
{
	struct report report = {.text = text, .size = size};

	if (size > 0)
		text[0] = '\0';
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (key->rule == CONFIG_RULE_NONE && !key->live &&
		    !config_same_value(running, wanted, key))
			add(&report, "[%s] %s", key->section, key->name);
	}
	compare_plugins(&report, running, wanted);
	return report.count;
}
