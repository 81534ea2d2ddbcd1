/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/rule.h"

#include <stddef.h>

#define CONFIG_SUGGESTION_SIZE 512

// What to write in place of a key that does not exist: the key of that name in another section, the
// nearest key, or else all keys of the section, which exists. Start-up and control only.
void config_suggest_key(const struct config_section *section, const char *name,
			char text[CONFIG_SUGGESTION_SIZE]);

// The same for a section that does not exist.
void config_suggest_section(const char *section, char text[CONFIG_SUGGESTION_SIZE]);

// The word of that list that is nearest, or NULL when all are too far away for a proposal.
const char *config_suggest_word(const char *word, const char *const *words, size_t count);

// The first section that has a key of this name, as in "threshold NAME", or NULL.
const char *config_section_of(const char *name);
