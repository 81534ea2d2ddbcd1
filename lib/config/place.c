/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/place.h"

#include "config/list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// For each item of a list of rules: its keys that were set, and where. "" stands for the section.
struct config_notes {
	struct config_texts keys, places;
};

static void note_ordinary(struct config *config, const struct config_key *key, char *place)
{
	size_t row = (size_t)(key - config_keys);

	if (config->places == NULL)
		config->places = calloc(config_key_count, sizeof(*config->places));
	if (config->places == NULL) {
		free(place);
		return;
	}
	free(config->places[row]);
	config->places[row] = place;
}

static char **find_note(const struct config_notes *notes, const char *key)
{
	for (size_t i = 0; i < notes->keys.count; i++)
		if (strcmp(notes->keys.item[i], key) == 0)
			return &notes->places.item[i];
	return NULL;
}

static void note_rule(struct config *config, const struct config_section *section, const char *key,
		      const char *place)
{
	struct config_notes **rules = &config->rule_places[section->rule];
	const struct config_word key_word = {key, strlen(key)};
	const struct config_word place_word = {place, strlen(place)};
	int number = config_rule_index(config, section->rule, section->name);
	struct config_notes *notes;
	char **known;

	if (*rules == NULL)
		*rules = calloc(CONFIG_RULES_MAX, sizeof(**rules));
	if (*rules == NULL || number < 0)
		return;
	notes = &(*rules)[number];
	known = find_note(notes, key);
	if (known != NULL) {
		char *copy = strdup(place);

		if (copy != NULL) {
			free(*known);
			*known = copy;
		}
	} else if (config_texts_add(&notes->places, place_word) == 0 &&
		   config_texts_add(&notes->keys, key_word) < 0) {
		free(notes->places.item[--notes->places.count]);
	}
}

void config_place_note(struct config *config, const struct config_section *section, const char *key,
		       const char *format, ...)
{
	va_list arguments;
	char *place;
	int length;

	va_start(arguments, format);
	length = vasprintf(&place, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if (section->rule == CONFIG_RULE_NONE) {
		note_ordinary(config, config_key_find(section->title, key), place);
		return;
	}
	note_rule(config, section, key != NULL ? key : "", place);
	free(place);
}

const char *config_place(const struct config *config, const char *section, const char *name)
{
	const struct config_key *key = config_key_find(section, name);
	const char *place = NULL;

	if (key != NULL && key->rule == CONFIG_RULE_NONE && config->places != NULL)
		place = config->places[key - config_keys];
	return place != NULL ? place : "";
}

const char *config_rule_place(const struct config *config, const char *section, const char *name,
			      const char *key)
{
	enum config_rule rule = config_rule_find(section);
	const struct config_notes *notes = config->rule_places[rule];
	int number = config_rule_index(config, rule, name);
	char **place = NULL;

	if (notes == NULL || number < 0)
		return "";
	if (key != NULL)
		place = find_note(&notes[number], key);
	if (place == NULL)
		place = find_note(&notes[number], "");
	return place != NULL ? *place : "";
}

void config_place_forget(struct config *config, enum config_rule rule, size_t number)
{
	struct config_notes *notes = config->rule_places[rule];

	if (notes == NULL)
		return;
	config_texts_free(&notes[number].keys);
	config_texts_free(&notes[number].places);
}

void config_place_free(struct config *config)
{
	for (size_t row = 0; config->places != NULL && row < config_key_count; row++)
		free(config->places[row]);
	free(config->places);
	config->places = NULL;
	for (enum config_rule rule = CONFIG_RULE_NONE; rule < CONFIG_RULE_COUNT; rule++) {
		for (size_t i = 0; i < CONFIG_RULES_MAX; i++)
			config_place_forget(config, rule, i);
		free(config->rule_places[rule]);
		config->rule_places[rule] = NULL;
	}
}
