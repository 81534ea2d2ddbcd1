/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "plugin/plugin_internal.h"

#include "conn/conn_event.h"
#include "weir/version.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

// Is what a plugin says of itself something that this weir can work with?

#define EVENTS_KNOWN ((UINT64_C(1) << CONN_EVENT_COUNT) - 1)

// The members that version 1 began with. Later ones stand behind them, and are 0 in plugins that do
// not know them.
#define SIZE_LEAST sizeof(struct weir_plugin)

// More is no struct weir_plugin of any version.
#define SIZE_MOST 4096

static_assert(offsetof(struct weir_plugin, version) == 0 && offsetof(struct weir_plugin, size) == 4,
	      "these are read before anything is known of the rest");

static int check_version(struct plugin *plugin, const struct weir_plugin *symbol)
{
	if (symbol->version != WEIR_PLUGIN_VERSION)
		return plugin_fail(plugin, "path",
				   "%.200s was built for version %" PRIu32
				   " of the interface for plugins, and this weir has version %d; "
				   "build it with the headers of weir " WEIR_VERSION,
				   plugin->path, symbol->version, WEIR_PLUGIN_VERSION);
	if (symbol->size < SIZE_LEAST || symbol->size > SIZE_MOST)
		return plugin_fail(plugin, "path",
				   "weir_plugin.size is %" PRIu32 " in %.200s; set it to "
				   "sizeof(struct weir_plugin)",
				   symbol->size, plugin->path);
	return 0;
}

// A plugin may have been built with a later header, as long as it uses nothing of what came with it.
static bool uses_more(const struct weir_plugin *symbol)
{
	const unsigned char *byte = (const unsigned char *)symbol;

	for (size_t i = sizeof(*symbol); i < symbol->size; i++)
		if (byte[i] != 0)
			return true;
	return (symbol->events & ~EVENTS_KNOWN) != 0;
}

static int check_members(struct plugin *plugin)
{
	const struct weir_plugin *own = &plugin->plugin;

	if (own->name == NULL || own->name[0] == '\0')
		return plugin_fail(plugin, "path", "%.200s has no name; set weir_plugin.name",
				   plugin->path);
	if (own->events != 0 && own->event == NULL)
		return plugin_fail(plugin, "path",
				   "%.200s wants events, but has no function for them; set "
				   "weir_plugin.event, or no weir_plugin.events",
				   plugin->path);
	if (own->conn_state > WEIR_CONN_STATE_MOST)
		return plugin_fail(plugin, "path",
				   "%.200s wants %zu bytes for each connection; at most %d are "
				   "possible in weir_plugin.conn_state",
				   plugin->path, own->conn_state, WEIR_CONN_STATE_MOST);
	if (own->init == NULL && plugin->key_count > 0)
		return plugin_fail(plugin, plugin->keys[0].name,
				   "this plugin takes no keys but path; remove it");
	return 0;
}

int plugin_take(struct plugin *plugin, const struct weir_plugin *symbol)
{
	if (check_version(plugin, symbol) < 0)
		return -EINVAL;
	if (uses_more(symbol))
		return plugin_fail(plugin, "path",
				   "%.200s uses what weir " WEIR_VERSION
				   " does not have yet; build it with the headers of this weir, or "
				   "install a later one",
				   plugin->path);
	memcpy(&plugin->plugin, symbol, sizeof(plugin->plugin));
	return check_members(plugin);
}
