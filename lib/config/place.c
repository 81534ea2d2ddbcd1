/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void config_place_note(struct config *config, const struct config_key *key, const char *format, ...)
{
	size_t row = (size_t)(key - config_keys);
	va_list arguments;
	char *place;
	int length;

	if (config->places == NULL)
		config->places = calloc(config_key_count, sizeof(*config->places));
	if (config->places == NULL)
		return;
	va_start(arguments, format);
	length = vasprintf(&place, format, arguments);
	va_end(arguments);
	free(config->places[row]);
	config->places[row] = length < 0 ? NULL : place;
}

const char *config_place(const struct config *config, const char *section, const char *name)
{
	const struct config_key *key = config_key_find(section, name);
	const char *place = NULL;

	if (key != NULL && config->places != NULL)
		place = config->places[key - config_keys];
	return place != NULL ? place : "";
}

void config_place_free(struct config *config)
{
	for (size_t row = 0; config->places != NULL && row < config_key_count; row++)
		free(config->places[row]);
	free(config->places);
	config->places = NULL;
}
