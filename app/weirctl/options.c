/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "command.h"

#include "base/time.h"
#include "base/uid.h"
#include "config/value.h"

#include <getopt.h>
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

static bool take_scaled(const struct command *command, const char *name,
			const struct config_scale *scale, const char *text, json_t **value)
{
	struct config_why why;
	uint64_t number;

	if (config_parse_scaled(scale, text, &number, &why) < 0) {
		complain(command, "%s: %s", name, why.text);
		return false;
	}
	if (scale == &config_spans)
		*value = json_real((double)number / (double)TIME_SECOND);
	else
		*value = json_integer((json_int_t)(number <= INT64_MAX ? number : INT64_MAX));
	return true;
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

static bool take_option(const struct command *command, const struct command_option *option,
			const char *text, json_t *request)
{
	json_t *value = NULL;
	bool good = true;
	char name[64];

	snprintf(name, sizeof(name), "--%s", option->name);
	switch (option->type) {
	case OPTION_FLAG:
		value = json_true();
		break;
	case OPTION_TEXT:
		value = json_string(text);
		break;
	case OPTION_COUNT:
		good = take_scaled(command, name, &config_counts, text, &value);
		break;
	case OPTION_SIZE:
		good = take_scaled(command, name, &config_sizes, text, &value);
		break;
	case OPTION_SPAN:
		good = take_scaled(command, name, &config_spans, text, &value);
		break;
	case OPTION_ACTIONS:
		value = split(text);
		break;
	}
	if (!good)
		return false;
	if (value == NULL) {
		complain(command, "%s: the text is not valid UTF-8", name);
		return false;
	}
	json_object_set_new(request, option->parameter, value);
	return true;
}

static bool take_word(const struct command *command, enum word_type type, const char *text,
		      json_t *request)
{
	json_t *value = json_string(text);
	struct uid uid;

	if (value == NULL) {
		complain(command, "the text is not valid UTF-8");
		return false;
	}
	if (type == WORD_SPAN) {
		json_decref(value);
		if (!take_scaled(command, command->name, &config_spans, text, &value))
			return false;
	} else if (type == WORD_UID && uid_parse(text, strlen(text), &uid) < 0) {
		json_decref(value);
		complain(command,
			 "'%.60s' is no uid; one is a C and up to 17 letters and digits, as in "
			 "conn.log",
			 text);
		return false;
	}
	json_object_set_new(request,
			    type == WORD_SPAN  ? "inactivity"
			    : type == WORD_UID ? "uid"
					       : "who",
			    value);
	return true;
}

static bool take_words(const struct command *command, int count, char **words, json_t *request)
{
	int most = 0;

	while (most < 2 && command->word[most] != WORD_NONE)
		most++;
	if (count < command->words_least) {
		complain(command, "%s: something is missing: %s %s", command->name, command->name,
			 command->usage);
		return false;
	}
	if (count > most) {
		complain(command, "%s: '%.60s' is too much", command->name, words[most]);
		return false;
	}
	// A uid and what is to be done with it.
	if (most == 2 && count == 1) {
		complain(command, "%s: the time is missing: %s %s", command->name, command->name,
			 command->usage);
		return false;
	}
	for (int i = 0; i < count; i++) {
		if (!take_word(command, command->word[i], words[i], request))
			return false;
	}
	return true;
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
	while ((option = getopt_long(argc, argv, "s:h", list, NULL)) != -1) {
		if (option == 's')
			globals->socket = optarg;
		else if (option == 'h')
			globals->help = true;
		else if (option == OPTION_JSON)
			globals->json = true;
		else if (option < OPTION_FIRST) {
			fprintf(stderr, "weirctl: 'weirctl help %s' says which there are\n",
				command->name);
			return false;
		} else if (!take_option(command, &command->options[option - OPTION_FIRST], optarg,
					request))
			return false;
	}
	if (globals->help)
		return true;
	return take_words(command, argc - optind, argv + optind, request);
}
