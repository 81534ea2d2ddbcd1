/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/config.h"

#include "base/message.h"
#include "config/assign.h"
#include "config/key.h"
#include "config/place.h"
#include "config/rule.h"
#include "config/suggest.h"
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct config *config_create(void)
{
	struct config *config = calloc(1, sizeof(*config));
	struct config_why why;

	if (!config)
		return NULL;
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (key->rule == CONFIG_RULE_NONE &&
		    config_assign(config, key, key->default_value, &why)) {
			config_destroy(config);
			return NULL;
		}
	}
	return config;
}

void config_destroy(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config_key_count; i++)
		if (config_keys[i].rule == CONFIG_RULE_NONE)
			config_release(config, &config_keys[i]);
	config_rules_free(config);
	config_place_free(config);
	free(config);
}

// Removes blanks at both ends, in place.
static char *trim(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

// `place` is the assignment as it was given; `section`, `name` and `value` are its parts.
static int set_key(struct config *config, const char *place, const struct config_section *section,
		   const char *name, const char *value)
{
	const struct config_key *key = config_section_key(section, name);
	char suggestion[CONFIG_SUGGESTION_SIZE];
	struct config_why why;
	int status;

	if (!key) {
		config_suggest_key(section, name, suggestion);
		message_error("--set %.200s: [%s] %.60s: unknown key; %s", place, section->label,
			      name, suggestion);
		return -EINVAL;
	}
	status = config_section_assign(config, section, key, name, value, &why);
	if (status == -ENOMEM)
		message_error("--set %.200s: not enough memory; free some and start again", place);
	else if (status)
		message_error("--set %.200s: [%s] %.60s: %s", place, section->label, name,
			      why.text);
	else
		config_place_note(config, section, name, "--set %.200s: ", place);
	return status;
}

// Sees to it that there is a section. Returns 1 when it was made, 0 when it was there, -EINVAL with
// `why`, or -ENOMEM.
static int provide_section(struct config *config, const struct config_section *section,
			   struct config_why *why)
{
	int status;

	if (section->rule == CONFIG_RULE_NONE ||
	    config_rule_index(config, section->rule, section->name) >= 0)
		return 0;
	status = config_rule_add(config, section, why);
	return status < 0 ? status : 1;
}

static int set(struct config *config, const char *place, const char *title, const char *name,
	       const char *value)
{
	struct config_section section;
	struct config_why why;
	int made = config_section_parse(title, &section, &why), status;

	if (made == 0)
		made = provide_section(config, &section, &why);
	if (made == -ENOMEM) {
		message_error("--set %.200s: not enough memory; free some and start again", place);
		return made;
	}
	if (made < 0) {
		message_error("--set %.200s: [%.60s]: %s", place, title, why.text);
		return made;
	}
	if (made)
		config_place_note(config, &section, NULL, "--set %.200s: ", place);
	status = set_key(config, place, &section, name, value);
	if (status && made)
		config_rule_remove_last(config, section.rule);
	return status;
}

int config_set(struct config *config, const char *assignment)
{
	char *copy = strdup(assignment), *equals, *dot, *name;
	int status = -EINVAL;

	if (!copy) {
		message_error("--set: not enough memory; free some and start again");
		return -ENOMEM;
	}
	equals = strchr(copy, '=');
	if (!equals) {
		message_error("--set %.200s: '=' is missing; write --set SECTION.KEY=VALUE", copy);
		goto out;
	}
	*equals = '\0';
	dot = strchr(copy, '.');
	if (!dot) {
		const char *section;

		name = trim(copy);
		section = config_section_of(name);
		message_error("--set %.200s: the section is missing; write --set %s.%.60s=%.60s",
			      assignment, section ? section : "SECTION", name, equals + 1);
		goto out;
	}
	*dot = '\0';
	status = set(config, assignment, trim(copy), trim(dot + 1), trim(equals + 1));
out:
	free(copy);
	return status;
}

struct port_set {
	const char *name;
	const struct config_ports *ports;
};

static int check_apart(const struct port_set *a, const struct port_set *b)
{
	for (size_t word = 0; word < 1024; word++) {
		uint64_t both = a->ports->bit[word] & b->ports->bit[word];

		if (both == 0)
			continue;
		message_error("[tunnels] %s: port %zu is in %s too; take it out of one of them",
			      b->name, word * 64 + (size_t)__builtin_ctzll(both), a->name);
		return -EINVAL;
	}
	return 0;
}

// A port can be opened in one way only.
static int check_tunnel_ports(const struct config *config)
{
	const struct port_set sets[] = {
		{"ayiya_ports", &config->tunnels.ayiya_ports},
		{"geneve_ports", &config->tunnels.geneve_ports},
		{"gre_ports", &config->tunnels.gre_ports},
		{"gtp_ports", &config->tunnels.gtp_ports},
		{"teredo_ports", &config->tunnels.teredo_ports},
		{"vxlan_ports", &config->tunnels.vxlan_ports},
	};
	const size_t count = sizeof(sets) / sizeof(sets[0]);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			if (check_apart(&sets[i], &sets[j]) < 0)
				return -EINVAL;
		}
	}
	return 0;
}

int config_finish(struct config *config)
{
	const struct config_texts *cores = &config->workers.cores;

	if (cores->count > 0 && cores->count < config->workers.count) {
		message_error("[workers] cores: %zu CPUs for %u workers; name at least %u CPUs, or "
			      "leave cores empty",
			      cores->count, config->workers.count, config->workers.count);
		return -EINVAL;
	}
	if (check_tunnel_ports(config) < 0)
		return -EINVAL;
	return config_rules_finish(config);
}
