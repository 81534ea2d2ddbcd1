/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"

// Warns of polls in `rules` for a time without packets that no connection lives to see, because its
// inactivity limit, whichever it has, comes first. Limits that need a restart, and plugins, are those
// of `running`; both are the same at the start. Any thread.
void idle_check(const struct config *rules, const struct config *running);
