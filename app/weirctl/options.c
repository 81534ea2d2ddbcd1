/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "command.h"

#include "base/time.h"
#include "base/uid.h"
#include "config/suggest.h"
#include "config/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MOST 16

enum { OPTION_JSON = 256, OPTION_FIRST };

void complain(const struct command *command, const char *format, ...)
{
	va_list arguments;

	fputs("weirctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (command != NULL)
		fprintf(stderr, "; 'weirctl help %s' says how it is used", command->name);
	fputc('\n', stderr);
}

// How numbers are written, and the greatest that makes sense.
static const struct {
	const struct config_scale *scale;
	uint64_t most;
} number[] = {
	[OPTION_LIMIT] = {&config_counts, 1000000},
	[OPTION_COUNT] = {&config_counts, CONFIG_PACKETS_MAX},
	[OPTION_SIZE] = {&config_sizes, CONFIG_BYTES_MAX},
	[OPTION_SPAN] = {&config_spans, CONFIG_SPAN_MAX},
};

static json_t *number_value(const struct config_scale *scale, uint64_t value)
{
	if (scale == &config_spans)
		return json_real((double)value / (double)TIME_SECOND);
	return json_integer((json_int_t)value);
}

// NULL, with `why`, when it is out of bounds or no number.
static json_t *take_number(enum option_type type, uint64_t least, const char *text,
			   struct config_why *why)
{
	const struct config_scale *scale = number[type].scale;
	char first[CONFIG_SCALED_SIZE], last[CONFIG_SCALED_SIZE];
	uint64_t value;

	if (config_parse_scaled(scale, text, &value, why) < 0)
		return NULL;
	if (value >= least && value <= number[type].most)
		return number_value(scale, value);
	config_format_scaled(scale, least, first);
	config_format_scaled(scale, number[type].most, last);
	config_fail(why, "'%.60s' is out of range; write %s to %s", text, first, last);
	return NULL;
}

// "event,log"
static json_t *split(const char *text)
{
	json_t *list = json_array();

	while (*text != '\0') {
		size_t length = strcspn(text, ", ");

		if (length > 0)
			json_array_append_new(list, json_stringn(text, length));
		text += length;
		text += strspn(text, ", ");
	}
	return list;
}

static json_t *take_sort(const char *text, struct config_why *why)
{
	static const char *const key[] = {"start",      "duration", "idle",    "orig_bytes",
					  "resp_bytes", "bytes",    "packets", "none"};
	const size_t count = sizeof(key) / sizeof(key[0]);
	const char *nearest = config_suggest_word(text, key, count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, key[i]) == 0)
			return json_string(text);
	}
	if (nearest != NULL)
		config_fail(why, "'%.60s' is no sort key; did you mean '%s'?", text, nearest);
	else
		config_fail(why,
			    "'%.60s' is no sort key; write one of start, duration, idle, "
			    "orig_bytes, resp_bytes, bytes, packets, none",
			    text);
	return NULL;
}

// The value of an option, or NULL with `why`.
static json_t *take_value(enum option_type type, const char *text, struct config_why *why)
{
	enum config_feature feature;
	uint32_t actions;

	snprintf(why->text, sizeof(why->text), "the text is not valid UTF-8");
	switch (type) {
	case OPTION_FLAG:
		return json_true();
	case OPTION_TEXT:
	case OPTION_ABOVE:
		return json_string(text);
	case OPTION_NAME:
		return config_check_name(text, why) == 0 ? json_string(text) : NULL;
	case OPTION_SORT:
		return take_sort(text, why);
	case OPTION_FEATURE:
		return config_parse_feature(text, &feature, why) == 0 ? json_string(text) : NULL;
	case OPTION_ACTIONS:
		return config_parse_actions(text, &actions, why) == 0 ? split(text) : NULL;
	case OPTION_LIMIT:
	case OPTION_COUNT:
	case OPTION_SIZE:
	case OPTION_SPAN:
		return take_number(type, 1, text, why);
	}
	return NULL;
}

static bool take_option(const struct command *command, const struct command_option *option,
			const char *text, json_t *request)
{
	struct config_why why;
	json_t *value;

	// No value begins so; this one was forgotten.
	if (text != NULL && strncmp(text, "--", 2) == 0) {
		complain(command, "%s: --%s needs a value, and '%.60s' is an option", command->name,
			 option->name, text);
		return false;
	}
	value = take_value(option->type, text, &why);
	if (value == NULL) {
		complain(command, "--%s: %s", option->name, why.text);
		return false;
	}
	json_object_set_new(request, option->parameter, value);
	return true;
}

