/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "plugin/plugin_internal.h"

#include "base/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a plugin is given by its section: copied, as the configuration may be replaced while it runs.

// A name alone is that of a plugin that came with weir, or was put beside those: the dynamic
// linker's own search, which the environment changes, is not for what runs with weir's rights.
static char *find_path(const char *path)
{
	char *whole;

	if (strchr(path, '/') != NULL)
		return strdup(path);
	return asprintf(&whole, "%s/%s", PLUGIN_DIRECTORY, path) >= 0 ? whole : NULL;
}

static int copy_keys(struct plugin *plugin, const struct config *config,
		     const struct config_plugin *section)
{
	size_t count = section->keys.count;

	plugin->keys = calloc(count + 1, sizeof(*plugin->keys));
	plugin->key_places = calloc(count + 1, sizeof(*plugin->key_places));
	if (plugin->keys == NULL || plugin->key_places == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *place = config_rule_place(config, "plugin", section->name,
						      section->keys.item[i]);
		struct weir_key *key = &plugin->keys[plugin->key_count];

		plugin->key_places[plugin->key_count++] = strdup(place);
		key->name = strdup(section->keys.item[i]);
		key->value = strdup(section->values.item[i]);
		if (key->name == NULL || key->value == NULL || plugin->key_places[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int plugin_configure(struct plugin *plugin, const struct config *config,
		     const struct config_plugin *section)
{
	snprintf(plugin->name, sizeof(plugin->name), "%s", section->name);
	plugin->place = strdup(config_rule_place(config, "plugin", section->name, "path"));
	plugin->path = find_path(section->path);
	if (plugin->place != NULL && plugin->path != NULL &&
	    copy_keys(plugin, config, section) == 0)
		return 0;
	message_error("no memory for [plugin %s]", section->name);
	return -ENOMEM;
}

void plugin_settings_free(struct plugin *plugin)
{
	for (size_t i = 0; i < plugin->key_count; i++) {
		free((char *)plugin->keys[i].name);
		free((char *)plugin->keys[i].value);
		free(plugin->key_places[i]);
	}
	free(plugin->keys);
	free(plugin->key_places);
	free(plugin->place);
	free(plugin->path);
}
