/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/suggest.h"

#include "config/key.h"
#include "config/rule.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 48

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

// Letters to insert, remove, change or swap to get from one word to the other; case does not count.
static unsigned edit_distance(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);
	unsigned row[WORD_MAX + 1][WORD_MAX + 1];

	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return UINT_MAX;
	for (size_t i = 0; i <= a_length; i++)
		row[i][0] = (unsigned)i;
	for (size_t j = 0; j <= b_length; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			unsigned cost = !same_letter(a[i - 1], b[j - 1]);

			row[i][j] = least(row[i - 1][j - 1] + cost,
					  least(row[i - 1][j], row[i][j - 1]) + 1);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
			    same_letter(a[i - 2], b[j - 1]))
				row[i][j] = least(row[i][j], row[i - 2][j - 2] + 1);
		}
	}
	return row[a_length][b_length];
}

// Further away than this a proposal would only puzzle.
static unsigned distance_limit(const char *word)
{
	return 1 + (unsigned)(strlen(word) / 4);
}

const char *config_suggest_word(const char *word, const char *const *words, size_t count)
{
	unsigned best = distance_limit(word) + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned distance = edit_distance(words[i], word);

		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}

// The nearest key within `section`, or in all sections when it is NULL.
static const struct config_key *nearest_key(const char *section, const char *name)
{
	const struct config_key *nearest = NULL;
	unsigned best = distance_limit(name) + 1;

	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];
		unsigned distance;

		if (section && strcmp(key->section, section) != 0)
			continue;
		distance = edit_distance(key->name, name);
		if (distance < best) {
			best = distance;
			nearest = key;
		}
	}
	return nearest;
}

__attribute__((format(printf, 2, 3))) static void append(char text[CONFIG_SUGGESTION_SIZE],
							 const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, CONFIG_SUGGESTION_SIZE - length, format, arguments);
	va_end(arguments);
}

// "'maximum' is a key of [connections] and [fragments]"; false when no section has it.
static bool append_owners(char text[CONFIG_SUGGESTION_SIZE], const char *name)
{
	bool found = false;

	for (size_t i = 0; i < config_key_count; i++) {
		if (strcasecmp(config_keys[i].name, name) != 0)
			continue;
		if (found)
			append(text, " and [%s]", config_key_section(&config_keys[i]));
		else
			append(text, "'%s' is a key of [%s]", config_keys[i].name,
			       config_key_section(&config_keys[i]));
		found = true;
	}
	return found;
}

void config_suggest_key(const struct config_section *section, const char *name,
			char text[CONFIG_SUGGESTION_SIZE])
{
	const struct config_key *near = nearest_key(section->title, name);
	const char *separator = "";

	text[0] = '\0';
	if (near && strcasecmp(near->name, name) == 0) {
		append(text, "did you mean '%s'?", near->name);
		return;
	}
	if (append_owners(text, name))
		return;
	if (near) {
		append(text, "did you mean '%s'?", near->name);
		return;
	}
	near = nearest_key(NULL, name);
	if (near) {
		append(text, "did you mean '%s' of [%s]?", near->name, config_key_section(near));
		return;
	}
	append(text, "the keys of [%s] are ", section->label);
	for (size_t i = 0; i < config_key_count; i++) {
		if (strcmp(config_keys[i].section, section->title) != 0)
			continue;
		append(text, "%s%s", separator, config_keys[i].name);
		separator = ", ";
	}
}

// The nearest section, or NULL. One that has a name of its own is compared by its first word.
static const struct config_key *nearest_section(const char *section)
{
	const struct config_key *nearest = NULL;
	size_t length = strcspn(section, " \t\v\f");
	unsigned best = distance_limit(section) + 1;
	char first[WORD_MAX + 1];

	if (length > WORD_MAX)
		length = WORD_MAX;
	memcpy(first, section, length);
	first[length] = '\0';
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];
		bool whole = key->rule == CONFIG_RULE_NONE;
		unsigned distance = edit_distance(key->section, whole ? section : first);

		if (distance < best && (whole || distance <= distance_limit(first))) {
			best = distance;
			nearest = key;
		}
	}
	return nearest;
}

void config_suggest_section(const char *section, char text[CONFIG_SUGGESTION_SIZE])
{
	const struct config_key *nearest = nearest_section(section);
	const char *previous = "";

	text[0] = '\0';
	if (nearest) {
		append(text, "did you mean [%s]?", config_key_section(nearest));
		return;
	}
	append(text, "the sections are");
	for (size_t i = 0; i < config_key_count; i++) {
		if (strcmp(config_keys[i].section, previous) == 0)
			continue;
		previous = config_keys[i].section;
		append(text, " [%s]", config_key_section(&config_keys[i]));
	}
}

const char *config_section_of(const char *name)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (strcmp(config_keys[i].name, name) == 0)
			return config_key_section(&config_keys[i]);
	return NULL;
}
