/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/rule.h"

#include "config/assign.h"
#include "config/suggest.h"

#include <stdio.h>
#include <string.h>

#define BLANKS " \t\v\f"

static const struct {
	const char *title, *with_name;
} rules[CONFIG_RULE_COUNT] = {
	[CONFIG_RULE_THRESHOLD] = {"threshold", "threshold NAME"},
	[CONFIG_RULE_POLL] = {"poll", "poll NAME"},
	[CONFIG_RULE_PLUGIN] = {"plugin", "plugin NAME"},
};

const char *config_rule_title(enum config_rule rule)
{
	return rules[rule].title;
}

enum config_rule config_rule_find(const char *title)
{
	for (enum config_rule rule = CONFIG_RULE_NONE + 1; rule < CONFIG_RULE_COUNT; rule++)
		if (strcmp(rules[rule].title, title) == 0)
			return rule;
	return CONFIG_RULE_NONE;
}

const char *config_key_section(const struct config_key *key)
{
	return key->rule == CONFIG_RULE_NONE ? key->section : rules[key->rule].with_name;
}

void config_section_fill(struct config_section *section, enum config_rule rule, const char *title,
			 const char *name)
{
	*section = (struct config_section){.rule = rule, .title = title};
	snprintf(section->name, sizeof(section->name), "%s", name);
	snprintf(section->label, sizeof(section->label), "%s%s%s", title, *name ? " " : "",
		 section->name);
}

// Is `text` this title, and what follows it after blanks?
static const char *name_after(const char *text, const char *title)
{
	size_t length = strlen(title);

	if (strncmp(text, title, length) != 0 ||
	    (text[length] != '\0' && !strchr(BLANKS, text[length])))
		return NULL;
	return text + length + strspn(text + length, BLANKS);
}

int config_section_parse(const char *text, struct config_section *section, struct config_why *why)
{
	char suggestion[CONFIG_SUGGESTION_SIZE];

	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];
		const char *name;

		if (key->rule == CONFIG_RULE_NONE && strcmp(key->section, text) == 0) {
			config_section_fill(section, key->rule, key->section, "");
			return 0;
		}
		name = key->rule == CONFIG_RULE_NONE ? NULL : name_after(text, key->section);
		if (!name)
			continue;
		if (*name == '\0')
			return config_fail(why,
					   "the name is missing; write %s, with a name of your "
					   "choice",
					   rules[key->rule].with_name);
		config_section_fill(section, key->rule, key->section, name);
		return config_check_name(name, why);
	}
	config_suggest_section(text, suggestion);
	return config_fail(why, "unknown section; %s", suggestion);
}

const struct config_key *config_section_key(const struct config_section *section, const char *name)
{
	const struct config_key *key = config_key_find(section->title, name);

	return key || section->rule != CONFIG_RULE_PLUGIN ? key : &config_key_other;
}

int config_section_assign(struct config *config, const struct config_section *section,
			  const struct config_key *key, const char *name, const char *text,
			  struct config_why *why)
{
	int number;

	if (section->rule == CONFIG_RULE_NONE)
		return config_assign(config, key, text, why);
	number = config_rule_index(config, section->rule, section->name);
	return config_item_assign(config_rule_item(config, section->rule, (size_t)number), key,
				  name, text, why);
}