static bool take_word(const struct command *command, enum word_type type, const char *text,
		      json_t *request)
{
	static const char *const parameter[] = {
		[WORD_UID] = "uid", [WORD_SPAN] = "inactivity", [WORD_WHO] = "who"};
	struct config_why why = {"the text is not valid UTF-8"};
	struct uid uid;
	json_t *value;

	if (type == WORD_SPAN)
		value = take_number(OPTION_SPAN, 0, text, &why);
	else
		value = json_string(text);
	if (value == NULL) {
		complain(command, "%s: %s", command->name, why.text);
		return false;
	}
	if (type == WORD_UID && uid_parse(text, strlen(text), &uid) < 0) {
		json_decref(value);
		complain(command,
			 "'%.60s' is no uid; one is a C and up to 17 letters and digits, as in "
			 "conn.log",
			 text);
		return false;
	}
	json_object_set_new(request, parameter[type], value);
	return true;
}

static void complain_surplus(const struct command *command, const char *word, const json_t *request)
{
	if (json_object_get(request, "filter") != NULL)
		complain(command,
			 "%s: '%.60s' is too much; a filter of several words stands in quotes: "
			 "--filter 'tcp port 80'",
			 command->name, word);
	else
		complain(command, "%s: '%.60s' is too much", command->name, word);
}

static bool take_words(const struct command *command, int count, char **words, json_t *request)
{
	int most = 0;

	while (most < 2 && command->word[most] != WORD_NONE)
		most++;
	if (count < command->words_least) {
		complain(command, "%s: something is missing: weirctl %s %s", command->name,
			 command->name, command->usage);
		return false;
	}
	if (count > most) {
		complain_surplus(command, words[most], request);
		return false;
	}
	// A uid and what is to be done with it.
	if (most == 2 && count == 1) {
		complain(command, "%s: the time is missing: weirctl %s %s", command->name,
			 command->name, command->usage);
		return false;
	}
	for (int i = 0; i < count; i++) {
		if (!take_word(command, command->word[i], words[i], request))
			return false;
	}
	return true;
}

#define OPTIONS_TEXT_SIZE 512

// What would be right where `name` is no option.
static void propose(const struct option *list, const char *name, char text[OPTIONS_TEXT_SIZE])
{
	const char *names[OPTIONS_MOST], *nearest;
	size_t count = 0, length = 0;

	for (; list[count].name != NULL; count++)
		names[count] = list[count].name;
	nearest = config_suggest_word(name, names, count);
	if (nearest != NULL) {
		snprintf(text, OPTIONS_TEXT_SIZE, "did you mean '--%s'?", nearest);
		return;
	}
	for (size_t i = 0; i < count && length < OPTIONS_TEXT_SIZE; i++)
		length += (size_t)snprintf(text + length, OPTIONS_TEXT_SIZE - length, "%s--%s",
					   i == 0 ? "there are " : ", ", names[i]);
}

void options_complain(const struct command *command, const struct option *list, int found,
		      char **argv)
{
	const char *word = argv[optind - 1], *name = NULL;
	char wrong[64], right[OPTIONS_TEXT_SIZE];

	// `optopt` is what the list says of an option that has a value too few or too much, or the
	// letter that is none.
	for (size_t i = 0; list[i].name != NULL && optopt != 0; i++) {
		if (list[i].val == optopt)
			name = list[i].name;
	}
	if (name != NULL) {
		complain(command, found == ':' ? "--%s needs a value" : "--%s takes no value",
			 name);
		return;
	}
	if (optopt != 0)
		snprintf(wrong, sizeof(wrong), "-%c", optopt);
	else
		snprintf(wrong, sizeof(wrong), "%.*s", (int)strcspn(word, "="), word);
	propose(list, wrong + strspn(wrong, "-"), right);
	complain(NULL, "'%s' is no option%s%s; %s", wrong, command != NULL ? " of " : "",
		 command != NULL ? command->name : "", right);
}

bool options_read(const struct command *command, int argc, char **argv, struct globals *globals,
		  json_t *request)
{
	struct option list[OPTIONS_MOST] = {
		{"json", no_argument, NULL, OPTION_JSON},
		{"help", no_argument, NULL, 'h'},
		{"socket", required_argument, NULL, 's'},
	};
	int option;

	for (size_t i = 0; i < command->option_count; i++) {
		bool flag = command->options[i].type == OPTION_FLAG;

		list[3 + i] = (struct option){command->options[i].name,
					      flag ? no_argument : required_argument, NULL,
					      OPTION_FIRST + (int)i};
	}
	// 0: glibc forgets what it read before.
	optind = 0;
	while ((option = getopt_long(argc, argv, ":s:h", list, NULL)) != -1) {
		if (option == 's')
			globals->socket = optarg;
		else if (option == 'h')
			globals->help = true;
		else if (option == OPTION_JSON)
			globals->json = true;
		else if (option < OPTION_FIRST) {
			options_complain(command, list, option, argv);
			return false;
		} else if (!take_option(command, &command->options[option - OPTION_FIRST], optarg,
					request))
			return false;
	}
	if (globals->help)
		return true;
	return take_words(command, argc - optind, argv + optind, request);
}
