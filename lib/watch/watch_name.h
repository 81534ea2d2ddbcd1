/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "watch/watch_request.h"

#include <stdbool.h>
#include <stdint.h>

#define WATCH_NAME_SIZE 32

// What rules are called, and what they look at.

// Names of rules as numbers that events and records can carry, the same for the same name as long
// as weir runs. 0 stands for no name.

// Returns the number of a name of at most 31 characters; 0 when there are more than 65,535 names or
// memory is out. Control side, one thread at a time.
uint16_t watch_name_number(const char *name);

// The name behind a number, "" for 0 or one that was never given out. Any thread that got the
// number after it was given out; the text stays.
const char *watch_name_text(uint16_t number);

// What an enum watch_kind, and an enum watch_feature, is called in the configuration.
extern const char *const watch_kind_word[WATCH_KIND_COUNT];
extern const char *const watch_feature_word[WATCH_FEATURE_COUNT];

// Is it a span in ns, and no count?
bool watch_kind_is_span(unsigned kind);
bool watch_feature_is_span(unsigned feature);

// The same words; "?" for a number that is none. Any thread.
const char *watch_kind_name(unsigned kind);
const char *watch_feature_name(unsigned feature);
