/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "watch/watch.h"

#include <stddef.h>
#include <stdint.h>

// The plugins of a run: finds, checks and loads what [plugin NAME] sections name, and implements
// those functions of weir/plugin.h that plugins call. All for the main thread.
struct plugins;

// Loads all plugins and calls their init(). Nothing is kept of `config`. NULL after a message for
// each mistake; then none is loaded. Start-up only.
struct plugins *plugins_load(const struct config *config);

// The same for a run that does not come: nothing of the plugins is called after init(). Returns 0,
// or -EINVAL after messages.
int plugins_check(const struct config *config);

size_t plugins_count(const struct plugins *plugins);

// NAME of each section: [plugins_count()], until plugins_unload().
const char *const *plugins_names(const struct plugins *plugins);

// Calls worker_create() of each, and returns them as this worker has them: [plugins_count()], in
// memory of its own, until plugins_unload(). NULL after a message. `worker` is below [workers]
// count. Start-up only, once for each worker.
struct watch_plugin *plugins_worker(struct plugins *plugins, uint32_t worker);

// What plugins_worker() returned for each worker, for its counters: [workers], until
// plugins_unload().
const struct watch_plugin *const *plugins_workers(const struct plugins *plugins);

// Calls fini() of each, the last one first, and unloads them. No worker may run any more, and
// nothing that plugins_worker() returned may be used after it. Returns 0, or -EIO when one of them
// failed, after a message. `plugins` may be NULL.
int plugins_unload(struct plugins *plugins);
