/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "config/key.h"
#include "config/rule.h"

// Remembers where a key was set, or with `key` NULL where a section began, for config_place() and
// config_rule_place(). Without memory nothing is remembered. Start-up and control only, as both
// below.
void config_place_note(struct config *config, const struct config_section *section, const char *key,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

// Forgets all of a rule that ceases to be.
void config_place_forget(struct config *config, enum config_rule rule, size_t number);

void config_place_free(struct config *config);
