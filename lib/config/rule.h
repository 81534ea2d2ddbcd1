/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "config/key.h"
#include "config/value.h"

// Sections, with or without a name of their own, as the file and --set name them. Start-up and
// control only.

#define CONFIG_LABEL_SIZE 64

// One section. A rule need not exist in the snapshot yet.
struct config_section {
	const char *title; // as in the table
	enum config_rule rule;
	char name[CONFIG_NAME_SIZE];   // of a rule
	char label[CONFIG_LABEL_SIZE]; // for messages: "threshold big"
};

// The kind of a section that needs a name, or CONFIG_RULE_NONE.
enum config_rule config_rule_find(const char *title);

// How such a section is written: "threshold".
const char *config_rule_title(enum config_rule rule);

// How the section of a row is written, in general: "log", "threshold NAME".
const char *config_key_section(const struct config_key *key);

// `name` is empty for an ordinary section, or was checked before.
void config_section_fill(struct config_section *section, enum config_rule rule, const char *title,
			 const char *name);

// From what stands in the brackets. Returns 0, or -EINVAL with `why`.
int config_section_parse(const char *text, struct config_section *section, struct config_why *why);

// The row of a key, config_key_other, or NULL when there is none.
const struct config_key *config_section_key(const struct config_section *section, const char *name);

// The item number of a rule in its list, or -ENOENT.
int config_rule_index(const struct config *config, enum config_rule rule, const char *name);

// The item of that number.
void *config_rule_item(const struct config *config, enum config_rule rule, size_t number);

size_t config_rule_count(const struct config *config, enum config_rule rule);

// Appends a rule with defaults, which is not there yet. Returns its number, -EINVAL with `why`, or
// -ENOMEM.
int config_rule_add(struct config *config, const struct config_section *section,
		    struct config_why *why);

// Takes away the one that was added last.
void config_rule_remove_last(struct config *config, enum config_rule rule);

// Sets a key of a section that exists. `name` is that of the key, which config_section_key() found.
int config_section_assign(struct config *config, const struct config_section *section,
			  const struct config_key *key, const char *name, const char *text,
			  struct config_why *why);

// The same for an item.
int config_item_assign(void *item, const struct config_key *key, const char *name, const char *text,
		       struct config_why *why);

// A value for messages, such as "1 MiB".
const char *config_feature_example(enum config_feature feature);

// Checks all rules, and tells every mistake. Returns 0 or -EINVAL.
int config_rules_finish(struct config *config);

void config_rules_free(struct config *config);
