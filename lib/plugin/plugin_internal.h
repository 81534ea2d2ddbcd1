/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "plugin/plugins.h"

#include <stdarg.h>
#include <stdbool.h>

struct plugin {
	char name[CONFIG_NAME_SIZE]; // of its section
	char *place;                 // of its path in the configuration, "weir.ini:4: "
	char *path;                  // of its file, with a '/'
	struct weir_key *keys;       // [key_count]
	char **key_places;           // [key_count]
	size_t key_count;
	void *handle; // of the dynamic linker; NULL: not loaded
	// As this weir knows it: 0 where the plugin was built with an older header.
	struct weir_plugin plugin;
	bool ready;    // init() was called, fini() is to be
	bool has_said; // what is wrong, while one of its functions is called
};

struct plugins {
	struct plugin *item; // [count]
	const char **name;   // [count]
	size_t count;
	struct watch_plugin **worker; // [workers], each [count]
	uint32_t workers;
};

// plugin_settings.c: fills a plugin from its section. Returns 0 or -ENOMEM after a message.
int plugin_configure(struct plugin *plugin, const struct config *config,
		     const struct config_plugin *section);
void plugin_settings_free(struct plugin *plugin);

// plugin_open.c: loads the file, and checks what it says of itself. Returns 0 or -EINVAL after a
// message.
int plugin_open(struct plugin *plugin);

// plugin_check.c: copies what the plugin says of itself, as far as this weir knows it. Returns 0 or
// -EINVAL after a message.
int plugin_take(struct plugin *plugin, const struct weir_plugin *symbol);

// plugin_api.c: says what is wrong with a plugin: at its key `path`, at another one, or, with `key`
// NULL, as a whole. Returns -EINVAL.
int plugin_fail(struct plugin *plugin, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Around a call of one of its functions on this thread: whatever it says meanwhile is its own.
void plugin_enter(struct plugin *plugin);
void plugin_leave(void);
