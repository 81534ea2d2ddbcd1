/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "plugin/plugin_internal.h"

#include "base/message.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Each worker's part is written by that worker all the time: none shares a cache line.
#define LINE 64

static int init(struct plugin *plugin)
{
	int result = 0;

	if (plugin->plugin.init != NULL) {
		plugin_enter(plugin);
		result = plugin->plugin.init(plugin->keys, plugin->key_count);
		plugin_leave();
	}
	plugin->ready = result == 0;
	if (result == 0)
		return 0;
	if (!plugin->has_said)
		plugin_fail(plugin, NULL, "init() of %.200s failed: %s", plugin->path,
			    result < 0 ? strerror(-result) : "it does not say why");
	return -EINVAL;
}

// Returns 0 or -EIO.
static int fini(struct plugin *plugin)
{
	int result = 0;

	if (!plugin->ready)
		return 0;
	plugin->ready = false;
	if (plugin->plugin.fini != NULL) {
		plugin_enter(plugin);
		result = plugin->plugin.fini();
		plugin_leave();
	}
	if (result == 0)
		return 0;
	if (!plugin->has_said)
		plugin_fail(plugin, NULL, "fini() of %.200s failed: %s", plugin->path,
			    result < 0 ? strerror(-result) : "it does not say why");
	return -EIO;
}

// The dynamic linker gives out one handle for one file, and there is one set of variables in it.
static int refuse_twice(struct plugins *plugins, size_t index)
{
	struct plugin *plugin = &plugins->item[index];

	for (size_t i = 0; i < index; i++) {
		if (plugins->item[i].handle != plugin->handle)
			continue;
		return plugin_fail(plugin, "path",
				   "%.200s is loaded already for [plugin %s]; for a second one, "
				   "make a copy of the file",
				   plugin->path, plugins->item[i].name);
	}
	return 0;
}

// All mistakes are told, not just the first.
static int open_all(struct plugins *plugins, const struct config *config)
{
	int result = 0;

	for (size_t i = 0; i < config->plugins.count; i++) {
		int configured = plugin_configure(&plugins->item[plugins->count++], config,
						  &config->plugins.item[i]);

		if (configured < 0)
			return configured;
		plugins->name[i] = plugins->item[i].name;
		if (plugin_open(&plugins->item[i]) < 0 || refuse_twice(plugins, i) < 0)
			result = -EINVAL;
	}
	return result;
}

static int init_all(struct plugins *plugins)
{
	int result = 0;

	for (size_t i = 0; i < plugins->count; i++)
		if (init(&plugins->item[i]) < 0)
			result = -EINVAL;
	return result;
}

static struct plugins *create(const struct config *config)
{
	struct plugins *plugins = calloc(1, sizeof(*plugins));

	if (plugins == NULL)
		goto no_memory;
	plugins->workers = config->workers.count;
	plugins->item = calloc(config->plugins.count + 1, sizeof(*plugins->item));
	plugins->name = calloc(config->plugins.count + 1, sizeof(*plugins->name));
	plugins->worker = calloc(plugins->workers, sizeof(*plugins->worker));
	if (plugins->item != NULL && plugins->name != NULL && plugins->worker != NULL)
		return plugins;

no_memory:
	message_error("no memory for %zu plugins", config->plugins.count);
	plugins_unload(plugins);
	return NULL;
}

struct plugins *plugins_load(const struct config *config)
{
	struct plugins *plugins = create(config);

	if (plugins == NULL)
		return NULL;
	if (open_all(plugins, config) == 0 && init_all(plugins) == 0)
		return plugins;
	plugins_unload(plugins);
	return NULL;
}

int plugins_check(const struct config *config)
{
	struct plugins *plugins = create(config);
	int result = -EINVAL;

	if (plugins != NULL && open_all(plugins, config) == 0)
		result = init_all(plugins);
	for (size_t i = 0; plugins != NULL && i < plugins->count; i++) {
		// They stay loaded: they may hold what only fini() would give back.
		plugins->item[i].ready = false;
		plugins->item[i].handle = NULL;
	}
	plugins_unload(plugins);
	return result;
}

size_t plugins_count(const struct plugins *plugins)
{
	return plugins->count;
}

const char *const *plugins_names(const struct plugins *plugins)
{
	return plugins->name;
}

const struct watch_plugin *const *plugins_workers(const struct plugins *plugins)
{
	return (const struct watch_plugin *const *)plugins->worker;
}

static int create_state(struct plugin *plugin, uint32_t worker, void **state)
{
	*state = NULL;
	if (plugin->plugin.worker_create == NULL)
		return 0;
	plugin_enter(plugin);
	*state = plugin->plugin.worker_create(worker);
	plugin_leave();
	if (*state != NULL)
		return 0;
	if (!plugin->has_said)
		plugin_fail(plugin, NULL,
			    "worker_create() of %.200s failed for worker %u: it does not say why",
			    plugin->path, worker);
	return -EINVAL;
}

struct watch_plugin *plugins_worker(struct plugins *plugins, uint32_t worker)
{
	size_t size = (plugins->count + 1) * sizeof(struct watch_plugin);
	struct watch_plugin *array = aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);

	if (array == NULL) {
		message_error("no memory for the plugins of worker %u", worker);
		return NULL;
	}
	plugins->worker[worker] = array;
	for (size_t i = 0; i < plugins->count; i++) {
		array[i] = (struct watch_plugin){.plugin = &plugins->item[i].plugin};
		if (create_state(&plugins->item[i], worker, &array[i].state) < 0)
			return NULL;
	}
	return array;
}

int plugins_unload(struct plugins *plugins)
{
	int result = 0;

	if (plugins == NULL)
		return 0;
	for (size_t i = plugins->count; i > 0; i--)
		if (fini(&plugins->item[i - 1]) < 0)
			result = -EIO;
	for (size_t i = plugins->count; i > 0; i--) {
		if (plugins->item[i - 1].handle != NULL)
			dlclose(plugins->item[i - 1].handle);
		plugin_settings_free(&plugins->item[i - 1]);
	}
	for (uint32_t i = 0; plugins->worker != NULL && i < plugins->workers; i++)
		free(plugins->worker[i]);
	free(plugins->worker);
	free(plugins->name);
	free(plugins->item);
	free(plugins);
	return result;
}
