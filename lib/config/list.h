/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "config/value.h"

// How a list is taken apart, for those who parse one. Start-up and control only.

#define CONFIG_SEPARATORS " \t,"
#define CONFIG_BLANKS     " \t"

// The most items of a list of which each may stand in it once.
#define CONFIG_LIST_MAX 4096

// A part of a text, without a NUL behind it.
struct config_word {
	const char *text;
	size_t length;
};

// For "%.*s" in a message: enough to recognise the word.
int config_word_shown(struct config_word word);

// Moves `cursor` behind the next word; false at the end.
bool config_word_next(const char **cursor, const char *separators, struct config_word *word);

// "80" or "6666-6669"; `what` names one item in messages. Returns 0 or -EINVAL.
int config_word_range(struct config_word word, const char *what, uint32_t max, uint32_t *first,
		      uint32_t *last, struct config_why *why);

void config_ports_add(struct config_ports *ports, uint32_t first, uint32_t last);

// Is one of these ports in the set?
bool config_ports_overlap(const struct config_ports *ports, uint32_t first, uint32_t last);

// Both of these return 0 or -ENOMEM; the second also -EINVAL when the word is in the list, or there
// are CONFIG_LIST_MAX.
int config_texts_add(struct config_texts *texts, struct config_word word);
int config_texts_add_once(struct config_texts *texts, struct config_word word,
			  struct config_why *why);
