/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/time.h"
#include "config/suggest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MOST 16

static const struct {
	const char *wanted;
	const char *example;
} kind[] = {
	[PARAMETER_TEXT] = {"a text", "\"web\""},
	[PARAMETER_UID] = {"the uid of a connection", "\"CHhAvVGS1DHFjwGM9\""},
	[PARAMETER_YES] = {"true or false", "true"},
	[PARAMETER_COUNT] = {"a whole number from 0 on", "100"},
	[PARAMETER_NUMBER] = {"a number from 0 on", "1000"},
	[PARAMETER_SPAN] = {"a number of seconds from 0 on", "0.5"},
	[PARAMETER_ACTIONS] = {"a list with event, log or capture in it", "[\"event\", \"log\"]"},
};

static bool is_action(const json_t *value)
{
	const char *word = json_string_value(value);

	for (int i = 0; word != NULL && i < WATCH_ACTION_COUNT; i++) {
		if (strcmp(word, watch_action_word[i]) == 0)
			return true;
	}
	return false;
}

static bool are_actions(const json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (!is_action(json_array_get(value, i)))
			return false;
	}
	return json_array_size(value) > 0;
}

static bool has_type(const json_t *value, enum parameter_type type)
{
	double number;

	switch (type) {
	case PARAMETER_TEXT:
	case PARAMETER_UID:
		return json_is_string(value);
	case PARAMETER_YES:
		return json_is_boolean(value);
	case PARAMETER_COUNT:
		return json_is_integer(value) && json_integer_value(value) >= 0;
	case PARAMETER_NUMBER:
		return json_is_number(value) && json_number_value(value) >= 0;
	case PARAMETER_SPAN:
		number = json_number_value(value);
		return json_is_number(value) && number >= 0 && number <= SERVICE_SPAN_MOST;
	case PARAMETER_ACTIONS:
		return are_actions(value);
	}
	return false;
}

static const struct parameter *find(const struct parameter *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	}
	return NULL;
}

void parameter_suggest(const char *word, const char *const *words, size_t count, char *text,
		       size_t size)
{
	const char *nearest = config_suggest_word(word, words, count);
	size_t length = 0;

	if (nearest != NULL) {
		snprintf(text, size, "did you mean '%s'?", nearest);
		return;
	}
	snprintf(text, size, "there is none");
	for (size_t i = 0; i < count && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s",
					   i == 0 ? "there are " : ", ", words[i]);
}

static void complain_unknown(struct client *client, const char *name, const char *what,
			     const struct parameter *list, size_t count)
{
	const char *names[WORDS_MOST];
	char hint[512];

	for (size_t i = 0; i < count; i++)
		names[i] = list[i].name;
	if (count == 0) {
		answer_error(client, "'%.60s' is no parameter of %s, which has none", name, what);
		return;
	}
	parameter_suggest(name, names, count, hint, sizeof(hint));
	answer_error(client, "'%.60s' is no parameter of %s; %s", name, what, hint);
}

static bool check_one(struct client *client, const json_t *value, const struct parameter *parameter,
		      const char *what)
{
	char *text;

	if (has_type(value, parameter->type))
		return true;
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	answer_error(client, "%s: %s is to be %s, such as %s, and is %.60s", what, parameter->name,
		     kind[parameter->type].wanted, kind[parameter->type].example,
		     text != NULL ? text : "something else");
	free(text);
	return false;
}

bool parameter_check(struct client *client, const json_t *request, const char *what,
		     const struct parameter *list, size_t count)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)request, name, value)
	{
		const struct parameter *parameter = find(list, count, name);

		if (strcmp(name, "request") == 0 || strcmp(name, "id") == 0)
			continue;
		if (parameter == NULL) {
			complain_unknown(client, name, what, list, count);
			return false;
		}
		if (!check_one(client, value, parameter, what))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!list[i].required || parameter_given(request, list[i].name))
			continue;
		answer_error(client, "%s: %s is missing: it is %s, such as \"%s\": %s", what,
			     list[i].name, kind[list[i].type].wanted, list[i].name,
			     kind[list[i].type].example);
		return false;
	}
	return true;
}

bool parameter_given(const json_t *request, const char *name)
{
	return json_object_get(request, name) != NULL;
}

const char *parameter_text(const json_t *request, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(request, name));

	return text != NULL ? text : otherwise;
}

uint64_t parameter_count(const json_t *request, const char *name, uint64_t otherwise)
{
	const json_t *value = json_object_get(request, name);

	return value != NULL ? (uint64_t)json_integer_value(value) : otherwise;
}

uint64_t parameter_span(const json_t *request, const char *name, uint64_t otherwise)
{
	const json_t *value = json_object_get(request, name);

	if (value == NULL)
		return otherwise;
	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value) * TIME_SECOND;
	return (uint64_t)llround(json_real_value(value) * (double)TIME_SECOND);
}

bool parameter_yes(const json_t *request, const char *name)
{
	return json_is_true(json_object_get(request, name));
}

uint8_t parameter_actions(const json_t *request)
{
	const json_t *list = json_object_get(request, "actions");
	uint8_t actions = 0;

	if (list == NULL)
		return WATCH_ACTION_EVENT;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		for (int bit = 0; bit < WATCH_ACTION_COUNT; bit++) {
			if (strcmp(word, watch_action_word[bit]) == 0)
				actions |= (uint8_t)(1 << bit);
		}
	}
	return actions;
}
