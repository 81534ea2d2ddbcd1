/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "plugin/plugin_internal.h"

#include "base/message.h"
#include "config/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// The functions of weir/plugin.h, which plugins call.

static_assert(sizeof(struct weir_ports) == sizeof(struct config_ports), "the same set of ports");

// Whose function is being called; on any other thread there is none.
static _Thread_local struct plugin *current;

void plugin_enter(struct plugin *plugin)
{
	plugin->has_said = false;
	current = plugin;
}

void plugin_leave(void)
{
	current = NULL;
}

// Where a key stands; where it was not given, or there is none, the path.
static const char *place_of(const struct plugin *plugin, const char *key)
{
	for (size_t i = 0; key != NULL && i < plugin->key_count; i++)
		if (strcmp(plugin->keys[i].name, key) == 0)
			return plugin->key_places[i];
	return plugin->place;
}

__attribute__((format(printf, 3, 0))) static void say(struct plugin *plugin, const char *key,
						      const char *format, va_list arguments)
{
	char text[640];

	vsnprintf(text, sizeof(text), format, arguments);
	// One line, whatever the plugin writes.
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	if (plugin == NULL)
		message_error("a plugin: %s", text);
	else if (key != NULL)
		message_error("%.200s[plugin %s] %.60s: %s", place_of(plugin, key), plugin->name,
			      key, text);
	else
		message_error("%.200s[plugin %s] %s", plugin->place, plugin->name, text);
	if (plugin != NULL)
		plugin->has_said = true;
}

int plugin_fail(struct plugin *plugin, const char *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(plugin, key, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

void weir_plugin_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(current, NULL, format, arguments);
	va_end(arguments);
}

int weir_plugin_key_error(const struct weir_key *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(current, key->name, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

// One that is not too large for what weir does with it.
static int parse(const struct weir_key *key, const struct config_scale *scale, uint64_t most,
		 uint64_t *value)
{
	char most_text[CONFIG_SCALED_SIZE];
	struct config_why why;
	uint64_t result;

	if (config_parse_scaled(scale, key->value, &result, &why) < 0)
		return weir_plugin_key_error(key, "%s", why.text);
	if (result > most) {
		config_format_scaled(scale, most, most_text);
		return weir_plugin_key_error(key, "'%.60s' is too large; write %s or less",
					     key->value, most_text);
	}
	*value = result;
	return 0;
}

int weir_plugin_span(const struct weir_key *key, uint64_t *span)
{
	return parse(key, &config_spans, CONFIG_SPAN_MAX, span);
}

int weir_plugin_size(const struct weir_key *key, uint64_t *size)
{
	return parse(key, &config_sizes, CONFIG_BYTES_MAX, size);
}

int weir_plugin_number(const struct weir_key *key, uint64_t *number)
{
	return parse(key, &config_counts, UINT64_MAX, number);
}

int weir_plugin_ports(const struct weir_key *key, struct weir_ports *ports)
{
	struct config_ports result = {0};
	struct config_why why;

	if (config_parse_ports(key->value, &result, &why) < 0)
		return weir_plugin_key_error(key, "%s", why.text);
	memcpy(ports, &result, sizeof(*ports));
	return 0;
}
