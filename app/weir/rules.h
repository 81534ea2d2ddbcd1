/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "watch/watch_book.h"

struct filter;

// The filters of a configuration: an array with a place for each threshold, and then for each poll;
// NULL is one that is empty or not compiled. NULL without memory. Those that the book has are in it.
// The thread that owns the book, which may be NULL.
struct filter **rules_filters(const struct config *config, const struct watch_book *book);
// Gives all of them back; nothing for NULL. Any thread.
void rules_drop(const struct config *config, struct filter **filter);

// Compiles those that are missing. Are all sound? Returns 0 or -EINVAL with a message for each that is
// not; warns of filters that no packet can match. Any thread: takes long.
int rules_compile(const struct config *config, struct filter **filter);

// [threshold], [poll] and [inactivity] sections become rules; `filter` as above, or NULL. Returns 0,
// or a negative errno with `why`, and the book is as it was. The thread that owns the book.
int rules_apply(struct watch_book *book, const struct config *config, struct filter *const *filter,
		char *why, size_t size);

// Actions of any rule, enum watch_action bits.
uint32_t rules_actions(const struct config *config);
